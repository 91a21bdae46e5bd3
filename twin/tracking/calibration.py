"""Demand that agrees with the counters: flow records corrected until the twin carries what is
measured.

Flow records are sampled, and hashing splits unevenly what the twin splits evenly. Both show as
loads that differ from the measured ones, so each pair is scaled by the mean discrepancy of the
egresses on its paths, again and again: multiplicative, so that nothing becomes negative and no pair
appears from nowhere.

Source: the multiplicative algebraic reconstruction technique (Gordon, Bender, Herman, J. Theor.
Biol. 29, 1970) as used for traffic matrices since Kruithof (1937); our variant takes the mean over
a path.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.nouns.topology import Interface
from twin.nouns.traffic import TrafficMatrix
from twin.physics.compiled import CompiledTopology, egress_loss_of
from twin.physics.loads import arriving_loads, deliveries, lossless
from twin.physics.routing import Routing
from twin.physics.twin import Twin

_PASSES = 25
_LARGEST_FACTOR = 3.0
"""No pair is scaled by more than this, up or down: beyond it the records are wrong, not noisy."""

REBOUND = 1.1
"""How much more senders that met loss would like to send than they do (assumed; how far congestion
control holds back depends on the applications)."""

_LEAST_SENT = 0.1
"""Of what they would like to, senders that meet loss go on sending so much at least (assumed; how
much they send is measured)."""

_IDLE_SHARE = 0.002
"""Egresses below this share of capacity say nothing about anybody."""


def calibrated(
    twin: Twin,
    state: NetworkState,
    measured_bps: FloatArray,
    congested: NDArray[np.bool_] | None = None,
    lasting: Mapping[Interface, float] = MappingProxyType({}),
) -> TrafficMatrix:
    """The traffic of `state`, scaled so that its offered loads come near `measured_bps` (n_arcs,).

    NaN where nothing was measured. Pairs that cross no measured egress keep their rate. Senders of
    pairs that cross an egress which drops (`congested`, (n_arcs,)) or loses silently hold back, and
    come back once it does not. They are scaled down as far as the counters say, so that all others
    are scaled rightly, and are then expected to send no less than in `state`, which is what they
    send when nothing is wrong; those that meet drops no less than REBOUND times what they send now.
    Whoever meets nothing but `lasting` loss, by egress, goes on sending what is measured.
    """
    routing, compiled = twin.route(state), twin.compiled
    total = state.traffic.rates_bps.sum(axis=0)
    n_arcs = compiled.n_arcs
    passing = lossless(n_arcs, 1, 1)
    factor = np.ones_like(total)
    held_back = np.zeros(n_arcs) if congested is None else congested.astype(np.float64)
    meets_drops = _along_paths(compiled, routing, held_back, passing) > 0
    silent = egress_loss_of(state.topology, state.egress_loss)
    ending = silent * (egress_loss_of(state.topology, lasting) == 0.0)
    meets_loss = meets_drops | (_along_paths(compiled, routing, silent, passing) > 0)
    comes_back = meets_drops | (_along_paths(compiled, routing, ending, passing) > 0)
    arriving = (1.0 - silent)[:, None, None].copy()
    floor = np.where(meets_loss, _LEAST_SENT, 1 / _LARGEST_FACTOR)
    usable = np.isfinite(measured_bps) & (measured_bps > _IDLE_SHARE * compiled.capacity_bps)
    known, crossed = np.zeros(n_arcs, dtype=np.bool_), np.zeros_like(total)
    for _ in range(_PASSES):
        loads = arriving_loads(compiled, routing, (factor * total)[None, None], arriving)[:, 0, 0]
        counted = usable & (loads > 0)
        discrepancy = np.zeros(n_arcs)
        discrepancy[counted] = np.log(measured_bps[counted] / loads[counted])
        along = _along_paths(compiled, routing, discrepancy, passing)
        if (counted != known).any():
            known = counted
            crossed = _along_paths(compiled, routing, counted.astype(np.float64), passing)
        step = np.divide(along, crossed, out=np.zeros_like(along), where=crossed > 0)
        factor = np.clip(factor * np.exp(step), floor, _LARGEST_FACTOR)
    factor = np.where(meets_drops, REBOUND * factor, factor)
    factor = np.where(comes_back, np.maximum(factor, 1.0), factor)
    return TrafficMatrix(state.traffic.nodes, state.traffic.rates_bps * factor)


def _along_paths(
    compiled: CompiledTopology, routing: Routing, per_arc: FloatArray, passing: FloatArray
) -> FloatArray:
    """Sum of `per_arc` over each pair's paths, weighted by the share that takes each: (n, n)."""
    _, sums = deliveries(compiled, routing, passing, per_arc[:, None, None].copy())
    return np.where(np.isfinite(sums[0, 0]), sums[0, 0], 0.0)
