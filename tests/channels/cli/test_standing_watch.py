"""`noctua watch` as a process: it operates, is answered from outside, and ends when told to."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from rich.console import Console

from channels import verbs
from channels.cli.standing_watch import watch_networks
from evals.stage import stage
from graphs.state_directory import StateDirectory
from tests.graphs.stagehand import FIRST, LOSSY, WRONG_WEIGHT, answer_to, case, operating
from tools.journal.journal import Journal
from tools.journal.lease_rows import network_subject
from twin.errors import BadInput, NoctuaError
from twin.nouns.incident import Phase

_PATIENCE_S = 900.0
"""Only what hangs takes so long: a loaded machine may take a hundred times what an idle one does.
"""


def _noctua(state: Path, *arguments: str) -> "subprocess.Popen[str]":
    script = "from channels.cli.app import main; main()"
    command = [sys.executable, "-c", script, "--state", str(state), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come about"
        time.sleep(0.05)


@pytest.mark.slow
def test_two_networks_are_operated_side_by_side_until_sigterm(tmp_path: Path) -> None:
    """Thirty network seconds pass in a tenth of one of ours."""
    for name, fault in (("east", LOSSY), ("west", WRONG_WEIGHT)):
        stage(case((300.0, fault)), 1, tmp_path / "networks" / f"{name}.sqlite", name).close()
    _let_people_take_their_time(tmp_path)
    with (
        Journal.open(tmp_path / "journal.sqlite") as journal,
        _noctua(tmp_path, "watch", "--speed", "300", "--json") as watch,
    ):
        try:
            answered: set[str] = set()

            def is_resolved() -> bool:
                now_s = 0.0
                for request in journal.approval_requests(now_s, state="waiting"):
                    plan = journal.plan(request.plan_id)
                    if plan.id not in answered:
                        for person in ("erin", "frank")[: request.approvers_needed]:
                            journal.answer(answer_to(plan, "approve", request.requested_s, person))
                        answered.add(plan.id)
                phases = [r.phase for r in journal.incidents()]
                return len(phases) == 2 and set(phases) == {Phase.RESOLVED}

            _until(is_resolved)
            watch.send_signal(signal.SIGTERM)
            out, err = watch.communicate(timeout=_PATIENCE_S)
        finally:
            watch.kill()
        assert (watch.returncode, err) == (0, "")
        *events, ended = map(json.loads, out.splitlines())
        kinds = {
            network: [e["kind"] for e in events if e["network"] == network]
            for network in ("east", "west")
        }
        for told in kinds.values():
            assert (told[0], told[-1]) == ("detected", "resolved")
            assert "asked" in told
        assert {w["network"] for w in ended["watches"]} == {"east", "west"}
        assert all(not w["trouble"] for w in ended["watches"])
        assert ended["open_incidents"] == []
        assert {r.incident.id for r in journal.incidents()} == {"east-0001", "west-0001"}
        assert journal.verify_audit().first_broken is None
    assert list((tmp_path / "locks").iterdir()) == []


@pytest.mark.slow
def test_watch_that_was_killed_is_taken_up_where_it_was(tmp_path: Path) -> None:
    """The field takes most of a day, so that the repair is still awaited when it is looked."""
    lasting = case((300.0, LOSSY), repair_s=72_000.0)
    stage(lasting, 1, tmp_path / "networks" / "live.sqlite").close()
    _let_people_take_their_time(tmp_path)
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        with _noctua(tmp_path, "watch", "--speed", "300") as watch:
            try:
                _until(lambda: bool(journal.approval_requests(0.0)))
            finally:
                watch.kill()
        (request,) = journal.approval_requests(0.0)
        hints = [_answered(tmp_path, request.plan_id, person) for person in ("erin", "frank")]
        assert f"go on with noctua resume {FIRST}" in hints[request.approvers_needed - 1]
        with _noctua(tmp_path, "watch", "live", "--speed", "60") as watch:
            try:
                _until(lambda: journal.incident(FIRST).phase is Phase.AWAITING_REPAIR)
                watch.send_signal(signal.SIGINT)
                out, err = watch.communicate(timeout=_PATIENCE_S)
            finally:
                watch.kill()
        assert (watch.returncode, err) == (0, "")
        assert "still open: live-0001" in out
        commits = [x for x in journal.audit_lines() if x.action == "committed"]
        assert len({x.subject for x in commits}) == len(commits)


@pytest.mark.slow
def test_whoever_answers_is_told_that_a_watch_goes_on(tmp_path: Path) -> None:
    """The network's time passes as ours from the question on: it holds for half an hour."""
    with operating(tmp_path, case((300.0, LOSSY))) as operation:
        operation.run(operation.is_waiting_for_approval)
    with (
        Journal.open(tmp_path / "journal.sqlite") as journal,
        _noctua(tmp_path, "watch", "--speed", "1") as watch,
    ):
        try:
            _until(lambda: bool(_holder(journal)))
            (request,) = journal.approval_requests(0.0)
            hints = [_answered(tmp_path, request.plan_id, person) for person in ("erin", "frank")]
            assert "the watch of its network goes on" in hints[request.approvers_needed - 1]
            _until(lambda: bool(journal.changes(plan_id=request.plan_id)))
        finally:
            watch.kill()


def _let_people_take_their_time(state: Path) -> None:
    """A loaded machine takes seconds to start a command, which are half an hour at this speed."""
    shipped = resources.files("tools.change").joinpath("policy.yaml").read_text("utf-8")
    installation = re.sub("expires_after_s: .*", "expires_after_s: 360000", shipped)
    (state / "policy.yaml").write_text(installation, encoding="utf-8")


def _holder(journal: Journal) -> str:
    """Who watches "live", "" if nobody does."""
    lease = journal.lease(network_subject("live"))
    return lease.holder if lease else ""


def _answered(state: Path, plan: str, by: str) -> str:
    with _noctua(state, "approve", plan, "--by", by) as answer:
        said, _ = answer.communicate(timeout=_PATIENCE_S)
    return said


@pytest.mark.slow
def test_second_watch_stands_by_and_takes_over_when_the_first_is_killed(tmp_path: Path) -> None:
    stage(case((600.0, LOSSY)), 1, tmp_path / "networks" / "live.sqlite").close()
    with (
        Journal.open(tmp_path / "journal.sqlite") as journal,
        _noctua(tmp_path, "watch", "--speed", "100") as first,
    ):
        try:
            _until(lambda: bool(_holder(journal)))
            before = _holder(journal)
            with _noctua(tmp_path, "watch", "--speed", "100") as second:
                try:
                    assert second.stdout is not None
                    # What people are asked already may be told before it.
                    assert any("standing by" in line for line in second.stdout)
                    first.kill()
                    _until(lambda: _holder(journal) not in ("", before))
                    second.send_signal(signal.SIGTERM)
                    second.communicate(timeout=_PATIENCE_S)
                finally:
                    second.kill()
            assert second.returncode == 0
        finally:
            first.kill()


@pytest.mark.slow
def test_network_that_cannot_be_opened_does_not_stop_the_others(tmp_path: Path) -> None:
    for name in ("east", "west"):
        stage(case((300.0, LOSSY)), 1, tmp_path / "networks" / f"{name}.sqlite", name).close()
    (tmp_path / "trackers").mkdir()
    Journal.open(tmp_path / "journal.sqlite").close()
    (tmp_path / "trackers" / "east.json").write_text('{"half')
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        with _noctua(tmp_path, "watch", "--speed", "300") as watch:
            try:
                _until(lambda: journal.incident_count("west") == 1 and bool(journal.blocked()))
                (blocked,) = journal.blocked()
                assert blocked.subject == network_subject("east")
                assert "put it aside" in blocked.reason
                (tmp_path / "trackers" / "east.json").unlink()
                _until(lambda: not journal.blocked())
                watch.send_signal(signal.SIGTERM)
                out, _ = watch.communicate(timeout=_PATIENCE_S)
            finally:
                watch.kill()
        assert "east: not watched" in out
        assert watch.returncode == 0


@pytest.mark.slow
def test_journal_that_has_gone_is_not_replaced(tmp_path: Path) -> None:
    stage(case(), 1, tmp_path / "networks" / "live.sqlite").close()
    (tmp_path / "trackers").mkdir()
    (tmp_path / "trackers" / "live.json").write_text("{}")
    for journal in ("missing", "empty"):
        if journal == "empty":
            (tmp_path / "journal.sqlite").touch()
        with _noctua(tmp_path, "watch") as watch:
            _, err = watch.communicate(timeout=_PATIENCE_S)
        assert watch.returncode == 2
        assert "last good copy" in err
        assert "Traceback" not in err


@pytest.mark.slow
def test_watch_without_a_network_says_how_to_get_one(tmp_path: Path) -> None:
    with _noctua(tmp_path, "watch") as watch:
        _, err = watch.communicate(timeout=_PATIENCE_S)
    assert watch.returncode == 2
    assert "noctua stage SCENARIO" in err


@pytest.mark.slow
def test_network_that_is_misspelt_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with _noctua(tmp_path, "stage", "quiet-harbour") as stage:
        assert stage.wait(_PATIENCE_S) == 0
    with _noctua(tmp_path, "watch", "quiet-harbor-1") as watch:
        _, err = watch.communicate(timeout=_PATIENCE_S)
    assert watch.returncode == 2
    assert 'did you mean "quiet-harbour-1"?' in err
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        assert journal.blocked() == ()


def test_network_whose_driver_is_misspelt_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "networks").mkdir()
    described = tmp_path / "networks" / "north.yaml"
    described.write_text("driver: emulatd\nname: north\n")
    with pytest.raises(BadInput, match='did you mean "emulated"'):
        watch_networks(StateDirectory(tmp_path), (), for_s=None, speed=1.0, console=Console())
    assert [path.name for path in tmp_path.iterdir()] == ["networks"]
    described.write_text("driver: emulated\nname: north\nfile: nrth.sqlite\n")
    with pytest.raises(NoctuaError, match="does not exist"):
        watch_networks(StateDirectory(tmp_path), (), for_s=None, speed=1.0, console=Console())
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        assert journal.blocked() == ()
        assert journal.lease(network_subject("north")) is None


@pytest.mark.slow
def test_closed_terminal_ends_a_watch_as_cleanly_as_being_told_to(tmp_path: Path) -> None:
    """A real terminal, whose other end is closed."""
    stage(case((300.0, LOSSY)), 1, tmp_path / "networks" / "live.sqlite").close()
    pid, terminal = pty.fork()
    if pid == 0:
        script = "from channels.cli.app import main; main()"
        watch = ["--state", str(tmp_path), "watch", "--speed", "60"]
        # Whoever runs the tests under nohup ignores hangups, and so would the watch.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.execv(sys.executable, [sys.executable, "-c", script, *watch])
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        _until(lambda: bool(_holder(journal)))
        os.close(terminal)
        ended: list[int] = []
        _until(lambda: bool(ended) or _has_ended(pid, ended))
        assert os.waitstatus_to_exitcode(ended[0]) == 0
        assert _holder(journal) == ""
    assert list((tmp_path / "locks").iterdir()) == []
    assert (tmp_path / "trackers" / "live.json").exists()


def _has_ended(pid: int, ended: list[int]) -> bool:
    """Whether the child has; with what status is put into `ended`."""
    found, status = os.waitpid(pid, os.WNOHANG)
    if found:
        ended.append(status)
    return bool(found)


@pytest.mark.slow
def test_holder_that_was_killed_is_not_handed_over(tmp_path: Path) -> None:
    stage(case(), 1, tmp_path / "networks" / "live.sqlite").close()
    state = StateDirectory(tmp_path)
    with (
        Journal.open(tmp_path / "journal.sqlite") as journal,
        _noctua(tmp_path, "watch", "--speed", "60") as watch,
    ):
        _until(lambda: bool(_holder(journal)))
        (handed,) = verbs.handover(state, 3600.0).networks
        assert handed.held_by == _holder(journal)
        watch.kill()
        watch.wait()
        assert _holder(journal)
        (handed,) = verbs.handover(state, 3600.0).networks
        assert handed.held_by == ""
