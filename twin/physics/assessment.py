"""What a network state means for its egresses, its pairs and its services."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
from numpy.typing import NDArray

from twin.errors import UnknownNode
from twin.nouns.service import UNAVAILABLE_LOSS, Service
from twin.nouns.state import NetworkState
from twin.nouns.topology import Topology
from twin.nouns.traffic import TRAFFIC_CLASSES
from twin.physics.compiled import (
    CompiledTopology,
    FloatArray,
    IntArray,
    arc_weights,
    compile_topology,
    discards_of,
    egress_loss_of,
    entry_limits_of,
    policer_rates,
)
from twin.physics.loads import arriving_loads, by_target_in_memory, deliveries, even_split
from twin.physics.queueing import EgressResult, PhysicsParameters, serve_egresses
from twin.physics.routing import Routing, discarding, route

DEFAULT_PARAMETERS = PhysicsParameters()

MAX_PASSES = 30
"""Bound on the passes that settle how drops upstream thin the load downstream."""

SETTLED = 1e-7
"""The passes end when no egress changes what it sends by more than this fraction."""


@dataclass(frozen=True, slots=True, eq=False)
class CompiledServices:
    """Services as arrays, one entry per directed pair, services one after another.

    `first`: (n_services,), where each service's pairs begin. `loss_bound` and `delay_bound_s`: per
    service, inf where nothing is promised.
    """

    services: tuple[Service, ...]
    classes: IntArray
    sources: IntArray
    targets: IntArray
    first: IntArray
    loss_bound: FloatArray
    delay_bound_s: FloatArray


def compile_services(topology: Topology, services: Sequence[Service]) -> CompiledServices:
    """Arrays of `services`. Raises UnknownNode if a pair names a node that is not there."""
    index = topology.node_index
    rows: list[tuple[int, int, int]] = []
    first: list[int] = []
    for service in services:
        first.append(len(rows))
        for source, target in service.pairs:
            for end in (source, target):
                if end not in index:
                    raise UnknownNode(end, index, f'{topology.name} (service "{service.id}")')
            k = TRAFFIC_CLASSES.index(service.traffic_class)
            rows.append((k, index[source], index[target]))
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
    objectives = [service.objective for service in services]
    return CompiledServices(
        services=tuple(services),
        classes=columns[:, 0],
        sources=columns[:, 1],
        targets=columns[:, 2],
        first=np.array(first, dtype=np.int64),
        loss_bound=np.array([np.inf if o.loss is None else o.loss for o in objectives]),
        delay_bound_s=np.array([np.inf if o.delay_s is None else o.delay_s for o in objectives]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class ServiceLevels:
    """Worst pair of each service, each (S, n_services). `delay_s` is inf where nothing arrives."""

    loss: FloatArray
    delay_s: FloatArray
    in_breach: NDArray[np.bool_]
    unavailable: NDArray[np.bool_]


def service_levels(
    services: CompiledServices, delivered: FloatArray, delay_s: FloatArray
) -> ServiceLevels:
    """Levels from `delivered` and `delay_s` (S, 3, n, n)."""
    where = (slice(None), services.classes, services.sources, services.targets)
    return levels_of_pairs(services, 1.0 - delivered[where], delay_s[where])


def levels_of_pairs(
    services: CompiledServices, pair_loss: FloatArray, pair_delay_s: FloatArray
) -> ServiceLevels:
    """Levels from the loss and the delay of each pair of `services`, in their order, (S, P)."""
    samples = len(pair_loss)
    if not services.services:
        nothing = np.zeros((samples, 0))
        none = np.zeros((samples, 0), dtype=np.bool_)
        return ServiceLevels(nothing, nothing, none, none)
    loss, delay = _worst(pair_loss, services.first), _worst(pair_delay_s, services.first)
    unavailable = loss > UNAVAILABLE_LOSS
    broken = (loss > services.loss_bound) | (delay > services.delay_bound_s)
    return ServiceLevels(loss, delay, broken | unavailable, unavailable)


@numba.njit(cache=True, nogil=True)
def _worst(
    per_pair: FloatArray,
    first: IntArray,
) -> FloatArray:
    """The highest of each service's pairs, (S, n_services); numpy's reduceat is far slower."""
    samples, count = per_pair.shape[0], first.shape[0]
    worst = np.empty((samples, count))
    for s in range(samples):
        for i in range(count):
            last = first[i + 1] if i + 1 < count else per_pair.shape[1]
            highest = 0.0
            for j in range(first[i], last):
                highest = max(highest, per_pair[s, j])
            worst[s, i] = highest
    return worst


@dataclass(frozen=True, slots=True)
class ServiceVerdict:
    """How one service fares now, on its worst pair.

    `loss`: fraction 0..1. `delay_s`: mean one-way, inf where nothing arrives. `in_breach`: outside
    its loss or delay objective, or unavailable. `reasons`: each broken promise in words, empty when
    none.
    """

    service: str
    loss: float
    delay_s: float
    in_breach: bool
    unavailable: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Flows:
    """Loads and deliveries of S samples; see Assessment for the meaning of each array."""

    offered_bps: FloatArray
    arriving_bps: FloatArray
    sent: FloatArray
    silent_loss: FloatArray
    wait_s: FloatArray
    delivered: FloatArray
    delay_s: FloatArray


@dataclass(frozen=True, eq=False)
class Assessment:
    """The steady state that a network settles in.

    Per egress and class, (n_arcs, 3): `offered_bps`, what routing sends there if nothing were
    dropped on the way; `arriving_bps`, what does arrive; `carried_bps`, what it puts on the wire
    (its own counter); `received_bps`, what the far end receives; `dropped`, the fraction 0..1 of
    what arrives that it drops and counts (queue and policer); `queue_delay_s`, mean wait.
    `utilisation`: (n_arcs,), offered load of all classes / capacity, may exceed 1;
    `carried_utilisation`: the same of carried load, at most 1 (to 1e-5). Per class and pair, (3, n,
    n): `delivered`, fraction 0..1; `delay_s`, mean one-way of what arrives, inf where nothing does.
    `reachable`: (n, n). `lost_bps`: all traffic that does not arrive.
    """

    topology: Topology
    services: CompiledServices
    traffic_bps: FloatArray
    capacity_bps: FloatArray
    offered_bps: FloatArray
    arriving_bps: FloatArray
    carried_bps: FloatArray
    received_bps: FloatArray
    dropped: FloatArray
    queue_delay_s: FloatArray
    delivered: FloatArray
    delay_s: FloatArray
    reachable: NDArray[np.bool_]
    levels: ServiceLevels

    @cached_property
    def utilisation(self) -> FloatArray:
        """Offered load / capacity per arc."""
        return np.asarray(self.offered_bps.sum(axis=1) / self.capacity_bps)

    @cached_property
    def carried_utilisation(self) -> FloatArray:
        """Carried load / capacity per arc."""
        return np.asarray(self.carried_bps.sum(axis=1) / self.capacity_bps)

    @cached_property
    def lost_bps(self) -> float:
        """Ingress minus delivered, all classes and pairs."""
        return float((self.traffic_bps * (1.0 - self.delivered)).sum())

    @cached_property
    def breached_services(self) -> int:
        """How many services are in breach."""
        return int(self.levels.in_breach.sum())

    @cached_property
    def verdicts(self) -> tuple[ServiceVerdict, ...]:
        """One per service, in order."""
        return tuple(self._verdict(i) for i in range(len(self.services.services)))

    def _verdict(self, i: int) -> ServiceVerdict:
        service = self.services.services[i]
        loss, delay = float(self.levels.loss[0, i]), float(self.levels.delay_s[0, i])
        unavailable = bool(self.levels.unavailable[0, i])
        return ServiceVerdict(
            service=service.id,
            loss=loss,
            delay_s=delay,
            in_breach=bool(self.levels.in_breach[0, i]),
            unavailable=unavailable,
            reasons=_reasons(service, loss, delay, unavailable),
        )


def _reasons(service: Service, loss: float, delay_s: float, unavailable: bool) -> tuple[str, ...]:
    reasons = []
    bound = service.objective
    if math.isinf(delay_s):
        # Its loss and its delay say nothing more.
        return ("unavailable: of a pair nothing arrives",)
    if unavailable:
        reasons.append(f"unavailable: loses {loss:.1%}, more than {UNAVAILABLE_LOSS:.0%}")
    if bound.loss is not None and loss > bound.loss:
        reasons.append(f"loss {loss:.2%} exceeds {bound.loss:.2%}")
    if bound.delay_s is not None and delay_s > bound.delay_s:
        reasons.append(f"delay {delay_s * 1e3:.1f} ms exceeds {bound.delay_s * 1e3:.1f} ms")
    return tuple(reasons)


def flows(
    compiled: CompiledTopology,
    routing: Routing,
    traffic_bps: FloatArray,
    *,
    policed_bps: FloatArray,
    silent_loss: FloatArray,
    capacity_bps: FloatArray | None = None,
    split: FloatArray | None = None,
    parameters: PhysicsParameters = DEFAULT_PARAMETERS,
    entry_bps: FloatArray | None = None,
) -> Flows:
    """Loads and deliveries of S traffic matrices (S, 3, n, n) over one routing.

    Drops upstream thin what arrives downstream: the loads are the fixed point of that, and traffic
    is conserved exactly whatever the precision of the fixed point is. `policed_bps`: (n_arcs, 3).
    `silent_loss`: (n_arcs,). `capacity_bps`, `split`: (n_arcs, S), default as built and even.
    `entry_bps`: (3, n), see `entry_limits_of`; what these keep out is not delivered.
    """
    samples = len(traffic_bps)
    if capacity_bps is None:
        capacity_bps = np.repeat(compiled.capacity_bps[:, None], samples, axis=1)
    if split is None:
        split = even_split(compiled.n_arcs, samples)
    wanted_bps = traffic_bps
    if entry_bps is not None:
        traffic_bps = np.minimum(wanted_bps, entry_bps[:, None, :])
    kept = (1.0 - silent_loss)[:, None, None]
    traffic_bps = by_target_in_memory(traffic_bps)
    offered = arriving = arriving_loads(compiled, routing, traffic_bps, split=split)
    egress = serve_egresses(arriving, capacity_bps, policed_bps, parameters)
    used = EgressResult(np.ones_like(egress.sent), egress.wait_s)
    for turn in range(MAX_PASSES):
        if turn and np.abs(egress.sent - used.sent).max(initial=0.0) < SETTLED:
            break
        if not turn and not silent_loss.any() and (egress.sent == 1.0).all():
            used = egress
            break
        # Halving the step later on ends the swinging between two egresses that feed each other.
        step = 1.0 if turn < MAX_PASSES // 3 else 0.5
        used = EgressResult(used.sent + step * (egress.sent - used.sent), egress.wait_s)
        arriving = arriving_loads(compiled, routing, traffic_bps, used.sent * kept, split)
        egress = serve_egresses(arriving, capacity_bps, policed_bps, parameters)
    hop_delay = (
        egress.wait_s
        + (parameters.packet_bits / capacity_bps)[:, :, None]
        + compiled.propagation_s[:, None, None]
    )
    delivered, delay_s = deliveries(compiled, routing, used.sent * kept, hop_delay, split)
    if entry_bps is not None:
        delivered = delivered * np.divide(
            traffic_bps, wanted_bps, out=np.ones_like(delivered), where=wanted_bps > 0.0
        )
    return Flows(offered, arriving, used.sent, silent_loss, egress.wait_s, delivered, delay_s)


def assess_routed(
    compiled: CompiledTopology,
    routing: Routing,
    state: NetworkState,
    services: CompiledServices,
    parameters: PhysicsParameters = DEFAULT_PARAMETERS,
) -> Assessment:
    """Assess `state` whose routing is known. `routing` must hold every destination."""
    traffic = state.traffic.rates_bps
    result = flows(
        compiled,
        routing,
        traffic[None],
        policed_bps=policer_rates(state.topology, state.running),
        silent_loss=egress_loss_of(state.topology, state.egress_loss),
        parameters=parameters,
        entry_bps=entry_limits_of(state.topology, state.running),
    )
    carried = (result.arriving_bps * result.sent)[:, 0]
    return Assessment(
        topology=state.topology,
        services=services,
        traffic_bps=traffic,
        capacity_bps=compiled.capacity_bps,
        offered_bps=result.offered_bps[:, 0],
        arriving_bps=result.arriving_bps[:, 0],
        carried_bps=carried,
        received_bps=carried * (1.0 - result.silent_loss)[:, None],
        dropped=1.0 - result.sent[:, 0],
        queue_delay_s=result.wait_s[:, 0],
        delivered=result.delivered[0],
        delay_s=result.delay_s[0],
        reachable=routing.distance.T >= 0,
        levels=service_levels(services, result.delivered, result.delay_s),
    )


def assess(
    state: NetworkState,
    services: Sequence[Service] = (),
    parameters: PhysicsParameters = DEFAULT_PARAMETERS,
) -> Assessment:
    """Route, load and judge `state` from scratch. A `Twin` does the same and keeps what it
    compiled.

    Raises UnknownNode, UnknownLink for names that the topology does not have.
    """
    compiled = compile_topology(state.topology)
    routing = route(compiled, arc_weights(state.topology, state.running, state.down_links))
    routing = discarding(routing, discards_of(state.topology, state.running))
    return assess_routed(
        compiled, routing, state, compile_services(state.topology, services), parameters
    )
