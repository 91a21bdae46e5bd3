"""Who holds what: leases in the journal, what they fence, and the process that holds them."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tools.journal.conftest import OPENED_S
from tools.journal.errors import DeviceBusy, LeaseHeld, LeaseLost
from tools.journal.holder import Holder
from tools.journal.journal import Journal
from tools.journal.lease_rows import Since, incident_subject
from tools.journal.records import Claim, Lease
from twin.nouns.incident import Phase

INCIDENT = "inc-2026-0001"
SUBJECT = incident_subject(INCIDENT)
TTL_S = 30.0


def _take(journal: Journal, holder: str, at_s: float, *, boot: str = "b1") -> Lease:
    return journal.take_lease(SUBJECT, holder, Since(boot, at_s), TTL_S)


def test_first_holder_has_it_and_the_next_is_told_who(journal: Journal) -> None:
    assert _take(journal, "one", 0.0).epoch == 1
    with pytest.raises(LeaseHeld, match="held by one"):
        _take(journal, "two", TTL_S)


def test_taking_again_is_the_same_lease(journal: Journal) -> None:
    assert _take(journal, "one", 0.0) == _take(journal, "one", 20.0)


def test_silent_holder_loses_it_to_a_higher_epoch(journal: Journal) -> None:
    _take(journal, "one", 0.0)
    assert _take(journal, "two", TTL_S + 1.0).epoch == 2


def test_holder_that_renews_keeps_it(journal: Journal) -> None:
    _take(journal, "one", 0.0)
    journal.renew_leases("one", Since("b1", 25.0))
    with pytest.raises(LeaseHeld):
        _take(journal, "two", 50.0)


def test_renewal_does_not_bring_back_what_was_lost(journal: Journal) -> None:
    _take(journal, "one", 0.0)
    _take(journal, "two", 100.0)
    journal.renew_leases("one", Since("b1", 101.0))
    record = journal.lease(SUBJECT)
    assert record is not None
    assert (record.holder, record.heartbeat_s) == ("two", 100.0)


def test_released_lease_is_free_and_its_epoch_goes_on(journal: Journal) -> None:
    _take(journal, "one", 0.0)
    journal.release_leases("one")
    assert _take(journal, "two", 0.0).epoch == 2
    journal.release_leases("two", SUBJECT)
    assert _take(journal, "one", 0.0).epoch == 3


def test_nothing_survives_a_boot(journal: Journal) -> None:
    _take(journal, "one", 1e9)
    assert _take(journal, "two", 5.0, boot="b2").epoch == 2


def test_stale_holder_writes_nothing(journal: Journal) -> None:
    stale = _take(journal, "one", 0.0)
    _take(journal, "two", 100.0)
    before = journal.incident(INCIDENT)
    with journal.holding(stale):
        with pytest.raises(LeaseLost, match="two has taken it over"):
            journal.set_phase(INCIDENT, Phase.RESOLVED)
        with pytest.raises(LeaseLost):
            journal.add_event(INCIDENT, OPENED_S, "resolved", "x", "text")
        with pytest.raises(LeaseLost):
            journal.append_audit(OPENED_S, "x", "y", "z")
    assert journal.incident(INCIDENT) == before
    assert journal.timeline(INCIDENT) == ()
    assert journal.audit_lines() == ()


def test_holder_writes_and_others_may_answer(path: Path, journal: Journal) -> None:
    lease = _take(journal, "one", 0.0)
    with journal.holding(lease):
        assert journal.held() == lease
        journal.set_phase(INCIDENT, Phase.DIAGNOSING)
    assert journal.held() is None
    with Journal.open(path) as other:
        assert other.held() is None
        other.add_event(INCIDENT, OPENED_S, "note", "erin", "seen")


def test_lease_of_one_journal_says_nothing_to_another(tmp_path: Path, journal: Journal) -> None:
    lease = _take(journal, "one", 0.0)
    with Journal.open(tmp_path / "other.sqlite") as other, journal.holding(lease):
        assert other.held() is None
        other.append_audit(OPENED_S, "x", "y", "z")


# Devices


def _claim(plan_id: str, node: str) -> Claim:
    return Claim(
        network="germany50", node=node, incident_id=INCIDENT, plan_id=plan_id, since_s=OPENED_S
    )


@pytest.fixture
def planned(journal: Journal) -> Journal:
    for plan_id in ("p1", "p2"):
        journal._execute("INSERT INTO plans VALUES (?, ?, '', '')", plan_id, INCIDENT)
    return journal


def test_device_belongs_to_one_plan_at_a_time(planned: Journal) -> None:
    planned.claim_devices([_claim("p1", "A"), _claim("p1", "B")])
    with pytest.raises(DeviceBusy, match='"p1" works on "B"'):
        planned.claim_devices([_claim("p2", "C"), _claim("p2", "B")])
    assert [c.node for c in planned.claims("germany50")] == ["A", "B"], "all of them or none"
    planned.claim_devices([_claim("p1", "A")])
    planned.release_devices("p1")
    planned.claim_devices([_claim("p2", "B")])
    assert planned.claims("abilene") == ()


# The process


def test_two_processes_never_hold_the_same(path: Path, journal: Journal, tmp_path: Path) -> None:
    with (
        Holder(journal, tmp_path / "locks") as one,
        Journal.open(path) as again,
        Holder(again, tmp_path / "locks") as two,
    ):
        one.take(SUBJECT)
        assert one.holds(SUBJECT)
        assert not two.holds(SUBJECT)
        one.release(SUBJECT)
        assert two.holds(SUBJECT)


def test_closed_holder_lets_go_and_leaves_no_lock(path: Path, journal: Journal) -> None:
    locks = path.parent / "locks"
    with Holder(journal, locks) as one:
        one.take(SUBJECT)
        assert len(list(locks.iterdir())) == 1
    assert list(locks.iterdir()) == []
    with Holder(journal, locks) as two:
        assert two.take(SUBJECT).epoch == 2


def test_killed_process_is_known_to_be_dead_at_once(path: Path, journal: Journal) -> None:
    locks = path.parent / "locks"
    with _child_that_holds(path, locks) as child, Holder(journal, locks) as holder:
        assert not holder.holds(SUBJECT), "it lives"
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert holder.take(SUBJECT).epoch == 2


def test_stopped_process_is_taken_over_and_then_refused(path: Path, journal: Journal) -> None:
    """It sleeps through its lease; its first write after that is refused."""
    locks = path.parent / "locks"
    with (
        _child_that_holds(path, locks, ttl_s=0.3, then="write") as child,
        Holder(journal, locks, ttl_s=0.3) as holder,
    ):
        # Nobody could end a write in whose middle it was stopped.
        with journal.transaction():
            os.kill(child.pid, signal.SIGSTOP)
            os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        while not holder.holds(SUBJECT):
            time.sleep(0.05)
        os.kill(child.pid, signal.SIGCONT)
        out, _ = child.communicate("go\n", timeout=300)
    assert out.strip() == "LeaseLost"
    assert journal.timeline(INCIDENT) == ()


@contextmanager
def _child_that_holds(
    path: Path, locks: Path, ttl_s: float = TTL_S, then: str = "wait"
) -> "Iterator[subprocess.Popen[str]]":
    """A process that holds SUBJECT, and is gone afterwards whatever became of it."""
    script = f"""
        import sys
        from pathlib import Path
        from tools.journal.errors import LeaseLost
        from tools.journal.holder import Holder
        from tools.journal.journal import Journal
        with Journal.open(Path({str(path)!r})) as journal:
            holder = Holder(journal, Path({str(locks)!r}), ttl_s={ttl_s})
            lease = holder.take({SUBJECT!r})
            print("held", flush=True)
            sys.stdin.readline()
            if {then!r} == "write":
                try:
                    with journal.holding(lease):
                        journal.add_event({INCIDENT!r}, 1.0, "note", "stale", "late")
                    print("written", flush=True)
                except LeaseLost:
                    print("LeaseLost", flush=True)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline().strip() == "held"
            yield child
        finally:
            # The end of the block waits for it, and a stopped process never ends.
            child.kill()
