"""Which symptoms a cause brings about, by the twin."""

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from twin.events.fault import Fault
from twin.nouns.incident import EVERYWHERE, Symptom
from twin.nouns.inventory import Inventory
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface
from twin.physics.questions import links_used
from twin.tracking.belief import Belief
from twin.whatif.supposed import Supposed

_BUSY = 0.85
"""Bursts drop, and queues delay, from about here on."""


def unexplained(
    belief: Belief, normal: Supposed, faults: Sequence[Fault], symptoms: Iterable[Symptom]
) -> tuple[Symptom, ...]:
    """The symptoms that `faults` do not bring about in the network `normal`.

    Of what probes and services feel it is not asked: with any confirmed cause it is a consequence.
    """
    topology = normal.base.topology
    capacity = np.repeat([x.capacity_bps for x in topology.links], 2)
    busy = normal.loads(faults) * np.exp(belief.tracker.usual_loads.bias) / capacity > _BUSY
    direct = {r for fault in faults for r in fault.resources}
    direct = direct.union(*(fault.links_down(topology) for fault in faults))
    nodes = {e.node if (e := Interface.named_by(r)) else r for r in direct}
    nodes = nodes.union(*(fault.configured_nodes for fault in faults))
    found = []
    for symptom in symptoms:
        match symptom.kind:
            case "adjacency_down" | "silent_loss" | "late_link":
                explained = symptom.resource in direct
            case "configuration_change" | "traffic_surge":
                explained = symptom.resource in nodes
            case "flow_surge":
                explained = False
            case "queue_drops" if symptom.resource in direct:
                explained = True
            case "queue_drops":
                egress = Interface.parse(symptom.resource)
                explained = bool(busy[topology.arc_of(egress)]) or egress.link in direct
            case _:
                explained = bool(faults)
        if not explained and not any(fault.brings_about(symptom) for fault in faults):
            found.append(symptom)
    return tuple(found)


class InForce:
    """What the cause of an incident does for as long as it is in force.

    `changed`: whether a change of ours was made for it, which moves traffic as well.
    """

    def __init__(
        self, belief: Belief, incident_id: str, cause: Sequence[Fault], *, changed: bool = False
    ) -> None:
        self._belief = belief
        self._incident_id = incident_id
        self._changed = changed
        self.cause = tuple(cause)

    def explains(self, symptom: Symptom) -> bool:
        """Whether the symptom is a consequence of it, or the same trouble further on."""
        if symptom.kind == "adjacency_down" and symptom.resource in self._circuits:
            return True
        if symptom.kind in ("probe_loss", "probe_delay", "service_breach"):
            if any(EVERYWHERE in fault.resources for fault in self.cause):
                return True
            return any(self._reaches(*pair) for pair in pairs_of(symptom, self._belief.inventory))
        return not unexplained(self._belief, self._normal, self.cause, [symptom])

    @cached_property
    def _circuits(self) -> frozenset[str]:
        return frozenset().union(*(fault.circuits() for fault in self.cause))

    @cached_property
    def _normal(self) -> Supposed:
        normal = self._belief.tracker.normal_state(besides=self._incident_id)
        return Supposed(self._belief.twin, normal)

    @cached_property
    def _after(self) -> NetworkState:
        state = self._normal.base
        for fault in self.cause:
            state = fault.after(state)
        return state

    @cached_property
    def _before(self) -> NetworkState:
        normal = self._normal.base
        return normal.configured(self._belief.inventory.intended) if self._changed else normal

    @cached_property
    def _touched(self) -> frozenset[str]:
        """Links on which it sits, and those with an egress that is full because of it."""
        topology = self._normal.base.topology
        capacity = np.repeat([x.capacity_bps for x in topology.links], 2)
        bias = np.exp(self._belief.tracker.usual_loads.bias)
        full = self._normal.loads(self.cause) * bias > _BUSY * capacity
        usual = self._normal.loads() * bias > _BUSY * capacity
        busy = {topology.links[int(arc) // 2].id for arc in np.flatnonzero(full & ~usual)}
        return frozenset(busy).union(*(fault.concerned_links() for fault in self.cause))

    def _reaches(self, source: str, target: str) -> bool:
        """Whether traffic between the two goes another way because of it, or meets it."""
        twin = self._belief.twin
        now = links_used(twin, self._after, source, target)
        return bool(now & self._touched) or now != links_used(twin, self._before, source, target)


def pairs_of(symptom: Symptom, inventory: Inventory) -> tuple[tuple[str, str], ...]:
    """The (source, target) pairs that feel the symptom; none where it is not felt by pairs."""
    if symptom.kind == "service_breach":
        return next((s.pairs for s in inventory.services if s.id == symptom.resource), ())
    if symptom.kind in ("probe_loss", "probe_delay"):
        pair, _, _ = symptom.resource.rpartition("/")
        source, target = pair.split(">")
        return ((source, target),)
    return ()
