"""`noctua grow` and `noctua disjoint`, with real networks."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from channels.cli.grow import growth_per_year, print_growth
from channels.planning.growing import GrowthDocument
from tests.channels.conftest import noctua
from twin.errors import BadInput

POLSKA = "sndlib/polska"


def test_growth_says_which_link_is_full_when_and_what_an_upgrade_buys(tmp_path: Path) -> None:
    drawing = tmp_path / "growth.svg"
    code, output, error = noctua(
        tmp_path, "grow", "--on", POLSKA, "--per-year", "30%", "--failures", "--curve", str(drawing)
    )
    assert (code, error) == (0, "")
    assert "with 30 % more each year, " in output
    assert "the links that are full first (10 of 18); years from now" in output
    assert "one member more each time a link is full" in output
    assert f"written: {drawing}" in output
    assert "with 30 % more traffic each year" in drawing.read_text(encoding="utf-8")
    assert "after the worst failure" in drawing.read_text(encoding="utf-8")


def test_growth_as_json_names_its_run(tmp_path: Path) -> None:
    code, output, _ = noctua(
        tmp_path, "grow", "--on", POLSKA, "--per-year", "30 %", "--years", "3", "--json"
    )
    document = json.loads(output)
    assert code == 0
    assert document["run"]["topology"] == POLSKA
    times = [link["full_in_years"]["expected"] for link in document["growth"]["links"]]
    assert times == sorted(times)
    assert all(upgrade["in_years"] <= 3 for upgrade in document["growth"]["upgrades"])


@pytest.mark.parametrize("width", [80, 60])
def test_growth_in_a_narrow_terminal_cuts_no_link_and_no_figure(tmp_path: Path, width: int) -> None:
    _, output, _ = noctua(
        tmp_path, "grow", "--on", POLSKA, "--per-year", "30%", "--failures", "--json"
    )
    document = GrowthDocument.model_validate_json(output)
    console = Console(file=io.StringIO(), width=width)
    print_growth(console, document, top=5)
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    for link in document.growth.links[:5]:
        [line] = [x for x in printed.splitlines() if x.startswith(link.link)][:1]
        years = link.full_in_years.expected
        assert years is not None
        assert f" {years:.1f} " in line
        assert max(map(len, [line])) <= width


@pytest.mark.parametrize(("text", "share"), [("30%", 0.3), ("30 %", 0.3), ("2.5%", 0.025)])
def test_growth_is_read_in_per_cent(text: str, share: float) -> None:
    assert growth_per_year(text) == pytest.approx(share)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("30", "did you mean 30%?"),
        ("0.3", "did you mean 30%?"),
        ("0%", "expected more than 0%"),
        ("fast", "is no growth; expected per cent, as in 30%"),
        ("100000%", "at most 1000%"),
    ],
)
def test_growth_without_its_unit_is_asked_about(text: str, says: str) -> None:
    with pytest.raises(BadInput) as raised:
        growth_per_year(text)
    assert says in str(raised.value)


def test_disjoint_paths_are_shown_for_links_nodes_and_ducts(tmp_path: Path) -> None:
    code, output, error = noctua(tmp_path, "disjoint", "gdansk", "Krakow", "--on", POLSKA)
    assert (code, error) == (0, "")
    lines = output.splitlines()
    assert lines[0] == "two paths from Gdansk to Krakow"
    shown = [line.strip().split("  ")[0] for line in lines]
    assert [s for s in shown if s.startswith("no link")] == [
        "no link",
        "no link and no node",
        "no link, node or duct",
    ]
    document = json.loads(
        noctua(tmp_path, "disjoint", "gdansk", "Krakow", "--on", POLSKA, "--json")[1]
    )
    assert [pair["apart"] for pair in document["pairs"]] == ["links", "nodes", "ducts"]
    one, two = document["pairs"][1]["paths"]
    assert set(one["nodes"]) & set(two["nodes"]) == {"Gdansk", "Krakow"}


def test_unknown_end_of_disjoint_paths_is_named(tmp_path: Path) -> None:
    code, output, error = noctua(tmp_path, "disjoint", "Gdask", "Krakow", "--on", POLSKA)
    assert (code, output) == (2, "")
    assert 'did you mean "Gdansk"?' in error
