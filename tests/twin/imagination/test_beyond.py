"""Days that are looked at: the worst are the worst, though remedies are sought for few."""

import pytest

from twin.imagination.archive import cell_of, regions_of
from twin.imagination.beyond import Beyond, worst_of
from twin.imagination.day_judge import DayJudge, Judging
from twin.imagination.elements import elements_of
from twin.imagination.generators.shipped import GENERATORS, Grounds
from twin.imagination.likelihood import Likelihood
from twin.imagination.scenario_space import ScenarioSpace
from twin.imagination.strikes import strikes_of
from twin.nouns.rates import Rates
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

TWIN = Twin(build_inventory(WorldSpec(topology="sndlib/abilene")))
STATE = TWIN.state()
ELEMENTS = elements_of(STATE.topology, Rates())
SPACE = ScenarioSpace(strikes_of(STATE, ELEMENTS), TWIN.inventory.profile)


@pytest.fixture(scope="module")
def beyond() -> Beyond:
    return Beyond(SPACE, TWIN, STATE, ELEMENTS)


def test_worst_days_are_those_of_a_judge_who_seeks_remedies_for_all(beyond: Beyond) -> None:
    looked = beyond.looked_at(GENERATORS["random"](Grounds(60)), 60, seed=3)
    judge = DayJudge(TWIN, STATE, Likelihood(ELEMENTS), Judging(draws=0))
    every = sorted((judge.judge(one.scenario).slo_minutes_left for one in looked), reverse=True)
    assert [one.verdict.slo_minutes_left for one in worst_of(looked)] == every[:20]
    assert 20 <= sum(one.remedied for one in looked) < 60
    assert all(one.verdict.slo_minutes_left <= one.verdict.slo_minutes for one in looked)


def test_what_has_no_rate_is_worth_nothing_where_the_likely_is_sought(beyond: Beyond) -> None:
    def rated(likely: bool) -> int:
        generator = GENERATORS["search"](Grounds(100))
        looked = beyond.looked_at(generator, 100, seed=2, likely=likely)
        return sum(one.verdict.per_year is not None for one in looked[20:])

    assert rated(likely=True) > 2 * rated(likely=False)


def test_what_is_kept_is_the_worst_of_its_sort(beyond: Beyond) -> None:
    looked = beyond.looked_at(GENERATORS["load-weighted"](Grounds(30)), 30, seed=1)
    archive, regions = beyond.kept(looked), regions_of(STATE.topology)
    sorts: dict[object, float] = {}
    for one in looked:
        cell = cell_of(SPACE.events(one.point), beyond.depth(one), regions)
        sorts[cell] = max(sorts.get(cell, 0.0), one.verdict.slo_minutes)
    costs = {cell: cost for cell, (_, cost) in archive.elites.items()}
    assert costs == {cell: cost for cell, cost in sorts.items() if cost > 0.0}
    assert archive.coverage == len(costs) / archive.cells


def test_no_day_is_looked_at_twice_and_equal_seeds_look_at_the_same(beyond: Beyond) -> None:
    twice = [beyond.looked_at(GENERATORS["search"](Grounds(25)), 25, seed=4) for _ in range(2)]
    assert [one.point for one in twice[0]] == [one.point for one in twice[1]]
    assert len({one.scenario for one in twice[0]}) == 25
