"""What is wrong with the watch itself: it has a name, is told, stops changes, and is gone again."""

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from channels import verbs
from channels.cli.doctor.command import examine
from evals.altered_network import Alter, AlteredNetwork
from evals.stage import stage
from evals.survival.movable_clock import MovableClock
from graphs.self_watch import SILENT_S, SelfWatch, standing_since
from graphs.state_directory import StateDirectory
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tests.graphs.stagehand import (
    FIRST,
    LOSSY,
    STUB,
    WESTERN_LINK,
    WRONG_WEIGHT,
    Person,
    answer_to,
    case,
)
from tools.clock import never
from tools.journal.journal import Journal
from tools.journal.records import ApprovalRequest
from tools.journal.watch_notes import note_of
from tools.network.emulated import EmulatedNetwork
from tools.network.emulated.network_file import NetworkFile
from twin.errors import BadInput
from twin.nouns.condition import ConditionKind
from twin.nouns.incident import Phase
from twin.nouns.telemetry import Telemetry

HOUR_S = 3600.0


@dataclass
class Post:
    """A watch whose state may lie on a disk of its own; the network keeps itself elsewhere."""

    state: Path
    network: EmulatedNetwork
    clock: MovableClock
    workplace: Workplace
    calls: Path
    is_closed: bool = False

    def watch(self, until: Callable[[], bool] = never, most_s: float = 4 * HOUR_S) -> None:
        """Until `until`, or for `most_s`."""
        last_s = self.network.now_s() + most_s
        while self.network.now_s() < last_s and not until():
            self.workplace.watch.step()
            self.clock.wait_until(self.clock.now_s() + POLL_S)

    def kinds(self) -> set[ConditionKind]:
        """What stands, as another process reads it."""
        return {c.kind for c in note_of(self.state, "live").conditions}

    def close(self) -> None:
        """End the watch, once."""
        if not self.is_closed:
            self.is_closed = True
            self.workplace.close()

    def paged(self) -> list[str]:
        """What people were called for, of what is wrong with the watch itself."""
        self.close()
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        types = [json.loads(line)["type"] for line in lines]
        return [kind for kind in types if kind.startswith("watch.")]


@contextmanager
def posted(
    tmp_path: Path,
    state: Path,
    *faults: tuple[float, object],
    alter: Alter | None = None,
    answered: bool = True,
) -> Iterator[Post]:
    """A watch of a network in which `faults` begin; `alter`: what becomes of its telemetry."""
    calls = tmp_path / "calls"
    note = f"import sys; open({str(calls)!r}, 'a').write(sys.stdin.read())"
    (state / "on_event.yaml").write_text(f"command: {json.dumps([sys.executable, '-c', note])}\n")
    person = Person() if answered else None
    network = stage(case(*faults), 1, tmp_path / "apart" / "live.sqlite")  # type: ignore[arg-type]  # every fault is one
    if alter is not None:
        network.close()
        file = NetworkFile(tmp_path / "apart" / "live.sqlite", create=False)
        network = AlteredNetwork(file, alter)
    with closing(network):
        clock = MovableClock(network)
        workplace = Workplace(state, network, clock, approver=person, tolerant=True)
        if person is not None:
            person.journal = workplace.journal
        post = Post(state, network, clock, workplace, calls)
        try:
            yield post
        finally:
            post.close()


@contextmanager
def small_disk(folder: Path, size: str = "24M") -> Iterator[Path]:
    """A disk of that size in `folder`; the test is skipped where none can be mounted."""
    folder.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if mount is None or subprocess.run([mount, *options], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def fill(disk: Path) -> None:
    """Use up what the disk has left, and what SQLite's logs have: they are written over again."""
    for database in disk.glob("*.sqlite"):
        with closing(sqlite3.connect(database)) as file:
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (disk / "ballast").open("ab", buffering=0) as ballast:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    ballast.write(b"x" * size)
            except OSError:
                continue


def free(disk: Path) -> None:
    """Give it back."""
    (disk / "ballast").unlink()


@pytest.mark.slow
def test_fault_on_a_full_disk_is_seen_told_and_recorded_once_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, posted(tmp_path, disk, (600.0, STUB)) as post:
        post.watch(most_s=300.0)
        assert post.kinds() == set()
        fill(disk)
        post.watch(lambda: bool(post.workplace.self_watch.note.unrecorded), most_s=900.0)
        seen_s = post.network.now_s()
        assert post.kinds() == {ConditionKind.DISK_FULL}
        assert {s.resource for s in post.workplace.self_watch.note.unrecorded} >= {STUB.link}
        assert post.workplace.journal.incident_count("live") == 0
        (handed,) = verbs.handover(StateDirectory(disk), HOUR_S).networks
        assert [c.kind for c in handed.health.conditions] == [ConditionKind.DISK_FULL]
        assert {s.resource for s in handed.health.unrecorded} >= {STUB.link}
        reply = verbs.ask(StateDirectory(disk), "is the network healthy?")
        assert reply.text.startswith("disk_full since ")
        assert any(
            check.state == "failed" and "disk_full" in check.found
            for check in examine(StateDirectory(disk), time.time())
        )
        free(disk)
        post.watch(lambda: post.workplace.journal.incident_count("live") == 1, most_s=2 * POLL_S)
        (record,) = post.workplace.journal.incidents()
        assert record.incident.onset_s < seen_s
        post.watch(most_s=POLL_S)
        assert post.kinds() == set()
        assert verbs.handover(StateDirectory(disk), HOUR_S).networks[0].health.conditions == ()
        assert post.paged() == ["watch.disk_full"]


@pytest.mark.slow
def test_change_waits_for_room_and_is_made_once(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, posted(tmp_path, disk, (300.0, LOSSY)) as post:
        journal = post.workplace.journal

        def is_asked() -> bool:
            return bool(journal.approval_requests(post.network.now_s(), state="waiting"))

        post.watch(is_asked)
        fill(disk)
        post.watch(most_s=600.0)
        assert post.kinds() == {ConditionKind.DISK_FULL}
        assert journal.changes() == ()
        free(disk)
        post.watch(lambda: journal.incident(FIRST).phase is Phase.RESOLVED)
        assert journal.incident(FIRST).phase is Phase.RESOLVED
        assert post.paged() == ["watch.disk_full"]


@pytest.mark.slow
@pytest.mark.parametrize("moved_s", [HOUR_S, -HOUR_S])
def test_set_clock_holds_changes_back_and_costs_nothing_once_it_is_right(
    tmp_path: Path, moved_s: float
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    with posted(tmp_path, state, (300.0, LOSSY)) as post:
        journal = post.workplace.journal
        post.watch(lambda: journal.incident_count("live") == 1)
        opened_s = post.network.now_s()
        post.clock.moved_s = moved_s
        post.watch(lambda: any(e.kind == "held_back" for e in journal.timeline(FIRST)))
        assert post.kinds() == {ConditionKind.CLOCK_STEPPED}
        post.watch(most_s=300.0)
        assert journal.changes() == ()
        refused = [x for x in journal.audit_lines() if x.action == "refuse"]
        assert {x.data["rule"] for x in refused} == {"clock_stepped"}
        post.clock.moved_s = 0.0
        post.watch(lambda: journal.incident(FIRST).phase is Phase.RESOLVED)
        assert journal.incident(FIRST).phase is Phase.RESOLVED
        assert post.kinds() == set()
        # No time of that hour stands anywhere.
        times = [e.time_s for e in journal.timeline(FIRST)]
        assert opened_s - 60.0 <= min(times) <= max(times) <= post.network.now_s()
        assert times == sorted(times)
        assert post.paged() == ["watch.clock_stepped"]


@pytest.mark.slow
def test_clock_set_while_a_change_is_watched_does_not_take_it_back(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    with posted(tmp_path, state, (300.0, LOSSY)) as post:
        journal = post.workplace.journal
        post.watch(lambda: bool(journal.changes()))
        post.clock.moved_s = HOUR_S
        post.watch(lambda: any(e.kind == "held_back" for e in journal.timeline(FIRST)), 600.0)
        post.clock.moved_s = 0.0
        post.watch(lambda: journal.incident(FIRST).phase is Phase.RESOLVED)
        kinds = [e.kind for e in journal.timeline(FIRST)]
        assert "rolled_back" not in kinds
        assert kinds[-1] == "resolved"


@pytest.mark.parametrize("way", ["moved away", "replaced", "directory"])
def test_lost_journal_is_a_condition_and_detection_goes_on(tmp_path: Path, way: str) -> None:
    state = tmp_path / "state"
    state.mkdir()
    journal, away = state / "journal.sqlite", tmp_path / "away"
    with posted(tmp_path, state, (600.0, WESTERN_LINK)) as post:
        post.watch(most_s=300.0)
        if way == "directory":
            state.rename(away)
        else:
            journal.rename(away)
        if way == "replaced":
            shutil.copyfile(away, journal)
        post.watch(lambda: bool(post.workplace.self_watch.note.unrecorded), most_s=900.0)
        standing = post.workplace.self_watch.standing
        assert [c.kind for c in standing] == [ConditionKind.STORE_LOST]
        assert post.workplace.journal.incident_count("live") == 0
        if way == "moved away":
            with pytest.raises(BadInput, match=r"a watch is running\. store_lost"):
                verbs.handover(StateDirectory(state), HOUR_S)
        away.rename(state if way == "directory" else journal)
        post.watch(lambda: post.workplace.journal.incident_count("live") == 1, most_s=2 * POLL_S)
        assert post.workplace.journal.incident_count("live") == 1
        post.watch(most_s=POLL_S)
        assert post.kinds() == set()


# Over a restart, and beside another watch


def _self_watch(
    journal: Journal, clock: MovableClock, found: list[str], calls: list[str]
) -> SelfWatch:
    return SelfWatch(
        "live",
        clock,
        {ConditionKind.COLLECTOR_SILENT: lambda: "".join(found)},
        say=lambda _: None,
        call=lambda condition: calls.append(f"{condition.kind} {condition.since_s}"),
        since_s=standing_since(journal, "live"),
    )


def test_condition_that_outlasts_a_process_keeps_its_beginning(tmp_path: Path) -> None:
    calls: list[str] = []
    with (
        closing(stage(case(), 1, tmp_path / "live.sqlite")) as network,
        Journal.open(tmp_path / "journal.sqlite") as journal,
    ):
        clock = MovableClock(network)
        began_s = clock.now_s()
        for _ in range(2):
            watching = _self_watch(journal, clock, ["nothing has come"], calls)
            watching.end_step()
            watching.write_down(journal)
            clock.wait_until(clock.now_s() + 60.0)
        assert calls == [f"collector_silent {began_s}"] * 2
        last = _self_watch(journal, clock, [], calls)
        last.end_step()
        last.write_down(journal)
        told = [line.action for line in journal.audit_lines()]
        assert told == ["condition_begun", "condition_over"]
        assert standing_since(journal, "live") == {}


def test_watch_that_stands_by_says_nothing_and_calls_nobody(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    with posted(tmp_path, state) as post:
        post.watch(most_s=60.0)
        clock = MovableClock(post.network)
        beside = Workplace(state, post.network, clock, tolerant=True)
        clock.moved_s = HOUR_S
        beside.watch.step()
        assert beside.watch.standing_by
        assert post.kinds() == set()
        beside.close()
        assert post.paged() == []


# A collector that returns nothing


class Collector:
    """Returns nothing while it `is_silent`, and raises nothing."""

    is_silent = False

    def alter(self, records: Sequence[Telemetry], _: float) -> Sequence[Telemetry]:
        """What arrives."""
        return () if self.is_silent else records


@pytest.mark.slow
def test_silent_collector_stops_changes_and_calls_a_person_within_minutes(tmp_path: Path) -> None:
    """What was asked before it and approved meanwhile waits, and is made once something is read."""
    state, collector = tmp_path / "state", Collector()
    state.mkdir()
    with posted(
        tmp_path, state, (600.0, WRONG_WEIGHT), alter=collector.alter, answered=False
    ) as post:
        journal = post.workplace.journal
        post.watch(lambda: bool(_waiting(post)), most_s=1800.0)
        collector.is_silent, fell_s = True, post.network.now_s()
        post.watch(lambda: bool(post.kinds()), most_s=1200.0)
        assert post.kinds() == {ConditionKind.COLLECTOR_SILENT}
        assert post.network.now_s() - fell_s <= SILENT_S + 2 * POLL_S
        [request] = _waiting(post)
        for name in ("erin", "frank")[: request.approvers_needed]:
            plan = journal.plan(request.plan_id)
            journal.answer(answer_to(plan, "approve", post.network.now_s(), name))
        post.watch(most_s=300.0)
        assert journal.changes() == ()
        assert journal.incident_count("live") == 1
        collector.is_silent = False
        post.watch(lambda: bool(journal.changes()), most_s=600.0)
        assert post.kinds() == set()
        assert {c.plan_id for c in journal.changes()} == {request.plan_id}
        assert journal.incident_count("live") == 1
        assert post.paged() == ["watch.collector_silent"]


@pytest.mark.slow
def test_silent_collector_is_known_again_after_a_restart(tmp_path: Path) -> None:
    state, collector = tmp_path / "state", Collector()
    state.mkdir()
    with posted(tmp_path, state, alter=collector.alter) as post:
        post.watch(most_s=600.0)
        collector.is_silent = True
        post.watch(most_s=120.0)
        assert post.kinds() == set()
        post.close()
        post.clock.wait_until(post.clock.now_s() + SILENT_S)
        with Workplace(state, post.network, post.clock, tolerant=True) as again:
            assert again.self_watch.standing == ()
            again.watch.step()
            assert post.kinds() == {ConditionKind.COLLECTOR_SILENT}
            collector.is_silent = False
            post.clock.wait_until(post.clock.now_s() + 60.0)
            again.watch.step()
            assert post.kinds() == set()
            assert again.journal.incident_count("live") == 0


def _waiting(post: Post) -> tuple[ApprovalRequest, ...]:
    return post.workplace.journal.approval_requests(post.network.now_s(), state="waiting")
