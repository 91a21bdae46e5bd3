"""Two paths that share nothing: by hand, and against trying all pairs of simple paths."""

from itertools import combinations, combinations_with_replacement

import networkx as nx
import numpy as np
import pytest

from twin.errors import BadInput, UnknownNode
from twin.nouns.configuration import default_configuration
from twin.nouns.state import NetworkState
from twin.nouns.topology import Link, Node, SharedRiskGroup, Site, Topology
from twin.nouns.traffic import TrafficMatrix
from twin.whatif.disjoint import Apart, disjoint_paths


def network(
    links: tuple[tuple[str, str, int], ...], ducts: tuple[tuple[int, ...], ...] = ()
) -> NetworkState:
    """Links as (a, b, weight), named L0, L1, ...; `ducts`: which of them lie together."""
    nodes = tuple(sorted({end for a, b, _ in links for end in (a, b)}))
    topology = Topology(
        name="small",
        sites=tuple(Site(id=n, longitude=0.0, latitude=0.0) for n in nodes),
        nodes=tuple(Node(id=n, site=n) for n in nodes),
        links=tuple(
            Link(
                id=f"L{i}", a=a, b=b, capacity_bps=1e9, members=1, length_km=1.0, propagation_s=1e-5
            )
            for i, (a, b, _) in enumerate(links)
        ),
        shared_risk_groups=tuple(
            SharedRiskGroup(
                id=f"duct{k}",
                kind="duct",
                place=nodes[0],
                links=tuple(f"L{i}" for i in duct),
                shared_km=1.0,
            )
            for k, duct in enumerate(ducts)
        ),
    )
    weights = {f"L{i}": weight for i, (_, _, weight) in enumerate(links)}
    traffic = TrafficMatrix.from_demands(nodes, ())
    return NetworkState(topology, default_configuration(topology, weights), traffic)


def test_lightest_pair_need_not_hold_the_lightest_path() -> None:
    # The trap of Suurballe's paper: S-A-B-T is the lightest path, and nothing is left besides it.
    state = network((("S", "A", 1), ("A", "B", 1), ("B", "T", 1), ("S", "B", 3), ("A", "T", 3)))
    by_links, by_nodes, by_ducts = disjoint_paths(state, "S", "T")
    assert [path.nodes for path in by_nodes.paths] == [("S", "A", "T"), ("S", "B", "T")]
    assert (by_links.weight, by_nodes.weight, by_ducts.weight) == (8, 8, 8)
    assert by_ducts.best


def test_link_disjoint_is_not_node_disjoint() -> None:
    # Two triangles that meet in M.
    state = network(
        (("S", "M", 1), ("S", "A", 1), ("A", "M", 1), ("M", "T", 1), ("M", "B", 1), ("B", "T", 1))
    )
    by_links, by_nodes, by_ducts = disjoint_paths(state, "S", "T")
    assert by_links.weight == 6
    assert by_links.shared_nodes == ("M",)
    assert (by_nodes.paths, by_nodes.why_not) == ((), "every path goes through M")
    assert (by_ducts.paths, by_ducts.why_not) == ((), "every path goes through M")


def test_paths_through_one_duct_are_said_to_share_it() -> None:
    direct, around = ("S", "A", 1), ("S", "B", 1)
    links = (direct, ("A", "T", 1), around, ("B", "T", 1), ("S", "C", 9), ("C", "T", 9))
    by_links, by_nodes, by_ducts = disjoint_paths(network(links, ((0, 2),)), "S", "T")
    assert by_links.shared_ducts == by_nodes.shared_ducts == ("duct0",)
    assert by_ducts.weight == 20
    assert by_ducts.shared_ducts == ()
    [*_, none] = disjoint_paths(network(links, ((0, 2, 4),)), "S", "T")
    assert (none.paths, none.why_not) == ((), "every path goes through duct0")


def test_bridge_is_named() -> None:
    pairs = disjoint_paths(network((("S", "A", 1), ("A", "T", 1), ("A", "T", 5))), "S", "T")
    assert [pair.why_not for pair in pairs] == ["every path takes link L0"] * 3


def test_parallel_links_are_two_paths() -> None:
    by_links, by_nodes, _ = disjoint_paths(network((("S", "T", 1), ("T", "S", 5))), "S", "T")
    assert [path.links for path in by_links.paths] == [("L0",), ("L1",)]
    assert by_nodes.weight == 6


def test_ends_must_be_two_nodes_that_are_there() -> None:
    state = network((("S", "T", 1), ("T", "S", 5)))
    with pytest.raises(BadInput, match='not from "S" to itself'):
        disjoint_paths(state, "S", "S")
    with pytest.raises(UnknownNode):
        disjoint_paths(state, "S", "X")


@pytest.mark.parametrize("seed", range(25))
def test_lightest_pairs_are_those_that_trying_all_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(5, 8))
    pairs = list(combinations(range(count), 2))
    chosen = rng.choice(len(pairs), size=min(len(pairs), count + int(rng.integers(1, 5))))
    links = tuple((str(pairs[p][0]), str(pairs[p][1]), int(rng.integers(1, 9))) for p in chosen)
    ducts = tuple(
        tuple(sorted(set(rng.integers(0, len(links), size=3).tolist()))) for _ in range(3)
    )
    state = network(links, ducts)
    nodes = [node.id for node in state.topology.nodes]
    source, target = nodes[0], nodes[-1]
    found = {pair.apart: pair.weight for pair in disjoint_paths(state, source, target)}
    assert found == _by_trying(state, source, target, links, ducts)


def _by_trying(
    state: NetworkState,
    source: str,
    target: str,
    links: tuple[tuple[str, str, int], ...],
    ducts: tuple[tuple[int, ...], ...],
) -> dict[Apart, int | None]:
    graph: nx.MultiGraph[str] = nx.MultiGraph()
    graph.add_nodes_from(node.id for node in state.topology.nodes)
    for i, (a, b, _) in enumerate(links):
        graph.add_edge(a, b, key=i)
    # The stubs of networkx leave the keys of a multigraph out.
    found: list[list[tuple[str, str, int]]] = list(
        nx.all_simple_edge_paths(graph, source, target)  # type: ignore[arg-type]
    )
    paths = [({i for _, _, i in path}, {b for _, b, _ in path[:-1]}) for path in found]
    least: dict[Apart, int | None] = {"links": None, "nodes": None, "ducts": None}
    for (one, over), (two, through) in combinations_with_replacement(paths, 2):
        weight = sum(links[i][2] for i in one) + sum(links[i][2] for i in two)
        if one & two:
            continue
        apart: list[Apart] = ["links"]
        if not over & through:
            apart.append("nodes")
            if not any(set(duct) & one and set(duct) & two for duct in ducts):
                apart.append("ducts")
        for name in apart:
            best = least[name]
            least[name] = weight if best is None else min(best, weight)
    return least
