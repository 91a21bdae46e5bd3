"""A topology as arrays, in the arc order of the nouns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.topology import Topology

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Wiring:
    """Who is joined to whom.

    `tail`, `head`: node index at either end of each arc, (n_arcs,). `reverse`: the arc the other
    way. `propagation_s`: (n_arcs,). `out_arcs[i]`: the arcs that leave node i.
    """

    n_nodes: int
    tail: IntArray
    head: IntArray
    reverse: IntArray
    propagation_s: FloatArray
    out_arcs: tuple[IntArray, ...]

    @property
    def n_arcs(self) -> int:
        """Two per link."""
        return len(self.tail)


def wiring_of(topology: Topology) -> Wiring:
    """The arrays of `topology`."""
    index = topology.node_index
    ends = np.array([(index[x.a], index[x.b]) for x in topology.links], dtype=np.int64).reshape(
        -1, 2
    )
    tail, head = ends.reshape(-1), ends[:, ::-1].reshape(-1)
    n = len(topology.nodes)
    return Wiring(
        n_nodes=n,
        tail=tail,
        head=head,
        reverse=np.arange(len(tail)) ^ 1,
        propagation_s=np.repeat([x.propagation_s for x in topology.links], 2).astype(np.float64),
        out_arcs=tuple(np.flatnonzero(tail == i) for i in range(n)),
    )


def egress_arc(topology: Topology, node: str, link: str) -> int:
    """The arc that leaves `node` over `link`."""
    i = topology.link_index[link]
    return 2 * i + (0 if topology.links[i].a == node else 1)


def discarded(topology: Topology, device: DeviceConfiguration) -> BoolArray:
    """(n,) the nodes to which `device` has a static route to nowhere."""
    found = np.zeros(len(topology.nodes), np.bool_)
    found[[topology.node_index[route.target] for route in device.discards]] = True
    return found


def advertised_weights(topology: Topology, device: DeviceConfiguration) -> dict[int, float]:
    """Arc to the weight that `device` floods for it."""
    return {
        egress_arc(topology, device.node, i.link): float(i.advertised_weight)
        for i in device.interfaces
    }
