"""Who proposes what to look at: within the space, each once, and better than by chance."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
import pytest

from tests.twin.whatif.test_survey import square
from twin.imagination.adversary import Sought, space_of, worst_of
from twin.imagination.elements import Element, elements_of
from twin.imagination.generators.generator import Point, explored
from twin.imagination.generators.search import Search
from twin.imagination.generators.sets import SetSpace
from twin.imagination.generators.shipped import CAUSAL_LM, GENERATORS, Grounds
from twin.imagination.regimes import regimes_of
from twin.nouns.rates import Rates
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

SIZE = 40
WEIGHTS = np.linspace(1.0, 3.0, SIZE)
SPACE = SetSpace(3, WEIGHTS, [[(i - 1) % SIZE, (i + 1) % SIZE] for i in range(SIZE)])
DEAR = np.random.default_rng(7).permutation(SIZE).astype(float)

OF_SETS = [name for name in GENERATORS if name != CAUSAL_LM]
"""Those that know any space: the language model speaks of days alone."""

GROUNDS = Grounds(137, past=((3, 4, 5), (10, 20, 30)), proposed=(SPACE,))


def _cost(sets: Sequence[Point]) -> list[float]:
    """What is in it adds up, and neighbours do more."""
    return [
        float(DEAR[list(m)].sum() + 30.0 * sum(b in SPACE.near[a] for a, b in combinations(m, 2)))
        for m in sets
    ]


@pytest.mark.parametrize("name", OF_SETS)
def test_what_is_judged_is_of_the_space_each_once_and_as_many_as_asked_for(name: str) -> None:
    judged: list[Point] = []

    def judge(sets: Sequence[Point]) -> Iterable[float]:
        judged.extend(sets)
        return _cost(sets)

    found = explored(GENERATORS[name](GROUNDS), SPACE, judge, 137, seed=3)
    assert len(judged) == len(set(judged)) == len(found) == 137
    assert all(len(set(m)) == 3 and list(m) == sorted(m) for m in found)
    assert all(0 <= i < SIZE for m in found for i in m)
    assert found == explored(GENERATORS[name](GROUNDS), SPACE, _cost, 137, seed=3)


def test_generator_that_has_said_everything_ends() -> None:
    small = SetSpace(2, np.ones(4), [[], [], [], []])
    for name in OF_SETS:
        found = explored(
            GENERATORS[name](Grounds(50, past=((0, 1), (2, 3)), proposed=(small,))),
            small,
            lambda sets: [1.0] * len(sets),
            50,
        )
        assert len(found) == 6


@pytest.mark.parametrize("name", ["replay", "llm", "causal-lm"])
def test_generator_without_anything_to_go_by_says_nothing(name: str) -> None:
    assert explored(GENERATORS[name](Grounds(50)), SPACE, _cost, 50) == {}


def test_replay_begins_with_what_happened_and_goes_where_it_is_most_alike() -> None:
    # Weights rise with the position, so that the next positions are most alike.
    found = list(explored(GENERATORS["replay"](Grounds(5, ((3, 8, 20),))), SPACE, _cost, 5))
    assert found == [(3, 8, 20), (4, 8, 20), (2, 8, 20), (3, 9, 20), (3, 7, 20)]


def test_what_was_proposed_is_searched_in_turn() -> None:
    parts = SetSpace(3, WEIGHTS[:10], SPACE.near[:10]), SetSpace(3, WEIGHTS[:20], SPACE.near[:20])
    found = explored(GENERATORS["llm"](Grounds(40, proposed=parts)), SPACE, _cost, 40)
    assert len(found) == 40
    assert all(parts[1].allows(point) for point in found)
    assert 20 <= sum(parts[0].allows(point) for point in found) < 40


def test_nothing_is_judged_once_the_processor_time_is_over() -> None:
    assert explored(GENERATORS["random"](Grounds(500)), SPACE, _cost, 500, cpu_s=0.0) == {}


def test_search_finds_worse_than_chance_and_what_it_is_told_helps() -> None:
    every = np.sort(_cost(list(combinations(range(SIZE), 3))))[-20:].mean()

    def share(name: str, *, feedback: bool = True) -> float:
        found = [
            np.sort(list(explored(GENERATORS[name](Grounds(300)), SPACE, _cost, 300, seed,
                                  feedback=feedback).values()))[-20:].mean()
            for seed in range(3)
        ]  # fmt: skip
        return float(np.mean(found) / every)

    assert share("search") > 0.9
    assert share("search") > share("random") + 0.1
    assert share("search") > share("search", feedback=False) + 0.05


def test_search_knows_who_adds_to_what_a_set_costs() -> None:
    numbers = np.random.default_rng(0)
    judged: dict[Point, float] = {m: float(5 in m) for m in combinations(range(0, SIZE, 3), 3)}
    judged |= {tuple(sorted((5, a, b))): 1.0 for a, b in combinations(range(0, 12, 3), 2)}
    first = next(Search(100).propose(SPACE, judged, numbers))
    assert 5 in first


@pytest.fixture(scope="module")
def abilene() -> Twin:
    return Twin(build_inventory(WorldSpec(topology="sndlib/abilene")))


def test_worst_of_all_pairs_is_what_the_slow_way_finds(abilene: Twin) -> None:
    """One thing of a pair is left out where the other does 95 % of it."""
    state = abilene.state()
    elements = elements_of(state.topology, Rates())
    regimes = regimes_of(abilene.inventory.profile)
    found = worst_of(abilene, state, elements, regimes, Sought(2, 10_000, top=5))

    def in_breach(failing: Sequence[Element]) -> float:
        services = 0.0
        for regime in regimes:
            failed = usual = abilene.state(
                traffic=abilene.inventory.peak_traffic.scaled(regime.level)
            )
            for event in (e for one in failing for e in one.event):
                failed = event.after(failed)
            now, before = (abilene.assess(s).levels.in_breach[0] for s in (failed, usual))
            services += regime.share * int((now & ~before).sum())
        return services

    alone = {one.name: in_breach([one]) for one in elements}
    slow = dict[frozenset[str], float]()
    for pair in combinations(elements, 2):
        both, (most, name) = in_breach(pair), max((alone[one.name], one.name) for one in pair)
        if most >= 0.95 * both:
            slow[frozenset({name})] = most
        else:
            slow[frozenset(one.name for one in pair)] = both
    assert [one.in_breach for one in found] == pytest.approx(sorted(slow.values())[:-6:-1])
    assert all(slow[frozenset(one.elements)] == pytest.approx(one.in_breach) for one in found)
    assert [one.rank for one in found] == [1, 2, 3, 4, 5]
    hits = sum(r.share * len(x.hit) for r, x in zip(regimes, found[0].regimes, strict=True))
    assert found[0].in_breach == pytest.approx(hits)


def test_set_is_listed_without_what_does_no_more_harm() -> None:
    """A reaches D by B and by C: without A, or without what both ways share, all else is padding,
    and two links do it where there is one of each way.
    """
    twin = square((("A", "D", 1.0),))
    elements = elements_of(twin.inventory.topology, Rates())
    regimes = regimes_of(twin.inventory.profile)
    found = worst_of(twin, twin.state(), elements, regimes, Sought(3, 10_000, top=100))
    listed = {frozenset(one.elements) for one in found}
    assert len(listed) == len(found)
    assert {frozenset({name}) for name in ("device A", "device D", "group duct:A:1")} <= listed
    assert frozenset({"link A--B", "link C--D"}) in listed
    assert not any(one < other for one in listed for other in listed)
    assert max(map(len, listed)) == 2


def test_search_does_not_list_one_set_in_all_the_ways_to_pad_it() -> None:
    """Without Vienna nothing of Aconet works, whatever else is down; there are other ways."""
    twin = Twin(build_inventory(WorldSpec(topology="topozoo/Aconet")))
    elements = elements_of(twin.inventory.topology, Rates())
    regimes = regimes_of(twin.inventory.profile)
    found = worst_of(twin, twin.state(), elements, regimes, Sought(3, 200, top=15))
    assert found[0].elements == ("site Vienna2",)
    assert len(found) == 15
    assert sum("site Vienna2" in one.elements for one in found) == 1


def test_what_touches_an_element_has_a_link_or_a_node_in_common(abilene: Twin) -> None:
    state = abilene.state()
    elements = elements_of(state.topology, Rates())
    space = space_of(state, elements, 3)
    place = {one.name: i for i, one in enumerate(elements)}
    near = {elements[i].name for i in space.near[place["link ATLAM5--ATLAng"]]}
    assert {"device ATLAng", "link ATLAng--HSTNng", "device HSTNng"} <= near
    assert "link STTLng--SNVAng" not in near
    assert space.weights[place["device ATLAng"]] > space.weights[place["link ATLAng--HSTNng"]]
