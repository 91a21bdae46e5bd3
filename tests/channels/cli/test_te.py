"""`noctua te`, with real networks: what it says, writes and refuses."""

import csv
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from channels.cli.te import print_weights
from channels.planning.engineering import EngineeringDocument, WeightPlanDocument
from tests.channels.conftest import noctua

ATLANTA = "sndlib/atlanta"
FEW = ("--budget", "4000")


def test_the_plan_is_told_drawn_and_checked_by_what_if(tmp_path: Path) -> None:
    plan, drawing = tmp_path / "plan.txt", tmp_path / "weights.svg"
    code, output, error = noctua(
        tmp_path, "te", ATLANTA, *FEW, "--out", str(plan), "--curve", str(drawing)
    )
    assert (code, error) == (0, "")
    assert "highest utilisation 50.0% with the weights as configured" in output
    assert "with free splits, which nothing beats" in output
    assert "by the number of weights that are changed" in output
    assert f'what-if "$(cat {plan})" --on {ATLANTA} --traffic peak' in output
    assert "free splits, which no weights beat" in drawing.read_text(encoding="utf-8")
    _, found, _ = noctua(tmp_path, "te", ATLANTA, *FEW, "--json")
    last = EngineeringDocument.model_validate_json(found).engineered.plans[-1]
    assert last.changes
    _, checked, _ = noctua(
        tmp_path, "what-if", plan.read_text(encoding="utf-8"), "--on", ATLANTA, "--json"
    )
    after = json.loads(checked)["after"]["max_utilisation"]
    assert after == pytest.approx(last.max_utilisation, rel=1e-9)


def test_a_plan_of_few_changes_is_written_as_csv_and_json(tmp_path: Path) -> None:
    table, document = tmp_path / "plan.csv", tmp_path / "plan.json"
    for path in (table, document):
        noctua(tmp_path, "te", ATLANTA, *FEW, "--changes", "2", "--out", str(path))
    written = WeightPlanDocument.model_validate_json(document.read_text(encoding="utf-8"))
    assert written.plan.at_most == 2
    assert 1 <= len(written.actions) <= 2
    assert len(written.way_back) == len(written.actions)
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["node"], row["link"], int(row["after"])) for row in rows] == [
        (action.node, action.link, action.weight) for action in written.actions
    ]
    assert rows[0]["topology"] == ATLANTA


def test_several_matrices_are_told_apart(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("source,target,bps\nN1,N13,9e10\n", encoding="utf-8")
    code, output, error = noctua(
        tmp_path, "te", ATLANTA, *FEW, "--traffic", "peak", "--traffic", str(other)
    )
    assert (code, error) == (0, "")
    assert "highest utilisation with each matrix" in output
    assert "other.csv" in output


@pytest.mark.parametrize("width", [80, 60])
def test_plans_in_a_narrow_terminal_cut_no_figure(tmp_path: Path, width: int) -> None:
    _, output, _ = noctua(tmp_path, "te", ATLANTA, *FEW, "--json")
    document = EngineeringDocument.model_validate_json(output)
    console = Console(file=io.StringIO(), width=width)
    print_weights(console, document, document.engineered.plans[-1], top=3)
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    for plan in document.engineered.plans:
        assert f"{plan.max_utilisation:.1%}" in printed


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("sndlib/atlantis",), "did you mean sndlib/atlanta"),
        ((ATLANTA, "--out", "plan.xlsx"), "a plan is .txt"),
        ((ATLANTA, "--curve", "weights.gif"), "a drawing is .svg, .png, .pdf"),
        ((ATLANTA, "--traffic", "tomorrow"), '"tomorrow" is no file, and not peak'),
        ((ATLANTA, *("--traffic", "x1") * 25), "25 matrices; at most 24"),
        ((ATLANTA, "--seconds", "0"), "--seconds"),
        ((ATLANTA, "--changes", "0"), "--changes"),
        ((ATLANTA, "--budget", "0"), "--budget"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, asked: tuple[str, ...], says: str) -> None:
    code, output, error = noctua(tmp_path, "te", *asked)
    assert code == 2
    assert output == ""
    assert says in " ".join(error.replace("│", " ").split())


def test_the_traffic_is_not_written_over(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("source,target,bps\nN1,N13,9e10\n", encoding="utf-8")
    code, _, error = noctua(tmp_path, "te", ATLANTA, "--traffic", str(other), "--out", str(other))
    assert code == 2
    assert "would be lost" in error
    assert other.read_text(encoding="utf-8").startswith("source")
