"""Incidents on networks that no case has: where, what and how bad is drawn from a key.

Networks are told by name, at mismatch 1. A link that fails or loses is one of the busier half of
those without which everybody is still reached, so that something is lost and something can be done.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import networkx as nx
import numpy as np

from evals.stage import designed_inventory
from tools.network.emulated.case_truth import Repair, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from twin.errors import BadInput
from twin.events.fault import Fault
from twin.events.faults.demand_surge import DemandSurge
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.flood import Flood
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.link_down import LinkDown
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.events.faults.traffic_spike import TrafficSpike
from twin.nouns.base import content_hash
from twin.nouns.inventory import Inventory
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.nouns.topology import Link
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin

KINDS = (
    "link_down",
    "fiber_cut",
    "igp_weight_misconfig",
    "silent_egress_packet_loss",
    "traffic_spike",
)
"""The kinds of fault that are drawn."""

_MIDNIGHT_S = 1_772_496_000.0
"""2026-03-03T00:00:00Z."""

_WEIGHTS = (1, 60, 400)
_LOSS = (0.01, 0.1)
_SEVERE_LOSS = 0.3
_SURGE = (2.0, 10.0)
_TRAVEL_S = (900.0, 2700.0)
_REPAIR_S = (1800.0, 5400.0)
_SURGE_S = (3600.0, 7200.0)


def numbers_for(*key: object) -> np.random.Generator:
    """The draws of `key`: the same key gives the same numbers."""
    return np.random.default_rng(int(content_hash({"key": [str(part) for part in key]})[:16], 16))


def neutral_id(*key: object) -> str:
    """An id for a case that tells nothing of it."""
    return f"c-{content_hash({'key': [str(part) for part in key]})[:10]}"


def drawn_world(topology: str, *key: object, duration_s: float) -> CaseWorld:
    """An afternoon or evening on `topology`, with 1.0 to 1.4 times its usual traffic."""
    numbers = numbers_for("world", topology, *key)
    hour = int(numbers.integers(14, 20))
    return CaseWorld(
        id=neutral_id(topology, *key),
        topology=topology,
        mismatch=1,
        traffic_scale=round(float(numbers.uniform(1.0, 1.4)), 2),
        starts_s=_MIDNIGHT_S + 3600.0 * hour,
        duration_s=duration_s,
    )


@dataclass(frozen=True)
class Ground:
    """A designed network, and where on it something may go wrong."""

    inventory: Inventory

    @classmethod
    def of(cls, world: CaseWorld) -> "Ground":
        """That of `world`."""
        return cls(designed_inventory(world))

    @cached_property
    def spare(self) -> tuple[Link, ...]:
        """The links without which everybody is still reached, busiest first. Raises BadInput."""
        topology = self.inventory.topology
        spare = [x for x in topology.links if self.holds_without({x.id})]
        order = sorted(spare, key=lambda x: (-self._loads[topology.link_index[x.id]], x.id))
        if len(order) < 2:
            raise BadInput(f"{topology.name} has no two links that it can do without")
        return tuple(order)

    @property
    def busy(self) -> tuple[Link, ...]:
        """The busier half of them."""
        return self.spare[: max(4, len(self.spare) // 2)]

    def holds_without(self, links: Collection[str], nodes: Collection[str] = ()) -> bool:
        """Whether everybody is still reached without `links`, but for those at `nodes`."""
        return _is_connected(self._graph, links, nodes)

    @cached_property
    def spare_nodes(self) -> tuple[str, ...]:
        """The nodes without which all others are still reached, those with most traffic first."""
        topology = self.inventory.topology
        carried = dict.fromkeys((node.id for node in topology.nodes), 0.0)
        for link, load in zip(topology.links, self._loads, strict=True):
            carried[link.a] += load
            carried[link.b] += load
        spare = [n for n in carried if self.holds_without((), {n})]
        return tuple(sorted(spare, key=lambda n: (-carried[n], n)))

    @cached_property
    def spare_sites(self) -> tuple[str, ...]:
        """The sites of several nodes without which all others are still reached."""
        topology = self.inventory.topology
        several = [s.id for s in topology.sites if len(topology.nodes_at(s.id)) > 1]
        return tuple(s for s in several if self.holds_without((), topology.nodes_at(s)))

    @cached_property
    def _loads(self) -> FloatArray:
        """(n_links,) bit/s of both directions at the peak, as intended."""
        twin = Twin(self.inventory)
        inventory = self.inventory
        state = NetworkState(inventory.topology, inventory.intended, inventory.peak_traffic)
        return np.asarray(offered_totals(twin, state).reshape(-1, 2).sum(axis=1))

    @cached_property
    def _graph(self) -> "nx.MultiGraph[str]":
        return _graph(self.inventory.topology.links)

    def link(self, numbers: np.random.Generator, but: Collection[str] = ()) -> Link:
        """One of the busy links, none of `but`."""
        left = [x for x in self.busy if x.id not in but]
        return left[int(numbers.integers(len(left)))]

    def protecting(self, link: str) -> Link:
        """The busiest link of the shortest way around `link` without which, and without `link`,
        everybody is still reached; else the busiest of that way.
        """
        topology = self.inventory.topology
        graph = _graph(topology.links)
        ends = topology.link(link)
        graph.remove_edge(ends.a, ends.b, link)
        way = nx.shortest_path(graph, ends.a, ends.b)
        on_way = [next(iter(graph[a][b])) for a, b in pairwise(way)]
        known = [x.id for x in self.busy]
        on_way.sort(key=lambda x: known.index(x) if x in known else len(known))
        whole = [x for x in on_way if _is_connected(graph, {x})]
        return topology.link((whole or on_way)[0])

    def fault(self, kind: str, numbers: np.random.Generator, but: Collection[str] = ()) -> Fault:
        """A fault of that kind that touches none of the links `but`. Raises BadInput."""
        link = self.link(numbers, but)
        end = (link.a, link.b)[int(numbers.integers(2))]
        match kind:
            case "link_down":
                return LinkDown(link=link.id)
            case "fiber_cut":
                return self._cut(numbers, but) or LinkDown(link=link.id)
            case "igp_weight_misconfig":
                return self.misconfigured(end, link.id, numbers)
            case "silent_egress_packet_loss":
                lost = round(float(numbers.uniform(*_LOSS)), 3)
                return SilentEgressPacketLoss(node=end, link=link.id, fraction=lost)
            case "traffic_spike":
                return TrafficSpike(target=end, factor=round(float(numbers.uniform(*_SURGE)), 1))
            case _:
                raise BadInput(f'no fault of the kind "{kind}"; there are {", ".join(KINDS)}')

    def misconfigured(
        self, node: str, link: str, numbers: np.random.Generator
    ) -> IgpWeightMisconfig:
        """A weight for `link` at `node` that is not the intended one."""
        now = self.inventory.intended.device(node).interface(link).igp_weight
        other = [w for w in _WEIGHTS if w != now]
        return IgpWeightMisconfig(
            node=node, link=link, weight=other[int(numbers.integers(len(other)))]
        )

    def _cut(self, numbers: np.random.Generator, but: Collection[str]) -> FiberCut | None:
        """A duct with a busy link, without which everybody is still reached; None if none is."""
        busy = {x.id for x in self.busy} - set(but)
        ducts = [
            group
            for group in self.inventory.topology.shared_risk_groups
            if busy & set(group.links)
            and not set(but) & set(group.links)
            and self.holds_without(group.links)
        ]
        if not ducts:
            return None
        duct = ducts[int(numbers.integers(len(ducts)))]
        return FiberCut(duct=duct.id, links=duct.links)


def severe(fault: Fault) -> Fault:
    """The same, so bad that something is planned against it, which people can then reject."""
    if isinstance(fault, SilentEgressPacketLoss):
        return fault.model_copy(update={"fraction": _SEVERE_LOSS})
    return fault


def timed(fault: Fault, at_s: float, numbers: np.random.Generator) -> TimedEvent:
    """`fault` from `at_s` on: the field repairs it, a surge passes, a commit stays."""
    repair = Repair(
        travel_s=round(float(numbers.uniform(*_TRAVEL_S))),
        repair_s=round(float(numbers.uniform(*_REPAIR_S))),
    )
    lasts_s = round(float(numbers.uniform(*_SURGE_S)))
    surge, wrong = isinstance(fault, TrafficSpike | DemandSurge | Flood), fault.in_configuration
    return TimedEvent(
        at_s=at_s,
        fault=fault,
        until_s=at_s + lasts_s if surge else None,
        repair=None if surge or wrong else repair,
    )


def _graph(links: Iterable[Link]) -> "nx.MultiGraph[str]":
    graph: nx.MultiGraph[str] = nx.MultiGraph()
    for link in links:
        graph.add_edge(link.a, link.b, link.id)
    return graph


def _is_connected(
    graph: "nx.MultiGraph[str]", without: Collection[str], nodes: Collection[str] = ()
) -> bool:
    left = graph.copy()
    left.remove_nodes_from(nodes)
    left.remove_edges_from([(a, b, k) for a, b, k in graph.edges(keys=True) if k in without])
    return bool(nx.is_connected(left))
