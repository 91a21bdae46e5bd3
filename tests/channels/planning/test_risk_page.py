"""The register as a page: what is drawn is what the lines say, and names are no markup."""

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from agents.loop.minds import Minds
from channels.planning.hardening_curve import plot_hardening
from channels.planning.imagining import RegisterDocument, imagined, unwatched
from channels.planning.opening import Planned, open_planned
from channels.planning.risk_page import link_costs, write_page
from graphs.foresight_study import RegisterRequest
from graphs.state_directory import StateDirectory
from tests.channels.conftest import noctua
from tests.graphs.model_stand import OWN
from twin.nouns.risk import Hardening

HALVED = (
    Hardening(what="one", cost=2.0, spent=2.0, slo_minutes_left=50.0, share_left=0.5),
    Hardening(what="two", cost=3.0, spent=5.0, slo_minutes_left=25.0, share_left=0.25),
)


def _made(folder: Path, name: str) -> tuple[Planned, RegisterDocument]:
    planned = open_planned(StateDirectory(folder), name, "peak", 1)
    request = RegisterRequest(lines=15, most=400, harden=1)
    start = unwatched(planned, request)
    return planned, imagined(planned, start, Minds((OWN,)), lambda _done, _total: None)


def test_page_holds_every_line_and_needs_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "register.html"
    code, output, _ = noctua(
        tmp_path, "imagine", "sndlib/abilene", "--lines", "15", "--html", str(page)
    )
    assert (code, f"written: {page}" in " ".join(output.split())) == (0, True)
    text = page.read_text("utf-8")
    rows = re.findall(r"<tr><td class=\"n\">(\d+)</td>", text)
    assert rows == [str(i) for i in range(1, 16)]
    assert text.count("<svg") >= 2
    assert text.count("<td>search</td>") == 5, "the worst days that were found beside the lines"
    assert "link DNVRng--KSCYng down" in text
    # As many numbers on the map as in the chart: the first twelve, though some begin alike.
    drawn = [re.findall(r">([\d, ]+)</text>", part) for part in text.split("<svg")[1:]]
    numbers = [{n for mark in part for n in mark.split(", ")} for part in drawn]
    assert {str(i) for i in range(1, 13)} <= numbers[0]
    assert not re.search(r"(?:src|href)=\"(?!#)", text)
    assert not re.search(r"https?:", text)


def test_same_register_gives_the_same_bytes(tmp_path: Path) -> None:
    planned, document = _made(tmp_path, "sndlib/abilene")
    pages = [tmp_path / name for name in ("one.html", "two.html")]
    for page in pages:
        write_page(page, planned.state.topology, document)
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_links_bear_what_the_lines_cost_in_which_they_are_down(tmp_path: Path) -> None:
    planned, document = _made(tmp_path, "sndlib/abilene")
    topology, lines = planned.state.topology, document.lines
    shares = link_costs(topology, lines)
    total = sum(line.slo_minutes for line in lines)
    for link, share in zip(topology.links, shares, strict=True):
        ends = {f"device {link.a}", f"device {link.b}", f"link {link.id}"}
        mine = sum(line.slo_minutes for line in lines if ends & set(line.elements))
        assert share == pytest.approx(mine / total)


def test_curve_steps_down_with_each_change_on_the_page_and_as_a_file(tmp_path: Path) -> None:
    page, file = tmp_path / "register.html", tmp_path / "curve.svg"
    asked = ("imagine", "sndlib/abilene", "--search", "0", "--sets", "200", "--harden", "2")
    code, output, error = noctua(tmp_path, *asked, "--html", str(page), "--curve", str(file))
    assert (code, error) == (0, "")
    assert f"written: {file}" in " ".join(output.split())
    section = page.read_text("utf-8").split('id="hardening"')[1]
    drawn = section.split("</svg>")[0]
    picked = re.findall(r"<tr><td class=\"n\">(\d)</td><td>([^<]*)</td>", section)
    assert [number for number, _ in picked] == ["1", "2"]
    for number, what in picked:
        assert f">{number}</text>" in drawn
        assert f"{number}. {what}" in file.read_text("utf-8")
    axis = Figure().subplots()
    plot_hardening(axis, 100.0, HALVED, "black")
    steps = np.column_stack(axis.lines[1].get_data())
    assert steps.tolist() == [[0.0, 100.0], [2.0, 50.0], [5.0, 25.0]]


def test_curve_without_changes_or_as_no_drawing_is_refused(tmp_path: Path) -> None:
    for asked, says in (
        (("--curve", "curve.svg"), "--harden 5"),
        (("--harden", "1", "--curve", "curve.doc"), "a drawing is .svg, .png, .pdf"),
    ):
        code, _, error = noctua(tmp_path, "imagine", "sndlib/abilene", *asked)
        assert code == 2
        assert says in " ".join(error.replace("│", " ").split())


def test_names_of_a_network_are_no_markup(tmp_path: Path) -> None:
    names = ("<script>x</script>", "B&B", "C")
    edges = [(names[0], names[1]), (names[1], names[2]), (names[2], names[0])]
    file = tmp_path / "odd.csv"
    file.write_text("a,b\n" + "".join(f"{a},{b}\n" for a, b in edges), encoding="utf-8")
    page = tmp_path / "odd.html"
    code, _, error = noctua(tmp_path, "imagine", str(file), "--html", str(page))
    assert (code, error) == (0, "")
    text = page.read_text("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_page_over_the_network_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "two.csv"
    file.write_text("a,b\nOslo,Bergen\n", encoding="utf-8")
    code, _, error = noctua(tmp_path, "imagine", str(file), "--html", str(file))
    assert code == 2
    assert error
    assert file.read_text("utf-8").startswith("a,b")
