"""What is searched beside the register: split as said, and gone on with where it was cut off."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.whatif.test_survey import square
from twin.errors import BadInput
from twin.imagination.beside import (
    Beside,
    DayTask,
    Find,
    Proposal,
    SearchPart,
    split,
    template_of,
)
from twin.imagination.elements import elements_of
from twin.imagination.generators.generator import Point
from twin.knowledge.past import PastIncident
from twin.nouns.rates import Rates
from twin.nouns.risk_verdict import RiskVerdict
from twin.nouns.traffic import DailyProfile
from twin.physics.twin import Twin
from twin.runner import InProcessRunner

FLAT = square((("A", "D", 12.0),)).inventory
HOURS = tuple(0.5 + 0.02 * hour for hour in range(24))
TWIN = Twin(replace(FLAT, profile=DailyProfile(hourly=HOURS)))
TOPOLOGY = FLAT.topology


def _beside(past: Sequence[PastIncident] = ()) -> Beside:
    return Beside(TWIN, TWIN.state(), elements_of(TOPOLOGY, Rates()), 1, past)


def _play(tasks: Sequence[DayTask]) -> list[RiskVerdict]:
    answers = InProcessRunner(TWIN).run(tasks)
    assert all(isinstance(answer, RiskVerdict) for answer in answers)
    return [answer for answer in answers if isinstance(answer, RiskVerdict)]


PORTION = SearchPart(generator="search", simulations=100).portion


def _part(generator: str = "search", simulations: int = PORTION) -> SearchPart:
    return SearchPart(generator=generator, simulations=simulations)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.floats(0.01, 1.0), min_size=1), st.integers(0, 700)
)
def test_every_simulation_is_given_out_once(shares: dict[str, float], simulations: int) -> None:
    parts = split(shares, simulations)
    assert sum(part.simulations for part in parts) == simulations
    for part in parts:
        exact = simulations * shares[part.generator] / sum(shares.values())
        assert abs(part.simulations - exact) < 1


def test_split_of_nothing_is_nothing() -> None:
    assert split({}, 100) == split({"search": 0.0}, 100) == split({"search": 1.0}, 0) == ()


def test_many_days_are_looked_at_in_few_portions() -> None:
    assert [_part(simulations=n).portion for n in (1, 100, 100_000)] == [40, 40, 1000]


def test_search_that_is_cut_off_goes_on_as_if_it_had_not_been() -> None:
    """Twice a portion at once and one after the other, of which nothing is judged twice."""
    beside, part = _beside(), _part(simulations=2 * PORTION)
    judged: list[str] = []

    def play(tasks: Sequence[DayTask]) -> list[RiskVerdict]:
        judged.extend(task.name for task in tasks)
        return _play(tasks)

    first = beside.looked_at(part, (), {}, play)
    assert len(first) == PORTION
    both = beside.looked_at(part, (), first, play)
    assert len(both) == 2 * PORTION
    assert len(judged) == len(set(judged)) == 2 * PORTION
    assert list(both.items())[:PORTION] == list(first.items())
    assert beside.looked_at(part, (), {**both}, play) == both


def test_days_of_a_proposal_are_as_it_says() -> None:
    beside = _beside()
    proposal = Proposal(condition="at 20:00, link A--B in work", kinds=("link_down",))
    found = beside.looked_at(_part("llm", 20), (proposal,), {}, _play)
    scenarios = [beside.space.scenario(point) for point in found]
    assert scenarios
    for one in scenarios:
        assert one.conditions.minute == 20 * 60
        assert [work.fault.id for work in one.conditions.in_work] == ["link_down@A--B"]
        assert [event.fault.kind for event in one.events] == ["link_down"]


def test_proposal_that_says_for_how_long_is_refused() -> None:
    with pytest.raises(BadInput, match="for how long; leave that out"):
        _beside().part(Proposal(condition="link A--B in work for 3 h"))


def test_past_is_replayed_where_it_may_strike_again() -> None:
    past = [
        PastIncident(
            id=f"i{i}",
            title="a link was down",
            opened_s=72_000.0,
            symptoms=(),
            cause=cause,
            remedy="nothing",
            worked=True,
            decided=True,
        )
        for i, cause in enumerate(("link_down@A--B", "link_down@Z--Z"))
    ]
    (point,) = _beside(past).replayed
    scenario = _beside(past).space.scenario(point)
    assert (scenario.conditions.minute, scenario.events[0].fault.id) == (1200, "link_down@A--B")


@pytest.mark.parametrize(
    ("proposal", "says"),
    [
        (Proposal(condition="link A--Z in work"), "A--Z"),
        (Proposal(condition="the moon is full"), "cannot be read"),
        (Proposal(condition="by an adversary with one flood"), "whose it is"),
        (Proposal(condition="link A--B in work, link C--D in work"), "one at a time"),
        (Proposal(kinds=("dragon",)), 'nothing here can strike as "dragon"'),
    ],
)
def test_proposal_of_what_cannot_be_is_refused(proposal: Proposal, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        _beside().part(proposal)


def test_proposal_of_anything_says_nothing() -> None:
    assert template_of(Proposal(), TOPOLOGY).kinds == ()


def _find(generator: str, cost: float, *point: int) -> Find:
    return Find(generator=generator, point=point, cost=cost)


def test_worst_of_each_sort_is_told_and_what_is_harmless_never() -> None:
    beside = _beside()
    at = {one.fault.id: i for i, one in enumerate(beside.space.strikes.all)}
    down, late, other = at["link_down@A--B"], at["high_latency@A--B"], at["link_down@C--D"]
    finds = [
        _find("a", 1.0, 0, 0, -1, -1, down, 0),
        _find("b", 3.0, 9, 0, -1, -1, down, 0),
        _find("b", 2.0, 0, 0, -1, -1, late, 0),
        _find("a", 0.0, 0, 0, -1, -1, other, 0),
    ]
    assert beside.worst(finds) == (finds[1], finds[2])


def test_what_is_told_has_a_rate_only_where_all_of_it_has() -> None:
    """Both ways down cut the service off for the 4 hours that both last; a surge has no rate."""
    beside = _beside()
    links = {one.fault.id: i for i, one in enumerate(beside.space.strikes.all)}
    both = (0, 0, -1, -1, links["link_down@A--B"], 0, links["link_down@C--D"], 0)
    surged: Point = (*both[:2], beside.space.strikes.surges[0], *both[3:])
    (verdict, more) = _play([beside.task(both), beside.task(surged)])
    told = beside.told(1, _find("search", verdict.slo_minutes_left, *both), verdict)
    assert told.hit == ("svc",)
    assert told.slo_minutes == pytest.approx(240.0, abs=2.0)
    assert told.per_year is not None
    assert told.scenario == "at 00:00: link A--B down for 4 h; link C--D down for 4 h 30 min"
    assert beside.told(2, _find("search", 1.0, *surged), more).per_year is None
