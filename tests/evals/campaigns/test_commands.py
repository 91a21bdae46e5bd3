"""What the commands do with a campaign's files; and the page about campaigns can be followed."""

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from evals.campaigns.results import BEGIN, END
from evals.commands import register
from twin.errors import BadInput

PAGE = Path(__file__).resolve().parents[3] / "docs" / "campaigns.md"

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

SPEC = "cases: []\narms: [nothing]\nseeds: 1\nmismatch: 0\n"


def _noctua(state: Path, *arguments: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, arguments, obj=state, catch_exceptions=False)


@pytest.mark.slow
def test_results_go_into_a_page_only_when_it_is_named(tmp_path: Path) -> None:
    (scenario := tmp_path / "scenario.yaml").write_text(SCENARIO, "utf-8")
    (spec := tmp_path / "mine.yaml").write_text(SPEC, "utf-8")
    (page := tmp_path / "page.md").write_text(f"above\n{BEGIN}\nold\n{END}\nbelow\n", "utf-8")
    readme = PAGE.parents[1] / "README.md"
    before = readme.read_bytes()
    played = _noctua(tmp_path, "results", "--spec", str(spec), "--only", str(scenario))
    assert played.exit_code == 0
    assert readme.read_bytes() == before
    (records,) = (tmp_path / "campaigns").glob("*.jsonl")
    assert records.read_text("utf-8").count("\n") == 1
    assert f"| {scenario} |" in played.stdout

    given = ("results", "--table-only", str(records), "--into", str(page))
    assert _noctua(tmp_path, *given).stdout == played.stdout
    text = page.read_text("utf-8")
    assert played.stdout.strip() in text
    assert "old" not in text
    with pytest.raises(BadInput, match="cannot be read as the page for the table"):
        _noctua(tmp_path, *given, "--into", str(tmp_path / "none.md"))


@pytest.mark.slow
def test_page_about_campaigns_shows_one_that_can_be_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PAGE.read_text("utf-8")
    (folder := tmp_path / "playroom").mkdir()
    for language, name in (("python", "dice.py"), ("yaml", "dice.yaml")):
        (block,) = re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
        (folder / name).write_text(block, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    out = tmp_path / "records.jsonl"
    given = ("campaign", "playroom.dice", "--seeds", "3", "--out", str(out))
    first = _noctua(tmp_path, *given, "--slice", "1/2")
    assert first.exit_code == 0
    assert " of 6 (" in first.stdout
    whole = _noctua(tmp_path, *given)
    assert " sixes of 12 (" in whole.stdout
    again = _noctua(tmp_path, "campaign", "playroom.dice", "--table-only", str(out))
    assert again.stdout == whole.stdout


def test_file_without_a_record_makes_no_table(tmp_path: Path) -> None:
    (empty := tmp_path / "empty.jsonl").touch()
    with pytest.raises(BadInput, match="there is no record of the campaign healthy"):
        _noctua(tmp_path, "healthy", "--table-only", str(empty))
