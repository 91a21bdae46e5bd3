"""A topology and its configuration as arrays, in the arc order of the topology."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface, Topology
from twin.nouns.traffic import TRAFFIC_CLASSES

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NO_ARC = 0
"""The weight of an arc that routing must not use; real weights are at least 1."""


@dataclass(frozen=True, slots=True, eq=False)
class CompiledTopology:
    """The immutable part, built once per topology.

    `tail`, `head`: int64 (n_arcs,), node indices. `capacity_bps`, `propagation_s`: float64
    (n_arcs,). `out_offsets` (n + 1,) and `out_arcs` (n_arcs,): the arcs that leave node v are
    `out_arcs[out_offsets[v]:out_offsets[v + 1]]`; `in_*` likewise for those that enter it.
    """

    topology: Topology
    tail: IntArray
    head: IntArray
    capacity_bps: FloatArray
    propagation_s: FloatArray
    out_offsets: IntArray
    out_arcs: IntArray
    in_offsets: IntArray
    in_arcs: IntArray

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.out_offsets) - 1

    @property
    def n_arcs(self) -> int:
        """Two per link."""
        return len(self.tail)


def compile_topology(topology: Topology) -> CompiledTopology:
    """Arrays of `topology`."""
    index = topology.node_index
    ends = [(index[link.a], index[link.b]) for link in topology.links]
    tail = np.array([end for a, b in ends for end in (a, b)], dtype=np.int64)
    head = np.array([end for a, b in ends for end in (b, a)], dtype=np.int64)
    out_offsets, out_arcs = _by_node(tail, len(topology.nodes))
    in_offsets, in_arcs = _by_node(head, len(topology.nodes))
    return CompiledTopology(
        topology=topology,
        tail=tail,
        head=head,
        capacity_bps=np.repeat([float(link.capacity_bps) for link in topology.links], 2),
        propagation_s=np.repeat([x.propagation_s + x.late_s for x in topology.links], 2),
        out_offsets=out_offsets,
        out_arcs=out_arcs,
        in_offsets=in_offsets,
        in_arcs=in_arcs,
    )


def _by_node(ends: IntArray, n_nodes: int) -> tuple[IntArray, IntArray]:
    counts = np.bincount(ends, minlength=n_nodes)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return offsets, np.argsort(ends, kind="stable").astype(np.int64)


def arc_weights(
    topology: Topology, running: NetworkConfiguration, down_links: Collection[str] = ()
) -> IntArray:
    """Advertised weight of each arc, int64 (n_arcs,); NO_ARC both ways where a link is not usable.

    A link is not usable while it is down, or shut down at either end: an adjacency needs both.

    Raises:
        UnknownLink: `down_links` or the configuration names what the topology does not have.
    """
    weights = np.zeros(topology.n_arcs, dtype=np.int64)
    # Sorted, so that which of two unknown links is named does not follow the order of a set.
    unusable = [_link_index(topology, link) for link in sorted(down_links)]
    for device in running.devices:
        for interface in device.interfaces:
            arc = _egress_arc(topology, device.node, interface.link)
            if interface.shut_down:
                unusable.append(arc // 2)
            else:
                weights[arc] = interface.advertised_weight
    for link in unusable:
        weights[2 * link : 2 * link + 2] = NO_ARC
    return weights


def link_weights(
    topology: Topology, running: NetworkConfiguration, links: Iterable[str]
) -> dict[int, int]:
    """The same of both arcs of `links` alone, by arc, in order; none of them is down."""
    found: dict[int, int] = {}
    for index in sorted(topology.link_index[link] for link in links):
        link = topology.links[index]
        ends = [running.device(node).interface(link.id) for node in (link.a, link.b)]
        usable = not any(end.shut_down for end in ends)
        for arc, end in enumerate(ends, start=2 * index):
            found[arc] = end.advertised_weight if usable else NO_ARC
    return found


def _link_index(topology: Topology, link_id: str) -> int:
    topology.link(link_id)
    return topology.link_index[link_id]


def _egress_arc(topology: Topology, node: str, link_id: str) -> int:
    arc = topology.arcs_by_end.get((node, link_id))
    # The noun names what is unknown.
    return topology.arc_of(Interface(node=node, link=link_id)) if arc is None else arc


def policer_rates(topology: Topology, running: NetworkConfiguration) -> FloatArray:
    """Rate in bit/s beyond which an egress drops a class, float64 (n_arcs, 3); inf: no policer."""
    rates = np.full((topology.n_arcs, len(TRAFFIC_CLASSES)), np.inf)
    for device in running.devices:
        for interface in device.interfaces:
            for policer in interface.policers:
                arc = _egress_arc(topology, device.node, interface.link)
                column = TRAFFIC_CLASSES.index(policer.traffic_class)
                rates[arc, column] = min(rates[arc, column], policer.rate_bps)
    return rates


def entry_limits_of(topology: Topology, running: NetworkConfiguration) -> FloatArray | None:
    """Rate in bit/s beyond which what goes to a node is dropped at each router where it enters, by
    class, float64 (3, n); inf: no limit. None where there is none at all.
    """
    rates = np.full((len(TRAFFIC_CLASSES), len(topology.nodes)), np.inf)
    for device in running.devices:
        for limit in device.entry_limits:
            row = TRAFFIC_CLASSES.index(limit.traffic_class)
            rates[row, topology.node_index[device.node]] = limit.rate_bps
    return rates if np.isfinite(rates).any() else None


def entering_bps(state: NetworkState) -> FloatArray:
    """(3, n, n) of the traffic of `state`, what limits let in where it enters."""
    limits = entry_limits_of(state.topology, state.running)
    rates = state.traffic.rates_bps
    return rates if limits is None else np.asarray(np.minimum(rates, limits[:, None, :]))


def discards_of(topology: Topology, running: NetworkConfiguration) -> tuple[tuple[int, int], ...]:
    """Node and target, by index, of every static route to nowhere, sorted.

    Raises:
        UnknownNode: the configuration names what the topology does not have.
    """
    found = [(device.node, r.target) for device in running.devices for r in device.discards]
    for ends in found:
        for node in ends:
            topology.node(node)
    index = topology.node_index
    return tuple(sorted((index[node], index[target]) for node, target in found))


def egress_loss_of(topology: Topology, losses: Mapping[Interface, float]) -> FloatArray:
    """Fraction 0..1 that each egress loses whatever its load, float64 (n_arcs,)."""
    fractions = np.zeros(topology.n_arcs)
    for egress, fraction in losses.items():
        fractions[topology.arc_of(egress)] = fraction
    return fractions
