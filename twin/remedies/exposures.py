"""What would hurt most if it failed next, and what each remedy leans on."""

from collections.abc import Iterable, Mapping, Sequence

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
    `grounds`: why it is on the list. `foreseen`: it completes a line of the risk register.
    """

    id: str
    fault: Fault
    grounds: str
    max_utilisation: float
    overloaded: tuple[str, ...]
    excess_bps: float
    cut_off_bps: float
    foreseen: bool = False


MOST_FORESEEN = 2


def exposures(
    state: NetworkState,
    twin: Twin,
    drawn_bps: FloatArray,
    most: int = 12,
    ducts: Mapping[str, tuple[str, ...]] | None = None,
    foreseen: Sequence[tuple[Fault, str]] = (),
) -> tuple[Exposure, ...]:
    """What further fault of every kind would do, the worst first; `drawn_bps`: (n_nodes,).

    `ducts`: links by duct as the knowledge graph has them; None: as the inventory does. `foreseen`:
    faults that come before all others, with why, the worst of them first; MOST_FORESEEN at most.
    """
    supposed = Supposed(twin, state)
    first = [_expose(supposed, fault, why, foreseen=True) for fault, why in foreseen]
    first = sorted(first, key=_worst_first)[:MOST_FORESEEN]
    found = [
        _expose(supposed, fault, grounds)
        for kind in FAULT_KINDS
        for fault, grounds in _imagined(kind, state, drawn_bps, ducts)
    ]
    known = {exposure.id for exposure in first}
    others = sorted((e for e in found if e.id not in known), key=_worst_first)
    return (*first, *others)[:most]


def _worst_first(exposure: Exposure) -> tuple[float, float, str]:
    hurt_bps = exposure.excess_bps + exposure.cut_off_bps
    return -hurt_bps, -exposure.max_utilisation, exposure.id


def _imagined(
    kind: type[AnyFault],
    state: NetworkState,
    drawn_bps: FloatArray,
    ducts: Mapping[str, tuple[str, ...]] | None,
) -> Iterable[tuple[Fault, str]]:
    if kind is FiberCut and ducts is not None:
        return FiberCut.of_ducts(state, ducts)
    return kind.imagined(state, drawn_bps)


def _expose(supposed: Supposed, fault: Fault, grounds: str, *, foreseen: bool = False) -> Exposure:
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
        foreseen=foreseen,
    )
