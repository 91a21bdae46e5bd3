"""Of each thread the last step is kept, and of what has ended nothing."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, CheckpointMetadata, empty_checkpoint

from graphs.checkpoints import FencedSaver
from tools.journal.journal import Journal
from tools.journal.records import RefreshRecord
from twin.nouns.incident import Incident, Phase, Severity
from twin.nouns.principal import FLAG, Principal

OPENED_S = 1_000_000.0
FIRST, SECOND = "live-0001", "live-0002"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.sqlite") as opened:
        for name in (FIRST, SECOND):
            incident = Incident(
                id=name,
                network="live",
                title="a link is down",
                severity=Severity.MAJOR,
                onset_s=OPENED_S,
                detected_s=OPENED_S,
                symptoms=(),
            )
            opened.open_incident(incident, OPENED_S, "a" * 32)
        yield opened


@pytest.fixture
def saver(tmp_path: Path, journal: Journal) -> Iterator[FencedSaver]:
    with closing(FencedSaver.open(tmp_path / "checkpoints.sqlite", journal)) as opened:
        yield opened


def _config(thread: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}


def _put(saver: FencedSaver, thread: str, step: str, value: Any = 1) -> None:
    checkpoint: Checkpoint = {**empty_checkpoint(), "id": step, "channel_values": {"note": value}}
    metadata: CheckpointMetadata = {"source": "loop", "step": 1, "parents": {}}
    saver.put_writes(saver.put(_config(thread), checkpoint, metadata, {}), [("note", value)], "t")


def _steps(saver: FencedSaver, thread: str) -> list[str]:
    return [found.checkpoint["id"] for found in saver.list(_config(thread))]


def test_only_the_last_step_of_a_thread_is_kept(saver: FencedSaver) -> None:
    for step in ("1", "2", "3"):
        _put(saver, FIRST, step)
    _put(saver, SECOND, "0")
    assert (_steps(saver, FIRST), _steps(saver, SECOND)) == (["3"], ["0"])
    assert saver.conn.execute("SELECT count(*) FROM writes").fetchone() == (2,)


def test_a_clock_that_was_set_back_brings_no_older_step_up_again(saver: FencedSaver) -> None:
    _put(saver, FIRST, "8", "before")
    _put(saver, FIRST, "7", "after")
    found = saver.get_tuple(_config(FIRST))
    assert found is not None
    assert found.checkpoint["channel_values"] == {"note": "after"}


def test_a_thread_that_a_death_left_of_what_has_ended_is_dropped(
    saver: FencedSaver, journal: Journal
) -> None:
    for thread in (FIRST, SECOND, "of-a-journal-that-was-put-back"):
        _put(saver, thread, "1")
    journal.set_phase(FIRST, Phase.ESCALATED)
    saver.drop_ended()
    kept = [row[0] for row in saver.conn.execute("SELECT thread_id FROM checkpoints")]
    assert kept == [SECOND]


def test_the_thread_of_a_refresh_is_kept_until_it_has_ended(
    saver: FencedSaver, journal: Journal
) -> None:
    by = Principal(name="ann", provider=FLAG)
    name = "live-register-0001"
    record = RefreshRecord(
        id=name, network="live", asked="", by=by, trace_id="a" * 32, begun_s=OPENED_S
    )
    journal.begin_refresh(record)
    _put(saver, name, "1")
    saver.drop_ended()
    assert _steps(saver, name) == ["1"]
    journal.end_refresh(name, OPENED_S)
    saver.drop_ended()
    assert _steps(saver, name) == []


def test_a_file_that_an_earlier_version_made_gets_smaller_and_stays_so(
    tmp_path: Path, journal: Journal
) -> None:
    path = tmp_path / "checkpoints.sqlite"
    with closing(FencedSaver.open(path, journal)) as saver:
        saver.conn.execute("DROP TRIGGER only_the_last")
        saver.conn.execute("PRAGMA auto_vacuum = NONE")
        saver.vacuum()
        for step in range(10, 60):
            _put(saver, FIRST, str(step), "x" * 5000)
            _put(saver, SECOND, str(step), "x" * 5000)
    before = path.stat().st_size
    assert before > 900_000
    journal.set_phase(FIRST, Phase.RESOLVED)
    with closing(FencedSaver.open(path, journal)) as saver:
        saver.drop_ended()
        saver.drop_earlier_steps()
        assert _steps(saver, SECOND) == ["59"]
        saver.vacuum()
        small = path.stat().st_size
        _put(saver, SECOND, "60", "x" * 500_000)
        _put(saver, SECOND, "61")
        saver.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert small < 100_000
    assert path.stat().st_size <= small
