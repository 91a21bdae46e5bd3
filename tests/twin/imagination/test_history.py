"""What has failed makes itself likelier, and what has not less likely."""

import pytest

from tests.twin.whatif.test_survey import square
from twin.imagination.elements import elements_of
from twin.imagination.history import YEAR_S, history_of
from twin.knowledge.past import PastIncident
from twin.nouns.rates import History, Rates

TOPOLOGY = square((("A", "D", 1.0),)).inventory.topology


def _past(cause: str, opened_s: float, *, decided: bool = True, found_by: str = "") -> PastIncident:
    return PastIncident(
        id=f"i-{opened_s}",
        title="",
        opened_s=opened_s,
        symptoms=(),
        cause=cause,
        remedy="",
        worked=True,
        decided=decided,
        found_by=found_by,
    )


def test_outages_are_counted_at_what_was_down() -> None:
    past = [
        _past("link_down@A--B", YEAR_S),
        _past("link_down@A--B & device_down@C", 2 * YEAR_S),
        _past("fiber_cut@A--B+A--C", 3 * YEAR_S),
        _past("fiber_cut@B--D+C--D", 3 * YEAR_S),
        _past("igp_weight_misconfig@A|A--B", 3 * YEAR_S),
        _past("link_down@C--D", 3 * YEAR_S, decided=False),
        _past("link_down@B--D", 3 * YEAR_S, decided=False, found_by="ann"),
    ]
    found = history_of(past, 2 * YEAR_S, 4 * YEAR_S)
    assert "link_down@C--D" not in found.failures
    elements = {e.name: e for e in elements_of(TOPOLOGY, Rates())}
    failed = {
        name: sum(found.failures.get(fault.id, 0) for fault in element.faults)
        for name, element in elements.items()
    }
    assert {name: n for name, n in failed.items() if n} == {
        "link A--B": 2,
        "device C": 1,
        "group duct:A:1": 1,
        "link B--D": 1,
    }
    assert found.years == pytest.approx(3.0), "since the first of them, before the watch began"


def test_rate_is_that_of_its_own_past() -> None:
    """Devices: 0.1 a year, shape 2. Three failures in ten years: (2 + 3) / (2 / 0.1 + 10)."""
    history = History(failures={"device_down@A": 3}, years=10.0)
    found = {e.name: e for e in elements_of(TOPOLOGY, Rates(), history)}
    assert found["device A"].per_year == pytest.approx(5 / 30)
    assert found["device B"].per_year == pytest.approx(2 / 30)
    assert found["device A"].hours == 4.0


def test_nothing_is_known_where_nothing_was_watched() -> None:
    assert elements_of(TOPOLOGY, Rates(), History()) == elements_of(TOPOLOGY, Rates())
