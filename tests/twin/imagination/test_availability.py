"""How often services are hit: as all states of a small network say, and without bias."""

from itertools import combinations

import numpy as np
import pytest

from twin.imagination.availability import MOST_DOWN, Chances, availabilities
from twin.imagination.elements import Element, elements_of
from twin.imagination.regimes import regimes_of
from twin.nouns.rates import Rate, Rates
from twin.physics.compiled import FloatArray
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

FRAIL = Rates(device=Rate(per_year=40.0), line_card=Rate(per_year=15.0))
"""So that three and more at once are no rarity."""


@pytest.fixture(scope="module")
def twin() -> Twin:
    return Twin(build_inventory(WorldSpec(topology="sndlib/abilene")))


@pytest.fixture(scope="module")
def few(twin: Twin) -> tuple[Element, ...]:
    """Nine of the elements, links and devices; nothing else fails."""
    found = elements_of(twin.inventory.topology, FRAIL)
    return tuple(found[i] for i in (0, 2, 5, 7, 9, 11, 15, 18, 21))


def _all_states(twin: Twin, elements: tuple[Element, ...]) -> FloatArray:
    """(services,) by every set of what may be down, assessed from nothing."""
    down = np.array([one.share_down for one in elements])
    total = np.zeros(len(twin.services.services))
    for regime in regimes_of(twin.inventory.profile):
        traffic = twin.inventory.peak_traffic.scaled(regime.level)
        for size in range(len(elements) + 1):
            for members in combinations(range(len(elements)), size):
                state = twin.state(traffic=traffic)
                for event in (e for i in members for e in elements[i].event):
                    state = event.after(state)
                chance = np.prod([down[i] if i in members else 1 - down[i]
                                  for i in range(len(elements))])  # fmt: skip
                breached = twin.assess(state).levels.in_breach[0]
                total += regime.share * chance * breached
    return total


@pytest.mark.slow
def test_hours_are_those_of_every_state_of_a_small_network(
    twin: Twin, few: tuple[Element, ...]
) -> None:
    exact = _all_states(twin, few)
    regimes = regimes_of(twin.inventory.profile)
    found = np.array(
        [
            [s.in_breach for s in availabilities(
                twin, twin.state(), few, regimes, 400, seed).services]
            for seed in range(12)
        ]
    )  # fmt: skip
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - exact) <= 4.0 * error + 1e-12).all()
    often = exact > 1e-4
    assert often.sum() > 5
    assert found.mean(axis=0)[often] == pytest.approx(exact[often], rel=0.02)


def test_error_that_is_told_is_the_one_that_is_made(twin: Twin, few: tuple[Element, ...]) -> None:
    regimes = regimes_of(twin.inventory.profile)
    told, made = [], []
    for seed in range(30):
        found = availabilities(twin, twin.state(), few, regimes, 300, seed).services
        told.append([s.by_more_error for s in found])
        made.append([s.by_more for s in found])
    spread, mean = np.std(made, axis=0, ddof=1), np.mean(told, axis=0)
    varies = spread > 1e-12
    assert varies.sum() > 10
    assert np.median(mean[varies] / spread[varies]) == pytest.approx(1.0, rel=0.25)


def test_chances_of_all_sets_and_sizes_add_up() -> None:
    down = np.array([0.5, 0.1, 0.01, 0.3, 0.2, 0.05])
    chances = Chances(down)
    total = 0.0
    for size in range(1, len(down) + 1):
        sets = list(combinations(range(len(down)), size))
        exactly = chances.exactly(sets)
        slow = [np.prod([down[i] if i in s else 1 - down[i] for i in range(6)]) for s in sets]
        assert exactly == pytest.approx(slow)
        assert chances.of_size(size) == pytest.approx(exactly.sum())
        total += exactly.sum()
    assert total + chances.of_size(0) == pytest.approx(1.0)
    assert MOST_DOWN == 6


def test_sets_are_drawn_as_often_as_they_are_down() -> None:
    down = np.array([0.5, 0.1, 0.01, 0.3, 0.2])
    chances = Chances(down)
    sets, times = chances.drawn(3, 200_000, np.random.default_rng(5))
    every = list(combinations(range(5), 3))
    expected = chances.exactly(every) / chances.of_size(3)
    came = dict(zip(sets, times / times.sum(), strict=True))
    for members, share in zip(every, expected, strict=True):
        assert came.get(members, 0.0) == pytest.approx(share, abs=0.005)


def test_more_down_than_is_looked_at_is_told_however_rare() -> None:
    """Far below the rounding of one; eight of eight, or seven of them."""
    down = np.full(8, 1e-4)
    assert Chances(down).beyond() == pytest.approx(8 * 1e-28 * (1 - 1e-4) + 1e-32, rel=1e-9)
    assert Chances(down[:MOST_DOWN]).beyond() == 0.0
