"""A day is told by the levels of demand that tell services apart, as by assessing each minute."""

from dataclasses import replace

import numpy as np
import pytest

from tests.twin.whatif.test_survey import square
from twin.imagination.day import Days
from twin.imagination.day_judge import DayJudge
from twin.imagination.elements import elements_of
from twin.imagination.likelihood import Likelihood
from twin.imagination.scenario_text import read_scenario
from twin.nouns.chain import ChainRates
from twin.nouns.rates import Rates
from twin.nouns.traffic import DailyProfile
from twin.physics.twin import Twin
from twin.rollout import run_rollout
from twin.sources.world import WorldSpec, build_inventory


@pytest.fixture(scope="module")
def twin() -> Twin:
    return Twin(build_inventory(WorldSpec(topology="sndlib/abilene", traffic_scale=1.1)))


def judge(twin: Twin) -> DayJudge:
    elements = elements_of(twin.inventory.topology, Rates())
    return DayJudge(twin, twin.state(), Likelihood(elements))


SCENARIOS = (
    "at 16:00: link CHINng-IPLSng down for 5 h; after 2 h node ATLAng down for 90 min",
    "at 20:00, demand x1.2: group duct:DNVRng:1 down for 10 h",
    "at 06:30, link CHINng-NYCMng in work for 5 h: traffic to LOSAng x3 for 9 h; after 4 h link "
    "DNVRng-KSCYng loses 3 % from DNVRng",
    "at 12:00: weight DNVRng-STTLng 60000 both ways; after 45 min drain HSTNng-LOSAng for 7 h",
    "at 10:00, demand x0.8: syn flood on HSTNng of 90M/s for 8 h; after 30 min link "
    "ATLAng-HSTNng down to 1 members",
    "at 09:10: link HSTNng-KSCYng late by 25 ms for 3 h; after 1 h node DNVRng discards "
    "traffic to STTLng for 30 min; after 2 h police business on DNVRng-KSCYng from DNVRng to "
    "100M",
)


@pytest.mark.parametrize("text", SCENARIOS)
def test_day_costs_what_assessing_every_minute_finds(twin: Twin, text: str) -> None:
    scenario = read_scenario(text, twin.inventory.topology)
    start = judge(twin).start(scenario)
    days = Days(twin, start, tolerance=0.0)
    found = days.of(scenario.played_with()).in_breach_min
    minutes = run_rollout(scenario.played_with(), twin, start).slo_minutes_lost
    ids = [service.id for service in twin.inventory.services]
    assert dict(zip(ids, found.tolist(), strict=True)) == pytest.approx(
        {service: minutes.get(service, 0.0) for service in ids}, abs=1e-6
    )
    assert found.sum() > 0.0
    assert days.assessed < 300


def test_breach_lasts_as_long_as_demand_is_too_high_for_what_is_left() -> None:
    """12 Gbit/s at the peak, 10 over C: 1 % is lost above 10.1 / 12, 82 s a percent of the peak."""
    twin = square((("A", "D", 12.0),))
    hourly = [0.5] * 24
    hourly[12] = 1.0
    twin = Twin(replace(twin.inventory, profile=DailyProfile(hourly=tuple(hourly))))
    scenario = read_scenario("at 06:00: link A-B down", twin.inventory.topology)
    (minutes,) = Days(twin, judge(twin).start(scenario)).of(scenario.played_with()).in_breach_min
    above = 2 * 60.0 * (1.0 - 10.1 / 12.0) / 0.5
    assert minutes == pytest.approx(above, abs=2.0)


def test_breach_at_a_level_that_never_changes_lasts_all_day() -> None:
    twin = square((("A", "D", 12.0),))
    scenario = read_scenario("at 06:00: link A-B down for 5 h", twin.inventory.topology)
    (minutes,) = Days(twin, twin.state()).of(scenario.played_with()).in_breach_min
    assert minutes == 300.0


def test_work_that_was_under_way_ends_before_the_day_does() -> None:
    """Both ways from A to D are down until the work on one is over."""
    twin = square((("A", "D", 12.0),))
    text = "at 06:00, link A-B in work for 3 h: link A-C down for 5 h"
    scenario = read_scenario(text, twin.inventory.topology)
    (minutes,) = Days(twin, twin.state()).of(scenario.played_with()).in_breach_min
    assert minutes == 300.0
    shorter = read_scenario(text.replace("5 h", "1 h"), twin.inventory.topology)
    (minutes,) = Days(twin, twin.state()).of(shorter.played_with()).in_breach_min
    assert minutes == 180.0


def test_parts_of_a_day_in_which_the_same_is_in_force_are_one(twin: Twin) -> None:
    text = "at 08:00: node DNVRng down for 1 h; after 2 h link CHINng-NYCMng down for 1 h"
    scenario = read_scenario(text, twin.inventory.topology)
    parts = Days(twin, judge(twin).start(scenario)).of(scenario.played_with()).parts
    assert [(float(part.times_s[0]), part.until_s) for part in parts] == [
        (0.0, 3600.0),
        (3600.0, 86_400.0),
        (7200.0, 10_800.0),
    ]
    assert sum(part.minutes.sum() for part in parts) == pytest.approx(1440.0)


def test_remedy_is_in_force_once_there_was_time_and_saves_what_playing_it_finds(
    twin: Twin,
) -> None:
    text = "at 08:00: link HSTNng-KSCYng loses 5 % from HSTNng for 6 h"
    scenario = read_scenario(text, twin.inventory.topology)
    verdict = judge(twin).judge(scenario)
    assert verdict.actions
    made = [timed.action for timed in verdict.timed if timed.at_s == ChainRates().reaction_s]
    back = [timed.action for timed in verdict.timed if timed.at_s == 6 * 3600.0]
    assert tuple(made) == verdict.actions
    assert len(back) == len(made) == len(verdict.timed) / 2
    start = judge(twin).start(scenario)
    played = run_rollout(scenario.played_with(verdict.timed), twin, start)
    assert verdict.slo_minutes_left == pytest.approx(played.total_slo_minutes_lost, rel=0.005)
    assert verdict.slo_minutes_left < verdict.slo_minutes
    assert verdict.effectiveness == 1.0 - verdict.slo_minutes_left / verdict.slo_minutes
    assert sum(verdict.by_service.values()) == pytest.approx(verdict.slo_minutes)


def test_nothing_is_lost_and_nothing_done_where_nobody_feels_it(twin: Twin) -> None:
    scenario = read_scenario("at 04:00: traffic to DNVRng x1.01", twin.inventory.topology)
    verdict = judge(twin).judge(scenario)
    assert (verdict.slo_minutes, verdict.actions, verdict.effectiveness) == (0.0, (), 0.0)


def test_remedy_is_sought_where_something_can_be_done(twin: Twin) -> None:
    """Nothing helps who begins at a device that is down, however long; the loss before it ends."""
    text = "at 08:00: link HSTNng-KSCYng loses 5 % from HSTNng for 3 h; after 1 h node ATLAng down"
    scenario = read_scenario(text, twin.inventory.topology)
    verdict = judge(twin).judge(scenario)
    alone = judge(twin).judge(read_scenario("at 09:00: node ATLAng down", twin.inventory.topology))
    assert alone.actions == ()
    assert verdict.actions
    assert 0.0 < verdict.effectiveness < 0.5


def test_link_that_somebody_has_shut_is_opened_again(twin: Twin) -> None:
    text = "at 08:00: interface ATLAM5-ATLAng shut for 6 h"
    verdict = judge(twin).judge(read_scenario(text, twin.inventory.topology))
    assert verdict.slo_minutes > 0.0
    assert verdict.effectiveness > 0.9


def test_same_scenario_has_the_same_verdict_whatever_was_judged_before(twin: Twin) -> None:
    scenarios = [read_scenario(text, twin.inventory.topology) for text in SCENARIOS[:3]]
    alone = [judge(twin).judge(scenario).model_dump_json() for scenario in scenarios]
    together = judge(twin)([*reversed(scenarios)])
    assert [verdict.model_dump_json() for verdict in together] == alone[::-1]


def test_levels_are_told_apart_though_few_are_looked_at(twin: Twin) -> None:
    scenario = read_scenario(SCENARIOS[0], twin.inventory.topology)
    start = judge(twin).start(scenario)
    exact = Days(twin, start, tolerance=0.0).of(scenario.played_with()).in_breach_min
    told = Days(twin, start).of(scenario.played_with()).in_breach_min
    assert np.abs(told - exact).sum() <= 0.005 * exact.sum()
