"""A disk that is full, a file that is locked or torn, a clock that somebody moved.

Before a commit nothing reaches a device; after it nothing is confirmed, and the devices return by
themselves. Either way a person reads why, and what to do.
"""

import random
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.tools.change.conftest import INCIDENT
from tests.tools.change.faults import Beginning, Life, SteppingJournal, pass_by
from tests.tools.change.in_memory import START_S, Trouble
from tools.change.refusals import ClockInDoubt
from tools.journal.errors import JournalFailed
from twin.errors import NoctuaError

HOUR_S = 3600.0
CHANGING = ("stage", "commit", "confirm", "roll_back")

Hinder = Callable[[SteppingJournal], Callable[[], object]]
"""Makes a journal fail from now on; what it gives ends that."""


def full(journal: SteppingJournal) -> Callable[[], object]:
    """SQLite may use no further page, and what room is left in the last one is used up."""
    most = journal.pragma("max_page_count")
    journal.pragma(f"max_page_count = {journal.pragma('page_count')}")
    for size in (200, 0):
        try:
            while True:
                journal.append_audit(START_S, "somebody", "fill", "x" * size)
        except JournalFailed:
            pass
    return lambda: journal.pragma(f"max_page_count = {most}")


def read_only(journal: SteppingJournal) -> Callable[[], object]:
    journal.pragma("query_only = 1")
    return lambda: journal.pragma("query_only = 0")


def locked(journal: SteppingJournal) -> Callable[[], object]:
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    return other.close


FAULTS = {
    full: "database or disk is full",
    read_only: "attempt to write a readonly database",
    locked: "database is locked",
}


@pytest.fixture
def beginning(tmp_path: Path) -> Beginning:
    return Beginning(tmp_path)


def _changing(life: Life) -> list[str]:
    return [call for call, _ in life.network.calls if call in CHANGING]


def _wait_for_the_timers(life: Life) -> None:
    life.clock.wait_until(life.clock.now_s() + 2 * life.policy.commit.return_after_s)


# A journal that cannot be written


@pytest.mark.parametrize(("fault", "said"), FAULTS.items())
def test_journal_that_cannot_be_written_lets_nothing_begin(
    beginning: Beginning, fault: Hinder, said: str
) -> None:
    life = beginning.life()
    with life.process() as (journal, actuator):
        mend = fault(journal)
        with pytest.raises(JournalFailed, match=said) as failure:
            actuator.commit(life.plan, ())
        mend()
    assert str(life.path) in str(failure.value)
    assert "check free space, permissions and other processes" in str(failure.value)
    assert _changing(life) == []
    # Nothing is lost: the approval stands, and carries the plan when the journal is well again.
    done = life.live(pass_by, 0.0)
    life.judge(done)
    assert done is not None
    assert done.state == "confirmed"


@pytest.mark.parametrize(("fault", "said"), FAULTS.items())
def test_journal_that_cannot_be_written_lets_nothing_be_confirmed(
    beginning: Beginning, fault: Hinder, said: str
) -> None:
    life = beginning.life()
    with life.process() as (journal, actuator):
        assert actuator.commit(life.plan, ()).state == "committed"
        life.network.calls.clear()
        mend = fault(journal)
        with pytest.raises(JournalFailed, match=said):
            actuator.confirm(life.plan, ())
        with pytest.raises(JournalFailed, match=said):
            actuator.roll_back(life.plan, "services got worse")
        mend()
    assert _changing(life) == []
    _wait_for_the_timers(life)
    assert life.network.configuration() == life.before
    done = life.live(pass_by, 0.0)
    life.judge(done)
    assert done is not None
    assert done.state == "returned"


@dataclass
class FaultAfter:
    """After so many transactions the journal fails."""

    transactions: int
    fault: Hinder
    journal: SteppingJournal | None = None
    passed: int = 0
    mend: list[Callable[[], object]] = field(default_factory=list)

    def __call__(self, what: str, done: bool) -> None:
        if what == "journal" and done and not self.mend:
            self.passed += 1
            if self.passed == self.transactions and self.journal:
                self.mend.append(pass_by_nothing)
                self.mend.append(self.fault(self.journal))


def pass_by_nothing() -> None:
    """There is nothing to mend."""


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("outage_s", [5.0, 1500.0])
def test_journal_that_fails_at_any_moment_leaves_nothing_half_done(
    beginning: Beginning, fault: Hinder, outage_s: float
) -> None:
    whole = FaultAfter(0, fault)
    beginning.life().live(whole, 0.0)
    for number in range(2, whole.passed):
        life = beginning.life()
        failing = FaultAfter(number, fault)
        with life.process(failing) as (journal, actuator):
            failing.journal = journal
            with pytest.raises(JournalFailed):
                life.carry_on(actuator)
            for mend in failing.mend:
                mend()
        life.clock.wait_until(life.clock.now_s() + outage_s)
        life.judge(life.live(pass_by, 0.0))


# A disk that is really full


@contextmanager
def _mounted(folder: Path, size: str) -> Iterator[None]:
    """A file system of that size in `folder`; the test is skipped where none can be mounted."""
    folder.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if mount is None or subprocess.run([mount, *options], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def _fill(folder: Path) -> None:
    """Use up what the file system has left."""
    with (folder / "ballast").open("ab", buffering=0) as ballast:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    ballast.write(b"x" * size)
            except OSError:
                continue


def _on_disk(beginning: Beginning, disk: Path) -> Life:
    life = beginning.life()
    shutil.copytree(life.path.parent, disk, dirs_exist_ok=True)
    life.path = disk / life.path.name
    return life


def test_full_disk_lets_nothing_begin(beginning: Beginning, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with _mounted(disk, "2M"):
        life = _on_disk(beginning, disk)
        with life.process() as (_, actuator):
            _fill(disk)
            with pytest.raises(JournalFailed, match="free space") as failure:
                actuator.commit(life.plan, ())
        assert str(life.path) in str(failure.value)
        assert _changing(life) == []
        (disk / "ballast").unlink()
        done = life.live(pass_by, 0.0)
        life.judge(done)
        assert done is not None
        assert done.state == "confirmed"


def test_full_disk_lets_nothing_be_confirmed(beginning: Beginning, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with _mounted(disk, "2M"):
        life = _on_disk(beginning, disk)
        with life.process() as (_, actuator):
            assert actuator.commit(life.plan, ()).state == "committed"
            life.network.calls.clear()
            _fill(disk)
            with pytest.raises(JournalFailed, match="free space"):
                actuator.confirm(life.plan, ())
        _fill(disk)
        # Whoever starts on the full disk is told so, too.
        with pytest.raises(JournalFailed, match=str(life.path)), life.process():
            pass
        assert _changing(life) == []
        _wait_for_the_timers(life)
        assert life.network.configuration() == life.before
        (disk / "ballast").unlink()
        done = life.live(pass_by, 0.0)
        life.judge(done)
        assert done is not None
        assert done.state == "returned"


# A file that is damaged


def _tear(path: Path, page: int, draw: random.Random, length: int | None = None) -> None:
    """Overwrite a page of the file, or `length` bytes somewhere in it."""
    size, _ = _pages(path)
    length = length or size
    at = (page - 1) * size + draw.randrange(size - length + 1)
    with path.open("r+b") as file:
        file.seek(at)
        file.write(draw.randbytes(length))


def _pages(path: Path, table: str = "") -> tuple[int, list[int]]:
    """The size of a page, and all pages, or the first ones of a table and its indexes."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size: int = file.execute("PRAGMA page_size").fetchone()[0]
        count: int = file.execute("PRAGMA page_count").fetchone()[0]
        roots = file.execute("SELECT rootpage FROM sqlite_master WHERE tbl_name = ?", (table,))
        first = [root for (root,) in roots if root]
    return size, first if table else list(range(1, count + 1))


TABLES = ["approval_requests", "answers", "audit", "changes", "device_claims", "leases", "plans"]


def _torn_pages(path: Path) -> list[int]:
    draw = random.Random(3)
    named = [page for table in TABLES for page in _pages(path, table)[1]]
    return sorted({1, *named, *draw.sample(_pages(path)[1], 12)})


@pytest.mark.slow
def test_torn_page_lets_nothing_begin(beginning: Beginning) -> None:
    first = beginning.life()
    for page in _torn_pages(first.path):
        life = beginning.life()
        _tear(life.path, page, random.Random(page))
        with pytest.raises(NoctuaError) as failure, life.process() as (_, actuator):
            actuator.commit(life.plan, ())
        assert _says_what_to_do(life, failure.value), f"page {page}: {failure.value}"
        assert _changing(life) == []


@pytest.mark.slow
def test_torn_page_lets_nothing_be_confirmed(beginning: Beginning) -> None:
    first = beginning.life()
    with first.process() as (_, actuator):
        actuator.commit(first.plan, ())
    for page in _torn_pages(first.path):
        life = beginning.life()
        with life.process() as (_, actuator):
            actuator.commit(life.plan, ())
        life.network.calls.clear()
        _tear(life.path, page, random.Random(page))
        with pytest.raises(NoctuaError) as failure, life.process() as (_, actuator):
            actuator.confirm(life.plan, ())
        assert _says_what_to_do(life, failure.value), f"page {page}: {failure.value}"
        assert _changing(life) == []
        _wait_for_the_timers(life)
        assert life.network.configuration() == life.before


def _says_what_to_do(life: Life, failure: BaseException) -> bool:
    said = str(failure)
    return str(life.path) in said and (
        "last good copy" in said or "name another state directory" in said
    )


@pytest.mark.slow
@pytest.mark.parametrize("committed", [False, True])
def test_some_torn_bytes_never_leave_half_of_a_change(
    beginning: Beginning, committed: bool
) -> None:
    """Bytes within a value may escape SQLite; whatever is then done is right, or is refused."""
    caught = 0
    for seed in range(150):
        draw, life = random.Random(seed), beginning.life()
        with life.process() as (_, actuator):
            if committed:
                actuator.commit(life.plan, ())
        _tear(life.path, draw.choice(_pages(life.path)[1]), draw, length=16)
        try:
            with life.process() as (_, actuator):
                life.carry_on(actuator)
        except NoctuaError:
            caught += 1
        _wait_for_the_timers(life)
        now, held = life.network.configuration(), _quarantined(life)
        if not held:
            assert now in (life.before, life.candidate)
        assert life.network.calls.count(("commit", "A")) <= 1
    assert 0 < caught < 150


def _quarantined(life: Life) -> bool:
    try:
        with life.process() as (journal, _):
            return bool(journal.quarantined("four"))
    except NoctuaError:
        return False


def test_value_that_was_torn_in_the_journal_is_called_damaged(beginning: Beginning) -> None:
    life = beginning.life()
    with life.process() as (_, actuator):
        actuator.commit(life.plan, ())
    with closing(sqlite3.connect(life.path)) as file, file:
        file.execute("UPDATE changes SET state = 'comm0tted' WHERE node = 'B'")
    with (
        life.process() as (_, actuator),
        pytest.raises(JournalFailed, match='damaged change of "B"'),
    ):
        actuator.confirm(life.plan, ())


# A clock that is wrong


@dataclass(frozen=True)
class WrongClock:
    """`seen`: this process has watched it jump. `on_our_clock`: so does the network's clock."""

    moved_s: float
    seen: bool
    on_our_clock: bool
    said: str

    def move(self, life: Life) -> None:
        life.clock.moved_s = self.moved_s
        life.clock.seen_s = self.moved_s if self.seen else 0.0
        life.network.on_our_clock = self.on_our_clock


WRONG_CLOCKS = [
    WrongClock(+HOUR_S, True, True, r"moved by \+3600 s .* start the process again"),
    WrongClock(-HOUR_S, True, True, r"moved by -3600 s .* start the process again"),
    WrongClock(+HOUR_S, False, False, r"\+3600 s from the network's; check both against NTP"),
    WrongClock(-HOUR_S, False, False, r"-3600 s from the network's; check both against NTP"),
    WrongClock(-HOUR_S, False, True, r"entries that are 3600 s later .* check it against NTP"),
]


@pytest.mark.parametrize("wrong", WRONG_CLOCKS)
def test_clock_that_was_moved_lets_nothing_begin(beginning: Beginning, wrong: WrongClock) -> None:
    life = beginning.life()
    with life.process() as (journal, _):
        journal.add_event("inc-1", START_S, "planned", "remediator", "a plan")
    wrong.move(life)
    with life.process() as (journal, actuator):
        with pytest.raises(ClockInDoubt, match=wrong.said):
            actuator.commit(life.plan, ())
        assert [x.data["rule"] for x in journal.audit_lines() if x.action == "refuse"] == ["clock"]
    assert _changing(life) == []
    # It is set right: nothing was lost.
    WrongClock(0.0, False, False, "").move(life)
    done = life.live(pass_by, 0.0)
    life.judge(done)
    assert done is not None
    assert done.state == "confirmed"


@pytest.mark.parametrize("wrong", WRONG_CLOCKS)
def test_clock_that_was_moved_lets_nothing_be_confirmed(
    beginning: Beginning, wrong: WrongClock
) -> None:
    life = beginning.life()
    with life.process() as (_, actuator):
        actuator.commit(life.plan, ())
        life.clock.wait_until(START_S + 300.0)
        wrong.move(life)
        done = actuator.confirm(life.plan, ())
    assert (done.state, life.network.devices_called("confirm")) == ("rolled_back", [])
    assert re.search(wrong.said.replace("3600", "3[36]00"), done.reason)
    assert life.network.configuration() == life.before
    WrongClock(0.0, False, False, "").move(life)
    life.judge(done)


def test_clock_that_jumps_ahead_unseen_leaves_no_time_to_confirm(beginning: Beginning) -> None:
    """Over a restart, and with a network on the same clock, there is nothing to compare with."""
    life = beginning.life()
    with life.process() as (_, actuator):
        actuator.commit(life.plan, ())
    WrongClock(+HOUR_S, False, True, "").move(life)
    with life.process() as (_, actuator):
        done = actuator.confirm(life.plan, ())
    assert (done.state, life.network.devices_called("confirm")) == ("rolled_back", [])
    assert "too soon to confirm" in done.reason


def test_clock_of_the_network_that_cannot_be_read_is_a_doubt(beginning: Beginning) -> None:
    life = beginning.life()
    life.network.troubles.append(Trouble("now_s", ""))
    with life.process() as (_, actuator), pytest.raises(ClockInDoubt, match="no clock answers"):
        actuator.commit(life.plan, ())


@pytest.mark.parametrize("moved_s", [-4.0, 4.0])
def test_clock_that_ntp_keeps_right_is_believed(beginning: Beginning, moved_s: float) -> None:
    life = beginning.life()
    WrongClock(moved_s, True, False, "").move(life)
    done = life.live(pass_by, 0.0)
    assert done is not None
    assert done.state == "confirmed"


def test_other_networks_time_says_nothing_about_this_ones(beginning: Beginning) -> None:
    """A journal may hold a simulated network that lives in another year."""
    life = beginning.life()
    elsewhere = INCIDENT.model_copy(update={"id": "inc-2", "network": "another"})
    with life.process() as (journal, _):
        journal.open_incident(elsewhere, 2 * START_S, "1" * 32)
        journal.add_event("inc-2", 2 * START_S, "planned", "remediator", "a plan")
        assert journal.last_written_s("another") == 2 * START_S
        assert journal.last_written_s("four") is None
    done = life.live(pass_by, 0.0)
    assert done is not None
    assert done.state == "confirmed"
