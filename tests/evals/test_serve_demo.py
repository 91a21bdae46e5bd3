"""`noctua serve-demo`, played once: what it prints, and what the audit log and the report have."""

import re
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from channels.verbs import verify_audit
from evals.commands import register
from graphs.state_directory import StateDirectory
from tools.journal.records import ChangeState
from twin.errors import BadInput

INCIDENT = "live-0001"


def _run(state: Path, port: int) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, ["serve-demo", "--port", str(port)], obj=state)


@dataclass(frozen=True)
class Played:
    """What was printed, and the state directory that was left."""

    printed: str
    state: StateDirectory


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The demonstration, played to its end."""
    folder = tmp_path_factory.mktemp("serve-demo")
    result = _run(folder, 0)
    assert result.exit_code == 0, result.output
    return Played(result.output, StateDirectory(folder / "serve-demo-1"))


@pytest.mark.slow
def test_each_channel_has_an_approval_by_somebody_of_its_own(played: Played) -> None:
    with played.state.read_only_journal() as journal:
        lines = [line for line in journal.audit_lines() if line.action == "answer"]
    answers = [
        (line.subject, by["account"], by["provider"], by["channel"])
        for line in lines
        if isinstance(by := line.data["by"], dict)
    ]
    assert answers == [
        (f"{INCIDENT}.mitigate1", "erin", "slack", "slack"),
        (f"{INCIDENT}.mitigate1", "frank", "teams", "teams"),
        (f"{INCIDENT}.return2", "hana", "local", "http"),
        (f"{INCIDENT}.return2", "erin", "slack", "slack"),
    ]
    assert verify_audit(played.state).sound


@pytest.mark.slow
def test_what_was_approved_was_committed_on_every_device(played: Played) -> None:
    with played.state.read_only_journal() as journal:
        changes = journal.changes(incident_id=INCIDENT)
        phase = journal.incident(INCIDENT).phase.value
    assert {change.state for change in changes} == {ChangeState.CONFIRMED}
    assert len(changes) == 4
    assert phase == "resolved"


@pytest.mark.slow
def test_operator_who_clicks_is_refused_and_on_record(played: Played) -> None:
    with played.state.read_only_journal() as journal:
        [line] = [line for line in journal.audit_lines() if line.action == "chat_refused"]
    assert (line.actor, line.data["rule"]) == ("U0OLGA", "not_permitted")
    assert "to olga alone: Nothing was done: olga may not approve here" in played.printed


@pytest.mark.slow
def test_report_that_is_named_names_who_approved(played: Played) -> None:
    [path] = re.findall(r"^report: (\S+)$", played.printed, re.MULTILINE)
    report = Path(path).read_text("utf-8")
    assert all(name in report for name in ("erin", "frank", "hana"))


@pytest.mark.slow
def test_cards_lose_their_buttons_and_the_server_is_gone(played: Played) -> None:
    assert played.printed.count("no buttons any more") == 4
    assert "0 refused by either" in played.printed
    [port] = re.findall(r"^HTTP +http://127\.0\.0\.1:(\d+)", played.printed, re.MULTILINE)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(port))) != 0


def test_port_that_is_taken_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = _run(tmp_path, port).exception
    assert isinstance(error, BadInput)
    assert f"port {port} (Address already in use)" in str(error)
    assert list(tmp_path.iterdir()) == []


def test_extra_that_is_missing_is_named_with_its_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "slack_bolt", None)
    error = _run(tmp_path, 0).exception
    assert isinstance(error, BadInput)
    assert "(slack_bolt): pip install 'noctua-netops[serve,slack,teams]'" in str(error)
