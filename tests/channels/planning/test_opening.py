"""Which network a planner means, and with which traffic."""

import json
from contextlib import closing
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from channels.networks import open_network
from channels.planning.opening import known_networks, only_network, open_planned
from graphs.state_directory import StateDirectory
from twin.errors import BadInput
from twin.sources.world import DAILY_PROFILE, WorldSpec, build_inventory

POLSKA = "sndlib/polska"


def offered(tmp_path: Path, traffic: str) -> float:
    return open_planned(StateDirectory(tmp_path), POLSKA, traffic, seed=1).provenance.offered_bps


def test_traffic_is_the_peak_an_hour_of_the_profile_or_a_multiple(tmp_path: Path) -> None:
    peak = float(build_inventory(WorldSpec(topology=POLSKA)).peak_traffic.rates_bps.sum())
    assert offered(tmp_path, "peak") == peak
    assert offered(tmp_path, "x1.3") == pytest.approx(1.3 * peak)
    assert offered(tmp_path, "18:00") == pytest.approx(DAILY_PROFILE.hourly[18] * peak)
    assert offered(tmp_path, "04:00 x2") == pytest.approx(2 * DAILY_PROFILE.hourly[4] * peak)
    assert offered(tmp_path, "×2 4:00") == pytest.approx(offered(tmp_path, "04:00 x2"))


def test_provenance_says_what_was_asked_about(tmp_path: Path) -> None:
    run = open_planned(StateDirectory(tmp_path), POLSKA, "18:00 x1.3", seed=7).provenance
    assert (run.topology, run.nodes, run.links, run.seed) == (POLSKA, 12, 18, 7)
    assert run.traffic == "18:00 UTC (90% of peak) ×1.3"
    assert (
        open_planned(StateDirectory(tmp_path), POLSKA, "x2", seed=7).provenance.traffic == "peak ×2"
    )
    assert run.code


def test_traffic_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "evening.csv"
    file.write_text("source,target,bps\nWarsaw,Gdansk,5e9\n", encoding="utf-8")
    planned = open_planned(StateDirectory(tmp_path), POLSKA, str(file), seed=1)
    assert planned.provenance.offered_bps == pytest.approx(5e9)
    assert planned.provenance.traffic == str(file)


@pytest.mark.parametrize(
    "words",
    ["", "soon", "peak peak", "peak 18:00", "25:00", "x0", "x-1", "x1001", f"x{'9' * 400}"],
)
def test_traffic_that_means_nothing_is_refused(tmp_path: Path, words: str) -> None:
    with pytest.raises(BadInput, match="traffic"):
        offered(tmp_path, words)


def test_network_in_a_file_is_the_network_by_its_name(tmp_path: Path) -> None:
    graph: nx.Graph[int] = nx.Graph(demands={})
    for node, place in enumerate([[0, 50], [1, 50], [1, 51], [0, 51]]):
        graph.add_node(node, name=f"N{node}", pos=place)
    graph.add_edges_from([(0, 1), (1, 2), (2, 3), (3, 0)])
    file = tmp_path / "ring.json"
    file.write_text(json.dumps(nx.node_link_data(graph, edges="edges")), encoding="utf-8")
    planned = open_planned(StateDirectory(tmp_path), str(file), "peak", seed=1)
    assert planned.provenance.links == 4
    assert planned.provenance.topology == str(file)


def test_name_that_nothing_has_is_answered_with_near_ones(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"not a topohub name, not a file.*did you mean sndlib/pol"):
        open_planned(StateDirectory(tmp_path), "sndlib/polsak", "peak", seed=1)


def test_name_that_no_file_can_have_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a file"):
        open_planned(StateDirectory(tmp_path), "long" * 1000, "peak", seed=1)


def test_state_directory_without_a_network_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--on"):
        only_network(StateDirectory(tmp_path))


@pytest.mark.slow
def test_watched_network_is_taken_as_its_watch_last_saw_it(state: Path) -> None:
    assert known_networks(StateDirectory(state)) == ("live",)
    assert only_network(StateDirectory(state)) == "live"
    # Also while somebody else has the network.
    with closing(open_network(StateDirectory(state), "live")[0]):
        planned = open_planned(StateDirectory(state), "live", "peak", seed=1)
    # The weight that the case changes by mistake.
    assert planned.state.running.device("Fulda").interface("Fulda--Kassel").igp_weight == 1
    tracked = np.array(json.loads((state / "trackers" / "live.json").read_text())["peak_bps"])
    assert planned.state.traffic.rates_bps == pytest.approx(tracked)
    assert planned.provenance.seed is None
    assert planned.provenance.topology == "live (sndlib/germany50, as last watched)"


def test_what_a_watch_wrote_and_nobody_can_read_is_named(state: Path) -> None:
    (state / "trackers" / "live.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadInput, match=r"live\.json"):
        open_planned(StateDirectory(state), "live", "peak", seed=1)
