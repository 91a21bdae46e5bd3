"""A network before and after a what-if: what moves, what is lost, who notices."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from typing import Literal

import numpy as np

from twin.events.kinds import BuildKind
from twin.events.what_if import Event, WhatIf
from twin.nouns.base import Noun
from twin.nouns.origins import Origin
from twin.nouns.service import Service
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface, Site, Topology
from twin.physics.assessment import Assessment, ServiceVerdict, assess_routed
from twin.physics.compiled import NO_ARC, arc_weights
from twin.physics.routing import route
from twin.physics.twin import Twin
from twin.whatif.arcs import arcs_changed
from twin.whatif.engine import WhatIfEngine

NOTICED = 1e-6
"""A load that changes by less than this fraction of the capacity has not changed."""

AT_LIMIT = 1e-9
"""What exceeds a limit by less than this fraction is at it: sums differ in their last digits."""

DELAY_NOTICED_S = 1e-6
LOSS_NOTICED = 1e-6


class Totals(Noun):
    """The whole network. Traffic in bit/s; `mean_delay_s`: one way, weighted by what arrives.

    `lost_bps`: what has a path and does not arrive. `max_utilisation`: offered load / capacity of
    `busiest`. `over_limit`: egresses above the limit. `breached`: services in breach.
    """

    offered_bps: float
    no_path_bps: float
    lost_bps: float
    max_utilisation: float
    busiest: Interface
    over_limit: int
    mean_delay_s: float | None
    breached: int


class EgressChange(Noun):
    """What an egress is offered, bit/s and as a share of its capacity."""

    egress: Interface
    before_bps: float
    after_bps: float
    before_utilisation: float
    after_utilisation: float
    failed: bool


class ServiceChange(Noun):
    """A service on its worst pair. `delay_s`: mean one-way, None where nothing arrives.

    `promised`: whether a bound of loss or delay is; if not, only being unavailable breaks anything.
    """

    service: str
    customer: str
    before_delay_s: float | None
    after_delay_s: float | None
    before_loss: float
    after_loss: float
    before_in_breach: bool
    after_in_breach: bool
    reasons: tuple[str, ...]
    promised: bool = True


class CascadeRound(Noun):
    """The links that trip at once."""

    links: tuple[str, ...]


class CascadeEnd(Noun):
    """How the what-if goes on if overloaded links trip. `trip_at`: times `of`."""

    trip_at: float
    of: Literal["base load", "capacity"]
    rounds: tuple[CascadeRound, ...]
    no_path_bps: float
    max_utilisation: float
    busiest: Interface | None


@dataclass(frozen=True, eq=False)
class Comparison:
    """`before` and `after` as the twin assesses them, `after` in the topology that is built then.

    `failed`: links that the what-if takes. `touched`: links that it gives another weight or another
    capacity, and new ones. `assumed`: what is taken for granted of what is built, in words.
    `without_effect`: every weight and link was already as the what-if has it.
    """

    state: NetworkState
    what_if: WhatIf
    before: Assessment
    after: Assessment
    failed: frozenset[str]
    touched: frozenset[str]
    assumed: tuple[str, ...]
    without_effect: bool

    def totals(self, limit: float) -> tuple[Totals, Totals]:
        """Before and after; `limit`: the utilisation above which egresses are counted."""
        return totals_of(self.before, limit), totals_of(self.after, limit)

    @cached_property
    def egresses(self) -> tuple[EgressChange, ...]:
        """Every egress whose load or capacity changes; the largest change in bit/s first.

        One that is built was offered nothing before.
        """
        topology, capacity = self.after.topology, self.after.capacity_bps
        new = len(capacity) - len(self.before.capacity_bps)
        before = np.pad(self.before.offered_bps.sum(axis=1), (0, new))
        was_used = np.pad(self.before.utilisation, (0, new))
        after = self.after.offered_bps.sum(axis=1)
        change = np.abs(after - before)
        resized = np.pad(self.before.capacity_bps, (0, new)) != capacity
        # Equal changes, as of an egress of another capacity, stay in the order of use.
        order = np.lexsort((-np.maximum(was_used, self.after.utilisation), -change)).tolist()
        return tuple(
            EgressChange(
                egress=topology.egress_of(arc),
                before_bps=float(before[arc]),
                after_bps=float(after[arc]),
                before_utilisation=float(was_used[arc]),
                after_utilisation=float(after[arc] / capacity[arc]),
                failed=topology.links[arc // 2].id in self.failed,
            )
            for arc in order
            if change[arc] > NOTICED * capacity[arc] or resized[arc]
        )

    @cached_property
    def services(self) -> tuple[ServiceChange, ...]:
        """Every service that fares differently: verdicts first, then the largest added delay."""
        pairs = zip(self.before.verdicts, self.after.verdicts, strict=True)
        services = {s.id: s for s in self.before.services.services}
        changed = [
            _service_change(was, now, services[was.service])
            for was, now in pairs
            if _differs(was, now)
        ]
        return tuple(sorted(changed, key=_weight_of))


def compare(state: NetworkState, what_if: WhatIf, twin: Twin) -> Comparison:
    """Assess `state` of `twin` before and after; see `arcs_changed` for what it raises."""
    built = build(state, what_if, twin)
    changed = arcs_changed(built.rest, built.state)
    links = built.state.topology.links
    failed = {links[arc // 2].id for arc, weight in changed.items() if weight == NO_ARC}
    touched = {links[arc // 2].id for arc in changed} - failed
    touched |= {
        now.id
        for was, now in zip_longest(state.topology.links, links)
        if was is None or was.capacity_bps != now.capacity_bps
    }
    weights = arc_weights(built.state.topology, built.state.running, built.state.down_links)
    same = all(weights[arc] == weight for arc, weight in changed.items())
    return Comparison(
        state,
        what_if,
        before=twin.assess(state),
        after=_assess_changed(built, changed),
        failed=frozenset(failed),
        touched=frozenset(touched),
        assumed=built.assumed,
        without_effect=same and built.twin is twin,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """A network once what a what-if builds is there. `rest`: what else the what-if supposes."""

    twin: Twin
    state: NetworkState
    rest: WhatIf
    assumed: tuple[str, ...]


def build(state: NetworkState, what_if: WhatIf, twin: Twin) -> Built:
    """`state` of `twin` with all that `what_if` builds, in its order.

    Raises:
        UnknownNode, UnknownLink, BadInput: what is built cannot be, or joins what is not there.
    """
    assumed: list[str] = []
    rest: list[Event] = []
    before = state
    builds = any(isinstance(event, BuildKind) for event in what_if)
    is_drawn = builds and twin.inventory.origins.coordinates.origin is Origin.ABSENT
    if is_drawn:
        # A distance on a map that was only drawn is no length.
        state = replace(state, topology=_placed(state.topology, {}))
    for event in what_if:
        if isinstance(event, BuildKind):
            assumed += event.assumed(state)
            state = event.after(state)
        else:
            rest.append(event)
    if is_drawn:
        state = replace(state, topology=_placed(state.topology, _places(before.topology)))
    changed = state.topology is not before.topology and state.topology != before.topology
    return Built(
        twin.of(state) if changed else twin,
        state if changed else before,
        tuple(rest),
        tuple(assumed),
    )


def _places(topology: Topology) -> dict[str, Site]:
    return {site.id: site for site in topology.sites}


def _placed(topology: Topology, places: Mapping[str, Site]) -> Topology:
    """`topology` with its sites as in `places`, and the others all in one place."""
    nowhere = {"longitude": 0.0, "latitude": 0.0}
    sites = (places.get(s.id) or s.model_copy(update=nowhere) for s in topology.sites)
    return topology.rebuilt(sites=tuple(sites))


def assess_after(state: NetworkState, what_if: WhatIf, twin: Twin) -> Assessment:
    """`state` of `twin` after `what_if`, from scratch; see `arcs_changed` for what it raises."""
    built = build(state, what_if, twin)
    return _assess_changed(built, arcs_changed(built.rest, built.state))


def _assess_changed(built: Built, changed: Mapping[int, int]) -> Assessment:
    twin, state = built.twin, built.state
    if not changed:
        return twin.assess(state)
    weights = arc_weights(state.topology, state.running, state.down_links)
    for arc, weight in changed.items():
        weights[arc] = weight
    routing = route(twin.compiled, weights)
    return assess_routed(twin.compiled, routing, state, twin.services, twin.parameters)


def cascade_of(
    engine: WhatIfEngine,
    what_if: WhatIf,
    trip_at: float,
    of: Literal["base load", "capacity"] = "capacity",
) -> CascadeEnd:
    """Play `what_if` on: links beyond `trip_at` times `of` trip, load moves, until none is."""
    found = engine.cascades([what_if], above(trip_at), of)
    topology = engine.state.topology
    utilisation = found.loads[0].sum(axis=1) / engine.compiled.capacity_bps
    rounds = tuple(
        CascadeRound(links=tuple(topology.links[i].id for i in turn)) for turn in found.rounds(0)
    )
    busiest = int(utilisation.argmax())
    return CascadeEnd(
        trip_at=trip_at,
        of=of,
        rounds=rounds,
        no_path_bps=float(found.unserved_bps[0].sum()),
        max_utilisation=float(utilisation[busiest]),
        busiest=topology.egress_of(busiest) if utilisation[busiest] > 0 else None,
    )


def above(limit: float) -> float:
    """The least that is more than `limit`, and not equal to it but for rounding."""
    return limit * (1.0 + AT_LIMIT)


def lost_on_the_way_bps(assessment: Assessment) -> float:
    """What has a path and does not arrive."""
    return max(0.0, assessment.lost_bps - _no_path_bps(assessment))


def _no_path_bps(assessment: Assessment) -> float:
    return float((assessment.traffic_bps * ~assessment.reachable).sum())


def totals_of(assessment: Assessment, limit: float) -> Totals:
    """The whole network; `limit`: the utilisation above which egresses are counted."""
    traffic, delivered = assessment.traffic_bps, assessment.delivered
    arriving = traffic * delivered
    arrives = arriving > 0
    busiest = int(assessment.utilisation.argmax())
    delay = float((arriving[arrives] * assessment.delay_s[arrives]).sum())
    return Totals(
        offered_bps=float(traffic.sum()),
        no_path_bps=_no_path_bps(assessment),
        lost_bps=lost_on_the_way_bps(assessment),
        max_utilisation=float(assessment.utilisation[busiest]),
        busiest=assessment.topology.egress_of(busiest),
        over_limit=int((assessment.utilisation > above(limit)).sum()),
        mean_delay_s=delay / float(arriving.sum()) if arrives.any() else None,
        breached=assessment.breached_services,
    )


def _differs(was: ServiceVerdict, now: ServiceVerdict) -> bool:
    if was.in_breach != now.in_breach or was.unavailable != now.unavailable:
        return True
    if np.isinf(was.delay_s) != np.isinf(now.delay_s):
        return True
    moved = np.isfinite(was.delay_s) and abs(now.delay_s - was.delay_s) > DELAY_NOTICED_S
    return bool(moved or abs(now.loss - was.loss) > LOSS_NOTICED)


def _service_change(was: ServiceVerdict, now: ServiceVerdict, service: Service) -> ServiceChange:
    return ServiceChange(
        service=was.service,
        customer=service.customer,
        before_delay_s=was.delay_s if np.isfinite(was.delay_s) else None,
        after_delay_s=now.delay_s if np.isfinite(now.delay_s) else None,
        before_loss=was.loss,
        after_loss=now.loss,
        before_in_breach=was.in_breach,
        after_in_breach=now.in_breach,
        reasons=now.reasons,
        promised=service.objective.loss is not None or service.objective.delay_s is not None,
    )


def _weight_of(change: ServiceChange) -> tuple[bool, bool, float, str]:
    added = float("inf")
    if change.before_delay_s is not None and change.after_delay_s is not None:
        added = change.after_delay_s - change.before_delay_s
    same_verdict = change.before_in_breach == change.after_in_breach
    return same_verdict, not change.after_in_breach, -added, change.service
