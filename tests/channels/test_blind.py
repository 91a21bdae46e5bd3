"""A network that is not read is called healthy by nobody, in any channel."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from channels import verbs
from channels.cli.app import app
from channels.cli.doctor.command import examine
from evals.altered_network import Alter
from graphs.state_directory import StateDirectory
from tests.graphs.stagehand import EVENING_S, WESTERN_LINK, case, operating
from tools.journal.records import IncidentRecord
from twin.nouns.telemetry import Telemetry

FROM_S, UNTIL_S = EVENING_S + 900.0, EVENING_S + 1800.0
QUESTION = "Is the network healthy?"


def _silent(from_s: float, until_s: float) -> Alter:
    """The collector returns nothing between the two, without an error."""

    def alter(records: Sequence[Telemetry], now_s: float) -> Sequence[Telemetry]:
        return () if from_s <= now_s < until_s else records

    return alter


def _said(folder: Path) -> dict[str, str]:
    """What every channel says of the network."""
    state = str(folder)
    runner = CliRunner(env={"COLUMNS": "400"})
    return {
        command: " ".join(runner.invoke(app, ["--state", state, *command.split()]).output.split())
        for command in ("handover", "drift", "doctor")
    } | {"ask": verbs.ask(StateDirectory(folder), QUESTION).text}


@pytest.mark.slow
def test_collector_that_returns_nothing_is_said_everywhere_with_its_age(tmp_path: Path) -> None:
    """A link fails meanwhile, and nobody claims to know."""
    with operating(
        tmp_path, case((1200.0, WESTERN_LINK)), alter=_silent(FROM_S, EVENING_S + 7200.0)
    ) as op:
        op.workplace.watch.run(FROM_S)
        assert verbs.ask(StateDirectory(tmp_path), QUESTION).text.startswith("All is well")
        op.workplace.watch.run(FROM_S + 120.0)
        soon = verbs.ask(StateDirectory(tmp_path), QUESTION).text
        assert "All is well" not in soon
        op.workplace.watch.run(FROM_S + 2700.0)
        for channel, said in _said(tmp_path).items():
            assert "no telemetry since 2026-03-03 18:14" in said, channel
            assert "45 min" in said, channel
            assert "All is well" not in said, channel
        reply = verbs.ask(StateDirectory(tmp_path), QUESTION)
        assert "unknown" in reply.text
        assert reply.citations[0].result["data_age_s"] == pytest.approx(2726.0, abs=60.0)
        links = verbs.ask(StateDirectory(tmp_path), "Is any link down?").text
        assert "That is unknown now." in links
        checks = examine(StateDirectory(tmp_path), op.clock.now_s())
        assert [c.state for c in checks if c.name == "read of live"] == ["warning"]
        network = verbs.networks(StateDirectory(tmp_path))[0]
        assert network.health.verdict == "unknown"
        assert network.health.unread_since_s == pytest.approx(FROM_S, abs=60.0)
        assert op.journal.incidents() == ()


@pytest.mark.slow
@pytest.mark.parametrize("restart", [False, True])
def test_gap_invents_nothing_and_hides_nothing_once_it_is_over(
    tmp_path: Path, *, restart: bool
) -> None:
    """A link fails while nothing is read; it is found as soon as something is."""
    alter = _silent(FROM_S, UNTIL_S)
    with operating(tmp_path, case((1200.0, WESTERN_LINK)), alter=alter) as op:
        op.workplace.watch.run(EVENING_S + 1260.0 if restart else UNTIL_S + 300.0)
        if not restart:
            _is_found(op.journal.incidents(), op.clock.now_s())
            return
        assert op.journal.incidents() == ()
    with operating(tmp_path, None, alter=alter) as op:
        assert verbs.networks(StateDirectory(tmp_path))[0].health.verdict == "unknown"
        op.workplace.watch.run(UNTIL_S + 300.0)
        _is_found(op.journal.incidents(), op.clock.now_s())


@pytest.mark.slow
def test_gap_in_a_healthy_hour_opens_no_incident(tmp_path: Path) -> None:
    with operating(tmp_path, case(), alter=_silent(FROM_S, FROM_S + 600.0)) as op:
        op.workplace.watch.run(EVENING_S + 3000.0)
        assert op.journal.incidents() == ()
        assert verbs.ask(StateDirectory(tmp_path), QUESTION).text.startswith("All is well")


def _is_found(records: Sequence[IncidentRecord], now_s: float) -> None:
    assert [r.incident.symptoms[0].resource for r in records] == [WESTERN_LINK.link]
    assert records[0].opened_s <= UNTIL_S + 120.0 <= now_s
