"""What is believed of the rules of others: as they state it, then as it turned out."""

import pytest

from tests.twin.tracking.alerting import alert
from tests.twin.tracking.square import START_S
from twin.nouns.incident import Symptom
from twin.tracking.alerts import ANSWERED_AFTER_S, AlertBook, Record


def test_rates_are_those_stated_until_something_is_seen() -> None:
    told = AlertBook().rated(alert("adjacency_down", "A-B", false_rate=0.07, missed_rate=0.3))
    assert (told.false_rate, told.missed_rate) == pytest.approx((0.07, 0.3))


def test_refuted_alerts_raise_the_share_that_is_false() -> None:
    """What is stated counts as 50 alerts: (2 + 50 x 0.02) / (2 + 50) = 3 / 52."""
    assert Record(refuted=2).false(0.02) == pytest.approx(3 / 52)
    assert Record(borne_out=50).false(0.02) == pytest.approx(1 / 100)


def test_what_was_not_said_raises_the_share_that_is_missed() -> None:
    """What is stated counts as 10 troubles: (3 + 10 x 0.1) / (1 + 3 + 10) = 4 / 14."""
    assert Record(borne_out=1, missed=3).missing(0.1) == pytest.approx(4 / 14)


def test_an_alert_is_judged_once_and_anew_when_it_begins_anew() -> None:
    book, first = AlertBook(), alert("adjacency_down", "A-B")
    book.hear([first])
    book.judge(first, borne_out=True)
    book.judge(first, borne_out=False)
    assert book.record("theirs") == Record(borne_out=1)
    book.judge(alert("adjacency_down", "A-B", START_S + 900.0), borne_out=False)
    assert book.record("theirs") == Record(borne_out=1, refuted=1)


def _symptom(resource: str) -> Symptom:
    return Symptom(
        kind="adjacency_down",
        resource=resource,
        first_seen_s=START_S,
        last_seen_s=START_S,
        magnitude=1.0,
        alarms=1,
    )


def test_a_rule_that_was_right_before_and_says_nothing_has_missed_it_once() -> None:
    book, late_s = AlertBook(), START_S + ANSWERED_AFTER_S
    book.judge(alert("adjacency_down", "A-B"), borne_out=True)
    book.note_missing([_symptom("C-D")], late_s - 1.0)
    assert book.record("theirs").missed == 0
    book.note_missing([_symptom("C-D")], late_s)
    book.note_missing([_symptom("C-D")], late_s + 30.0)
    assert book.record("theirs").missed == 1


def test_a_rule_that_says_it_or_never_was_right_has_missed_nothing() -> None:
    book, late_s = AlertBook(), START_S + ANSWERED_AFTER_S
    known, unproven = alert("adjacency_down", "C-D"), alert("adjacency_down", "A-B", rule="new")
    book.hear([known])
    book.judge(known, borne_out=True)
    book.judge(unproven, borne_out=False)
    book.note_missing([_symptom("C-D")], late_s)
    assert (book.record("theirs").missed, book.record("new").missed) == (0, 0)


def test_what_was_learned_outlives_the_process() -> None:
    book, told = AlertBook(), alert("adjacency_down", "A-B")
    book.hear([told])
    book.judge(told, borne_out=True)
    book.note_missing([_symptom("C-D")], START_S + ANSWERED_AFTER_S)
    again = AlertBook(book.dump())
    again.hear([told])
    again.judge(told, borne_out=False)
    again.note_missing([_symptom("C-D")], START_S + ANSWERED_AFTER_S + 30.0)
    assert again.record("theirs") == book.record("theirs") == Record(borne_out=1, missed=1)


def test_where_nothing_was_learned_nothing_is_kept() -> None:
    assert AlertBook().dump() == {}
