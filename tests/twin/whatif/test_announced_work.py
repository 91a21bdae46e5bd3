"""What announced work will do is worked out for the busiest hour of its time."""

from dataclasses import replace

from tests.twin.tracking.square import inventory
from twin.nouns.planned_work import PlannedWork
from twin.nouns.state import NetworkState
from twin.nouns.traffic import DailyProfile
from twin.physics.twin import Twin
from twin.whatif.announced_work import busiest_s, foretell

HOUR_S = 3600.0
EVENING = DailyProfile(hourly=(0.5,) * 18 + (0.6, 1.0, 0.6) + (0.5,) * 3)


def _twin() -> Twin:
    demands = (("A", "B", 3e9), ("C", "D", 9e9))
    known = inventory(demands=demands, services=(("A", "B"), ("C", "D")))
    return Twin(replace(known, profile=EVENING))


def _at(twin: Twin, at_s: float) -> NetworkState:
    return twin.state(traffic=twin.traffic_at(at_s))


def _work(link: str, from_h: float, to_h: float, work_id: str = "CHG-1") -> PlannedWork:
    return PlannedWork(id=work_id, links=(link,), starts_s=from_h * HOUR_S, ends_s=to_h * HOUR_S)


def test_busiest_hour_is_that_of_the_profile_within_the_time() -> None:
    assert busiest_s(EVENING, 16 * HOUR_S, 22 * HOUR_S) == 19 * HOUR_S
    assert busiest_s(EVENING, 2 * HOUR_S, 5 * HOUR_S) == 2 * HOUR_S


def test_work_is_foretold_at_the_busiest_hour_of_its_own_time() -> None:
    twin = _twin()
    peak, night = _work("C-D", 16, 22), _work("C-D", 2, 5)
    at_peak, by_night = (foretell(twin, lambda t: _at(twin, t), w, (), 0.0) for w in (peak, night))
    # C sends D 9 Gbit/s over B and A, and A sends B 3 on the other direction: none is full.
    assert at_peak.max_utilisation == 0.9
    assert by_night.max_utilisation == 0.45


def test_other_work_at_that_hour_counts_with_it() -> None:
    twin = _twin()
    one, other = _work("A-B", 16, 22), _work("A-D", 18, 20, "CHG-2")
    late = _work("A-D", 21, 23, "CHG-3")
    found = foretell(twin, lambda t: _at(twin, t), one, (one, other, late), 0.0)
    assert found.beside == ("CHG-2",)
    assert found.in_breach == ("svc-AB",)
    alone = foretell(twin, lambda t: _at(twin, t), one, (one, late), 0.0)
    assert alone.in_breach == ()
