"""What would hurt most if it failed next, and what each remedy leans on."""

from collections.abc import Iterable, Mapping

import numpy as np

from twin.events.fault import FAULT_KINDS, AnyFault, Fault
from twin.events.faults.fiber_cut import FiberCut
from twin.nouns.base import Noun
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.physics.twin import Twin
from twin.whatif.supposed import Supposed


class Exposure(Noun):
    """One further fault, simulated on top of the present state: what it would do.

    `partitions`: node pairs cut off from each other. `max_utilisation`: offered / capacity.
    `grounds`: why it is on the list.
    """

    id: str
    fault: Fault
    grounds: str
    max_utilisation: float
    overloaded: tuple[str, ...]
    excess_bps: float
    cut_off_bps: float


def exposures(
    state: NetworkState,
    twin: Twin,
    drawn_bps: FloatArray,
    most: int = 12,
    ducts: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[Exposure, ...]:
    """What further fault of every kind would do, the worst first; `drawn_bps`: (n_nodes,).

    `ducts`: links by duct as the knowledge graph has them; None: as the inventory does.
    """
    supposed = Supposed(twin, state)
    found = [
        _expose(supposed, fault, grounds)
        for kind in FAULT_KINDS
        for fault, grounds in _imagined(kind, state, drawn_bps, ducts)
    ]
    found.sort(key=lambda e: (-(e.excess_bps + e.cut_off_bps), -e.max_utilisation, e.id))
    return tuple(found[:most])


def _imagined(
    kind: type[AnyFault],
    state: NetworkState,
    drawn_bps: FloatArray,
    ducts: Mapping[str, tuple[str, ...]] | None,
) -> Iterable[tuple[Fault, str]]:
    if kind is FiberCut and ducts is not None:
        return FiberCut.of_ducts(state, ducts)
    return kind.imagined(state, drawn_bps)


def _expose(supposed: Supposed, fault: Fault, grounds: str) -> Exposure:
    state = supposed.base
    capacity = np.repeat([x.capacity_bps for x in state.topology.links], 2)
    loads, cut_off = supposed.after((fault,))
    excess = np.maximum(loads - capacity, 0.0)
    over = np.flatnonzero(excess > 0)
    names = [str(state.topology.egress_of(int(a))) for a in over[np.argsort(-excess[over])][:5]]
    return Exposure(
        id=fault.id,
        fault=fault,
        grounds=grounds,
        max_utilisation=round(float((loads / capacity).max()), 4),
        overloaded=tuple(names),
        excess_bps=round(float(excess.sum())),
        cut_off_bps=round(cut_off),
    )
