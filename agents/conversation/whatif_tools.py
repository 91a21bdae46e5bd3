"""What would become of the network if ...: asked of the twin, with the demand of any hour."""

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.conversation.lookups import Lookups
from agents.conversation.queries.topology import ServiceName
from agents.conversation.queries.whatif import (
    WHAT_IF,
    WORST_FAILURES,
    ClassEffect,
    EgressChange,
    EgressLoad,
    FullWhen,
    InBreach,
    OverloadedAfter,
    Side,
    Supposed,
    Sweep,
    WhatIfResult,
    WorstFailure,
    WorstFailuresResult,
)
from agents.conversation.record import NetworkRecord, utc
from agents.conversation.supposing import already_so, events_of, parts_of, suppose
from tools.registry import Tool
from twin.errors import BadInput
from twin.events.names import find_group, find_link, find_node
from twin.events.what_if import WhatIf
from twin.nouns.service import Service
from twin.nouns.state import NetworkState
from twin.nouns.topology import Topology
from twin.nouns.traffic import TRAFFIC_CLASSES, TrafficClass
from twin.physics.assessment import Assessment
from twin.whatif.arcs import single_groups, single_links, single_nodes
from twin.whatif.engine import WhatIfEngine
from twin.whatif.growth import grow
from twin.whatif.window import Window, WindowAnswer, safe_within

_MOST_LISTED = 25
_MOST_CHANGED = 8
_MOST_GROWING = 5
_YEARS = 10.0
_FULL = 1.0
_HOUR_S = 3600.0
_DAY_S = 86_400.0
_SAME = 1e-4
"""Utilisations that are no further apart are the same, as they are shown."""


def whatif_tools(record: NetworkRecord, lookups: Lookups) -> tuple[Tool[Any], ...]:
    """The tools, bound to one network."""
    view = _Supposed(record)
    return (
        lookups.tool(
            WHAT_IF,
            "What the twin expects after events on the network as it is now: overloaded egresses "
            "(offered / capacity, 0..1 and above), services newly in breach, traffic lost (bit/s), "
            "before and after; the forecast, and when links are full as demand grows. Nothing is "
            "changed.",
            view.what_if,
        ),
        lookups.tool(
            WORST_FAILURES,
            "Every single link, node or duct failure tried in the twin, the worst first: by "
            "services in breach, then by the highest utilisation (offered / capacity).",
            view.worst,
        ),
    )


class _Supposed:
    def __init__(self, record: NetworkRecord) -> None:
        self._record = record

    def what_if(self, asked: Supposed) -> WhatIfResult:
        record = self._record
        watched = [find_link(record.topology, x).id for x in asked.watch_links]
        supposes = asked.demand_factor != 1.0 or asked.extra or asked.growth_per_year
        if not (parts_of(asked.events) or watched or asked.hours or asked.at or supposes):
            raise BadInput('no event is named; write for example "link A-B down"')
        begins_s = record.time_of(asked.at)
        from_s = record.now_s if begins_s is None else begins_s
        times = _full_hours(from_s, asked.hours, record.now_s) if asked.hours else [from_s]
        from_s = times[0]
        tried = [self._at(asked, None if begins_s is None and t == from_s else t) for t in times]
        chosen = max(range(len(tried)), key=lambda i: _badness(*tried[i][1:]))
        (before, after), base, then = tried[chosen]
        time_s = times[chosen]
        what_if = events_of(asked.events, before) if parts_of(asked.events) else ()
        more = _more_overloaded(base, then)
        services = base.services.services
        was, is_ = base.levels.in_breach[0], then.levels.in_breach[0]
        above = _above(then, asked.limit) if asked.limit < _FULL else None
        return WhatIfResult(
            above_limit=None if above is None else above[:_MOST_LISTED],
            above_limit_count=None if above is None else len(above),
            events="; ".join(parts_of(asked.events)),
            described=tuple(event.describe() for event in what_if),
            demand_of_utc=utc(time_s),
            demand_share_of_peak=round(record.level_at(time_s), 4),
            demand_factor=asked.demand_factor,
            from_utc=utc(from_s),
            until_utc=utc(times[-1]),
            hours_tried=len(times),
            known_from_telemetry=record.tracker is not None,
            in_breach_now_by_probes=()
            if record.tracker is None
            else record.tracker.latest().in_breach,
            links_down=tuple(sorted(after.down_links)),
            already_so=tuple(already_so(asked.events, before)),
            before=_side(base, watched),
            after=_side(then, watched),
            most_changed=_most_changed(base, then),
            more_overloaded_count=int(more.sum()),
            newly_in_breach=_breaches(then, is_ & ~was),
            newly_in_breach_count=int((is_ & ~was).sum()),
            still_in_breach=_breaches(then, is_ & was),
            still_in_breach_count=int((is_ & was).sum()),
            no_longer_in_breach=tuple(
                s.id for s, better in zip(services, was & ~is_, strict=True) if better
            ),
            classes=_classes(base, then),
            forecast=self._forecast(asked, what_if, times) if asked.forecast else None,
            growth=self._growth(asked, after, watched) if asked.growth_per_year else None,
        )

    def _forecast(self, asked: Supposed, what_if: WhatIf, times: list[float]) -> WindowAnswer:
        """Judged at the busiest moment, with what is not known of demand and hashing drawn."""
        record = self._record
        found = safe_within(
            record.twin,
            _loaded(record.peak_state(), asked),
            what_if,
            Window(times[0], times[-1]),
            uncertainty=record.uncertainty,
        )
        # One level of demand gives all others, and the hours are no news.
        return found.model_copy(update={"moments": ()})

    def _growth(self, asked: Supposed, after: NetworkState, watched: list[str]) -> FullWhen:
        twin = self._record.twin.of(after)
        found = grow(
            twin,
            after,
            asked.growth_per_year,
            _YEARS,
            limit=asked.limit,
            failures=True,
            uncertainty=self._record.uncertainty,
        )
        rows = [x for x in found.links if x.link in watched]
        rows += [x for x in found.links if x.link not in watched]
        return FullWhen(
            per_year=found.per_year,
            limit=found.limit,
            links=tuple(rows[: max(len(watched), _MOST_GROWING)]),
            count=len(rows),
        )

    def _at(
        self, asked: Supposed, at_s: float | None
    ) -> tuple[tuple[NetworkState, NetworkState], Assessment, Assessment]:
        """The network at that time without and with the events, and how both do."""
        before = _loaded(self._record.state_at(at_s), asked)
        after = suppose(asked.events, before) if parts_of(asked.events) else before
        twin = self._record.twin
        return (before, after), twin.assess(before), twin.of(after).assess(after)

    def worst(self, asked: Sweep) -> WorstFailuresResult:
        record, at_s = self._record, self._record.time_of(asked.at)
        state = _loaded(record.state_at(at_s), asked)
        if asked.events:
            state = suppose(asked.events, state)
        names, events = _tried(state.topology, asked)
        engine = WhatIfEngine(state, record.twin.of(state).services)
        loads = engine.loads(events)
        capacity = np.repeat([x.capacity_bps for x in state.topology.links], 2)
        over = np.maximum(loads - capacity, 0.0).sum(axis=1)
        highest = (loads / capacity).max(axis=1)
        levels = engine.verdicts(events).levels
        services = engine.services.services
        classes = np.array([s.traffic_class.value for s in services], dtype=np.object_)
        breaches = levels.in_breach.sum(axis=1)
        meant = levels.in_breach & ((classes == asked.by_class) | (not asked.by_class))
        order = np.lexsort((-highest, -meant.sum(axis=1)))[: asked.most]
        share = loads / capacity
        by, most = share.argmax(axis=0), share.max(axis=0)
        fullest = np.argsort(-most, kind="stable")[:_MOST_LISTED]
        filled = tuple(
            OverloadedAfter(
                **dict(_load(state.topology, int(a), float(most[a]))), by=names[int(by[a])]
            )
            for a in fullest
        )
        return WorstFailuresResult(
            of=asked.of,
            events=asked.events,
            tried=len(events),
            demand_of_utc=utc(record.now_s if at_s is None else at_s),
            demand_factor=asked.demand_factor,
            overloaded=tuple(x for x in filled if x.utilisation > _FULL),
            overloaded_count=int((most > _FULL).sum()),
            fullest=filled[: asked.most],
            worst=tuple(
                WorstFailure(
                    link=names[i] if asked.of == "link" else None,
                    node=names[i] if asked.of == "node" else None,
                    duct=names[i] if asked.of == "duct" else None,
                    services_in_breach=int(breaches[i]),
                    unavailable=int((levels.in_breach[i] & levels.unavailable[i]).sum()),
                    classes={
                        c: int(levels.in_breach[i][classes == c.value].sum())
                        for c in TRAFFIC_CLASSES
                    },
                    customers=tuple(
                        sorted({services[k].customer for k in np.flatnonzero(meant[i])})
                    )[:_MOST_LISTED],
                    max_utilisation=round(float(highest[i]), 4),
                    beyond_capacity_bps=round(float(over[i])),
                    fullest=_load(state.topology, int(share[i].argmax()), float(highest[i])),
                )
                for i in map(int, order)
            ),
        )


def _tried(topology: Topology, asked: Sweep) -> tuple[list[str], list[WhatIf]]:
    """The names of what fails, one by one, and these failures.

    Raises:
        UnknownLink, UnknownNode, UnknownSharedRiskGroup: one to try is not in the topology.
        BadInput: there is nothing to try.
    """
    if asked.of == "link":
        ids, events = [x.id for x in topology.links], single_links(topology)
        among = {find_link(topology, name).id for name in asked.among}
    elif asked.of == "node":
        ids, events = [x.id for x in topology.nodes], single_nodes(topology)
        among = {find_node(topology, name).id for name in asked.among}
    else:
        ids, events = [x.id for x in topology.shared_risk_groups], single_groups(topology)
        among = {find_group(topology, name).id for name in asked.among}
    tried = [(n, e) for n, e in zip(ids, events, strict=True) if not among or n in among]
    if not tried:
        raise BadInput(f"the topology has no {asked.of} that could fail")
    return [n for n, _ in tried], [e for _, e in tried]


def _above(result: Assessment, limit: float) -> tuple[EgressLoad, ...]:
    """Every egress above `limit`, the fullest first."""
    order = np.argsort(-result.utilisation, kind="stable")
    return tuple(_egress(result, int(a)) for a in order if result.utilisation[a] > limit)


def _side(result: Assessment, watched: list[str]) -> Side:
    topology = result.topology
    order = [int(a) for a in np.argsort(-result.utilisation, kind="stable")]
    over = [a for a in order if result.utilisation[a] > _FULL]
    wanted = [2 * topology.link_index[x] + i for x in watched for i in (0, 1)]
    return Side(
        busiest=_egress(result, order[0]),
        overloaded=tuple(_egress(result, a) for a in over[:_MOST_LISTED]),
        overloaded_count=len(over),
        lost_bps=round(result.lost_bps),
        without_a_way_bps=round(_cut_off(result)),
        services_in_breach_count=result.breached_services,
        watched=tuple(_egress(result, a) for a in wanted),
    )


def _egress(result: Assessment, arc: int) -> EgressLoad:
    return _load(result.topology, arc, float(result.utilisation[arc]))


def _load(topology: Topology, arc: int, utilisation: float) -> EgressLoad:
    egress, capacity_bps = topology.egress_of(arc), topology.links[arc // 2].capacity_bps
    return EgressLoad(
        node=egress.node,
        link=egress.link,
        utilisation=round(utilisation, 4),
        offered_bps=round(utilisation * capacity_bps),
        free_bps=round((1.0 - utilisation) * capacity_bps),
    )


def _loaded(state: NetworkState, asked: Supposed | Sweep) -> NetworkState:
    """`state` with the demand that is supposed.

    Raises:
        UnknownNode, BadInput: extra demand between what is no two nodes.
    """
    traffic = state.traffic
    if asked.demand_factor != 1.0:
        traffic = traffic.scaled(asked.demand_factor)
    for extra in asked.extra:
        ends = [find_node(state.topology, n).id for n in (extra.source, extra.target)]
        a, b = (state.topology.node_index[n] for n in ends)
        if a == b:
            raise BadInput(f"{ends[0]} is both ends of the demand; name different nodes")
        rates = traffic.rates_bps.copy()
        rates[TRAFFIC_CLASSES.index(TrafficClass.BUSINESS), [a, b], [b, a]] += extra.rate_bps
        traffic = replace(traffic, rates_bps=rates)
    return state if traffic is state.traffic else replace(state, traffic=traffic)


def _full_hours(from_s: float, hours: int, now_s: float) -> list[float]:
    """The beginning, every full hour after it, and the end: between them demand is linear.

    A span is ahead: what of it is over is left out, and one that is over is meant of tomorrow.
    """
    until_s = from_s + hours * _HOUR_S
    if until_s <= now_s:
        from_s, until_s = from_s + _DAY_S, until_s + _DAY_S
    from_s = max(from_s, now_s)
    first = (from_s // _HOUR_S + 1) * _HOUR_S
    return [from_s, *np.arange(first, until_s, _HOUR_S).tolist(), until_s]


def _more_overloaded(base: Assessment, then: Assessment) -> NDArray[np.bool_]:
    # What is built comes behind what was there.
    was = np.pad(base.utilisation, (0, len(then.utilisation) - len(base.utilisation)))
    fuller = then.utilisation > was + _SAME
    return np.asarray((then.utilisation > _FULL) & fuller)


def _most_changed(base: Assessment, then: Assessment) -> tuple[EgressChange, ...]:
    was = np.pad(base.utilisation, (0, len(then.utilisation) - len(base.utilisation)))
    change = then.utilisation - was
    found = []
    for a in np.argsort(-np.abs(change), kind="stable")[:_MOST_CHANGED]:
        egress = then.topology.egress_of(int(a))
        if abs(change[a]) > _SAME:
            found.append(
                EgressChange(
                    node=egress.node,
                    link=egress.link,
                    utilisation_before=round(float(was[a]), 4),
                    utilisation_after=round(float(then.utilisation[a]), 4),
                )
            )
    return tuple(found)


def _badness(base: Assessment, then: Assessment) -> tuple[int, int, float]:
    newly = then.levels.in_breach[0] & ~base.levels.in_breach[0]
    more = _more_overloaded(base, then)
    return int(newly.sum()), int(more.sum()), float(then.utilisation.max())


def _breaches(then: Assessment, which: NDArray[np.bool_]) -> tuple[InBreach, ...]:
    """The first services of `which`, bool (n_services,), with what of their promise is broken."""
    found = (
        InBreach(**dict(_name(service)), unavailable=verdict.unavailable, reasons=verdict.reasons)
        for service, wanted, verdict in zip(
            then.services.services, which, then.verdicts, strict=True
        )
        if wanted
    )
    return tuple(islice(found, _MOST_LISTED))


def _name(service: Service) -> ServiceName:
    return ServiceName(
        service=service.id, customer=service.customer, traffic_class=service.traffic_class
    )


def _classes(base: Assessment, then: Assessment) -> dict[TrafficClass, ClassEffect]:
    services = base.services.services
    newly = then.levels.in_breach[0] & ~base.levels.in_breach[0]
    found = {}
    for k, cls in enumerate(TRAFFIC_CLASSES):
        mine = np.array([s.traffic_class is cls for s in services], dtype=np.bool_)
        found[cls] = ClassEffect(
            services=int(mine.sum()),
            newly_in_breach=int((newly & mine).sum()),
            in_breach_after=int((then.levels.in_breach[0] & mine).sum()),
            worst_loss_after=_worst(then.levels.loss[0][mine]),
            worst_delay_s_after=_worst(then.levels.delay_s[0][mine]),
            lost_bps_before=round(_lost(base, k)),
            lost_bps_after=round(_lost(then, k)),
        )
    return found


def _cut_off(result: Assessment) -> float:
    return float(result.traffic_bps.sum(axis=0)[~result.reachable].sum())


def _lost(result: Assessment, k: int) -> float:
    return float((result.traffic_bps[k] * (1.0 - result.delivered[k])).sum())


def _worst(values: Any) -> float | None:
    worst = float(np.max(values, initial=0.0))
    return round(worst, 6) if np.isfinite(worst) else None
