"""What may be chosen and what it is expected to cost is what the search for remedies says."""

from dataclasses import replace

import numpy as np
import pytest

from tests.twin.remediation.evenings import LOST, over_c, square, wandered, worked_out
from twin.errors import Refused
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.revert_interface import RevertInterface
from twin.events.actions.set_igp_weight import AVOIDED, SetIgpWeight
from twin.events.actions.undrain_link import UndrainLink
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Interface
from twin.physics.questions import offered_totals
from twin.remediation.choices import SLOTS, WAIT, Slot, choice, count, number_of, place
from twin.remediation.episode import QUARTER, Episode, quarter_cost
from twin.remediation.situation import Situation
from twin.remedies.objective import (
    DEVICE_WEIGHT,
    LOST_SHARE_WEIGHT,
    Outlook,
    RepairTime,
    devices_touched,
    expected_cost,
)
from twin.remedies.search import RemedySearch


def _differing(situation: Situation, running: NetworkConfiguration) -> int:
    meant = situation.twin.inventory.intended
    return sum(a != b for a, b in zip(running.devices, meant.devices, strict=True))


@pytest.mark.slow
def test_the_mask_is_what_the_search_does_not_refuse_in_1000_states() -> None:
    for situation in wandered(1000):
        search = RemedySearch(
            situation.twin, situation.state, situation.outlook, extra=situation.reverts
        )
        found = search.expand(search.nothing)
        allowed = {found.moves.action(i) for i in np.flatnonzero(np.isfinite(found.cost)).tolist()}
        numbers = situation.allowed.tolist()
        assert numbers[0] == WAIT
        assert {situation.action(number)[0] for number in numbers[1:]} == allowed
        assert len(numbers) == 1 + len(allowed), "each has one number"


@pytest.mark.slow
def test_the_cost_of_a_quarter_is_the_objective_in_1000_states() -> None:
    rng = np.random.default_rng(1)
    for situation in wandered(1000):
        number = int(rng.choice(situation.allowed))
        running = situation.running_after(number)
        touched = len(devices_touched(situation.action(number), situation.state.topology))
        search = RemedySearch(situation.twin, situation.state, QUARTER)
        expected = search.after(situation.action(number)).cost
        assert quarter_cost(situation, running, touched) == pytest.approx(expected, abs=1e-12)


def test_the_cost_of_a_quarter_with_services_is_the_whole_objective() -> None:
    for situation in wandered(100, "services"):
        running = situation.state.running
        whole = expected_cost(situation.twin, situation.state, QUARTER, devices=2)
        assert quarter_cost(situation, running, 2) == whole.total


@pytest.mark.slow
def test_forecasts_are_of_the_search_with_the_devices_that_are_taken_back() -> None:
    rng = np.random.default_rng(2)
    for situation in wandered(200):
        some = rng.choice(situation.allowed, 6)
        for number, cost in zip(some.tolist(), situation.costs(some).tolist(), strict=True):
            after = situation.search.after(situation.action(number))
            back = _differing(situation, situation.running_after(number))
            assert cost == pytest.approx(after.cost + DEVICE_WEIGHT * back)


def test_waiting_is_expected_to_lose_what_the_repair_time_says() -> None:
    situation = Episode(worked_out()).situation
    repair = RepairTime()
    # Of the quarters that count, each by the chance that the outage reaches it.
    hours = sum(0.25 * repair.survival(900.0 * quarter) for quarter in range(16))
    assert situation.waiting == pytest.approx(LOST_SHARE_WEIGHT * LOST * hours)
    assert situation.outlook.hours.sum() == pytest.approx(hours)


def test_what_has_lasted_for_long_is_expected_to_go_on() -> None:
    episode = Episode(worked_out(quarters=9))
    for _ in range(8):
        episode.take(WAIT)
    repair = RepairTime()
    hours = sum(0.25 * repair.survival(900.0 * k, lasted_s=7200.0) for k in range(8))
    assert episode.situation.outlook.hours.sum() == pytest.approx(hours)


def test_a_weight_that_leads_traffic_away_costs_the_device_twice() -> None:
    situation = Episode(worked_out()).situation
    number = over_c(level=3)
    assert situation.action(number) == (SetIgpWeight(node="D", link="A-D", weight=14),)
    (cost,) = situation.costs(np.array([number]))
    assert cost == pytest.approx(2 * DEVICE_WEIGHT)
    # D's 5 Gbit/s go over C, and A-B is left with A's 8.
    after = replace(situation.state, running=situation.running_after(number))
    assert offered_totals(square(), after)[0] == pytest.approx(8e9)


def test_every_number_is_one_choice() -> None:
    arcs = square().compiled.n_arcs
    assert count(arcs) == 1 + SLOTS * arcs
    assert [place(choice(arc, slot)) for arc in range(arcs) for slot in range(SLOTS)] == [
        (arc, slot) for arc in range(arcs) for slot in range(SLOTS)
    ]


def test_what_is_not_allowed_is_refused_by_name() -> None:
    situation = Episode(worked_out()).situation
    weight_as_it_is = over_c(level=2)
    on_a_link_that_is_down = choice(2 * 4, 0)
    for number in (-1, weight_as_it_is, on_a_link_that_is_down, count(10), 10_000):
        with pytest.raises(Refused, match=f"choice {number} may not be taken"):
            situation.running_after(number)


def test_what_was_done_can_be_taken_back() -> None:
    episode = Episode(worked_out(quarters=16))
    at_d = over_c(level=0) - 0
    episode.take(over_c(level=3))
    revert = at_d + Slot.REVERT
    assert episode.situation.action(revert) == (RevertInterface(node="D", link="A-D"),)
    # The device is touched again, and is not to be taken back any more.
    (waits, reverts) = episode.situation.costs(np.array([WAIT, revert]))
    lost = LOST_SHARE_WEIGHT * LOST * episode.situation.outlook.hours.sum()
    assert waits == pytest.approx(DEVICE_WEIGHT)
    assert reverts == pytest.approx(DEVICE_WEIGHT + lost)
    episode.take(revert)
    assert _differing(episode.situation, episode.situation.state.running) == 0


def test_drained_link_is_undrained_by_its_number() -> None:
    episode = Episode(worked_out(quarters=16))
    link = square().inventory.topology.link_index["C-D"]
    drain, undrain = choice(2 * link, Slot.DRAIN), choice(2 * link, Slot.UNDRAIN)
    situation = episode.situation
    # All 13 Gbit/s would meet on A-B, beyond its capacity and what it is offered anyway.
    assert not situation.mask[drain]
    topology = situation.state.topology
    drained = DrainLink(link="C-D").configured(
        situation.state.running, situation.twin.inventory.intended, topology
    )
    after = replace(situation, state=situation.state.configured(drained))
    assert after.mask[undrain]
    assert after.action(undrain) == (UndrainLink(link="C-D"),)
    assert after.reverts == ()
    weights = after.search.nothing.weights
    assert number_of(UndrainLink(link="C-D"), weights, topology) == undrain
    assert number_of(SetIgpWeight(node="D", link="A-D", weight=15), weights, topology) is None


@pytest.mark.slow
def test_only_where_services_count_may_best_effort_be_limited() -> None:
    assert not any(situation.limits for situation in wandered(100))
    seen = False
    for situation in wandered(100, "services"):
        for number, action in situation.limits.items():
            assert situation.mask[number]
            if isinstance(action, RateLimit):
                arc, slot = place(number)
                seen = True
                assert slot == Slot.LIMIT
                assert situation.overload_ahead_bps[arc] > 0.0
                after = Situation(
                    situation.twin,
                    situation.state.configured(situation.running_after(number)),
                    situation.now_s,
                    situation.lasted_s,
                    situation.quarters_left,
                    priced="services",
                )
                assert not after.mask[number], "it is limited already"
                revert = choice(arc, Slot.REVERT)
                assert after.action(revert)[0].kind == "revert_interface"
    assert seen


def test_other_hours_lead_to_other_forecasts() -> None:
    situation = Episode(worked_out()).situation
    (waits,) = situation.costs(np.array([WAIT]), Outlook.at(1.0, 2.0))
    assert waits == pytest.approx(LOST_SHARE_WEIGHT * LOST * 2.0)


def test_a_weight_at_no_level_has_no_number() -> None:
    situation = Episode(worked_out()).situation
    losing = replace(situation.state, egress_loss={Interface(node="C", link="C-D"): 0.02})
    lossy = replace(situation, state=losing)
    # To keep traffic off an egress that loses it, the search tries a weight that is no level.
    weights = {
        action.weight
        for i in range(len(lossy.search.moves))
        if isinstance(action := lossy.search.moves.action(i), SetIgpWeight)
    }
    assert AVOIDED in weights
    tried = [lossy.action(number)[0] for number in lossy.allowed[1:].tolist()]
    assert len(tried) == len(set(tried)) == len(lossy.search.moves) - 1 - lossy.search.refused.sum()
    assert all(not isinstance(a, SetIgpWeight) or a.weight != AVOIDED for a in tried)
    assert lossy.costs(lossy.allowed)[0] == lossy.waiting
