"""`noctua imagine`, with real networks and real files."""

import csv
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from channels.cli.imagine import print_register
from channels.planning.imagining import RegisterDocument
from channels.report.wording import significant
from tests.channels.conftest import noctua

ABILENE = "sndlib/abilene"

FEW = ("--search", "3", "--sets", "400")
"""What is looked at where a test is about something else."""


def test_what_will_break_next_is_printed_with_how_often_and_what_it_costs(tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    code, output, error = noctua(
        tmp_path, "imagine", ABILENE, "--lines", "30", "--top", "5", "--csv", str(file), *FEW
    )
    assert (code, error) == (0, "")
    assert output.startswith("sndlib/abilene: 12 nodes, 15 links; traffic peak, ")
    assert "the 5 of 30 lines that cost most" in output
    assert "30 lines hold" in output
    assert "what was not looked at costs" in output
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 30
    minutes = [float(row["slo_minutes"]) for row in rows]
    assert minutes == sorted(minutes, reverse=True)
    assert all(row["what_if"] in output for row in rows[:5])


def test_register_as_json_names_its_rates_and_plays_again(tmp_path: Path) -> None:
    """The what-if of a line breaks at the peak all that it says it does in the busiest hours."""
    rates = tmp_path / "rates.yaml"
    rates.write_text("device: {per_year: 0.5}\ndevice_hours: 2\n", encoding="utf-8")
    asked = ("imagine", ABILENE, "--rates", str(rates), "--json", *FEW)
    code, output, _ = noctua(tmp_path, *asked)
    document = json.loads(output)
    assert code == 0
    assert document["rates"]["device"]["per_year"] == 0.5
    assert noctua(tmp_path, *asked)[1] == output
    devices = [x["hours"] for x in document["lines"] if x["elements"][0].startswith("device")]
    assert devices[0] == 2.0
    what_if = document["lines"][0]["what_if"]
    _, shown, _ = noctua(tmp_path, "what-if", what_if, "--on", ABILENE, "--json")
    broken = {s["service"] for s in json.loads(shown)["services"] if s["after_in_breach"]}
    assert set(document["lines"][0]["regimes"][-1]["hit"]) <= broken


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("device: {per_year: -1}", "device.per_year"),
        ("devise: {per_year: 1}", "there may be cable_per_1000_km"),
        ("- 1", "[1] is not a mapping of keys to values"),
        ("device: {per_year: -1}\nsite_hours: long", 'site_hours: "long" is not a number'),
        ("device: {per_year: 1, shape: 1.0e-9}", "device.shape"),
        ("device_hours: true", "device_hours"),
        ("link_work: {per_year: 3000, hours: 20}", "more than the 8766 hours"),
        ("device: [", "is not YAML"),
    ],
)
def test_rates_that_are_none_are_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "rates.yaml"
    file.write_text(text, encoding="utf-8")
    code, output, error = noctua(tmp_path, "imagine", ABILENE, "--rates", str(file))
    assert (code, output) == (2, "")
    assert str(file) in error.replace("\n", "").replace("│", "").replace(" ", "")
    assert says.replace(" ", "") in error.replace("\n", "").replace("│", "").replace(" ", "")
    assert "Input" not in error, "a validator's words"


def test_rates_that_are_not_there_are_asked_for(tmp_path: Path) -> None:
    code, _, error = noctua(tmp_path, "imagine", ABILENE, "--rates", str(tmp_path / "none.yaml"))
    assert code == 2
    assert "cannot be read as rates of failure" in " ".join(error.replace("│", "").split())


@pytest.mark.parametrize("width", [80, 60])
def test_register_in_a_narrow_terminal_cuts_no_name(tmp_path: Path, width: int) -> None:
    _, output, _ = noctua(tmp_path, "imagine", ABILENE, "--lines", "5", "--json", *FEW)
    document = RegisterDocument.model_validate_json(output)
    console = Console(file=io.StringIO(), width=width)
    print_register(console, document, 5)
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    for line in document.lines:
        assert significant(line.slo_minutes) in printed
        for word in line.what_if.replace(";", " ").split():
            assert word in printed


def test_what_is_read_or_is_no_file_is_not_written_over(tmp_path: Path) -> None:
    rates = tmp_path / "rates.yaml"
    rates.write_text("device_hours: 2\n", encoding="utf-8")
    for place, says in ((str(rates), "is read for this"), ("/dev/null", "is no file")):
        asked = ("imagine", ABILENE, "--rates", str(rates), "--csv", place)
        code, output, error = noctua(tmp_path, *asked)
        assert (code, output) == (2, "")
        assert says in " ".join(error.replace("│", " ").split())
    assert rates.read_text(encoding="utf-8") == "device_hours: 2\n"


def test_what_is_left_is_of_all_that_was_looked_at(tmp_path: Path) -> None:
    asked = ("imagine", ABILENE, "--traffic", "x1.5", "--harden", "2", "--json", *FEW)
    document = json.loads(noctua(tmp_path, *asked)[1])
    total = document["covered"]["slo_minutes"]
    for change in document["hardening"]:
        assert change["slo_minutes_left"] == pytest.approx(change["share_left"] * total)


def _built(directory: Path, network: str, *asked: str) -> list[tuple[str, float]]:
    """Changes of what is built that are named, and what each costs."""
    code, output, error = noctua(directory, "imagine", network, "--json", *FEW, *asked)
    assert (code, error) == (0, "")
    return [(change["what"], change["cost"]) for change in json.loads(output)["hardening"]]


def test_weight_is_named_for_what_it_costs_and_not_once_it_is_dear(tmp_path: Path) -> None:
    asked = ("--traffic", "x1.5", "--harden", "2", "--lines", "5", "--search", "0")
    _, (weight, cost) = _built(tmp_path, ABILENE, *asked, "--weight-cost", "0.25")
    assert (weight[:18], cost) == ("set the IGP weight", 0.25)
    dear = _built(tmp_path, ABILENE, *asked, "--weight-cost", "1000")
    assert [(what[:15], cost) for what, cost in dear] == [("one more member", 1.0)] * 2


def test_second_feed_is_named_for_what_it_costs_and_not_once_it_is_dear(tmp_path: Path) -> None:
    """B and C stand at one place, which all from A to D goes through."""
    file = tmp_path / "two_at_one_place.json"
    nodes = [
        {"id": node, "longitude": longitude, "latitude": 50.0}
        for node, longitude in (("A", 5.0), ("B", 6.0), ("C", 6.0), ("D", 7.0))
    ]
    links = [
        {"source": a, "target": b, "capacity": 10e9, "dist": 100.0}
        for a, b in ("AB", "AC", "BD", "CD")
    ]
    text = json.dumps({"nodes": nodes, "links": links, "graph": {"capacity_unit": "bit/s"}})
    file.write_text(text, encoding="utf-8")
    cheap = _built(tmp_path, str(file), "--harden", "1", "--feed-cost", "0.01")
    assert cheap == [("a second feed for site B", 0.01)]
    [(dear, _)] = _built(tmp_path, str(file), "--harden", "1", "--feed-cost", "1000")
    assert "takes another way" in dear


def _ring(software: str) -> str:
    """Four devices in a ring, all of which run `software`."""
    names = ("A", "B", "C", "D")
    nodes = [
        {"id": n, "longitude": 5.0 + i, "latitude": 50.0, "software": software}
        for i, n in enumerate(names)
    ]
    links = [
        {"source": a, "target": b, "capacity": 10e9, "dist": 100.0}
        for a, b in zip(names, (*names[1:], "A"), strict=True)
    ]
    return json.dumps({"nodes": nodes, "links": links, "graph": {"capacity_unit": "bit/s"}})


def test_software_that_all_devices_run_is_a_line_with_the_rate_that_is_given(
    tmp_path: Path,
) -> None:
    file, rates = tmp_path / "ring.json", tmp_path / "rates.yaml"
    file.write_text(_ring("XR 7.5.2"), encoding="utf-8")
    rates.write_text("software: {per_year: 0.5}\nsoftware_hours: 1\n", encoding="utf-8")
    code, output, error = noctua(
        tmp_path, "imagine", str(file), "--rates", str(rates), "--json", "--lines", "1000", *FEW
    )
    assert (code, error) == (0, "")
    document = json.loads(output)
    assert [cause["name"] for cause in document["causes"]] == ["XR 7.5.2"]
    [line] = [x for x in document["lines"] if x["elements"] == ["software XR 7.5.2"]]
    assert line["what_if"] == "node A down; node B down; node C down; node D down"
    assert (line["hours"], line["per_year"]) == (pytest.approx(1.0), pytest.approx(0.5, rel=1e-3))
    file.write_text(_ring(""), encoding="utf-8")
    other = json.loads(noctua(tmp_path, "imagine", str(file), "--json", *FEW)[1])
    assert "causes" not in other


def test_software_goes_into_how_often_services_fail(tmp_path: Path) -> None:
    file = tmp_path / "ring.json"
    by_one = []
    for software in ("", "XR 7.5.2"):
        file.write_text(_ring(software), encoding="utf-8")
        document = json.loads(noctua(tmp_path, "availability", str(file), "--json")[1])
        by_one.append({s["service"]: s["by_one"] for s in document["services"]})
    without, with_it = by_one
    odds = 0.005 * 3.0 / 8766.0
    for service, share in without.items():
        assert with_it[service] == pytest.approx(share + odds / (1 + odds), rel=1e-2)


def test_person_says_which_generators_propose_days(tmp_path: Path) -> None:
    asked = ("imagine", ABILENE, "--sets", "400", "--search", "40", "--json")
    code, output, _ = noctua(tmp_path, *asked, "--generators", "causal-lm,random")
    assert code == 0
    searched = json.loads(output)["searched"]
    assert searched
    assert {one["generator"] for one in searched} <= {"causal-lm", "random"}
    code, _, error = noctua(tmp_path, *asked, "--generators", "oracle")
    assert code == 2
    assert '"oracle" is no generator; there are search, ' in error
