"""Every check fails once, on a state directory in which that one thing is really wrong."""

import fcntl
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from importlib import metadata, resources
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from channels.cli.doctor import sizes
from channels.cli.doctor.check import Check
from channels.cli.doctor.command import examine
from channels.cli.doctor.disk import FAIL_BELOW_BYTES, WARN_BELOW_BYTES, room
from channels.networks import open_network
from graphs.state_directory import StateDirectory
from tests.channels.cli.desk_of_paper import open_journal
from tests.channels.conftest import INCIDENT, noctua
from tools.graph_store.standby import Standby
from tools.journal.anchors import Anchors
from tools.journal.lease_rows import Since
from tools.journal.records import Quarantine, WatchRecord
from twin.knowledge.facts import Difference, Facts, Thing

HOLDER = "host:1:aa"


def _checks(state: Path) -> list[Check]:
    return list(examine(StateDirectory(state), time.time()))


def _found(state: Path, name: str) -> Check:
    """The worst check of that name."""
    rank = {"ok": 0, "warning": 1, "failed": 2}
    named = [check for check in _checks(state) if check.name == name]
    return max(named, key=lambda check: rank[check.state])


def _snapshot(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_sound_directory_has_no_failure_and_is_left_as_it_is(state: Path) -> None:
    before = _snapshot(state)
    code, output, _ = noctua(state, "doctor")
    assert code == 0
    assert "0 failed" in output
    assert "\x1b" not in output
    assert _snapshot(state) == before


def test_doctor_as_json_lists_every_check(state: Path) -> None:
    document = json.loads(noctua(state, "doctor", "--json")[1])
    assert document["healthy"] is True
    assert {"journal", "audit chain", "clock", "network live"} <= {
        check["name"] for check in document["checks"]
    }


def test_missing_directory_is_one_failure_with_a_remedy(tmp_path: Path) -> None:
    code, output, _ = noctua(tmp_path / "nowhere", "doctor")
    assert code == 1
    assert "--state" in output
    assert not (tmp_path / "nowhere").exists()


def test_directory_without_a_journal_is_told_as_unused(tmp_path: Path) -> None:
    assert _found(tmp_path, "journal").state == "warning"
    assert _found(tmp_path, "networks").state == "warning"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_full_disk_fails_and_the_other_checks_go_on(state: Path) -> None:
    # A limit of the kernel on what a process may write: every write fails, as on a full disk.
    limited = subprocess.run(
        [sys.executable, "-c", _LIMITED, "--state", str(state), "doctor", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    document = json.loads(limited.stdout)
    checks = {check["name"]: check for check in document["checks"]}
    assert (limited.returncode, limited.stderr) == (1, "")
    assert checks["state directory"]["state"] == "failed"
    assert os.strerror(27) in checks["state directory"]["found"]
    assert checks["audit chain"]["state"] == "ok"
    assert not list(state.glob(".doctor-*"))


_LIMITED = (
    "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY)); "
    "from channels.cli.app import main; main()"
)


@pytest.mark.parametrize(
    ("free", "state"),
    [
        (FAIL_BELOW_BYTES - 1, "failed"),
        (FAIL_BELOW_BYTES, "warning"),
        (WARN_BELOW_BYTES - 1, "warning"),
        (WARN_BELOW_BYTES, "ok"),
    ],
)
def test_room_is_judged_by_what_is_free(free: int, state: str) -> None:
    found = room("free space", free, WARN_BELOW_BYTES, FAIL_BELOW_BYTES, str)
    assert found.state == state
    assert (found.remedy == "") == (state == "ok")


def test_little_room_on_the_disk_is_found(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.cli.doctor.disk.FAIL_BELOW_BYTES", 2**62)
    monkeypatch.setattr("channels.cli.doctor.disk.FAIL_BELOW_INODES", 2**62)
    assert _found(state, "free space").state == "failed"
    assert _found(state, "inodes").state == "failed"


@pytest.mark.parametrize("name", ["journal.sqlite", "trackers", "."])
def test_what_anybody_may_write_fails(state: Path, name: str) -> None:
    path = state / name
    path.chmod(path.stat().st_mode | 0o002)
    found = _found(state, "permissions")
    assert found.state == "failed"
    assert "written by anybody" in found.found


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folder_that_cannot_be_read_fails(state: Path) -> None:
    (state / "trackers").chmod(0)
    found = _found(state, "permissions")
    (state / "trackers").chmod(0o755)
    assert found.state == "failed"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_directory_of_another_user_is_told(state: Path) -> None:
    os.chown(state / "journal.sqlite", 65_534, -1)
    assert "belongs to" in _found(state, "permissions").found


def test_file_in_the_place_of_a_folder_fails_and_the_other_checks_go_on(state: Path) -> None:
    for file in (state / "trackers").iterdir():
        file.unlink()
    (state / "trackers").rmdir()
    (state / "trackers").write_text("not a folder", encoding="utf-8")
    assert "is not a folder" in _found(state, "permissions").found
    assert _found(state, "journal").state == "ok"


def _corrupt(state: Path) -> None:
    file = state / "journal.sqlite"
    content = bytearray(file.read_bytes())
    content[4096:] = b"\x5a" * (len(content) - 4096)
    file.write_bytes(content)


def _overwrite(state: Path) -> None:
    (state / "journal.sqlite").write_bytes(b"this is not a database, and long enough to tell so")


def _remove(state: Path) -> None:
    (state / "journal.sqlite").unlink()


def _replace_with_another_database(state: Path) -> None:
    _remove(state)
    with closing(sqlite3.connect(state / "journal.sqlite")) as other:
        other.execute("CREATE TABLE t (x)")


@pytest.mark.parametrize("damage", [_corrupt, _overwrite, _remove, _replace_with_another_database])
def test_broken_journal_fails_without_a_traceback_and_the_other_checks_go_on(
    state: Path, damage: Callable[[Path], None]
) -> None:
    damage(state)
    before = _snapshot(state)
    code, output, error = noctua(state, "doctor")
    assert (code, error) == (1, "")
    assert "Traceback" not in output
    assert _found(state, "journal").state == "failed"
    assert _found(state, "checkpoints").state == "ok"
    assert _found(state, "network live").state == "ok"
    assert _snapshot(state) == before


def test_journal_of_an_earlier_version_is_not_brought_up_to_date(state: Path) -> None:
    with closing(sqlite3.connect(state / "journal.sqlite")) as raw:
        raw.execute("PRAGMA user_version = 1")
    found = _found(state, "journal")
    assert found.state == "warning"
    assert "version 1" in found.found
    with closing(sqlite3.connect(state / "journal.sqlite")) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (1,)


def test_broken_audit_chain_fails(state: Path) -> None:
    with open_journal(state) as journal:
        journal.append_audit(1.0, "gate", "pass", "plan")
    with closing(sqlite3.connect(state / "journal.sqlite")) as raw, raw:
        raw.execute("DROP TRIGGER audit_is_not_altered")
        raw.execute("UPDATE audit SET actor = 'mallory' WHERE seq = 1")
    found = _found(state, "audit chain")
    assert found.state == "failed"
    assert "broken at line 1" in found.found


def _policy(state: Path, old: str, new: str) -> None:
    shipped = resources.files("tools.change").joinpath("policy.yaml").read_text("utf-8")
    assert old in shipped
    (state / "policy.yaml").write_text(shipped.replace(old, new), encoding="utf-8")


def test_chain_that_was_cut_fails_against_its_anchors(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "anchors.jsonl"
    _policy(state, "anchor_file: null", f"anchor_file: {file}")
    assert _found(state, "audit anchors").state == "warning"
    with open_journal(state) as journal:
        journal.append_audit(1.0, "gate", "pass", "plan")
        Anchors(journal, file).note(1.0)
    assert _found(state, "audit anchors").state == "ok"
    with closing(sqlite3.connect(state / "journal.sqlite")) as raw, raw:
        raw.execute("DROP TRIGGER audit_is_not_deleted")
        raw.execute("DELETE FROM audit")
    assert _found(state, "audit chain").state == "ok"
    assert _found(state, "audit anchors").state == "failed"


def test_foreign_line_among_the_anchors_is_told(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "anchors.jsonl"
    _policy(state, "anchor_file: null", f"anchor_file: {file}")
    file.write_text("hello\n", encoding="utf-8")
    assert _found(state, "audit anchors").state == "failed"
    with open_journal(state) as journal:
        Anchors(journal, file).note(1.0)
    assert _found(state, "audit anchors").state == "warning"


def test_wrong_policy_fails_by_key_and_hides_no_other_check(state: Path) -> None:
    _policy(state, "max_devices: 6", "max_device: 6")
    found = _found(state, "policy")
    assert found.state == "failed"
    assert "max_device" in found.found
    assert _found(state, "audit chain").state == "ok"


def test_way_to_call_people_is_checked_and_its_absence_is_said(state: Path) -> None:
    assert _found(state, "calling people").found == "nobody is called: no on_event.yaml"
    file = state / "on_event.yaml"
    file.write_text("webhook: https://a.example/t0ken\nsecret_env: NOT_THERE", encoding="utf-8")
    found = _found(state, "calling people")
    assert (found.state, "NOT_THERE" in found.found) == ("failed", True)
    file.write_text("command: [/bin/page]\nevents: [escalated]", encoding="utf-8")
    assert _found(state, "calling people").found == "/bin/page, for 1 kinds"


def test_missing_checkpoints_fail_while_incidents_are_open(state: Path) -> None:
    (state / "checkpoints.sqlite").unlink()
    found = _found(state, "checkpoints")
    assert found.state == "failed"
    assert "1 incident is open" in found.found


def test_sizes_are_told_and_what_is_kept_no_longer_is_a_warning(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _found(state, "sizes")
    assert told.state == "ok"
    for of in ("1 incident, 1 in work", "of 1 incident)", "1 tracker", "traces", "of 1 network"):
        assert of in told.found
    (state / "trackers" / "gone.json").write_text(" " * 5000, encoding="utf-8")
    monkeypatch.setattr(sizes, "WARN_ABOVE_BYTES", 4000)
    told = _found(state, "sizes")
    assert told.state == "warning"
    assert "noctua prune" in told.remedy


def test_damaged_checkpoints_fail(state: Path) -> None:
    (state / "checkpoints.sqlite").write_bytes(b"\0" * 5000)
    assert _found(state, "checkpoints").state == "failed"


def test_clock_behind_what_was_written_fails(state: Path) -> None:
    ahead_s = time.time() + 3600.0
    os.utime(state / "knowledge", (ahead_s, ahead_s))
    found = _found(state, "clock")
    assert found.state == "failed"
    assert "knowledge" in found.found


def test_clock_behind_the_last_line_of_the_audit_log_fails(state: Path) -> None:
    with open_journal(state) as journal:
        journal.append_audit(time.time() + 7200.0, "gate", "pass", "plan")
    found = _found(state, "clock")
    assert found.state == "failed"
    assert "line 2 of the audit log" in found.found


def test_clock_of_an_emulated_network_says_nothing_about_ours(state: Path) -> None:
    now_s = time.time() + 7200.0
    with closing(sqlite3.connect(state / "networks" / "live.sqlite")) as raw, raw:
        raw.execute("UPDATE clock SET now_s = ?", (now_s,))
    with open_journal(state) as journal:
        journal.append_audit(now_s - 60.0, "gate", "pass", "plan")
    assert _found(state, "clock").state == "ok"


@pytest.mark.parametrize(
    ("said", "state_of_it"), [("yes", "ok"), ("no", "warning"), ("", "warning")]
)
def test_time_service_is_asked(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, state_of_it: str
) -> None:
    tool = tmp_path / "bin" / "timedatectl"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\necho {said}\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    assert _found(state, "time service").state == state_of_it


@pytest.mark.slow
def test_network_that_another_process_holds_is_told_as_held(state: Path) -> None:
    network, _ = open_network(StateDirectory(state), "live")
    with closing(network):
        found = _found(state, "network live")
    assert (found.state, "held by another process" in found.found) == ("ok", True)
    assert _found(state, "network live").found == "opens"


def test_broken_network_fails(state: Path) -> None:
    (state / "networks" / "live.sqlite").write_bytes(b"\x5a" * 9000)
    assert _found(state, "network live").state == "failed"


def test_missing_network_fails_while_its_incidents_are_open(state: Path) -> None:
    (state / "networks" / "live.sqlite").unlink()
    assert _found(state, "network live").state == "failed"


def _hold(state: Path, subject: str) -> None:
    with open_journal(state) as journal:
        journal.take_lease(subject, HOLDER, Since("boot", 1.0), 30.0)
    (state / "locks").mkdir(exist_ok=True)


def _lock_file(state: Path) -> Path:
    return state / "locks" / f"{HOLDER.replace(':', '_')}.lock"


def _report(state: Path, *, wall_s: float, trouble: str = "") -> None:
    with open_journal(state) as journal:
        journal.report_watch(
            WatchRecord(
                network="live",
                holder=HOLDER,
                started_s=1.0,
                stepped_s=1.0,
                stepped_wall_s=wall_s,
                steps=7,
                alarms=3,
                failures=int(bool(trouble)),
                trouble=trouble,
            )
        )


def test_open_incidents_that_nobody_watches_are_told(state: Path) -> None:
    found = _found(state, "watch of live")
    assert (found.state, found.remedy) == ("warning", "noctua watch live")


def test_holders_that_died_are_told_and_their_locks_left_alone(state: Path) -> None:
    _hold(state, "network:live")
    _hold(state, f"incident:{INCIDENT}")
    _lock_file(state).touch()
    assert "has died" in _found(state, "watch of live").found
    leases = _found(state, "leases")
    assert (leases.state, f"{INCIDENT} by {HOLDER}" in leases.found) == ("warning", True)
    assert _lock_file(state).exists()


@pytest.mark.parametrize(
    ("age_s", "trouble", "state_of_it", "told"),
    [
        (10.0, "", "ok", "step 7 10 s ago, 3 alarms"),
        (900.0, "", "warning", "15 min 00 s ago"),
        (10.0, "the disk is full", "warning", "1 failed steps in a row: the disk is full"),
    ],
)
def test_watch_is_told_by_its_last_step(
    state: Path, age_s: float, trouble: str, state_of_it: str, told: str
) -> None:
    _hold(state, "network:live")
    with _lock_file(state).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        now_s = time.time()
        _report(state, wall_s=now_s - age_s, trouble=trouble)
        [found] = [c for c in examine(StateDirectory(state), now_s) if c.name == "watch of live"]
        assert _found(state, "leases").state == "ok"
    assert found.state == state_of_it
    assert told in found.found


def test_what_stands_blocked_or_in_quarantine_is_told(state: Path) -> None:
    with open_journal(state) as journal:
        journal.block(f"incident:{INCIDENT}", "the outcome is unknown", 1.0)
        journal.quarantine(
            Quarantine(network="live", node="Fulda", since_s=1.0, reason="it is half-way")
        )
    assert "the outcome is unknown" in _found(state, "blocked").found
    quarantine = _found(state, "quarantine")
    assert (quarantine.state, "it is half-way" in quarantine.found) == ("warning", True)
    assert "noctua quarantine lift live Fulda" in quarantine.remedy


@pytest.mark.parametrize("content", ["", "{", "[]", '{"baseline": 1}'])
def test_tracker_that_does_not_load_fails(state: Path, content: str) -> None:
    (state / "trackers" / "live.json").write_text(content, encoding="utf-8")
    found = _found(state, "learned")
    assert found.state == "failed"
    assert "live.json" in found.found


def test_knowledge_graph_that_does_not_load_fails(state: Path) -> None:
    (state / "knowledge" / "live.sqlite").write_text("{", encoding="utf-8")
    assert _found(state, "learned").state == "failed"


def test_writes_that_wait_for_the_graphs_server_are_counted(state: Path) -> None:
    file = state / "knowledge" / "live.standby"
    standby = Standby.open(file)
    assert _found(state, "graph of live").state == "ok"
    changes = Difference(put=Facts((Thing("owner", "x"),)))
    numbers = [standby.append(changes) for _ in range(3)]
    standby.arrive(numbers[0])
    before = _snapshot(state)
    found = _found(state, "graph of live")
    assert found.state == "warning"
    assert found.found.startswith("2 writes wait for its server, since 20")
    standby.refuse(numbers[1], "the server has no owner of that name")
    told = {check.found for check in _checks(state) if check.name == "graph of live"}
    assert "writes refused by its server: 1 (the server has no owner of that name)" in told
    assert any(one.startswith("1 write waits") for one in told)
    assert _snapshot(state).keys() == before.keys()
    standby.close()
    file.write_bytes(b"no database, but a text that is long enough" * 50)
    assert (
        "what waits in it to be written to the server is lost"
        in _found(state, "graph outboxes").found
    )


def test_package_outside_its_range_fails(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tmp_path / "site" / "rich-1.0.dist-info"
    older.mkdir(parents=True)
    (older / "METADATA").write_text("Metadata-Version: 2.1\nName: rich\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(older.parent))
    found = _found(state, "packages")
    assert found.state == "failed"
    assert "rich 1.0" in found.found


def test_optional_packages_are_listed_and_fail_nothing(state: Path) -> None:
    found = _found(state, "optional packages")
    assert found.state == "ok"
    listed = {package.partition(" ")[0] for package in found.found.split(", ")}
    wanted = [Requirement(text) for text in metadata.requires("noctua-netops") or ()]
    for extra in ("openai", "neo4j", "parquet", "policy", "ray"):
        ours = {r.name for r in wanted if r.marker and r.marker.evaluate({"extra": extra})}
        assert ours & listed, extra
