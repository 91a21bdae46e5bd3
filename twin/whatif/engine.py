"""The one interface to what-ifs: loads, sweeps, pairs, cascades and service verdicts."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twin.errors import BadInput
from twin.events.kinds import BuildKind
from twin.events.what_if import WhatIf
from twin.nouns.state import NetworkState
from twin.physics.assessment import (
    DEFAULT_PARAMETERS,
    CompiledServices,
    ServiceLevels,
    compile_services,
    flows,
    levels_of_pairs,
    service_levels,
)
from twin.physics.changes import Changes
from twin.physics.compiled import (
    CompiledTopology,
    FloatArray,
    IntArray,
    arc_weights,
    compile_topology,
    discards_of,
    egress_loss_of,
    entering_bps,
    entry_limits_of,
    policer_rates,
)
from twin.physics.incremental import Cascades, Incremental, Sweep
from twin.physics.kernels.delays import Pairs
from twin.physics.queueing import PhysicsParameters, serve_egresses
from twin.physics.routing import Routing, discarding, route
from twin.whatif.arcs import arcs_changed

LEVELS_AT_ONCE = 32
"""Scenarios whose queues are worked out at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Levels of all services, (S, n_services), and how they were found.

    `whole`: bool (S,), where some egress drops traffic, so that the loads downstream are thinner
    than offered and the whole network was assessed anew.
    """

    levels: ServiceLevels
    whole: NDArray[np.bool_]


class WhatIfEngine:
    """What-ifs about one state of the network. Safe to share between threads.

    What has to be known of the state is worked out once, and each what-if only as a difference to
    it: what it does not touch costs nothing.
    """

    def __init__(
        self,
        state: NetworkState,
        services: CompiledServices | None = None,
        parameters: PhysicsParameters = DEFAULT_PARAMETERS,
        compiled: CompiledTopology | None = None,
        routing: Routing | None = None,
    ) -> None:
        """`compiled`, `routing`: of `state`, all destinations, where they are known already."""
        self.state = state
        self.services = compile_services(state.topology, ()) if services is None else services
        self.parameters = parameters
        self.compiled = compile_topology(state.topology) if compiled is None else compiled
        self._weights = arc_weights(state.topology, state.running, state.down_links)
        self._discards = discards_of(state.topology, state.running)
        self._routing = self._routed(self._weights) if routing is None else routing

    def built(self, what_if: WhatIf) -> "WhatIfEngine":
        """The engine of the network with what `what_if` builds: all of it must be built.

        Where that is other capacities alone, nothing is routed anew: routes stay, verdicts change.

        Raises:
            UnknownNode, UnknownLink, BadInput: an event builds nothing, or what cannot be.
        """
        state = self.state
        for event in what_if:
            if not isinstance(event, BuildKind):
                raise BadInput(f'"{event.phrase()}" builds nothing')
            state = event.after(state)
        compiled = compile_topology(state.topology)
        same = np.array_equal(compiled.tail, self.compiled.tail)
        return WhatIfEngine(
            state,
            compile_services(state.topology, self.services.services),
            self.parameters,
            compiled,
            self._routing if same and np.array_equal(compiled.head, self.compiled.head) else None,
        )

    def changes(self, what_ifs: Iterable[WhatIf]) -> Changes:
        """The arcs that each what-if changes; see `arcs_changed` for what it raises."""
        return Changes.of(arcs_changed(what_if, self.state) for what_if in what_ifs)

    def loads(self, what_ifs: Iterable[WhatIf]) -> FloatArray:
        """Offered bit/s of all classes per arc after each what-if, (S, n_arcs)."""
        return self._totals.loads_after(self.changes(what_ifs))

    def sweep(self, what_ifs: Iterable[WhatIf], limit: float = 1.0, threads: int = 1) -> Sweep:
        """The worst of each what-if. `limit`: the utilisation above which an arc is counted."""
        return self._totals.sweep(
            self.changes(what_ifs), self.compiled.capacity_bps, limit, threads
        )

    def sweep_pairs(
        self,
        what_ifs: Iterable[WhatIf],
        pairs: IntArray | None = None,
        limit: float = 1.0,
        threads: int = 1,
    ) -> Sweep:
        """The worst of two what-ifs at once, for `pairs` (P, 2) of them; see `all_pairs`.

        Raises BadInput: a what-if strengthens an arc (a lower weight, a repair).
        """
        events = self.changes(what_ifs)
        chosen = all_pairs(len(events)) if pairs is None else pairs
        return self._totals.sweep_pairs(events, chosen, self.compiled.capacity_bps, limit, threads)

    def cascades(
        self,
        what_ifs: Iterable[WhatIf],
        trip_at: float,
        of: Literal["base load", "capacity"] = "capacity",
    ) -> Cascades:
        """Play each what-if on: links beyond `trip_at` times their load in the base, or times their
        capacity, trip, and what they carried moves, until none is beyond.
        """
        per_arc = self._totals.loads[:, 0] if of == "base load" else self.compiled.capacity_bps
        return self._totals.cascades(self.changes(what_ifs), trip_at * per_arc)

    def verdicts(self, what_ifs: Iterable[WhatIf]) -> Verdicts:
        """How every service fares after each what-if, as `assess` finds it.

        Where no egress drops anything that a double can tell from nothing, what each egress is
        offered arrives, and only queues and ways have to be looked at.
        """
        return self.verdicts_after(self.changes(what_ifs))

    def verdicts_after(self, changes: Changes) -> Verdicts:
        """The same of scenarios as arrays."""
        shape = (len(changes), len(self.services.services))
        levels = ServiceLevels(
            loss=np.empty(shape),
            delay_s=np.empty(shape),
            in_breach=np.empty(shape, dtype=np.bool_),
            unavailable=np.empty(shape, dtype=np.bool_),
        )
        whole = np.empty(len(changes), dtype=np.bool_)
        for begin in range(0, len(changes), LEVELS_AT_ONCE):
            span = slice(begin, min(begin + LEVELS_AT_ONCE, len(changes)))
            part = self._verdicts(changes.part(span.start, span.stop))
            _write(levels, span, part.levels)
            whole[span] = part.whole
        return Verdicts(levels, whole)

    def _verdicts(self, changes: Changes) -> Verdicts:
        loads, _ = self._by_class.class_loads_after(changes)
        count, arcs, classes = loads.shape
        egress = serve_egresses(
            loads.reshape(-1, 1, classes),
            np.tile(self.compiled.capacity_bps, count)[:, None],
            np.tile(self._policed_bps, (count, 1)),
            self.parameters,
        )
        whole = (egress.sent != 1.0).reshape(count, -1).any(axis=1)
        whole |= bool(self._silent.any()) or self._entry_bps is not None
        delay = self._by_class.delays_after(
            changes, self._ways, egress.wait_s.reshape(count, arcs, classes) + self._wire_s
        )
        # Without drops a pair loses nothing, or all for want of a path.
        levels = levels_of_pairs(self.services, np.isinf(delay).astype(np.float64), delay)
        for s in np.flatnonzero(whole).tolist():
            _write(levels, slice(s, s + 1), self._assess(changes.part(s, s + 1)))
        return Verdicts(levels, whole)

    def _routed(self, weights: IntArray) -> Routing:
        return discarding(route(self.compiled, weights), self._discards)

    def _assess(self, change: Changes) -> ServiceLevels:
        weights = self._weights.copy()
        weights[change.arcs] = change.weights
        result = flows(
            self.compiled,
            self._routed(weights),
            self.state.traffic.rates_bps[None],
            policed_bps=self._policed_bps,
            silent_loss=self._silent,
            parameters=self.parameters,
            entry_bps=self._entry_bps,
        )
        return service_levels(self.services, result.delivered, result.delay_s)

    @cached_property
    def _totals(self) -> Incremental:
        totals = entering_bps(self.state).sum(axis=0)[None]
        return Incremental(self.compiled, self._weights, totals, self._routing)

    @cached_property
    def _by_class(self) -> Incremental:
        rates = entering_bps(self.state)
        return Incremental(self.compiled, self._weights, rates, self._routing)

    @cached_property
    def _ways(self) -> Pairs:
        services = self.services
        return self._by_class.ways(services.classes, services.sources, services.targets)

    @cached_property
    def _policed_bps(self) -> FloatArray:
        return policer_rates(self.state.topology, self.state.running)

    @cached_property
    def _entry_bps(self) -> FloatArray | None:
        return entry_limits_of(self.state.topology, self.state.running)

    @cached_property
    def _silent(self) -> FloatArray:
        return egress_loss_of(self.state.topology, self.state.egress_loss)

    @cached_property
    def _wire_s(self) -> FloatArray:
        """Serialisation and propagation per arc, (n_arcs, 1)."""
        on_wire = self.parameters.packet_bits / self.compiled.capacity_bps
        return np.asarray((on_wire + self.compiled.propagation_s)[:, None])


def all_pairs(count: int) -> IntArray:
    """Every pair of `count` things, (P, 2), in order: N-2."""
    return np.stack(np.triu_indices(count, 1), axis=1).astype(np.int64)


def _write(levels: ServiceLevels, span: slice, part: ServiceLevels) -> None:
    levels.loss[span] = part.loss
    levels.delay_s[span] = part.delay_s
    levels.in_breach[span] = part.in_breach
    levels.unavailable[span] = part.unavailable
