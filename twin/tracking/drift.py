"""How far the twin is from the network: what it says of the present, against what is measured."""

import math
from collections.abc import Iterable, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from twin.nouns.base import Noun
from twin.nouns.configuration import InterfaceConfiguration, NetworkConfiguration
from twin.nouns.counted import counted
from twin.nouns.inventory import Inventory
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.nouns.topology import Interface

MAX_LOAD_ERROR = 0.2
"""Beyond it the loads of the twin have drifted. Assumed: without a fault the emulated networks are
at 0.03 to 0.13 (docs/estimation.md)."""

IDLE_UTILISATION = 0.01
"""Egresses that are below it, predicted and measured, are compared as if they were at it: a few
packets more are no error of 100 %."""

_CARRIES = 0.02
"""A link that should carry this share of its capacity, and that carries nothing, is down."""

_SILENCE = 0.05
"""Less than this share of what is expected is nothing."""


class DriftKind(StrEnum):
    """What may differ between the twin and the network."""

    LOADS = "loads"
    LINK_STATES = "link states"
    CONFIGURATION = "configuration"
    CAPACITY = "capacity"


class Drift(Noun):
    """One comparison, at `time_s` (Unix seconds).

    `load_error`: sum over the egresses that were measured of |predicted - measured| / sum of
    measured, None where nothing was. `load_error_median`, `load_error_p90`: quantiles over these
    egresses of |predicted - measured| / the larger of the two. `worst_egress`: the largest of them.
    `measured_egresses` of `egresses` were read since routing last changed.
    `contradicted_links`: counters say something else about them than adjacencies do.
    `differing_interfaces`: in words, what runs otherwise than intended. `unexplained_commits`:
    nodes that reported one which nobody here made. `short_links`: in words, capacity below what is
    on record. `estimated_sources` of `sources`: rows of the matrix that come from counters.
    """

    time_s: float
    load_error: float | None
    load_error_median: float | None
    load_error_p90: float | None
    worst_egress: str
    measured_egresses: int
    egresses: int
    contradicted_links: tuple[str, ...]
    differing_interfaces: tuple[str, ...]
    unexplained_commits: tuple[str, ...]
    short_links: tuple[str, ...]
    estimated_sources: int
    sources: int

    @property
    def beyond(self) -> tuple[DriftKind, ...]:
        """The kinds that are beyond their thresholds: of links and interfaces, one is enough."""
        found = {
            DriftKind.LOADS: self.load_error is not None and self.load_error > MAX_LOAD_ERROR,
            DriftKind.LINK_STATES: bool(self.contradicted_links),
            DriftKind.CONFIGURATION: bool(self.differing_interfaces or self.unexplained_commits),
            DriftKind.CAPACITY: bool(self.short_links),
        }
        return tuple(kind for kind, over in found.items() if over)

    def summary(self) -> str:
        """One line."""
        return "; ".join((self._loads(), *self._counts(), self._demand()))

    def _loads(self) -> str:
        if self.load_error is None:
            return "loads not measured since routing last changed"
        more = f" (more than {MAX_LOAD_ERROR:.0%})" if DriftKind.LOADS in self.beyond else ""
        return f"loads {self.load_error:.1%} off{more}"

    def _counts(self) -> Iterable[str]:
        links, interfaces = len(self.contradicted_links), len(self.differing_interfaces)
        if links:
            yield f"{counted(links, 'link')} not as adjacencies say"
        if interfaces:
            yield f"{counted(interfaces, 'interface')} not as intended"
        if self.unexplained_commits:
            yield f"unexplained commits on {', '.join(self.unexplained_commits)}"
        if self.short_links:
            yield f"{counted(len(self.short_links), 'link')} with less capacity than on record"
        if len(self.beyond) == (DriftKind.LOADS in self.beyond):
            yield "links, configuration and capacity as on record"

    def _demand(self) -> str:
        if not self.estimated_sources:
            return "demand from flow records"
        if self.estimated_sources == self.sources:
            return "demand estimated from link counters"
        return f"demand of {self.estimated_sources} of {self.sources} nodes estimated from counters"


def drift_summary(history: Sequence[Drift]) -> str:
    """One line about the newest comparison, for a health line."""
    return history[-1].summary() if history else "drift not measured yet"


def measure_drift(
    inventory: Inventory,
    state: NetworkState,
    predicted_bps: FloatArray,
    measured_bps: FloatArray,
    time_s: float,
    *,
    unexplained_commits: Iterable[str] = (),
    estimated: NDArray[np.bool_] | None = None,
) -> Drift:
    """Compare what the twin believes, `state` and its `predicted_bps`, with what is measured.

    Both loads: (n_arcs,), offered, NaN where nothing was measured. `estimated`: (n,) sources whose
    demand comes from counters.
    """
    topology = state.topology
    capacity = np.repeat([x.capacity_bps for x in topology.links], 2)
    seen = np.isfinite(measured_bps)
    larger = np.maximum(predicted_bps, np.where(seen, measured_bps, 0.0))
    off = np.abs(predicted_bps - measured_bps)
    relative = off / np.maximum(larger, IDLE_UTILISATION * capacity)
    carried = float(measured_bps[seen].sum())
    worst = int(np.nanargmax(relative)) if seen.any() else None
    return Drift(
        time_s=time_s,
        load_error=float(off[seen].sum()) / carried if carried > 0 else None,
        load_error_median=float(np.median(relative[seen])) if seen.any() else None,
        load_error_p90=float(np.quantile(relative[seen], 0.9)) if seen.any() else None,
        worst_egress="" if worst is None else str(topology.egress_of(worst)),
        measured_egresses=int(seen.sum()),
        egresses=topology.n_arcs,
        contradicted_links=_contradicted(state, predicted_bps, measured_bps, capacity),
        differing_interfaces=tuple(_differing(inventory.intended, state.running)),
        unexplained_commits=tuple(sorted(unexplained_commits)),
        short_links=tuple(_short(inventory, state)),
        estimated_sources=0 if estimated is None else int(estimated.sum()),
        sources=len(topology.nodes),
    )


def _contradicted(
    state: NetworkState, predicted: FloatArray, measured: FloatArray, capacity: FloatArray
) -> tuple[str, ...]:
    """Links believed down that carry something, and links believed up that do not."""
    with np.errstate(invalid="ignore"):
        expected = predicted > _CARRIES * capacity
        silent = expected & (measured < _SILENCE * predicted)
        busy = measured > IDLE_UTILISATION * capacity
        answers = busy | (expected & (measured >= _SILENCE * predicted))
    down = np.array([link.id in state.down_links for link in state.topology.links])
    dead = silent.reshape(-1, 2).any(axis=1) & ~answers.reshape(-1, 2).any(axis=1)
    found = np.where(down, busy.reshape(-1, 2).any(axis=1), dead)
    return tuple(state.topology.links[int(i)].id for i in np.flatnonzero(found))


def _differing(intended: NetworkConfiguration, running: NetworkConfiguration) -> Iterable[str]:
    for device in intended.devices:
        for wanted in device.interfaces:
            found = running.device(device.node).interface(wanted.link)
            if found != wanted:
                interface = Interface(node=device.node, link=wanted.link)
                yield f"{interface}: {_difference(wanted, found)}"


def _difference(wanted: InterfaceConfiguration, found: InterfaceConfiguration) -> str:
    parts = []
    if wanted.igp_weight != found.igp_weight:
        parts.append(f"weight {found.igp_weight}, intended {wanted.igp_weight}")
    if wanted.drained != found.drained:
        parts.append("drained" if found.drained else "not drained")
    if wanted.shut_down != found.shut_down:
        parts.append("shut down" if found.shut_down else "not shut down")
    if wanted.policers != found.policers:
        parts.append("other policers")
    return ", ".join(parts)


def _short(inventory: Inventory, state: NetworkState) -> Iterable[str]:
    for recorded, believed in zip(inventory.topology.links, state.topology.links, strict=True):
        if not math.isclose(recorded.capacity_bps, believed.capacity_bps):
            yield (
                f"{recorded.id}: {believed.members} of {recorded.members} members, "
                f"{believed.capacity_bps / 1e9:g} of {recorded.capacity_bps / 1e9:g} Gbit/s"
            )
