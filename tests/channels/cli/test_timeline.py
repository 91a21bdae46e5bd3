import io
from pathlib import Path

from rich.console import Console

from channels.cli.timeline import LiveTimeline
from tests.channels.conftest import INCIDENT
from tools.journal.journal import Journal


def _lines(journal: Journal, *, past: bool = False) -> tuple[LiveTimeline, io.StringIO]:
    output = io.StringIO()
    return LiveTimeline(journal, Console(file=output, width=80), past=past), output


def test_only_new_events_are_printed_once_each(state: Path) -> None:
    with Journal.open(state / "journal.sqlite") as journal:
        timeline, output = _lines(journal)
        with timeline:
            timeline(0.0)
            journal.add_event(INCIDENT, 1_772_568_000.0, "repaired", "monitor", "the cause is gone")
            timeline(0.0)
            timeline(0.0)
    assert output.getvalue().count("\n") == 1
    assert "2026-03-03 20:00:00" in output.getvalue()
    assert "the cause is gone" in output.getvalue()


def test_the_past_is_printed_where_it_is_wanted(state: Path) -> None:
    with Journal.open(state / "journal.sqlite") as journal:
        timeline, _ = _lines(journal, past=True)
        timeline.catch_up()
        assert timeline.shown == list(journal.timeline(INCIDENT))


def test_text_from_outside_cannot_steer_the_terminal(state: Path) -> None:
    with Journal.open(state / "journal.sqlite") as journal:
        timeline, output = _lines(journal)
        journal.add_event(
            INCIDENT, 0.0, "answered", "e\x1b[2J", "yes\r\n\x1b]0;owned\x07 [red]x[/]"
        )
        timeline.catch_up()
    assert output.getvalue().count("\n") == 1
    assert "\x1b" not in output.getvalue()
    assert "\x07" not in output.getvalue()
    assert "[red]x[/]" in output.getvalue()


def test_many_symptoms_at_once_are_one_line(state: Path) -> None:
    with Journal.open(state / "journal.sqlite") as journal:
        timeline, output = _lines(journal)
        for i in range(5):
            journal.add_event(INCIDENT, 0.0, "symptom", "monitor", f"joined: probe_loss:{i}")
        timeline.catch_up()
    assert output.getvalue().count("\n") == 1
    assert "5 symptoms joined, probe_loss:0 first" in output.getvalue()
    assert len(timeline.shown) == 5


def test_a_spike_of_symptoms_over_minutes_is_one_line_of_an_incident(state: Path) -> None:
    with Journal.open(state / "journal.sqlite") as journal:
        timeline, output = _lines(journal)
        for i in range(40):
            journal.add_event(INCIDENT, 30.0 * i, "symptom", "monitor", f"joined: probe_loss:{i}")
        journal.add_event(INCIDENT, 1200.0, "diagnosed", "diagnoser", "the cause")
        journal.add_event(INCIDENT, 1230.0, "symptom", "monitor", "joined: probe_delay:7")
        timeline.catch_up()
    symptoms, _, last = output.getvalue().splitlines()
    assert "1970-01-01 00:00:00" in symptoms
    assert "40 symptoms joined until 00:19:30, probe_loss:0 first" in symptoms
    assert "joined: probe_delay:7" in last
