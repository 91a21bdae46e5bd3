"""What is kept no longer is told, and dropped, and everything else is left as it is."""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from graphs.state_directory import StateDirectory
from tests.channels.cli.desk_of_paper import open_journal
from tests.channels.conftest import INCIDENT, noctua
from tools.alerts.reading import UNMAPPED, Received, content_of
from tools.journal.holder import Holder
from tools.journal.lease_rows import network_subject
from tools.trace import KEPT_S
from twin.nouns.incident import Phase
from twin.nouns.untrusted import UntrustedText

DAY_S = 86_400.0


def _steps(state: Path) -> list[str]:
    with closing(sqlite3.connect(state / "checkpoints.sqlite")) as kept:
        return [row[0] for row in kept.execute("SELECT thread_id FROM checkpoints")]


def _left_behind(state: Path) -> None:
    """What an earlier version left: earlier steps of what is in work, and all of what is not."""
    with closing(sqlite3.connect(state / "checkpoints.sqlite")) as kept, kept:
        for thread, step in (("'live-0000'", "c.checkpoint_id"), ("c.thread_id", "'0'")):
            # An earlier step has a lower id.
            kept.execute(
                f"INSERT INTO checkpoints SELECT {thread}, c.checkpoint_ns, {step} || n.value, "
                "c.parent_checkpoint_id, c.type, zeroblob(4000), c.metadata FROM checkpoints c, "
                "json_each('[1, 2, 3, 4, 5]') n WHERE c.thread_id = ?",
                (INCIDENT,),
            )
    old_s = time.time() - KEPT_S - DAY_S
    (state / "traces" / "old.jsonl").write_text("{}\n", encoding="utf-8")
    os.utime(state / "traces" / "old.jsonl", (old_s, old_s))
    tracker = (state / "trackers" / "live.json").read_bytes()
    (state / "trackers" / "gone.json").write_bytes(tracker)


def _snapshot(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_dry_run_says_what_would_go_and_drops_nothing(state: Path) -> None:
    _left_behind(state)
    before = _snapshot(state)
    code, output, error = noctua(state, "prune", "--dry-run")
    assert (code, error) == (0, "")
    assert "1 incident that has ended (live-0000); 5 earlier steps of incidents in work" in output
    assert "networks that nobody watches (gone)" in output
    assert "1 old one" in output
    assert "would be free again" in output
    assert _snapshot(state) == before


@pytest.mark.slow
def test_prune_drops_it_and_the_incident_in_work_goes_on(state: Path) -> None:
    _left_behind(state)
    (said,) = (step for step in set(_steps(state)) if step == INCIDENT)
    size = (state / "checkpoints.sqlite").stat().st_size
    found = json.loads(noctua(state, "prune", "--json")[1])
    assert (found["ended"], found["steps"], found["unwatched"]) == (["live-0000"], 5, ["gone"])
    assert found["total"] == found["checkpoints"] + found["learned"] + found["traced"] > 0
    assert size - (state / "checkpoints.sqlite").stat().st_size == found["checkpoints"] > 20_000
    assert _steps(state) == [said]
    assert not (state / "learned" / "gone.json").exists()
    assert (state / "trackers" / "live.json").exists()
    assert not (state / "traces" / "old.jsonl").exists()
    assert noctua(state, "prune")[1] == "nothing is to be dropped\n"
    assert noctua(state, "audit", "verify")[0] == 0
    assert noctua(state, "reject", INCIDENT, "--by", "erin", "--reason", "not tonight")[0] == 0
    assert noctua(state, "resume")[0] == 0
    with open_journal(state) as journal:
        assert any(event.kind == "answered" for event in journal.timeline(INCIDENT))


@contextmanager
def _a_watch_of(state: Path, network: str) -> Iterator[None]:
    with (
        open_journal(state) as journal,
        Holder(journal, StateDirectory(state).locks) as holder,
    ):
        holder.take(network_subject(network))
        yield


def test_what_is_watched_or_has_an_incident_keeps_what_was_learned(state: Path) -> None:
    _left_behind(state)
    with open_journal(state) as journal:
        (watch,) = journal.watches()
        year_ago_s = time.time() - 365 * DAY_S
        journal.report_watch(watch.model_copy(update={"stepped_wall_s": year_ago_s}))
    with _a_watch_of(state, "gone"):
        assert json.loads(noctua(state, "prune", "--json")[1])["unwatched"] == []
    # An incident of "live" is open, however long ago it was watched.
    assert json.loads(noctua(state, "prune", "--json")[1])["unwatched"] == ["gone"]
    with open_journal(state) as journal:
        journal.set_phase(INCIDENT, Phase.RESOLVED)
    assert json.loads(noctua(state, "prune", "--json", "--days", "400")[1])["unwatched"] == []
    assert json.loads(noctua(state, "prune", "--json")[1])["unwatched"] == ["live"]


def test_a_directory_in_which_nothing_has_run_is_named(tmp_path: Path) -> None:
    code, _, error = noctua(tmp_path, "prune", "--dry-run")
    assert code == 2
    assert "is not a state directory" in error


def _alerted(state: Path) -> None:
    """Two alerts that nobody has sent for a year, of before the incident and of while it is open,
    and one of now.
    """
    now_s = time.time()
    with open_journal(state) as journal:
        onset_s = journal.incident(INCIDENT).incident.onset_s
        for name, sent_s, network_s in (
            ("before", now_s - 365 * DAY_S, onset_s - 2 * 3600.0),
            ("during", now_s - 365 * DAY_S, onset_s),
            ("now", now_s, onset_s),
        ):
            labels = {"alertname": UntrustedText(name)}
            received = Received(
                fingerprint=name,
                content=content_of(labels),
                labels=labels,
                starts_wall_s=sent_s,
                ends_wall_s=sent_s,
            )
            journal.take_alerts("live", "prometheus", [(received, UNMAPPED)], sent_s, network_s)


def test_old_alerts_go_but_for_those_that_an_open_incident_may_rest_on(state: Path) -> None:
    _alerted(state)
    assert "1 old one; the journal uses their room again" in noctua(state, "prune", "--dry-run")[1]
    assert json.loads(noctua(state, "prune", "--json")[1])["alerts"] == 1
    with open_journal(state) as journal:
        assert [row.fingerprint for row in journal.alerts("live")] == ["now", "during"]
        journal.set_phase(INCIDENT, Phase.RESOLVED)
    assert json.loads(noctua(state, "prune", "--json")[1])["alerts"] == 1
    with open_journal(state) as journal:
        assert [row.fingerprint for row in journal.alerts("live")] == ["now"]
        assert [door.alerts for door in journal.alert_doors("live")] == [3], "they are counted"
    assert noctua(state, "audit", "verify")[0] == 0
