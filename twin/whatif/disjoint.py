"""Two paths between two nodes that share no link, no node or no duct, at the least weight together.

Link-disjoint is not node-disjoint, and neither is disjoint in ducts: each is answered on its own.
"""

import heapq
import math
from collections.abc import Iterator, Sequence
from typing import Literal

import networkx as nx

from twin.errors import BadInput
from twin.nouns.base import Noun
from twin.nouns.state import NetworkState
from twin.physics.compiled import NO_ARC, arc_weights

Apart = Literal["links", "nodes", "ducts"]
"""What two paths do not share: links; links and nodes between the ends; these and ducts."""

APART: tuple[Apart, ...] = ("links", "nodes", "ducts")

TRIED = 2000
"""First paths that are tried for a pair apart in ducts; finding the best pair is NP-hard (J. Q. Hu,
IEEE Transactions on Communications 51, 2003)."""


class Path(Noun):
    """`weight`: sum of IGP weights in its direction. `length_km`: of its links."""

    nodes: tuple[str, ...]
    links: tuple[str, ...]
    weight: int
    length_km: float


class PathPair(Noun):
    """The two paths that are apart as wanted at the least weight together; none: there are none.

    `weight`: of both. `best`: whether no lighter pair is possible; where it is not, the search
    ended before all were tried. `shared_nodes`, `shared_ducts`: between the ends, what the two have
    in common all the same. `why_not`: what every two paths share, where there is no pair.
    """

    apart: Apart
    paths: tuple[Path, ...]
    weight: int | None
    best: bool
    shared_nodes: tuple[str, ...] = ()
    shared_ducts: tuple[str, ...] = ()
    why_not: str = ""


def disjoint_paths(state: NetworkState, source: str, target: str) -> tuple[PathPair, ...]:
    """For each of APART, the lightest two paths from `source` to `target`.

    Links that are down or shut are left out. Source: J. W. Suurballe, Networks 4, 1974, as a flow
    of two units at the least cost.

    Raises:
        UnknownNode: one of them is not there.
        BadInput: they are one node.
    """
    topology = state.topology
    ends = topology.node(source).id, topology.node(target).id
    if source == target:
        raise BadInput(f'two paths lead from one node to another, not from "{source}" to itself')
    network = _Network(state)
    by_links = network.pair("links", *ends)
    by_nodes = network.pair("nodes", *ends) if by_links.paths else _none("nodes", by_links)
    by_ducts = network.duct_pair(by_nodes, *ends) if by_nodes.paths else _none("ducts", by_nodes)
    return by_links, by_nodes, by_ducts


def _none(apart: Apart, weaker: PathPair) -> PathPair:
    return PathPair(apart=apart, paths=(), weight=None, best=True, why_not=weaker.why_not)


class _Network:
    """The arcs that can be used, with what each link shares."""

    def __init__(self, state: NetworkState) -> None:
        self.topology = state.topology
        weights = arc_weights(state.topology, state.running, state.down_links)
        self.weights = {a: w for a, w in enumerate(weights.tolist()) if w != NO_ARC}
        self._out: dict[str, list[tuple[int, str]]] = {n.id: [] for n in state.topology.nodes}
        for arc in self.weights:
            tail = state.topology.egress_of(arc).node
            head = state.topology.links[arc // 2].other_end(tail)
            self._out[tail].append((arc, head))
        self.groups: dict[str, set[str]] = {}
        for group in state.topology.shared_risk_groups:
            for link in group.links:
                self.groups.setdefault(link, set()).add(group.id)

    def pair(self, apart: Apart, source: str, target: str) -> PathPair:
        """The lightest two paths apart in links, or in nodes as well."""
        flow = self._flow(apart == "nodes", source, target)
        if flow is None:
            why = self._why_not(apart, source, target)
            return PathPair(apart=apart, paths=(), weight=None, best=True, why_not=why)
        return self._pair_of(apart, [self._path(arcs) for arcs in flow], best=True)

    def _flow(self, node_disjoint: bool, source: str, target: str) -> list[list[int]] | None:
        """Two units at the least cost, as the arcs of two paths; None where they do not fit.

        With weights above 0 no such flow uses both directions of a link: without the two it would
        cost less.
        """
        graph: nx.DiGraph[tuple[str, str | int]] = nx.DiGraph()
        for node in self.topology.nodes:
            through = 1 if node_disjoint and node.id not in (source, target) else 2
            graph.add_edge(("in", node.id), ("out", node.id), capacity=through, weight=0)
        for arc, weight in self.weights.items():
            egress = self.topology.egress_of(arc)
            head = self.topology.links[arc // 2].other_end(egress.node)
            # A node for each arc, so that parallel links stay apart.
            graph.add_edge(("out", egress.node), ("arc", arc), capacity=1, weight=weight)
            graph.add_edge(("arc", arc), ("in", head), capacity=1, weight=0)
        graph.add_node(("in", source), demand=-2)
        graph.add_node(("out", target), demand=2)
        try:
            flow = nx.min_cost_flow(graph)
        except nx.NetworkXUnfeasible:
            return None
        used: dict[str, list[int]] = {}
        for arc in self.weights:
            egress = self.topology.egress_of(arc)
            if flow["out", egress.node]["arc", arc]:
                used.setdefault(egress.node, []).append(arc)
        return [self._walk(used, source, target) for _ in range(2)]

    def _walk(self, used: dict[str, list[int]], source: str, target: str) -> list[int]:
        at, arcs = source, []
        while at != target:
            arc = used[at].pop()
            arcs.append(arc)
            at = self.topology.links[arc // 2].other_end(at)
        return arcs

    def _path(self, arcs: Sequence[int]) -> Path:
        links = [self.topology.links[arc // 2] for arc in arcs]
        nodes = [self.topology.egress_of(arc).node for arc in arcs]
        return Path(
            nodes=(*nodes, links[-1].other_end(nodes[-1])),
            links=tuple(link.id for link in links),
            weight=sum(self.weights[arc] for arc in arcs),
            length_km=sum(link.length_km for link in links),
        )

    def _pair_of(self, apart: Apart, paths: list[Path], *, best: bool) -> PathPair:
        one, two = sorted(paths, key=lambda path: (path.weight, path.links))
        ducts = [
            set().union(*(self.groups.get(link, set()) for link in path.links))
            for path in (one, two)
        ]
        inner = set(two.nodes[1:-1])
        return PathPair(
            apart=apart,
            paths=(one, two),
            weight=one.weight + two.weight,
            best=best,
            shared_nodes=tuple(node for node in one.nodes[1:-1] if node in inner),
            shared_ducts=tuple(sorted(ducts[0] & ducts[1])),
        )

    def duct_pair(self, by_nodes: PathPair, source: str, target: str) -> PathPair:
        """The lightest two paths apart in links, nodes and ducts.

        Paths are taken by weight as the lighter of the two, and for each the lightest that shares
        nothing with it. Once the lighter one alone weighs half of the best pair, none is better.
        """
        if not by_nodes.shared_ducts:
            return by_nodes.model_copy(update={"apart": "ducts"})
        why = self._duct_that_parts(source, target)
        if why:
            return PathPair(apart="ducts", paths=(), weight=None, best=True, why_not=why)
        found: list[Path] = []
        least, ended = math.inf, True
        for count, one in enumerate(self._paths(source, target)):
            if 2 * one.weight >= least or least <= (by_nodes.weight or 0):
                break
            if count == TRIED:
                ended = False
                break
            two = self._apart_from(one, source, target)
            if two is not None and one.weight + two.weight < least:
                least, found = one.weight + two.weight, [one, two]
        if not found:
            why = "every two paths share a duct"
            if not ended:
                why = f"none is among the {TRIED} lightest paths, and the search ended there"
            return PathPair(apart="ducts", paths=(), weight=None, best=ended, why_not=why)
        return self._pair_of("ducts", found, best=ended)

    def _paths(self, source: str, target: str) -> Iterator[Path]:
        """All simple paths, the lightest first (J. Y. Yen, Management Science 17, 1971)."""
        first = self._lightest(source, target, set(), set())
        ahead = [] if first is None else [(sum(self.weights[a] for a in first), first)]
        seen = {tuple(arcs) for _, arcs in ahead}
        given: list[list[int]] = []
        while ahead:
            _, arcs = heapq.heappop(ahead)
            given.append(arcs)
            yield self._path(arcs)
            nodes = [self.topology.egress_of(arc).node for arc in arcs]
            for i, node in enumerate(nodes):
                root = arcs[:i]
                barred = {old[i] for old in given if old[:i] == root and len(old) > i}
                spur = self._lightest(node, target, set(nodes[:i]), barred)
                if spur is not None and (*root, *spur) not in seen:
                    seen.add((*root, *spur))
                    weight = sum(self.weights[arc] for arc in (*root, *spur))
                    heapq.heappush(ahead, (weight, [*root, *spur]))

    def _apart_from(self, one: Path, source: str, target: str) -> Path | None:
        ducts = set().union(*(self.groups.get(link, set()) for link in one.links))
        barred = {
            arc
            for arc in self.weights
            if (link := self.topology.links[arc // 2].id) in one.links
            or self.groups.get(link, set()) & ducts
        }
        arcs = self._lightest(source, target, set(one.nodes[1:-1]), barred)
        return None if arcs is None else self._path(arcs)

    def _lightest(
        self, source: str, target: str, barred_nodes: set[str], barred_arcs: set[int]
    ) -> list[int] | None:
        """The arcs of the lightest path; of several, the same one each time."""
        ahead: list[tuple[int, tuple[int, ...], str]] = [(0, (), source)]
        done = set(barred_nodes)
        while ahead:
            weight, arcs, node = heapq.heappop(ahead)
            if node == target:
                return list(arcs)
            if node in done:
                continue
            done.add(node)
            for arc, head in self._out[node]:
                if head not in done and arc not in barred_arcs:
                    heapq.heappush(ahead, (weight + self.weights[arc], (*arcs, arc), head))
        return None

    def _why_not(self, apart: Apart, source: str, target: str) -> str:
        if self._lightest(source, target, set(), set()) is None:
            return "there is no path at all"
        for link in self.topology.links:
            both = {2 * self.topology.link_index[link.id] + side for side in (0, 1)}
            if self._lightest(source, target, set(), both) is None:
                return f"every path takes link {link.id}"
        for node in self.topology.nodes:
            inner = apart == "nodes" and node.id not in (source, target)
            if inner and self._lightest(source, target, {node.id}, set()) is None:
                return f"every path goes through {node.id}"
        return f"every two paths share {'a node' if apart == 'nodes' else 'a link'}"

    def _duct_that_parts(self, source: str, target: str) -> str:
        for group in self.topology.shared_risk_groups:
            barred = {
                arc for arc in self.weights if self.topology.links[arc // 2].id in group.links
            }
            if self._lightest(source, target, set(), barred) is None:
                return f"every path goes through {group.id}"
        return ""
