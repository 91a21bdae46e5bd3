"""`noctua worst-days`: days in words that are read back, and what they cost."""

import json
import re
from contextlib import closing
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from channels.cli.worst_days import worst_days
from evals.stage import stage
from graphs.state_directory import StateDirectory
from tests.channels.conftest import noctua
from tests.graphs.stagehand import case
from tools.graph_store.embedded import EmbeddedGraph
from twin.imagination.generators.shipped import GENERATORS
from twin.imagination.scenario_text import read_scenario
from twin.knowledge.past import PastIncident
from twin.sources.world import WorldSpec, build_inventory


def test_worst_days_are_told_in_words_that_are_read_back(tmp_path: Path) -> None:
    code, output, _ = noctua(
        tmp_path, "worst-days", "sndlib/abilene", "--budget", "25", "--generator", "random",
        "--json",
    )  # fmt: skip
    document = json.loads(output)
    assert (code, document["looked_at"], document["generator"]) == (0, 25, "random")
    topology = build_inventory(WorldSpec(topology="sndlib/abilene")).topology
    for line in document["lines"]:
        assert read_scenario(line["scenario"], topology).adversary == line["wanted"]
        assert line["slo_minutes"] >= line["slo_minutes_left"] >= 0.0
        assert line["wanted"] is None or line["per_year"] is None
        assert line["hit"]
    left = [line["slo_minutes_left"] for line in document["lines"]]
    assert left == sorted(left, reverse=True)


def test_what_can_be_enumerated_is_told_with_how_often(tmp_path: Path) -> None:
    code, output, _ = noctua(
        tmp_path, "worst-days", "sndlib/abilene", "--budget", "28", "--generator", "enumerate"
    )
    assert code == 0
    assert "the worst 10 days that were found of 28" in output
    assert "years" in output
    assert "not known" not in output
    assert "proposed by enumerate" in output


def test_replay_without_a_past_says_so(tmp_path: Path) -> None:
    code, output, _ = noctua(tmp_path, "worst-days", "sndlib/abilene", "--generator", "replay")
    assert code == 0
    assert "replay has nothing to say: no past incident is on record" in output


def test_replay_begins_with_what_the_graph_remembers(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    stage(case(), 1, state.network_file("live"), "live").close()
    state.made_journal().close()
    past = PastIncident(
        id="old-1", title="", opened_s=3 * 3600.0, symptoms=(), cause="device_down@WASHng",
        remedy="", worked=True, decided=True,
    )  # fmt: skip
    with closing(EmbeddedGraph.open(state.knowledge_file("live"))) as graph:
        graph.remember_incident(past)
    code, output, _ = noctua(
        tmp_path, "worst-days", "live", "--generator", "replay", "--budget", "1", "--json"
    )
    [line] = json.loads(output)["lines"]
    assert (code, line["scenario"]) == (0, "at 03:00: node WASHng down for 4 h")
    assert line["per_year"] > 0.0


def test_what_several_devices_share_strikes_as_one_with_its_own_rate(tmp_path: Path) -> None:
    """All four devices run one version, which is on record of a file, as for the register."""
    file = tmp_path / "ring.json"
    names = ("A", "B", "C", "D")
    nodes = [
        {"id": name, "longitude": 5.0 + i, "latitude": 50.0, "software": "XR 7.5.2"}
        for i, name in enumerate(names)
    ]
    links = [
        {"source": a, "target": b, "capacity": 10e9, "dist": 100.0}
        for a, b in zip(names, (*names[1:], "A"), strict=True)
    ]
    text = json.dumps({"nodes": nodes, "links": links, "graph": {"capacity_unit": "bit/s"}})
    file.write_text(text, encoding="utf-8")
    code, output, _ = noctua(
        tmp_path, "worst-days", str(file), "--generator", "enumerate", "--budget", "60",
        "--top", "20", "--json",
    )  # fmt: skip
    shared = [
        line for line in json.loads(output)["lines"] if line["scenario"].count("down together")
    ]
    assert code == 0
    assert shared[0]["per_year"] == pytest.approx(0.005 / 24)


def test_page_names_the_generators_that_the_command_offers() -> None:
    """`llm` needs somebody who has said what to look at, and this command asks nobody."""
    page = (Path(__file__).parents[3] / "docs/foresight.md").read_text(encoding="utf-8")
    [table] = re.findall(r"\| generator \| proposes \|\n\|[-|]+\n((?:\|.*\n)+)", page)
    named = re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)
    choice = get_type_hints(worst_days, include_extras=True)["generator"]
    offered = get_args(get_args(choice)[0])
    assert sorted(named) == sorted(offered)
    assert {*offered, "llm"} == set(GENERATORS)


def test_what_is_of_all_hours_is_of_no_single_one(tmp_path: Path) -> None:
    code, _, error = noctua(tmp_path, "worst-days", "sndlib/abilene", "--traffic", "03:00")
    assert (code, "this is over all hours of the day" in error) == (2, True)
