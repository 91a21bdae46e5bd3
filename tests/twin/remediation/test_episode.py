"""Evenings by hand: what each quarter costs, and what is paid when all is taken back."""

import numpy as np
import pytest

from tests.twin.remediation.evenings import LOST, NETWORK, over_c, worked_out
from twin.errors import BadInput
from twin.remediation.choices import WAIT
from twin.remediation.episode import Episode
from twin.remediation.evening import (
    LEAST_STAKE,
    QUARTERS,
    SECOND_FAILURE,
    Outage,
    draw_evening,
)
from twin.remediation.playing import evening_of, play_evening, twin_of, with_twin
from twin.remediation.policies.nothing import Nothing
from twin.remediation.policies.sweep import Sweep, until_repair
from twin.remedies.objective import DEVICE_WEIGHT, LOST_SHARE_WEIGHT

QUARTER_LOST = LOST_SHARE_WEIGHT * LOST * 0.25


def test_waiting_costs_what_is_lost_until_the_repair() -> None:
    played = play_evening(worked_out(quarters=4), with_twin(Nothing()))
    assert played.costs == pytest.approx([QUARTER_LOST] * 4)
    assert played.cost == pytest.approx(1.538, abs=1e-3)


def test_a_change_is_paid_for_when_it_is_made_and_when_it_is_taken_back() -> None:
    played = play_evening(worked_out(quarters=4), with_twin(Sweep(until_repair)))
    assert played.costs == pytest.approx([DEVICE_WEIGHT, 0.0, 0.0, DEVICE_WEIGHT])
    assert sum(choice != WAIT for choice in played.choices) == 1


def test_what_is_still_changed_after_the_last_quarter_is_taken_back_too() -> None:
    episode = Episode(worked_out(quarters=40))
    assert episode.evening.cut_short
    costs = [episode.take(over_c(3) if quarter == 0 else WAIT) for quarter in range(QUARTERS)]
    assert episode.ended
    assert costs == pytest.approx([DEVICE_WEIGHT, *[0.0] * 14, DEVICE_WEIGHT])


def test_a_second_failure_changes_what_is_down_and_how_long_it_has_lasted() -> None:
    # C-D is down in the second and third quarter: all 13 Gbit/s meet on A-B.
    evening = worked_out(4, "loads", Outage(frozenset({"C-D"}), 1, 3))
    episode = Episode(evening)
    costs = [episode.take(WAIT) for _ in range(2)]
    assert episode.situation.state.down_links == {"B-D", "C-D"}
    assert episode.situation.lasted_s == 900.0
    costs += [episode.take(WAIT) for _ in range(2)]
    both = LOST_SHARE_WEIGHT * 0.25 * 3.0 / 13.0
    assert costs == pytest.approx([QUARTER_LOST, both, both, QUARTER_LOST])
    assert episode.ended
    assert not evening.cut_short


def test_the_evening_lasts_until_all_is_repaired() -> None:
    evening = worked_out(2, "loads", Outage(frozenset({"C-D"}), 1, 7))
    assert evening.quarters == 7
    assert evening.down(3) == {"C-D"}


# What is drawn


def test_the_same_seed_draws_the_same_evening_however_it_is_priced() -> None:
    one, other = (evening_of(twin_of(NETWORK), seed) for seed in (5, 6))
    two = evening_of(twin_of(NETWORK), 5, "services")
    assert (one.begins_s, one.outages) == (two.begins_s, two.outages)
    np.testing.assert_array_equal(one.demand.rates_bps, two.demand.rates_bps)
    np.testing.assert_array_equal(one.common, two.common)
    assert one.begins_s != other.begins_s


def test_what_is_drawn_is_at_stake_and_leaves_every_pair_a_path() -> None:
    for seed in range(60):
        evening = evening_of(twin_of(NETWORK), seed)
        assert 15.0 * 3600.0 <= evening.begins_s <= 20.0 * 3600.0
        assert Episode(evening).stake >= LEAST_STAKE
        for outage in evening.outages:
            state = evening.twin.state(down_links=evening.down(outage.begins))
            assert (evening.twin.route(state).distance >= 0).all()


@pytest.mark.slow
def test_something_else_fails_as_often_as_is_said() -> None:
    evenings = [evening_of(twin_of(NETWORK), seed) for seed in range(600)]
    long_enough = [e for e in evenings if e.outages[0].ends > 1]
    share = np.mean([len(e.outages) == 2 for e in long_enough])
    assert share == pytest.approx(SECOND_FAILURE, abs=0.045)  # three standard errors
    for evening in evenings:
        if len(evening.outages) == 2:
            first, second = evening.outages
            assert 1 <= second.begins < min(first.ends, QUARTERS)


def test_half_of_all_outages_last_no_longer_than_the_median() -> None:
    evenings = [evening_of(twin_of(NETWORK), seed, least_stake=0.0) for seed in range(600)]
    # The median is two hours: eight quarters.
    share = np.mean([evening.outages[0].ends <= 8 for evening in evenings])
    assert share == pytest.approx(0.5, abs=0.062)


def test_the_demand_is_known_as_it_is_and_not_as_it_will_be() -> None:
    evening = evening_of(twin_of(NETWORK), 3)
    situation = Episode(evening).situation
    np.testing.assert_allclose(
        situation.state.traffic.rates_bps, evening.demand.rates_bps * evening.level(0)
    )
    assert evening.common.std() > 0.0
    # Ahead is what the profile says, whatever is drawn.
    profile = evening.twin.inventory.profile.hourly
    assert situation.outlook.levels.max() <= max(profile) / min(profile)


@pytest.mark.slow
def test_a_network_with_nothing_at_stake_is_told_by_name() -> None:
    with pytest.raises(BadInput, match=r"polska: of 1000 evenings none"):
        draw_evening(twin_of(NETWORK), np.random.default_rng(0), least_stake=1e6)


def test_what_fails_besides_was_up_before() -> None:
    evenings = [evening_of(twin_of("sndlib/cost266"), seed) for seed in range(200)]
    assert all(outage.links for evening in evenings for outage in evening.outages)
    assert any(len(evening.outages) == 2 for evening in evenings)
