"""What the commands that play a scenario say of it as data."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from evals.commands import register
from evals.model_server import ModelServer, Script
from tools.journal.journal import Journal
from tools.models.settings import KeyMissing
from twin.errors import BadInput

SCENARIO = """
world:
  id: plain-name
  topology: sndlib/abilene
  starts_s: 2026-03-03T18:00:00Z
  duration_s: 1800
  traffic_scale: 1.4
truth:
  events:
    - at_s: 600
      fault: {kind: igp_weight_misconfig, node: ATLAng, link: ATLAng--HSTNng, weight: 60}
"""


def _played(folder: Path, *flags: str) -> dict[str, Any]:
    """What `noctua run --json` prints of the scenario."""
    scenario = folder / "scenario.yaml"
    scenario.write_text(SCENARIO)
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(
        app,
        ["run", str(scenario), "--json", *flags],
        obj=folder / "state",
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--approve-automatically",)], ids=["asked", "unasked"])
def test_run_as_json_tells_what_foreign_minds_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    with ModelServer(Script()) as server:
        monkeypatch.setenv("NOCTUA_MODEL", "openai:scripted")
        monkeypatch.setenv("NOCTUA_MODEL_URL", server.url)
        ((incident, charges),) = _played(tmp_path, *flags)["minds"].items()
    assert charges["calls"] == len(server.requests) > 0
    with Journal.open(tmp_path / "state" / "journal.sqlite") as journal:
        assert charges == journal.charged(incident).model_dump(mode="json")


@pytest.mark.parametrize("flags", [(), ("--approve-automatically",)], ids=["asked", "unasked"])
def test_run_with_a_model_that_is_set_wrong_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    monkeypatch.setenv("NOCTUA_MODEL", "openai:far")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(KeyMissing, match="OPENAI_API_KEY"):
        _played(tmp_path, *flags)
    assert not (tmp_path / "state").exists()


def test_run_with_a_policy_that_there_is_not_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOCTUA_POLICY", "clever")
    with pytest.raises(BadInput, match='no policy is called "clever"'):
        _played(tmp_path)
    assert not (tmp_path / "state").exists()


@pytest.mark.slow
def test_run_with_the_playbook_alone_charges_nothing(tmp_path: Path) -> None:
    document = _played(tmp_path)
    assert document["waiting"]
    assert document["minds"] == {}
