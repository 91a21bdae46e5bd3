"""Alerts in the journal: none is lost, none counts twice, whatever order they come in."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.alerts.posts import RECEIVED_S
from tests.tools.journal.conftest import OPENED_S
from tools.alerts.reading import UNMAPPED, Mapped, Received, content_of
from tools.journal.alert_rows import DATED_BACK_S, SILENT_AFTER_S, Taken
from tools.journal.journal import Journal
from tools.journal.records import AlertRecord
from twin.nouns.untrusted import UntrustedText

NETWORK = "germany50"
DOWN = Mapped("link-down", "adjacency_down", "A--B")


def _alert(number: int = 1, starts_s: float | None = RECEIVED_S, **more: float | str) -> Received:
    labels = {"alertname": UntrustedText("LinkDown"), "n": UntrustedText(str(number))}
    given = Received(
        fingerprint=f"f{number}", content=content_of(labels), labels=labels, starts_wall_s=starts_s
    )
    return replace(given, **more)  # type: ignore[arg-type]  # fields by name


def _over(number: int = 1, starts_s: float | None = RECEIVED_S, after_s: float = 60.0) -> Received:
    return _alert(number, starts_s, ends_wall_s=(starts_s or RECEIVED_S) + after_s)


def _take(
    journal: Journal,
    *alerts: Received,
    mapped: Mapped = DOWN,
    door: str = "prom",
    after_s: float = 60.0,
) -> Taken:
    """Received a minute after it began, at a moment that the network's clock calls OPENED_S."""
    pairs = [(alert, mapped) for alert in alerts]
    return journal.take_alerts(NETWORK, door, pairs, RECEIVED_S + after_s, OPENED_S + after_s - 60)


def _rows(journal: Journal) -> list[AlertRecord]:
    return sorted(journal.alerts(NETWORK, most=1000), key=lambda row: row.starts_wall_s)


def test_alert_is_kept_with_what_it_says(journal: Journal) -> None:
    assert _take(journal, _alert()) == Taken(begun=1)
    (row,) = _rows(journal)
    assert (row.rule, row.claims, row.resource) == DOWN
    assert row.labels == {"alertname": "LinkDown", "n": "1"}
    assert (row.starts_wall_s, row.ends_s, row.times) == (RECEIVED_S, None, 1)


def test_time_of_the_sender_is_dated_by_the_networks_clock(journal: Journal) -> None:
    """It began a minute before it was received."""
    _take(journal, _alert())
    assert _rows(journal)[0].starts_s == OPENED_S - 60.0


def test_far_past_is_kept_as_said_and_dated_near_now(journal: Journal) -> None:
    _take(journal, _alert(1, 1.0))
    (row,) = _rows(journal)
    assert (row.starts_wall_s, row.starts_s, row.odd) == (1.0, OPENED_S - DATED_BACK_S, "")


def test_beginning_in_the_far_future_is_not_believed_and_silences_nothing(journal: Journal) -> None:
    """It begins when it is received, goes on when it comes again, and ends."""
    ahead = _alert(1, RECEIVED_S + 1e8)
    _take(journal, ahead)
    (row,) = _rows(journal)
    assert (row.starts_wall_s, row.odd) == (RECEIVED_S + 60.0, "it begins in the future")
    assert _take(journal, ahead, after_s=90.0) == Taken(repeats=1)
    assert _take(journal, _over(1, RECEIVED_S + 1e8), after_s=120.0) == Taken(ended=1)
    assert _take(journal, _alert(1, RECEIVED_S + 180.0), after_s=200.0) == Taken(begun=1)
    assert _rows(journal)[-1].ends_s is None


def test_alert_that_is_sent_again_counts_once(journal: Journal) -> None:
    _take(journal, _alert())
    assert _take(journal, _alert(), _alert(), after_s=300.0) == Taken(repeats=2)
    (row,) = _rows(journal)
    assert (row.times, row.last_wall_s) == (3, RECEIVED_S + 300.0)


def test_same_labels_through_another_door_are_the_same_alert(journal: Journal) -> None:
    """Two Alertmanagers of one cluster, or Prometheus itself beside them."""
    _take(journal, _alert())
    assert _take(journal, _alert(fingerprint="theirs"), door="other") == Taken(repeats=1)
    assert len(_rows(journal)) == 1


def test_same_name_at_another_door_is_another_alert(journal: Journal) -> None:
    _take(journal, _alert(1))
    assert _take(journal, _alert(2, fingerprint="f1"), door="other") == Taken(begun=1)


def test_resolved_alert_has_ended_and_its_late_repeats_change_nothing(journal: Journal) -> None:
    _take(journal, _alert())
    assert _take(journal, _over(), after_s=120.0) == Taken(ended=1)
    ended = _rows(journal)[0].ends_s
    assert _take(journal, _alert(), after_s=180.0) == Taken(late=1)
    assert _take(journal, _over(), after_s=180.0) == Taken(repeats=1)
    assert [row.ends_s for row in _rows(journal)] == [ended] == [OPENED_S]


def test_resolved_before_firing_is_over_when_the_firing_comes(journal: Journal) -> None:
    assert _take(journal, _over()) == Taken(begun=1, ended=1)
    assert _take(journal, _alert()) == Taken(late=1)
    assert _rows(journal)[0].ends_s is not None


def test_alert_that_begins_anew_is_another_row(journal: Journal) -> None:
    again = _alert(1, RECEIVED_S + 600.0)
    _take(journal, _alert())
    _take(journal, _over())
    assert _take(journal, again, after_s=660.0) == Taken(begun=1)
    assert [row.ends_s is None for row in _rows(journal)] == [False, True]


def test_alert_that_begins_anew_has_ended_before_though_nobody_said_so(journal: Journal) -> None:
    _take(journal, _alert())
    _take(journal, _alert(1, RECEIVED_S + 600.0), after_s=660.0)
    first, second = _rows(journal)
    assert (first.ends_s, second.ends_s) == (second.starts_s, None)


def test_alert_without_a_start_goes_on_until_it_is_over(journal: Journal) -> None:
    unsaid = _alert(1, None)
    _take(journal, unsaid)
    assert _take(journal, unsaid, after_s=90.0) == Taken(repeats=1)
    assert _take(journal, _over(1, None), after_s=120.0) == Taken(ended=1)
    assert _take(journal, unsaid, after_s=180.0) == Taken(begun=1)


def test_unmapped_alert_is_kept_counted_and_mapped_once_a_rule_knows_it(journal: Journal) -> None:
    assert _take(journal, _alert(), mapped=UNMAPPED) == Taken(begun=1, unmapped=1)
    assert journal.alert_counts(NETWORK).unmapped == 1
    assert len(journal.alerts(NETWORK, unmapped=True)) == 1
    assert journal.alerts_said(NETWORK, RECEIVED_S, 0.0) == ()
    _take(journal, _alert())
    assert journal.alert_counts(NETWORK).unmapped == 0


def test_what_is_said_is_one_for_each_rule_and_part(journal: Journal) -> None:
    other = Mapped("any", "trouble", "A")
    _take(journal, _alert(1), _alert(2, RECEIVED_S - 30.0))
    _take(journal, _alert(3), mapped=other)
    said = {one.rule: one for one in journal.alerts_said(NETWORK, RECEIVED_S + 60.0, 0.0)}
    assert said["link-down"].alerts == 2
    assert said["link-down"].starts_s == OPENED_S - 90.0
    assert (said["any"].resource, said["any"].ends_s) == ("A", None)


def test_what_has_ended_is_said_for_as_long_as_is_asked(journal: Journal) -> None:
    _take(journal, _over())
    (said,) = journal.alerts_said(NETWORK, RECEIVED_S, OPENED_S - 1.0)
    assert said.ends_s == OPENED_S
    assert journal.alerts_said(NETWORK, RECEIVED_S, OPENED_S + 1.0) == ()


def test_alert_that_expires_or_is_not_repeated_for_a_day_is_said_no_more(journal: Journal) -> None:
    _take(journal, _alert(1, expires_wall_s=RECEIVED_S + 240.0))
    assert journal.alerts_said(NETWORK, RECEIVED_S + 239.0, OPENED_S)
    assert not journal.alerts_said(NETWORK, RECEIVED_S + 241.0, OPENED_S)
    _take(journal, _alert(2))
    last_s = RECEIVED_S + 60.0 + SILENT_AFTER_S
    assert journal.alerts_said(NETWORK, last_s - 1.0, OPENED_S)
    assert not journal.alerts_said(NETWORK, last_s, OPENED_S)


def test_doors_count_what_came_through_them(journal: Journal) -> None:
    _take(journal, _alert(1), _alert(2))
    journal.take_alerts(NETWORK, "prom", [(_alert(1), DOWN)], RECEIVED_S, OPENED_S, withheld=5)
    (door,) = journal.alert_doors(NETWORK)
    assert (door.posts, door.alerts, door.repeats, door.withheld) == (2, 3, 1, 5)


def test_alerts_are_sealed_like_all_else(journal: Journal) -> None:
    _take(journal, _alert())
    _take(journal, _over())
    assert journal.check_seals().altered == ()


_POSTS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 3), st.booleans()), min_size=1, max_size=12
)
"""Of which alert, when it began (minutes), and whether it is resolved, in any order and often."""


@pytest.mark.slow
@settings(max_examples=25)
@given(posts=_POSTS)
def test_every_beginning_is_one_row_whatever_the_order(
    posts: list[tuple[int, int, bool]],
) -> None:
    with TemporaryDirectory() as folder, Journal.open(Path(folder) / "j.sqlite") as journal:
        for number, minute, is_over in posts:
            starts_s = RECEIVED_S + 60.0 * minute
            made = _over(number, starts_s, 30.0) if is_over else _alert(number, starts_s)
            _take(journal, made, after_s=300.0)
        rows = _rows(journal)
        begun = Counter((row.fingerprint, row.starts_wall_s) for row in rows)
        assert set(begun) == {(f"f{n}", RECEIVED_S + 60.0 * minute) for n, minute, _ in posts}
        assert set(begun.values()) == {1}
        assert sum(row.times for row in rows) >= len(posts)
        for number in {n for n, *_ in posts}:
            mine = [row for row in rows if row.fingerprint == f"f{number}"]
            latest = mine[-1].starts_wall_s
            ended = any(
                n == number and over and RECEIVED_S + 60.0 * minute == latest
                for n, minute, over in posts
            )
            # All but the latest are over; that one is if it was ever said to be.
            assert [row.ends_s is not None for row in mine] == [True] * (len(mine) - 1) + [ended]


def test_old_alerts_go_and_those_that_were_sent_lately_or_ended_later_stay(
    journal: Journal,
) -> None:
    _take(journal, _over(1))
    _take(journal, _alert(2), _over(3), after_s=1000.0)
    sent_s, ended_s = RECEIVED_S + 100.0, OPENED_S + 100.0
    assert journal.old_alerts(NETWORK, sent_s, None) == 1
    assert journal.old_alerts(NETWORK, RECEIVED_S + 2000.0, None) == 3
    assert journal.old_alerts(NETWORK, RECEIVED_S + 2000.0, ended_s) == 1, "the firing one stays"
    assert journal.drop_old_alerts(NETWORK, RECEIVED_S + 2000.0, ended_s) == 1
    assert {row.fingerprint for row in _rows(journal)} == {"f2", "f3"}
    assert journal.drop_old_alerts("elsewhere", RECEIVED_S + 2000.0, None) == 0
    assert journal.check_seals().altered == ()
