"""The twin of one network: what is on record, compiled once and asked many times."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from threading import Lock

import numpy as np

from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import Inventory
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface
from twin.nouns.traffic import DailyProfile, TrafficMatrix
from twin.physics.assessment import (
    DEFAULT_PARAMETERS,
    Assessment,
    ServiceLevels,
    assess_routed,
    compile_services,
    flows,
    service_levels,
)
from twin.physics.compiled import (
    FloatArray,
    arc_weights,
    compile_topology,
    discards_of,
    egress_loss_of,
    entry_limits_of,
    policer_rates,
)
from twin.physics.queueing import PhysicsParameters
from twin.physics.routing import Routing, discarding, route

ROUTINGS_KEPT = 256
"""Routings in the cache; one of germany50 takes about 100 kB."""


class Twin:
    """Answers "what if" about the network of `inventory`. Safe to share between threads.

    `routed`: how often every destination was routed from nothing.
    """

    def __init__(
        self, inventory: Inventory, parameters: PhysicsParameters = DEFAULT_PARAMETERS
    ) -> None:
        self.inventory = inventory
        self.parameters = parameters
        self.compiled = compile_topology(inventory.topology)
        self.services = compile_services(inventory.topology, inventory.services)
        self._routings: OrderedDict[tuple[bytes, tuple[tuple[int, int], ...]], Routing] = (
            OrderedDict()
        )
        self._lock = Lock()
        self.routed = 0

    def traffic_at(self, time_s: float) -> TrafficMatrix:
        """Expected demand at a Unix time: the peak matrix times the daily profile."""
        return self.inventory.peak_traffic.scaled(profile_at(self.inventory.profile, time_s))

    def state(
        self,
        running: NetworkConfiguration | None = None,
        traffic: TrafficMatrix | None = None,
        down_links: Iterable[str] = (),
        egress_loss: Mapping[Interface, float] | None = None,
    ) -> NetworkState:
        """A state of this network; what is not given is as intended, at peak, up and clean."""
        return NetworkState(
            topology=self.inventory.topology,
            running=self.inventory.intended if running is None else running,
            traffic=self.inventory.peak_traffic if traffic is None else traffic,
            down_links=frozenset(down_links),
            egress_loss=dict(egress_loss or {}),
        )

    def of(self, state: NetworkState) -> "Twin":
        """The twin of `state`: this one, or where something else is built there, one of that.

        Where only capacities differ, the two share what is routed.
        """
        if state.topology is self.inventory.topology:
            return self
        other = Twin(
            replace(
                self.inventory,
                topology=state.topology,
                intended=state.running,
                peak_traffic=state.traffic,
            ),
            self.parameters,
        )
        same = np.array_equal(other.compiled.tail, self.compiled.tail)
        if same and np.array_equal(other.compiled.head, self.compiled.head):
            other._routings, other._lock = self._routings, self._lock
        return other

    def route(self, state: NetworkState) -> Routing:
        """Routing of `state`; kept by weights, what is up and what is discarded, so that other
        traffic costs nothing.
        """
        weights = arc_weights(state.topology, state.running, state.down_links)
        discards = discards_of(state.topology, state.running)
        key = (weights.tobytes(), discards)
        with self._lock:
            known = self._routings.get(key)
            if known is not None:
                self._routings.move_to_end(key)
                return known
        routing = discarding(route(self.compiled, weights), discards)
        with self._lock:
            self.routed += 1
            self._routings[key] = routing
            while len(self._routings) > ROUTINGS_KEPT:
                self._routings.popitem(last=False)
        return routing

    def assess(self, state: NetworkState) -> Assessment:
        """Loads, losses, delays and service verdicts of `state`."""
        return assess_routed(
            self.compiled, self.route(state), state, self.services, self.parameters
        )

    def levels(self, state: NetworkState, traffic_bps: FloatArray) -> ServiceLevels:
        """What services get of `state` at S traffic matrices, (S, 3, n, n), in place of its own."""
        result = flows(
            self.compiled,
            self.route(state),
            traffic_bps,
            policed_bps=policer_rates(state.topology, state.running),
            silent_loss=egress_loss_of(state.topology, state.egress_loss),
            parameters=self.parameters,
            entry_bps=entry_limits_of(state.topology, state.running),
        )
        return service_levels(self.services, result.delivered, result.delay_s)


def profile_at(profile: DailyProfile, time_s: float) -> float:
    """The factor at a Unix time: linear between full hours of UTC, the same every day."""
    hours = (time_s % 86_400.0) / 3600.0
    count = len(profile.hourly)
    before = int(hours) % count
    share = hours - int(hours)
    # Not a dot product: what that gives in the last bit depends on the BLAS and the processor.
    return (1.0 - share) * profile.hourly[before] + share * profile.hourly[(before + 1) % count]
