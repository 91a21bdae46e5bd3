"""Whether a what-if is safe in a window: judged when demand is highest in it."""

from dataclasses import replace

import pytest

from tests.twin.whatif.test_survey import square
from twin.errors import BadInput
from twin.events.phrases import read_what_if
from twin.events.what_if import WhatIf
from twin.nouns.traffic import DailyProfile
from twin.physics.twin import Twin
from twin.whatif.window import Question, Window, read_question, safe_within, window_of

HOUR_S = 3600.0

EVENING = DailyProfile(hourly=(*[0.2] * 18, 0.6, 1.0, 0.6, *[0.2] * 3))
"""Full at 19:00, a fifth at night."""


def network(gigabits: float) -> Twin:
    """From A to D over two ways of 10 Gbit/s each."""
    twin = square((("A", "D", gigabits),))
    return Twin(replace(twin.inventory, profile=EVENING))


def drained(twin: Twin) -> WhatIf:
    return read_what_if("drain B", twin.inventory.topology)


def test_drain_that_is_safe_now_is_not_safe_where_the_window_holds_the_peak() -> None:
    # One way takes 10; the peak is 14, the night 2.8.
    twin = network(14.0)
    night = safe_within(twin, twin.state(), drained(twin), Window(0.0, 6 * HOUR_S))
    assert (night.verdict, night.reasons) == ("safe", ())
    assert night.max_utilisation.median == pytest.approx(0.28, rel=0.1)
    day = safe_within(twin, twin.state(), drained(twin), Window(0.0, 24 * HOUR_S))
    assert day.verdict == "not safe"
    assert day.busiest_s == 19 * HOUR_S
    assert day.level == 1.0
    assert day.max_utilisation.median == pytest.approx(1.4, rel=0.1)
    assert "the busiest egress is above 100% in" in day.reasons[0]
    assert any(reason.startswith("services break a promise") for reason in day.reasons)
    assert day.likely_in_breach == ("svc",)


def test_ninety_nine_per_cent_is_not_safe() -> None:
    # What is expected fits to the last per cent, what is likely does not.
    twin = network(9.9)
    found = safe_within(twin, twin.state(), drained(twin), Window(19 * HOUR_S, 20 * HOUR_S))
    assert found.max_utilisation.p05 < 1.0 < found.max_utilisation.p95
    assert found.verdict != "safe"


def test_what_cuts_traffic_off_is_not_safe_at_any_hour() -> None:
    twin = network(1.0)
    cut = read_what_if("node D down", twin.inventory.topology)
    found = safe_within(twin, twin.state(), cut, Window(0.0, HOUR_S))
    assert found.verdict == "not safe"
    assert "traffic is lost or cut off in 100% of the draws" in found.reasons


def test_what_is_full_without_it_is_not_held_against_it() -> None:
    twin = network(30.0)
    nothing = read_what_if("weight A-B 10", twin.inventory.topology)
    found = safe_within(twin, twin.state(), nothing, Window(0.0, 24 * HOUR_S))
    assert found.max_utilisation_before.median > 1.0
    assert found.verdict == "safe"


def test_moments_follow_the_profile_through_the_window() -> None:
    twin = network(10.0)
    found = safe_within(twin, twin.state(), drained(twin), Window(17.5 * HOUR_S, 20 * HOUR_S))
    assert [moment.time_s / HOUR_S for moment in found.moments] == [17.5, 18.0, 19.0, 20.0]
    assert [moment.level for moment in found.moments] == pytest.approx([0.4, 0.6, 1.0, 0.6])
    at_peak = found.moments[2].max_utilisation
    assert at_peak == found.max_utilisation
    assert found.moments[1].max_utilisation.p95 == pytest.approx(0.6 * at_peak.p95)


def test_worst_failure_meanwhile_is_named() -> None:
    twin = network(5.0)
    drained_b = read_what_if("link A-B down", twin.inventory.topology)
    found = safe_within(twin, twin.state(), drained_b, Window(19 * HOUR_S, 20 * HOUR_S))
    assert found.worst_failure is not None
    assert found.worst_failure.what_if == "link A--C down"
    assert found.worst_failure.no_path_bps == pytest.approx(5e9)


def test_what_is_built_for_the_window_is_judged_with_it() -> None:
    twin = network(14.0)
    asked = "A-C members 2, C-D members 2; drain B"
    built = read_what_if(asked, twin.inventory.topology)
    found = safe_within(twin, twin.state(), built, Window(0.0, 24 * HOUR_S))
    assert found.verdict == "safe"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("drain A", Question("drain A")),
        ("safe to drain A", Question("drain A", True)),
        ("what if A-B fails at 8 pm?", Question("what if A-B fails", at="8 pm")),
        ("link A-B at 50 %", Question("link A-B at 50 %")),
        ("safe to drain A?", Question("drain A", True, None, None)),
        ("Is it safe to drain A from 22:00 to 06:00?", Question("drain A", True, "22:00", "06:00")),
        ("can we drain A tonight from 10 pm until 6am", Question("drain A", True, "10 pm", "6am")),
        ("drain A 22:00-06:00 UTC", Question("drain A", True, "22:00", "06:00")),
        ("weight A-B 20", Question("weight A-B 20", False, None, None)),
    ],
)
def test_question_holds_what_is_supposed_and_when(text: str, asked: Question) -> None:
    assert read_question(text) == asked


@pytest.mark.parametrize(
    ("begin", "end", "now_h", "window_h"),
    [
        ("22:00", "06:00", 100 * 24 + 15.0, (100 * 24 + 22.0, 101 * 24 + 6.0)),
        ("10 pm", "6 am", 23.5, (46.0, 54.0)),
        ("12 am", "12 pm", 1.0, (24.0, 36.0)),
        (None, None, 15.25, (15.25, 39.25)),
        (None, "06:00", 15.25, (15.25, 30.0)),
        ("18:00", None, None, (18.0, 42.0)),
        ("18:00", "18:00", None, (18.0, 42.0)),
    ],
)
def test_window_is_the_next_one_of_that_time(
    begin: str | None, end: str | None, now_h: float | None, window_h: tuple[float, float]
) -> None:
    now_s = None if now_h is None else now_h * HOUR_S
    found = window_of(begin, end, now_s)
    assert (found.begin_s / HOUR_S, found.end_s / HOUR_S) == pytest.approx(window_h)


@pytest.mark.parametrize("text", ["25:00", "22", "noon", "12:60", "13 pm", ""])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no time of day"):
        window_of(text, "06:00", None)
