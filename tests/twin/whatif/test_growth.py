"""When links are full: worked by hand on a square, and against growing the demand itself."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.twin.whatif.test_survey import crowded, square
from twin.errors import BadInput
from twin.events.faults.link_down import LinkDown
from twin.whatif.arcs import single_links
from twin.whatif.comparison import assess_after
from twin.whatif.growth import grow


def test_links_of_the_square_are_full_when_demand_has_grown_that_far() -> None:
    # 5 from A to D and 2.5 from B to D: B--D is at 0.5, A--B, A--C and C--D at 0.25.
    twin = square((("A", "D", 5.0), ("B", "D", 2.5)))
    found = grow(twin, twin.state(), per_year=1.0, years=3.0)
    times = {link.link: link.full_in_years.expected for link in found.links}
    assert times == pytest.approx({"B--D": 1.0, "A--B": 2.0, "A--C": 2.0, "C--D": 2.0})
    first = found.links[0]
    assert (first.link, str(first.egress), first.members) == ("B--D", "B|B--D", 1)
    assert first.utilisation == pytest.approx(0.5)
    assert first.full_at_growth == pytest.approx(2.0)
    assert first.failure is None
    # Twice as large, it is full when demand has doubled once more.
    assert first.one_more_full_in_years == pytest.approx(2.0)
    years = first.full_in_years
    assert years.earliest is not None
    assert years.latest is not None
    assert years.earliest < 1.0 < years.latest
    assert first.forecast.p05 < 0.5 < first.forecast.p95


def test_after_the_worst_failure_links_are_full_sooner() -> None:
    # With A--B gone, all 5 go over A--C; with A--C gone, B--D carries 7.5.
    twin = square((("A", "D", 5.0), ("B", "D", 2.5)))
    found = grow(twin, twin.state(), per_year=1.0, years=3.0, failures=True)
    failures = {link.link: link.failure for link in found.links if link.failure is not None}
    assert failures["B--D"].what_if == "link A--C down"
    # B--D gone, its 2.5 go over A as well.
    assert failures["A--C"].what_if == "link B--D down"
    assert [failures[x].utilisation for x in ("B--D", "A--C")] == pytest.approx([0.75, 0.75])
    assert [link.failure.full_in_years for link in found.links if link.failure] == pytest.approx(
        [math.log2(4 / 3)] * 3 + [math.log2(2)]
    )


def test_upgrades_are_due_one_after_the_other() -> None:
    twin = square((("A", "D", 5.0), ("B", "D", 2.5)))
    found = grow(twin, twin.state(), per_year=1.0, years=2.5)
    assert [u.in_years for u in found.upgrades] == pytest.approx([1.0, 2.0, 2.0, 2.0, 2.0])
    due = [(u.link, u.from_bps / 1e9, u.to_bps / 1e9) for u in found.upgrades]
    assert due == [
        ("B--D", 10.0, 20.0),
        ("A--B", 10.0, 20.0),
        ("B--D", 20.0, 30.0),
        ("A--C", 10.0, 20.0),
        ("C--D", 10.0, 20.0),
    ]
    # The first buys a year, the last all that is looked at.
    assert found.upgrades[0].next_full_in_years == pytest.approx(2.0)
    assert found.upgrades[-1].next_full_in_years is None
    assert found.upgrades[-1].next_link is None


@pytest.mark.parametrize("failures", [False, True])
def test_link_is_full_where_the_grown_demand_fills_it(failures: bool) -> None:
    """Against routing the grown demand, after every failure where that is asked."""
    twin = crowded()
    found = grow(twin, twin.state(), per_year=0.3, years=5.0, failures=failures, limit=2.0)
    for link in found.links[:3]:
        years = link.full_in_years.expected
        if failures:
            assert link.failure is not None
            years = min(filter(None, (years, link.failure.full_in_years)))
        assert years is not None
        grown = replace(twin.state(), traffic=twin.state().traffic.scaled(1.3**years))
        i = twin.inventory.topology.link_index[link.link]
        cases = [(), *(single_links(twin.inventory.topology) if failures else ())]
        highest = max(
            assess_after(grown, what_if, twin).utilisation[2 * i : 2 * i + 2].max()
            for what_if in cases
            if what_if != (LinkDown(link=link.link),)
        )
        assert highest == pytest.approx(2.0)
    times = [link.full_in_years.expected for link in found.links]
    if not failures:
        assert times == sorted(times, key=lambda t: np.inf if t is None else t)


def test_link_without_load_is_never_full() -> None:
    twin = square((("A", "B", 5.0),))
    found = grow(twin, twin.state(), per_year=0.3, years=5.0)
    idle = found.links[-1]
    assert (idle.utilisation, idle.full_at_growth, idle.one_more_full_in_years) == (0.0, None, None)
    assert idle.full_in_years.expected is None


def test_link_that_is_full_today_is_full_now() -> None:
    twin = square((("A", "B", 12.0),))
    assert grow(twin, twin.state(), 0.3, 5.0).links[0].full_in_years.expected == 0.0


def test_growth_must_be_above_nothing() -> None:
    twin = square((("A", "B", 5.0),))
    with pytest.raises(BadInput, match="must be above 0"):
        grow(twin, twin.state(), 0.0, 5.0)
