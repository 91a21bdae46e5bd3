"""Offered loads after faults, as differences to one base state that is routed once."""

from collections.abc import Sequence

from twin.events.kinds import StateEvent
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.physics.changes import Changes
from twin.physics.compiled import arc_weights, discards_of, entering_bps
from twin.physics.incremental import Incremental
from twin.physics.routing import discarding
from twin.physics.twin import Twin
from twin.whatif.arcs import arcs_changed


class Supposed:
    """What the egresses of `base` are offered, and what they would be after faults.

    Loads are of all classes together, in bit/s, as if nothing were dropped on the way but what
    static routes discard. A node that discards, and that an event gives other next hops, is taken
    to pass that on.
    """

    def __init__(self, twin: Twin, base: NetworkState) -> None:
        self.base = base
        self._twin = twin
        self._by_traffic: dict[tuple[StateEvent, ...], Incremental] = {}

    def loads(self, events: Sequence[StateEvent] = ()) -> FloatArray:
        """(n_arcs,), offered after `events`. Raises UnknownNode, UnknownLink."""
        return self.after(events)[0]

    def after(self, events: Sequence[StateEvent]) -> tuple[FloatArray, float]:
        """The same, and what has no path then, bit/s."""
        base = self._with_traffic_of(events)
        changed = arcs_changed(events, self.base)
        if not changed:
            return base.loads[:, 0], float(base.unserved_bps[0])
        loads, unserved = base.class_loads_after(Changes.of([changed]))
        return loads[0, :, 0], float(unserved[0, 0])

    def _with_traffic_of(self, events: Sequence[StateEvent]) -> Incremental:
        """The base with the demand that `events` make of it, and with what they discard: neither
        changes a weight.
        """
        here = []
        state, topology = self.base, self.base.topology
        for event in events:
            after = event.after(state)
            if after.traffic is not state.traffic or _discards_otherwise(state, after):
                here.append(event)
            state = after
        key = tuple(here)
        if key not in self._by_traffic:
            self._by_traffic[key] = Incremental(
                self._twin.compiled,
                arc_weights(self.base.topology, self.base.running, self.base.down_links),
                entering_bps(state).sum(axis=0)[None],
                discarding(self._twin.route(self.base), discards_of(topology, state.running)),
            )
        return self._by_traffic[key]


def _discards_otherwise(before: NetworkState, after: NetworkState) -> bool:
    if before.running is after.running:
        return False
    found = {discards_of(before.topology, state.running) for state in (before, after)}
    return len(found) > 1
