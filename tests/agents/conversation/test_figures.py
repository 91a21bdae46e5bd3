"""A figure of an answer stands in the results, up to how it is written."""

import pytest
from pydantic import JsonValue

from agents.conversation.figures import Known, unfounded

RESULT: dict[str, JsonValue] = {
    "utilisation": 0.6289,
    "capacity_bps": 40e9,
    "delay_s": 0.0042,
    "lasted_s": 2938,
    "count": 3,
    "links": ["A--B", "B--C"],
    "at_utc": "2026-03-03 18:11:30 UTC",
    "incident": "live-0001",
    "statement": "loses 4.9 % of it",
    "up": True,
}


@pytest.mark.parametrize(
    "text",
    [
        "63 %",
        "62.9 % and 40 Gbit/s",
        "0.63 of it",
        "40,000 Mbit/s",
        "4.2 ms",
        "48 min 58 s",
        "49 minutes",
        "3 services and 2 links",
        "three services, two links",
        "between the two ends",
        "at 18:11:30 on 2026-03-03",
        "at 18:11",
        "live-0001 is open",
        "loses 4.9 %",
        "no figures at all",
    ],
)
def test_figure_that_a_result_has_is_founded(text: str) -> None:
    assert unfounded(text, Known.of([RESULT])) == []


@pytest.mark.parametrize(
    ("text", "invented"),
    [
        ("64 %", ["64 %"]),
        ("62.8 %", ["62.8 %"]),
        ("41 Gbit/s", ["41 Gbit/s"]),
        ("40 Mbit/s", ["40 Mbit/s"]),
        ("4 services", ["4"]),
        ("four services", ["four"]),
        ("at 18:12:30", ["18:12:30"]),
        ("live-0002 is open", ["live-0002"]),
        ("50 min 58 s", ["50 min 58 s"]),
        ("1 link is up", ["1"]),
        ("5 ms", ["5 ms"]),
        ("3 services, 63 % and 99 Gbit/s", ["99 Gbit/s"]),
    ],
)
def test_figure_that_no_result_has_is_invented(text: str, invented: list[str]) -> None:
    assert unfounded(text, Known.of([RESULT])) == invented


def test_question_is_no_evidence_but_may_be_quoted() -> None:
    question = "Is svc-999 above 80 %?"
    known = Known.of([RESULT])
    assert unfounded("It is above 80 %.", known, question) == ["80 %"]
    assert unfounded("I do not understand «above 80 %».", known, question) == []
    assert unfounded("«above 81 %»", known, question) == ["81 %"]
    assert unfounded("svc-999 is not known", known, question) == []
