"""`noctua sweep`, with real networks and real files."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from channels.cli.sweep import print_sweep
from channels.planning.opening import open_planned
from channels.planning.rows import swept
from channels.report.wording import rate
from graphs.state_directory import StateDirectory
from tests.channels.conftest import noctua
from twin.whatif.survey import survey

POLSKA = "sndlib/polska"


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_worst_failures_are_printed_with_the_run_and_the_state_without_failures(
    tmp_path: Path,
) -> None:
    code, output, error = noctua(tmp_path, "sweep", POLSKA, "--traffic", "x2", "--top", "3")
    assert (code, error) == (0, "")
    assert output.startswith("sndlib/polska: 12 nodes, 18 links; traffic peak ×2, ")
    assert "without any failure: no path 0 bit/s" in output
    assert "the worst 3 of 18 scenarios" in output
    planned = open_planned(StateDirectory(tmp_path), POLSKA, "x2", seed=1)
    found = survey(planned.twin, planned.state, "1")
    for s in found.ranking()[:3].tolist():
        assert f"link {planned.state.topology.links[s].id} down" in output


@pytest.mark.slow
def test_sweep_in_80_columns_cuts_no_link_and_no_figure(tmp_path: Path) -> None:
    planned = open_planned(StateDirectory(tmp_path), POLSKA, "x2", seed=1)
    found = survey(planned.twin, planned.state, "2")
    console = Console(file=io.StringIO(), width=80)
    document = swept(planned, found, by="traffic", top=3).document
    print_sweep(console, document)
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    for row in document.ranking:
        for word in (
            *row.what_if.replace(";", " ").split(),
            f"{row.max_utilisation:.1%}",
            rate(row.no_path_bps),
        ):
            assert f" {word} " in printed.replace("\n", " ").replace(";", " "), word


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "scenarios"), [("1", 18), ("2", 153), ("node", 12), ("srlg", 4)])
def test_every_depth_fills_a_folder(tmp_path: Path, depth: str, scenarios: int) -> None:
    out = tmp_path / "out"
    parquet = tmp_path / "all.parquet"
    code, output, _ = noctua(
        tmp_path, "sweep", POLSKA, "--depth", depth, "--traffic", "x1.6", "--services",
        "--by", "services", "--out", str(out), "--parquet", str(parquet),
    )  # fmt: skip
    assert code == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "curve.svg",
        "map.svg",
        "ranking.csv",
        "sweep.json",
    ]
    for path in out.iterdir():
        assert f"written: {path}" in output
    rows = rows_of(out / "ranking.csv")
    assert [int(row["rank"]) for row in rows] == list(range(1, scenarios + 1))
    breaches = [int(row["services_in_breach"]) for row in rows]
    assert breaches == sorted(breaches, reverse=True)
    assert {(row["topology"], row["traffic"]) for row in rows} == {(POLSKA, "peak ×1.6")}
    columns = pq.read_table(parquet).to_pydict()
    assert columns["what_if"] == [row["what_if"] for row in rows]
    assert columns["lost_bps"] == [float(row["lost_bps"]) for row in rows]
    document = json.loads((out / "sweep.json").read_text(encoding="utf-8"))
    assert [row["what_if"] for row in document["ranking"]] == columns["what_if"][:10]
    assert [s["depth"] for s in document["spreads"]] == (["1", "2"] if depth == "2" else [depth])
    assert document["attrition"][0]["worst"] == document["reference"]["served_share"]
    for row in document["attrition"]:
        assert row["worst"] <= row["random_p05"] <= row["random_p95"] <= 1.0
        assert row["exact"] or row["failures"] > 2
    for drawing in ("map.svg", "curve.svg"):
        words = "".join(ET.parse(out / drawing).getroot().itertext())
        assert f"traffic: peak ×1.6, {rate(document['run']['offered_bps'])}" in words


def test_same_sweep_draws_the_same_bytes(tmp_path: Path) -> None:
    drawn = []
    for name in ("one.svg", "two.svg"):
        file = tmp_path / name
        assert noctua(tmp_path, "sweep", POLSKA, "--map", str(file), "--depth", "2")[0] == 0
        drawn.append(file.read_bytes())
    assert drawn[0] == drawn[1]


def test_json_holds_as_many_of_the_worst_as_are_asked_for(tmp_path: Path) -> None:
    code, output, _ = noctua(tmp_path, "sweep", POLSKA, "--json", "--top", "4")
    document = json.loads(output)
    assert code == 0
    assert [row["rank"] for row in document["ranking"]] == [1, 2, 3, 4]
    assert document["reference"]["what_if"] == "nothing"
    assert document["scenarios"] == 18


def test_scenario_of_the_table_can_be_asked_as_a_what_if(tmp_path: Path) -> None:
    arguments = ("--traffic", "x2", "--json")
    swept = json.loads(noctua(tmp_path, "sweep", POLSKA, "--depth", "2", *arguments)[1])
    worst = swept["ranking"][0]
    asked = json.loads(noctua(tmp_path, "what-if", worst["what_if"], "--on", POLSKA, *arguments)[1])
    assert asked["after"]["lost_bps"] == pytest.approx(worst["lost_bps"], rel=1e-9)
    assert asked["after"]["no_path_bps"] == pytest.approx(worst["no_path_bps"], abs=1.0)
    assert asked["after"]["max_utilisation"] == pytest.approx(worst["max_utilisation"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("sndlib/polsak",), "did you mean sndlib/polska"),
        ((POLSKA, "--map", "map.txt"), 'a drawing is .svg, .png, .pdf, not ".txt"'),
        ((POLSKA, "--by", "services"), "(--services)"),
        ((POLSKA, "--traffic", "soon"), '"soon" is no file'),
        ((POLSKA, "--csv", ""), "is a folder"),
        ((POLSKA, "--map", "same.svg", "--curve", "same.svg"), "same.svg is named twice"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_written(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    code, output, error = noctua(tmp_path, "sweep", *arguments, "--out", str(tmp_path / "out"))
    assert (code, output) == (2, "")
    assert says in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_place_that_cannot_be_written_is_found_before_the_network_is_opened(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    code, _, error = noctua(tmp_path, "sweep", "nowhere", "--out", str(tmp_path / "taken" / "out"))
    assert code == 2
    assert "nothing can be put into" in error


@pytest.mark.parametrize(
    "argument", [("--limit", "inf"), ("--threads", "99999999999999999999"), ("--limit", "nan")]
)
def test_number_that_is_out_of_range_is_refused(tmp_path: Path, argument: tuple[str, str]) -> None:
    code, output, error = noctua(tmp_path, "sweep", POLSKA, *argument)
    assert (code, output) == (2, "")
    assert argument[0] in error
