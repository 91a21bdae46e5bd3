"""Times of day and spans are read as people type them."""

from datetime import UTC, datetime

import pytest

from agents.playbook.conversation.times import Span, UnclearTime, When, clock_of, span_of, when_of

NOW = datetime(2026, 3, 3, 19, 24, tzinfo=UTC)
"""A Tuesday."""


@pytest.mark.parametrize(
    ("text", "at", "hours"),
    [
        ("down tonight 01:00-04:00 for a swap", "01:00", 3),
        ("tonight from 00:00 to 06:00", "00:00", 6),
        ("between 20 and 23 h last evening", "20:00", 3),
        ("off for complete sunday, 06 to 22?", "06:00", 16),
        ("all between 00:30 and 04:45", "00:30", 5),
        ("from 22:00 until 02:00", "22:00", 4),
        ("at 8 in the evening", "20:00", 0),
        ("fails at 3am", "03:00", 0),
        ("during the evening peak", "peak", 0),
        ("for an hour right after lunch", "13:00", 1),
        ("can we ride it out tonight", "18:00", 12),
        ("do not touch it until noon", "", 17),
        ("for the next 6 hours", "", 6),
        ("at 8 pm berlin time", "19:00", 0),
        ("at 20:00 cet", "19:00", 0),
    ],
)
def test_time_of_day_is_read_with_how_long_it_lasts(text: str, at: str, hours: int) -> None:
    found = when_of(text, NOW)
    assert found is not None
    assert (found.at, found.hours) == (at, hours)


def test_hour_of_tomorrow_that_runs_now_is_not_taken_for_that_of_today() -> None:
    with pytest.raises(UnclearTime, match="runs today"):
        when_of("tomorrow 18:00-20:00", NOW)


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("in the last 20 min", "2026-03-03 19:04"),
        ("in the last 3 months", "2025-11-30 19:24"),
        ("in the past 2 hrs", "2026-03-03 17:24"),
    ],
)
def test_time_that_is_over_is_counted_back_from_now(text: str, since: str) -> None:
    assert span_of(text, NOW) == Span(since, "2026-03-03 19:24")


@pytest.mark.parametrize(
    "text",
    [
        "shows 0 traffic",
        "from 20 to 40 gbit/s",
        "top 5 links",
        "postpone it by 24h",
        "only 20g",
        "a slot under 30%",
        "svc-030 has a reserve",
    ],
)
def test_amount_is_no_time_of_day(text: str) -> None:
    assert when_of(text, NOW) is None


@pytest.mark.parametrize(
    "text", ["at 18:00 and again at 20:00", "at 8 pm local time", "at 13:00 in the morning"]
)
def test_time_that_could_be_another_is_refused(text: str) -> None:
    with pytest.raises(UnclearTime):
        when_of(text, NOW)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("what changed in the last hour", "2026-03-03 18:24", "2026-03-03 19:24"),
        ("in the last 30 min", "2026-03-03 18:54", "2026-03-03 19:24"),
        ("last night", "2026-03-02 18:00", "2026-03-03 08:00"),
        ("between 2 and 4 last night", "2026-03-03 02:00", "2026-03-03 04:00"),
        ("yesterday evening", "2026-03-02 17:00", "2026-03-03 00:00"),
        ("this morning", "2026-03-03 00:00", "2026-03-03 12:00"),
        ("since last monday", "2026-03-02 00:00", "2026-03-03 19:24"),
        ("this quarter", "2026-01-01 00:00", "2026-03-03 19:24"),
        ("over the last 30 days", "2026-02-01 19:24", "2026-03-03 19:24"),
        ("since 08:00", "2026-03-03 08:00", "2026-03-03 19:24"),
    ],
)
def test_span_that_is_over_is_read(text: str, since: str, until: str) -> None:
    assert span_of(text, NOW) == Span(since, until)


def test_clock_alone_is_half_an_hour_around_the_last_time_it_showed_that() -> None:
    assert clock_of("did you act at 03:17", NOW) == Span("2026-03-03 02:47", "2026-03-03 03:47")
    assert clock_of("did you act at 23:00", NOW) == Span("2026-03-02 22:30", "2026-03-02 23:30")


def test_question_without_a_time_has_none() -> None:
    assert when_of("what if it fails", NOW) is None
    assert span_of("what if it fails", NOW) is None
    assert when_of("tomorrow for two hours", NOW) == When("", 2, "")
