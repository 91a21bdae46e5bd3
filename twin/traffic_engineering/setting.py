"""A set of IGP weights, and what it comes to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from twin.errors import BadInput
from twin.events.actions.set_igp_weight import MAX_SET_WEIGHT
from twin.nouns.configuration import LAST_RESORT_WEIGHTS
from twin.nouns.state import NetworkState
from twin.physics.changes import Changes
from twin.physics.compiled import (
    NO_ARC,
    CompiledTopology,
    FloatArray,
    IntArray,
    arc_weights,
    compile_topology,
    discards_of,
    entering_bps,
)
from twin.physics.incremental import Incremental
from twin.physics.routing import UNREACHABLE, route
from twin.traffic_engineering.budget import Budget

ROOM = 20
"""Weights are searched up to so many times the largest configured one: enough to order all ways."""

LEAST_ROOM = 200

_SQUARED = 4
"""The soft maximum is the norm of the power 2 ** 4: what is nearly highest counts nearly as much,
so that of two equal egresses one can be relieved first."""


@dataclass(frozen=True, eq=False)
class WeightProblem:
    """What there is to carry, and over what.

    `traffic_bps`: (K, n, n), one layer for each matrix, of pairs that have a path. `configured`:
    advertised weights (n_arcs,). `free`: bool (n_arcs,), which of them may be set: those of usable
    interfaces that nobody has drained.
    """

    compiled: CompiledTopology
    traffic_bps: FloatArray
    configured: IntArray
    free: NDArray[np.bool_]

    @classmethod
    def of(cls, states: Sequence[NetworkState]) -> Self:
        """The problem of one network, with the traffic of each of its `states`.

        Raises:
            BadInput: a static route discards traffic, which no weight would bring back, or nothing
                that is sent has a path.
        """
        first = states[0]
        for node, target in discards_of(first.topology, first.running):
            nodes = first.topology.nodes
            raise BadInput(
                f"{nodes[node].id} has a static route that discards what goes to "
                f"{nodes[target].id}; loads with other weights cannot be told until it is out"
            )
        weights = arc_weights(first.topology, first.running, first.down_links)
        traffic = np.stack([entering_bps(state).sum(axis=0) for state in states])
        return cls.made(compile_topology(first.topology), weights, traffic)

    @classmethod
    def made(cls, compiled: CompiledTopology, weights: IntArray, traffic_bps: FloatArray) -> Self:
        """The same of arrays. Raises BadInput: nothing that is sent has a path."""
        reached = route(compiled, weights).distance != UNREACHABLE
        traffic = np.ascontiguousarray(traffic_bps * reached.T)
        if not traffic.any(axis=(1, 2)).all():
            raise BadInput("no traffic has a path, so that no weight makes a difference")
        free = (weights != NO_ARC) & ~np.isin(weights, LAST_RESORT_WEIGHTS)
        return cls(compiled, traffic, weights, free)

    def setting(self, weights: IntArray) -> "WeightSetting":
        """What `weights` (n_arcs,) come to."""
        base = Incremental(self.compiled, weights, self.traffic_bps)
        return WeightSetting(self, weights, base)

    @cached_property
    def largest(self) -> int:
        """The largest weight that is tried."""
        most = int(self.configured[self.free].max(initial=0))
        return min(MAX_SET_WEIGHT, max(LEAST_ROOM, ROOM * most))

    @cached_property
    def turned(self) -> CompiledTopology:
        """The network with arcs turned round, where distances to a node are those from it."""
        compiled = self.compiled
        return replace(
            compiled,
            tail=compiled.head,
            head=compiled.tail,
            out_offsets=compiled.in_offsets,
            out_arcs=compiled.in_arcs,
            in_offsets=compiled.out_offsets,
            in_arcs=compiled.out_arcs,
        )

    @cached_property
    def egresses(self) -> IntArray:
        """Arcs that leave each node, (n, most of them), -1 where it has fewer."""
        offsets, arcs = self.compiled.out_offsets, self.compiled.out_arcs
        counts = np.diff(offsets)
        table = np.full((self.compiled.n_nodes, counts.max(initial=1)), -1, dtype=np.int64)
        table[np.arange(table.shape[1]) < counts[:, None]] = arcs
        return table


@dataclass(frozen=True, eq=False)
class WeightSetting:
    """`weights` (n_arcs,), and the `base` from which changes of them are priced."""

    problem: WeightProblem
    weights: IntArray
    base: Incremental

    @cached_property
    def utilisation(self) -> FloatArray:
        """Offered load / capacity, (n_arcs, K)."""
        return np.asarray(self.base.loads / self.problem.compiled.capacity_bps[:, None])

    @cached_property
    def highest(self) -> float:
        """The highest utilisation, over all matrices."""
        return float(self.utilisation.max())

    @cached_property
    def cost(self) -> float:
        """The soft maximum of utilisation, over all matrices."""
        return float(_soft_maximum(self.utilisation.reshape(1, -1))[0])

    @property
    def changed(self) -> IntArray:
        """The arcs whose weight is not as configured."""
        return np.flatnonzero(self.weights != self.problem.configured)

    def priced(self, changes: Changes, budget: Budget) -> tuple[FloatArray, FloatArray]:
        """Soft maximum and maximum with each of `changes`, (S,); inf once `budget` is spent."""
        cost, highest = np.full((2, len(changes)), np.inf)
        capacity = self.problem.compiled.capacity_bps[:, None]
        for span, loads, _ in self.base.parts_after(changes):
            utilisation = (loads / capacity).reshape(len(loads), -1)
            cost[span] = _soft_maximum(utilisation)
            highest[span] = utilisation.max(axis=1)
            budget.spend(len(loads))
            if budget.spent >= 1.0:
                break
        return cost, highest

    def with_change(self, arcs: IntArray | int, weights: IntArray | int) -> "WeightSetting":
        """The setting with other weights on `arcs`."""
        changed = self.weights.copy()
        changed[arcs] = weights
        return self.problem.setting(changed)


def single_changes(arcs: IntArray, weights: IntArray) -> Changes:
    """Scenarios of one arc each."""
    return Changes(np.arange(len(arcs) + 1, dtype=np.int64), arcs, weights)


def _soft_maximum(utilisation: FloatArray) -> FloatArray:
    """Of each row."""
    highest = utilisation.max(axis=1)
    powers = utilisation / np.maximum(highest, np.finfo(float).tiny)[:, None]
    for _ in range(_SQUARED):
        powers *= powers
    return np.asarray(highest * powers.sum(axis=1) ** 0.5**_SQUARED)
