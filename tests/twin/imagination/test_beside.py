"""What is searched beside the register: split as said, while what is said holds."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.whatif.test_survey import square
from twin.errors import BadInput, Ungrounded
from twin.imagination.beside import (
    AT_ONCE,
    Beside,
    Find,
    SearchPart,
    parts_of,
    require_condition,
    worst_of_all,
)
from twin.imagination.elements import elements_of
from twin.imagination.enumeration import Reckoner
from twin.imagination.regimes import Regime
from twin.nouns.rates import Rates
from twin.nouns.risk import Mitigation

TWIN = square((("A", "D", 12.0),))
ALL_DAY = (Regime(name="all day", level=1.0, share=1.0),)
NOTHING = Mitigation(actions=(), effectiveness=0.0)


def _beside(regimes: tuple[Regime, ...] = ALL_DAY) -> Beside:
    elements = elements_of(TWIN.inventory.topology, Rates())
    return Beside(TWIN, TWIN.state(), elements, regimes, 1)


def _part(condition: str = "", generator: str = "search", simulations: int = 400) -> SearchPart:
    return SearchPart(condition=condition, generator=generator, simulations=simulations)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.floats(0.01, 1.0), min_size=1),
    st.lists(st.sampled_from(["x", "y", "z"]), max_size=4),
    st.integers(0, 700),
)
def test_every_simulation_is_given_out_once(
    shares: dict[str, float], conditions: list[str], simulations: int
) -> None:
    parts = parts_of(shares, conditions, simulations)
    assert sum(part.simulations for part in parts) == simulations
    whole = sum(shares.values())
    of_each = {c: sum(p.simulations for p in parts if p.condition == c) for c in ("", *conditions)}
    assert max(of_each.values()) - min(of_each.values()) <= 1
    for part in parts:
        exact = of_each[part.condition] * shares[part.generator] / whole
        assert abs(part.simulations - exact) < 1


def test_split_of_nothing_is_nothing() -> None:
    assert parts_of({}, [], 100) == ()
    assert parts_of({"search": 0.0}, ["x"], 100) == ()


@pytest.mark.parametrize("generator", ["search", "rules"])
def test_what_is_told_is_the_worst_of_all_where_all_are_looked_at(generator: str) -> None:
    beside = _beside()
    sets = list(combinations(range(len(beside.elements)), AT_ONCE))
    reckoner = Reckoner(TWIN, TWIN.state(), beside.elements, ALL_DAY)
    costs = sorted(reckoner.in_breach(sets).tolist(), reverse=True)
    found = beside.found(_part(generator=generator))
    assert [find.in_breach for find in found] == [cost for cost in costs if cost > 0.0][:5]


@pytest.mark.parametrize("condition", ["link A--B in work", "demand x2", "traffic to D x2"])
def test_what_is_in_breach_while_the_condition_holds_anyway_is_not_counted(condition: str) -> None:
    """12 Gbit/s over two ways of 10: with one in work, or with 24, nothing more has to fail."""
    beside = _beside()
    assert beside.found(_part())
    assert beside.found(_part(condition)) == ()


def test_hour_leaves_its_level_of_demand_alone() -> None:
    beside = _beside((Regime("low", 0.4, 0.5), Regime("high", 1.0, 0.5)))
    find = beside.found(_part("at 03:00"))[0]
    assert [now.regime for now in beside.told(1, find, NOTHING).regimes] == ["03:00"]


def test_found_is_told_with_its_condition_and_who_found_it() -> None:
    beside = _beside()
    find = beside.found(_part(generator="rules"))[0]
    told = beside.told(3, find, NOTHING)
    assert (told.rank, told.condition, told.generator) == (3, "", "rules")
    assert told.elements == find.elements
    assert told.regimes[0].hit == ("svc",)


def test_same_things_are_told_once_however_many_find_them() -> None:
    def found(generator: str, in_breach: float, *elements: str) -> Find:
        return Find(condition="", generator=generator, elements=elements, in_breach=in_breach)

    finds = [found("a", 1.0, "x"), found("b", 1.0, "x"), found("b", 2.0, "y"), found("a", 0.5, "z")]
    assert [(f.generator, f.elements) for f in worst_of_all(finds)] == [
        ("b", ("y",)),
        ("a", ("x",)),
        ("a", ("z",)),
    ]


def test_condition_that_is_none_is_refused() -> None:
    topology = TWIN.inventory.topology
    require_condition("at 20:00, demand x1.2, link A--B in work", topology)
    for text in ("link A--Z in work", "the moon is full"):
        with pytest.raises(BadInput):
            require_condition(text, topology)
    with pytest.raises(Ungrounded, match="whose it is"):
        require_condition("by an adversary with one flood", topology)
