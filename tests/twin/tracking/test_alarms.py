"""Alarms fold into symptoms: one per kind and resource, until it clears."""

from twin.tracking.alarms import Alarm, SymptomBook


def _book(*times_s: float) -> SymptomBook:
    book = SymptomBook()
    for time_s in times_s:
        book.raise_alarm(Alarm("adjacency_down", "A-B", time_s, 1.0))
    return book


def test_repeated_alarm_is_one_symptom_that_counts() -> None:
    book = _book(10.0, 40.0, 70.0)
    (symptom,) = book.active()
    assert (symptom.alarms, symptom.first_seen_s, symptom.last_seen_s) == (3, 10.0, 70.0)
    assert book.alarms == 3


def test_late_alarm_moves_the_first_sign_back_and_not_the_last() -> None:
    (symptom,) = _book(40.0, 10.0).active()
    assert (symptom.first_seen_s, symptom.last_seen_s) == (10.0, 40.0)


def test_another_resource_or_kind_is_another_symptom_and_the_oldest_comes_first() -> None:
    book = _book(40.0)
    book.raise_alarm(Alarm("queue_drops", "A|A-B", 20.0, 0.1))
    book.raise_alarm(Alarm("adjacency_down", "B-C", 30.0, 1.0))
    assert [s.id for s in book.active()] == [
        "queue_drops:A|A-B",
        "adjacency_down:B-C",
        "adjacency_down:A-B",
    ]


def test_magnitude_is_that_of_the_newest_alarm() -> None:
    book = SymptomBook()
    for magnitude in (0.4, 0.1):
        book.raise_alarm(Alarm("queue_drops", "A|A-B", 20.0, magnitude))
    assert book.active()[0].magnitude == 0.1


def test_cleared_symptom_is_over_but_not_forgotten() -> None:
    book = _book(10.0)
    book.clear("adjacency_down", "A-B")
    assert book.active() == ()
    assert not book.is_active("adjacency_down:A-B")
    assert [s.id for s in book.since(5.0)] == ["adjacency_down:A-B"]
    assert book.since(15.0) == ()


def test_symptom_that_returns_begins_anew() -> None:
    book = _book(10.0)
    book.clear("adjacency_down", "A-B")
    book.raise_alarm(Alarm("adjacency_down", "A-B", 500.0, 1.0))
    (symptom,) = book.active()
    assert (symptom.first_seen_s, symptom.alarms) == (500.0, 1)


def test_clearing_what_is_not_active_does_nothing() -> None:
    book = _book(10.0)
    book.clear("adjacency_down", "C-D")
    book.clear("queue_drops", "A-B")
    assert len(book.active()) == 1


def test_held_symptom_that_returns_goes_on_with_its_first_sign_and_all_its_alarms() -> None:
    book = _book(10.0, 20.0)
    book.hold(["adjacency_down:A-B"])
    book.clear("adjacency_down", "A-B")
    assert book.active() == ()
    book.raise_alarm(Alarm("adjacency_down", "A-B", 500.0, 1.0))
    (symptom,) = book.active()
    assert (symptom.first_seen_s, symptom.last_seen_s, symptom.alarms) == (10.0, 500.0, 3)


def test_symptom_that_was_let_go_of_begins_anew() -> None:
    book = _book(10.0)
    book.hold(["adjacency_down:A-B"])
    book.clear("adjacency_down", "A-B")
    book.hold([])
    book.raise_alarm(Alarm("adjacency_down", "A-B", 500.0, 1.0))
    (symptom,) = book.active()
    assert (symptom.first_seen_s, symptom.alarms) == (500.0, 1)


def test_return_is_never_dated_into_the_time_before_it_was_over() -> None:
    book = _book(10.0, 400.0)
    book.clear("adjacency_down", "A-B")
    book.raise_alarm(Alarm("adjacency_down", "A-B", 10.0, 1.0))
    (symptom,) = book.active()
    assert 400.0 < symptom.first_seen_s == symptom.last_seen_s < 400.1


def test_alarms_by_the_thousand_are_all_counted_in_one_symptom() -> None:
    book = _book(*(float(t) for t in range(5000)))
    (symptom,) = book.active()
    assert (symptom.alarms, symptom.last_seen_s, book.alarms) == (5000, 4999.0, 5000)
