"""What an outage is expected to cost, worked out by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.twin.tracking.square import inventory, topology
from tools.network.emulated.case_truth import CaseTruth
from tools.network.emulated.case_world import CaseWorld
from tools.network.emulated.network import EmulatedNetwork
from tools.network.emulated.truth_view import TruthView
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.forecasting import DEFAULT_UNCERTAINTY, demand_factors
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import Inventory
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface, Topology
from twin.nouns.traffic import DailyProfile, TrafficClass
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin, profile_at
from twin.remedies.objective import (
    DEVICE_WEIGHT,
    LOST_SHARE_WEIGHT,
    Cost,
    Outlook,
    RepairTime,
    devices_touched,
    expected_cost,
)
from twin.remedies.repair_forecast import RepairForecast

EVENING = DailyProfile(hourly=(0.7,) * 19 + (1.0,) * 2 + (0.7,) * 3)
TO_C = SetIgpWeight(node="D", link="A-D", weight=60)


def _thin() -> Inventory:
    """The square, where B-C is one member of 2 Gbit/s and D's way to B leads over A."""
    square = topology()
    thin = [
        link.model_copy(update={"capacity_bps": 2e9, "members": 1}) if link.id == "B-C" else link
        for link in square.links
    ]
    built = Topology(name="thin", sites=square.sites, nodes=square.nodes, links=tuple(thin))
    known = inventory(built, demands=(("A", "B", 9e9), ("D", "B", 4e9)))
    slow = SetIgpWeight(node="C", link="B-C", weight=20)
    intended = slow.configured(known.intended, known.intended, built)
    return replace(known, intended=intended, profile=EVENING)


def _after(known: Inventory, state: NetworkState, action: SetIgpWeight | RateLimit) -> NetworkState:
    return replace(state, running=action.configured(state.running, known.intended, state.topology))


# The repair


def test_half_of_the_outages_last_longer_than_the_median() -> None:
    assert RepairTime(median_s=7200.0).survival(7200.0) == pytest.approx(0.5)
    # ln 2 / 0.7 is 0.990 standard deviations: 16.1 % of a normal variable are beyond.
    assert RepairTime().survival(4 * 3600.0) == pytest.approx(0.161, abs=5e-4)
    assert RepairTime().survival(0.0) == 1.0


def test_outage_that_has_lasted_goes_on_with_what_is_left_of_the_probability() -> None:
    repair = RepairTime()
    both = repair.survival(7200.0) * repair.survival(3600.0, lasted_s=7200.0)
    assert both == pytest.approx(repair.survival(3 * 3600.0))


# The hours ahead


def test_hours_after_the_horizon_do_not_count() -> None:
    repair = RepairTime()
    flat = DailyProfile(hourly=(1.0,) * 24)
    ahead = Outlook.ahead(flat, 0.0, repair, horizon_s=1800.0)
    # Two quarters of an hour, each by the chance that the outage reaches its middle.
    expected = 0.25 * (repair.survival(450.0) + repair.survival(1350.0))
    assert ahead.hours.sum() == pytest.approx(expected)


def test_hours_ahead_add_up_to_the_mean_of_the_outage() -> None:
    outlook = Outlook.ahead(DailyProfile(hourly=(1.0,) * 24), 0.0)
    # The mean of the log-normal is 2 h x exp(0.7^2 / 2) = 2.555 h, 0.5 % of outages beyond 12 h.
    assert outlook.hours.sum() == pytest.approx(2.555, abs=0.03)
    np.testing.assert_array_equal(outlook.levels, [1.0])


def test_levels_keep_the_mean_of_the_demand_and_start_with_the_highest() -> None:
    now_s, repair = 17 * 3600.0, RepairTime()
    outlook = Outlook.ahead(EVENING, now_s, repair)
    fine = np.arange(30.0, 12 * 3600.0, 60.0)
    level = np.array([profile_at(EVENING, now_s + t) for t in fine.tolist()]) / 0.7
    survival = np.array([repair.survival(t) for t in fine.tolist()])
    mean = float((level * survival).sum() / 60.0)
    assert outlook.levels @ outlook.hours == pytest.approx(mean, rel=1e-3)
    assert (np.diff(outlook.levels) < 0.0).all()
    assert outlook.levels[0] == pytest.approx(1.0 / 0.7, rel=0.02)


def test_hours_of_an_outage_that_has_lasted_are_those_that_are_left() -> None:
    # E[T - 4 h | T > 4 h] = 2.555 h x 0.386 / 0.161 - 4 h, of which a little is beyond 12 h.
    outlook = Outlook.ahead(DailyProfile(hourly=(1.0,) * 24), 0.0, lasted_s=4 * 3600.0)
    assert outlook.hours.sum() == pytest.approx(2.12, abs=0.06)


def test_only_hours_that_the_outage_probably_reaches_count_from_when_a_remedy_is_in_force() -> None:
    flat = DailyProfile(hourly=(1.0,) * 24)
    whole = Outlook.ahead(flat, 0.0)
    likely = Outlook.ahead(flat, 0.0, from_s=900.0, least_chance=0.5)
    repair = RepairTime()
    # From a quarter of an hour on, seven quarters whose middles come before two hours.
    middles = [900.0 + 450.0 + 900.0 * i for i in range(7)]
    assert repair.survival(middles[-1]) >= 0.5 > repair.survival(middles[-1] + 900.0)
    expected = sum(repair.survival(t) for t in middles) / 4
    assert likely.hours.sum() == pytest.approx(expected)
    assert likely.hours.sum() < whole.hours.sum()


def test_peak_that_the_outage_probably_does_not_reach_is_no_reason() -> None:
    assert Outlook.ahead(EVENING, 16 * 3600.0).levels[0] > 1.4
    assert Outlook.ahead(EVENING, 16 * 3600.0, least_chance=0.5).levels[0] == pytest.approx(1.0)


def test_outage_that_is_over_before_a_remedy_is_in_force_still_has_an_outlook() -> None:
    short = RepairTime(median_s=60.0)
    outlook = Outlook.ahead(EVENING, 0.0, short, from_s=600.0, least_chance=0.5)
    assert outlook.hours.sum() < 0.01
    surely = RepairForecast(hours=1.0 / 12.0, errors=(0.9, 1.0, 1.1))
    none = Outlook.ahead(EVENING, 0.0, surely, from_s=600.0, least_chance=0.5)
    assert (none.levels.tolist(), none.hours.tolist()) == ([1.0], [0.0])


# The cost


def test_currency_is_service_hours() -> None:
    cost = Cost(breach_hours=2.0, lost_share_hours=0.05, devices=3)
    assert (LOST_SHARE_WEIGHT, DEVICE_WEIGHT) == (40.0, 0.03)
    assert cost.total == pytest.approx(2.0 + 2.0 + 0.09)


def test_device_that_two_actions_touch_counts_once() -> None:
    known = _thin()
    twice = SetIgpWeight(node="D", link="C-D", weight=7)
    assert devices_touched((TO_C, twice), known.topology) == {"D"}


def test_peak_alone_and_expected_cost_order_two_remedies_differently() -> None:
    # At the peak A-B is offered 13 Gbit/s and carries 10. With D's 4 over C, 2 of them are beyond
    # what B-C carries: less. But at 0.7 of the peak A-B has room, and B-C has not: 0.8 are beyond.
    known = _thin()
    twin = Twin(known)
    now_s = 14 * 3600.0
    wait = twin.state(traffic=twin.traffic_at(now_s))
    moved = _after(known, wait, TO_C)
    at_peak = [
        np.maximum(offered_totals(twin, s) / 0.7 - twin.compiled.capacity_bps, 0.0).sum()
        for s in (wait, moved)
    ]
    np.testing.assert_allclose(at_peak, [3e9, 2e9])
    peak = Outlook.at(1.0 / 0.7)
    assert expected_cost(twin, moved, peak).total < expected_cost(twin, wait, peak).total
    # The peak is five hours ahead; by then nine outages in ten are over.
    ahead = Outlook.ahead(EVENING, now_s)
    assert ahead.hours[ahead.levels > 1.2].sum() < 0.2
    assert expected_cost(twin, wait, ahead).total < 0.5 * expected_cost(twin, moved, ahead).total


def test_emulated_network_agrees_with_expected_cost_and_not_with_the_peak(tmp_path: Path) -> None:
    known = _thin()
    starts_s = 14 * 3600.0
    world = CaseWorld(
        id="thin", topology="thin", mismatch=0, starts_s=starts_s, duration_s=12 * 3600.0
    )
    network = EmulatedNetwork.create(tmp_path / "thin.sqlite", "thin", known, world, CaseTruth(), 1)
    truth, repair = TruthView(network), RepairTime()
    wait = known.intended
    moved = TO_C.configured(wait, wait, known.topology)

    def cost_at(running: NetworkConfiguration, after_s: float) -> float:
        state = truth.evaluate_steady(running, starts_s + after_s)
        offered_bps = 13e9 * profile_at(EVENING, starts_s + after_s)
        lost_share = float(state.lost_bps.sum()) / offered_bps
        return Cost(len(state.breached), lost_share).total

    def expected(running: NetworkConfiguration) -> float:
        quarters = np.arange(450.0, 12 * 3600.0, 900.0).tolist()
        return sum(repair.survival(t) * cost_at(running, t) / 4.0 for t in quarters)

    peak_s = 5.5 * 3600.0
    assert cost_at(moved, peak_s) < cost_at(wait, peak_s)
    assert expected(wait) < 0.5 * expected(moved)
    twin = Twin(known)
    state = twin.state(traffic=twin.traffic_at(starts_s))
    ahead = Outlook.ahead(EVENING, starts_s)
    forecast = expected_cost(twin, _after(known, state, TO_C), ahead).total
    assert forecast == pytest.approx(expected(moved), rel=0.1)
    network.close()


def test_cost_of_one_level_is_what_the_twin_assesses_there() -> None:
    known = inventory(demands=(("A", "B", 12e9), ("C", "D", 2e9)))
    twin = Twin(known)
    state = twin.state(egress_loss={Interface(node="C", link="C-D"): 0.1})
    cost = expected_cost(twin, state, Outlook.at(1.25, hours=2.0))
    assessed = twin.assess(replace(state, traffic=state.traffic.scaled(1.25)))
    assert cost.lost_share_hours == pytest.approx(2.0 * assessed.lost_bps / (1.25 * 14e9))
    assert cost.breach_hours == 2.0 * assessed.breached_services == 2.0


def test_cost_over_draws_is_the_mean_of_their_costs() -> None:
    known = inventory(demands=(("A", "B", 9.9e9),))
    twin = Twin(known)
    draws = demand_factors(DEFAULT_UNCERTAINTY, 4, 40, seed=3)
    outlook = Outlook(np.array([1.1, 1.0]), np.array([0.5, 1.5]))
    alone = [expected_cost(twin, twin.state(), outlook, draws=draw[None]) for draw in draws]
    together = expected_cost(twin, twin.state(), outlook, draws=draws, devices=2)
    assert together.devices == 2
    assert together.breach_hours == pytest.approx(np.mean([c.breach_hours for c in alone]))
    assert together.lost_share_hours == pytest.approx(np.mean([c.lost_share_hours for c in alone]))
    assert 0.0 < together.breach_hours < 2.0


def test_rate_limit_changes_the_cost() -> None:
    known = inventory(demands=(("A", "B", 8e9),), traffic_class=TrafficClass.BEST_EFFORT)
    twin = Twin(known)
    limit = RateLimit(node="A", link="A-B", traffic_class=TrafficClass.BEST_EFFORT, rate_bps=6e9)
    free, limited = twin.state(), _after(known, twin.state(), limit)
    assert expected_cost(twin, free, Outlook.at()).lost_share_hours == pytest.approx(0.0, abs=1e-6)
    assert expected_cost(twin, limited, Outlook.at()).lost_share_hours == pytest.approx(0.25)
