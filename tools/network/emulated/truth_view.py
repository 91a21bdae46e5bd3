"""The hidden truth of an emulated network: for evaluators, never for agents."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tools.network.emulated.case_truth import TimedFlood, TimedSpike
from tools.network.emulated.hidden import Hidden
from tools.network.emulated.network import EmulatedNetwork
from tools.network.emulated.physical_network import TICK_S, Sample, Totals
from tools.network.emulated.wiring import BoolArray, FloatArray
from twin.events.fault import Fault
from twin.nouns.configuration import InterfaceConfiguration, NetworkConfiguration


@dataclass(frozen=True, eq=False)
class SteadyState:
    """The true network once it has settled.

    `services`: the ids that `breach` and `unavailable` (n_services,) speak of. `utilisation`:
    carried / true capacity; `offered_utilisation`: may exceed 1; both (n_arcs,), 0 on dead links.
    `lost_bps`: (3,). `loss`, `delay_s`: per service, of its worst pair (delay infinite where
    nothing arrives).
    """

    services: tuple[str, ...]
    breach: BoolArray
    unavailable: BoolArray
    utilisation: FloatArray
    offered_utilisation: FloatArray
    lost_bps: FloatArray
    loss: FloatArray
    delay_s: FloatArray

    @property
    def breached(self) -> tuple[str, ...]:
        """Ids of the services that are outside their objective."""
        return tuple(s for s, bad in zip(self.services, self.breach, strict=True) if bad)

    @property
    def max_utilisation(self) -> float:
        """Of the busiest egress, offered load over true capacity."""
        return float(self.offered_utilisation.max(initial=0.0))


_ALWAYS_S = -1e12
"""Long before any case starts."""


class TruthView:
    """What really happens in `network`. Series begin when the network was created or opened."""

    def __init__(self, network: EmulatedNetwork) -> None:
        self._network = network
        self._physical = network.physical

    @property
    def services(self) -> tuple[str, ...]:
        """Service ids, the order of every per-service array."""
        return self._physical.services.names

    @property
    def hidden(self) -> Hidden:
        """The hidden values of this realisation."""
        return self._physical.hidden

    @property
    def samples(self) -> Sequence[Sample]:
        """One per tick of 30 s since the network was created or opened."""
        return self._physical.samples

    @property
    def totals(self) -> Totals:
        """Since the network was created, reopening included; exact to the moment of the last event
        or tick."""
        return self._physical.totals

    def breach_s(self) -> dict[str, float]:
        """Seconds that each service has spent outside its objective (those above zero)."""
        return {
            name: float(s)
            for name, s in zip(self.services, self.totals.breach_s, strict=True)
            if s > 0
        }

    def active_faults(self, at_s: float | None = None) -> tuple[Fault, ...]:
        """Faults of the case that hold at `at_s` (now, if not given).

        A misconfiguration is listed while the device runs it now.
        """
        time_s = self._network.now_s() if at_s is None else at_s
        events = self._network.identity.truth.events
        active = [events[e].fault for e in self._physical.active_events(time_s)]
        return tuple(f for f in active if self._is_running(f))

    def evaluate_steady(
        self,
        configuration: NetworkConfiguration,
        at_s: float,
        faults: Sequence[Fault] | None = None,
    ) -> SteadyState:
        """What the converged network would give if `configuration` ran at `at_s`.

        `faults`: what else is wrong then; if not given, what the case and the repairs so far make
        of `at_s`. A misconfiguration has no effect here: it is part of `configuration`. Demand is
        that of the tick of `at_s`, with the hidden factors and noise.
        """
        tick = math.floor((at_s - self._physical.starts_s) / TICK_S)
        if faults is None:
            held: Sequence[Fault] = self.active_faults(at_s)
            demand = self._physical.demand
        else:
            held = faults
            found = (TimedSpike.of(f, _ALWAYS_S, None) for f in faults)
            always = tuple(spike for spike in found if spike is not None)
            sent = (TimedFlood.of(f, _ALWAYS_S, None) for f in faults)
            floods = tuple(flood for flood in sent if flood is not None)
            demand = replace(self._physical.demand, spikes=always, floods=floods)
        moment, egresses = self._physical.steady(
            configuration, held, demand.at_tick(tick), demand.flooding_bps(tick)
        )
        levels = self._physical.services
        breach, unavailable = levels.judge(moment.loss, moment.delay_s)
        capacity, alive = egresses.capacity_bps, ~egresses.dead
        row, pair, first = levels.row_class, levels.row_pair, levels.first
        return SteadyState(
            services=levels.names,
            breach=breach,
            unavailable=unavailable,
            utilisation=moment.served.sent.sum(axis=0) / capacity,
            offered_utilisation=np.where(alive, moment.offered.sum(axis=0) / capacity, 0.0),
            lost_bps=(moment.entering * moment.loss).sum(axis=1),
            loss=_worst(moment.loss[row, pair], first),
            delay_s=_worst(moment.delay_s[row, pair], first),
        )

    def _is_running(self, fault: Fault) -> bool:
        match fault.kind:
            case "igp_weight_misconfig":
                return self._interface(fault.node, fault.link).igp_weight == fault.weight
            case "interface_shut_down":
                return any(self._interface(n, fault.link).shut_down for n in fault.nodes)
            case "unannounced_drain":
                return any(self._interface(n, fault.link).drained for n in fault.nodes)
            case "policer_misconfig":
                policers = self._interface(fault.node, fault.link).policers
                return (fault.traffic_class, fault.rate_bps) in [
                    (p.traffic_class, p.rate_bps) for p in policers
                ]
            case "blackhole_route":
                routes = self._network.running(fault.node).discards
                return any(route.target in fault.targets for route in routes)
            case "access_breach":
                return self._is_running(fault.change)
            case _:
                return True

    def _interface(self, node: str, link: str) -> InterfaceConfiguration:
        return self._network.running(node).interface(link)


def _worst(rows: FloatArray, first: np.ndarray) -> FloatArray:
    return np.maximum.reduceat(rows, first) if len(first) else np.zeros(0)
