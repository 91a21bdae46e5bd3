"""What may fail, against a slow computation that assesses every state from scratch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from tests.twin.whatif.test_survey import square
from twin.imagination.elements import Element, Part, elements_of
from twin.imagination.enumeration import Enumerated, enumerated
from twin.imagination.regimes import Regime, regimes_of
from twin.imagination.register import begins, register_of
from twin.nouns.rates import Rate, Rates, Work
from twin.nouns.traffic import DailyProfile
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

HOURS = 365.25 * 24
LINES = 100
ALL_DAY = (Regime(name="all day", level=1.0, share=1.0),)


def found_in(twin: Twin, most: int = 40_000, lines: int = LINES) -> Enumerated:
    elements = elements_of(twin.inventory.topology, Rates())
    regimes = regimes_of(twin.inventory.profile)
    return enumerated(twin, twin.state(), elements, regimes, lines=lines, most=most)


def slowly(
    twin: Twin, elements: Sequence[Element], sizes: Sequence[int]
) -> Mapping[tuple[int, ...], float]:
    """Minutes a year of every set of so many elements; routed and assessed whole, one by one."""
    hourly = np.sort(np.asarray(twin.inventory.profile.hourly)).reshape(4, -1).mean(axis=1)
    services = len(twin.services.services)
    states = [twin.state(traffic=twin.inventory.peak_traffic.scaled(x)) for x in hourly.tolist()]
    usual = [twin.assess(state).levels.in_breach[0] for state in states]
    down, work = list[float](), list[float]()
    for element in elements:
        a_year = sum(p.rate.per_year * p.times * p.hours for p in element.parts) / HOURS
        down.append(a_year / (1 + a_year))
        work.append(element.work.per_year * element.work.hours / HOURS if element.work else 0.0)
    hit: dict[tuple[int, ...], np.ndarray[tuple[int, ...], np.dtype[np.bool_]]] = {}
    cost: dict[tuple[int, ...], float] = {}
    for size in sizes:
        for members in combinations(range(len(elements)), size):
            links = [elements[i].links for i in members]
            if any(a <= b for a in links for b in links if a is not b):
                continue
            failed = []
            for state in states:
                for event in (e for i in members for e in elements[i].event):
                    state = event.after(state)
                failed.append(twin.assess(state).levels.in_breach[0])
            hit[members] = np.array(failed) & ~np.array(usual)
            parts = [p for n in range(1, size) for p in combinations(members, n)]
            known = np.zeros((4, services), bool)
            for part in parts:
                known |= hit[part]
            count = (hit[members] & ~known).sum(axis=1)
            share = np.prod([down[i] for i in members])
            beside = [
                work[i] * np.prod([down[j] for j in members if j != i]) for i in members if size > 1
            ]
            cost[members] = float(60 * HOURS * (share * count.mean() + sum(beside) * count[0]))
    return cost


@pytest.mark.slow
@pytest.mark.parametrize("topology", ["sndlib/abilene", "sndlib/polska", "sndlib/nobel-us"])
def test_lines_are_those_of_a_slow_computation(topology: str) -> None:
    twin = Twin(build_inventory(WorldSpec(topology=topology)))
    fast = found_in(twin)
    slow = slowly(twin, fast.elements, (1, 2))
    of_two = [one for one in fast.sets if len(one.members) < 3]
    assert {one.members for one in of_two} == set(slow)
    for one in of_two:
        assert one.slo_minutes == pytest.approx(slow[one.members], rel=1e-9, abs=1e-12)
    ranked = sorted(slow, key=lambda members: (-slow[members], members))
    assert [one.members for one in of_two[:LINES]] == ranked[:LINES]


def test_three_of_which_one_is_in_work_are_lines_where_they_cost_enough() -> None:
    """Of the four links of a square, two that fail may be all that a third in work has left."""
    twin = square((("A", "D", 1.0), ("B", "C", 1.0)))
    often = Rates(line_card=Rate(per_year=50.0), device=Rate(per_year=1e-6))
    elements = elements_of(twin.inventory.topology, often)
    regimes = regimes_of(twin.inventory.profile)
    fast = enumerated(twin, twin.state(), elements, regimes, lines=LINES)
    slow = slowly(twin, elements, (1, 2, 3))
    costly = {members: cost for members, cost in slow.items() if cost > 0.0}
    assert {one.members for one in fast.sets if one.slo_minutes > 0.0} == set(costly)
    for one in fast.sets:
        assert one.slo_minutes == pytest.approx(slow[one.members], rel=1e-9, abs=1e-12)


def test_what_is_not_looked_at_is_bounded_and_said() -> None:
    twin = Twin(build_inventory(WorldSpec(topology="sndlib/abilene")))
    whole, part = found_in(twin), found_in(twin, most=60)
    assert len(part.sets) < len(whole.sets)
    kept = sum(one.slo_minutes for one in part.sets)
    cut = sum(one.slo_minutes for one in whole.sets) - kept
    assert 0.0 < cut <= part.left_slo_minutes
    assert whole.left_slo_minutes < part.left_slo_minutes


def test_all_that_a_duct_shares_is_counted_at_the_duct_alone() -> None:
    """Two links of 1 km, all of it in one duct: line cards alone are left of their own."""
    elements = {
        e.name: e for e in elements_of(square((("A", "D", 1.0),)).inventory.topology, Rates())
    }
    assert [part.kind for part in elements["link A--B"].parts] == ["line card"]
    assert [part.kind for part in elements["link B--D"].parts] == ["line card", "cable"]
    assert elements["group duct:A:1"].per_year == pytest.approx(2.13 / 1000)
    assert elements["link B--D"].per_year == pytest.approx(2 * 0.02 + 2.13 / 1000)


def test_share_of_all_hours_follows_from_how_often_and_how_long() -> None:
    part = Part("device", Rate(per_year=2.0), 1.0, HOURS / 20)
    one = Element("a", (), (part,), frozenset(), Work(per_year=1.0, hours=HOURS / 50))
    assert one.share_down == pytest.approx(0.1 / 1.1)
    assert one.share_in_work == pytest.approx(0.02)


def test_rate_goes_where_its_history_is() -> None:
    """A gamma prior of shape 2 and mean 1, and 10 failures in 4 years: shape 12, mean 12 / 6."""
    after = Rate(per_year=1.0, shape=2.0).after(10, 4.0)
    assert after.shape == 12.0
    assert after.per_year == pytest.approx(2.0)
    never = Rate(per_year=1.0, shape=2.0).after(0, 4.0)
    assert never.per_year == pytest.approx(1 / 3)


def test_regimes_are_equally_many_hours_with_the_least_demand_first() -> None:
    found = regimes_of(DailyProfile(hourly=tuple(range(1, 25))), 4)
    assert [r.level for r in found] == [3.5, 9.5, 15.5, 21.5]
    assert sum(r.share for r in found) == pytest.approx(1.0)


def test_register_says_how_surely_each_line_is_known() -> None:
    """A gamma of shape 2 has its 5 and 95 % at 0.178 and 2.372 of its mean."""
    twin = square((("A", "D", 1.0),))
    rare = Rates(device=Rate(per_year=1e-3, shape=2.0))
    elements = elements_of(twin.inventory.topology, rare)
    found = enumerated(twin, twin.state(), elements, ALL_DAY, lines=LINES)
    register = register_of(found, twin.services.services, LINES)
    [line] = [x for x in register.lines if x.elements == ("device A",)]
    assert line.what_if == "node A down"
    assert (line.regimes[0].hit, line.customers) == (("svc",), ("one",))
    assert line.slo_minutes == pytest.approx(1e-3 * 4 * 60, rel=1e-3)
    assert line.slo_minutes_range.p05 == pytest.approx(0.178 * line.slo_minutes, rel=0.15)
    assert line.slo_minutes_range.p95 == pytest.approx(2.372 * line.slo_minutes, rel=0.1)
    assert line.per_year == pytest.approx(1e-3, rel=1e-3)
    assert line.per_year_range.median == pytest.approx(0.839e-3, rel=0.05)
    assert sum(x.slo_minutes for x in register.lines) == pytest.approx(register.covered.slo_minutes)
    assert register.covered.lines_share == pytest.approx(1.0)
    assert [x.rank for x in register.lines] == list(range(1, len(register.lines) + 1))


def test_service_that_is_down_anyway_is_no_cost_of_a_failure() -> None:
    twin = square((("A", "D", 1.0),))
    state = replace(twin.state(), down_links=frozenset({"A--B", "A--C"}))
    elements = elements_of(twin.inventory.topology, Rates())
    found = enumerated(twin, state, elements, ALL_DAY, lines=LINES)
    register = register_of(found, twin.services.services, LINES)
    assert register.lines == ()
    assert register.covered.never == ("svc",)


def test_pair_in_work_is_down_as_often_and_as_long_as_its_minutes_say() -> None:
    """Hours a year are shares of all hours; it ends when one is back or the work is over."""
    device = Part("device", Rate(per_year=2.0), 1.0, 10.0)
    work = Work(per_year=5.0, hours=40.0)
    one = Element("a", (), (device,), frozenset("a"), work)
    other = Element("b", (), (device,), frozenset("b"))
    down = one.share_down
    share, in_work = down * down, one.share_in_work * down
    per_year = begins([one, other], share, in_work)
    assert per_year == pytest.approx(share * HOURS * 2 / 10 + in_work * HOURS * (1 / 10 + 1 / 40))
    assert begins([one], down, 0.0) == pytest.approx(2.0, rel=0.01)
