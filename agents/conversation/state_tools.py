"""What is the matter now, by the newest telemetry; every result says how old that is."""

from typing import Any

import numpy as np

from agents.conversation.lookups import Lookups
from agents.conversation.queries.state import (
    AHEAD_S,
    SHOW_HEALTH,
    SHOW_UTILISATION,
    EgressReading,
    HealthResult,
    NodeTraffic,
    OpenIncident,
    SymptomRow,
    Utilisation,
    UtilisationResult,
    WorkRow,
)
from agents.conversation.queries.topology import NoArguments, ServiceName
from agents.conversation.record import NetworkRecord, utc
from tools.journal.records import IncidentRecord
from tools.journal.standing import standing
from tools.registry import Tool
from twin.events.names import find_link, find_node
from twin.nouns.incident import Phase
from twin.tracking.seen import seen as see


def state_tools(record: NetworkRecord, lookups: Lookups) -> tuple[Tool[Any], ...]:
    """The tools, bound to one network."""
    view = _Now(record)
    return (
        lookups.tool(
            SHOW_HEALTH,
            "What is wrong now: links down, links drained, active symptoms, services in breach, "
            "open incidents, and how old the data are (s).",
            view.health,
        ),
        lookups.tool(
            SHOW_UTILISATION,
            "Load of egresses (both directions of a link), newest reading: sent bit/s and sent / "
            "capacity, 0..1.",
            view.utilisation,
        ),
    )


class _Now:
    def __init__(self, record: NetworkRecord) -> None:
        self._record = record

    def health(self, _: NoArguments) -> HealthResult:
        record = self._record
        tracker = record.watched()
        now = record.health
        services = {s.id: s for s in record.inventory.services}
        seen = now.seen or see(tracker, record.now_s)
        escalated = record.journal.incidents(network=record.network, phases={Phase.ESCALATED})
        stands = {r.incident.id: standing(record.journal, r) for r in escalated}
        known = {r.incident.id: r for r in record.journal.incidents(network=record.network)}
        return HealthResult(
            **self._aged(),
            verdict=now.verdict,
            claim=now.sentence,
            links_down=seen.links_down,
            links_down_count=len(seen.links_down),
            links_drained=seen.links_drained,
            symptoms=tuple(
                SymptomRow(
                    kind=s.kind,
                    resource=s.resource,
                    magnitude=s.magnitude,
                    since_utc=utc(s.first_seen_s),
                    state=s.state,
                )
                for s in seen.symptoms
            ),
            symptom_count=len(seen.symptoms),
            services_in_breach=tuple(
                ServiceName(
                    service=name,
                    customer=services[name].customer,
                    traffic_class=services[name].traffic_class,
                )
                for name in seen.in_breach
            ),
            in_breach_count=len(seen.in_breach),
            services_probed=tracker.latest().probed_s is not None,
            open_incidents=tuple(_row(known[name]) for name in now.open),
            open_count=len(now.open),
            with_people=tuple(_row(known[name]) for name in now.with_people),
            unattended=tuple(_row(known[name]) for name, s in stands.items() if s.unattended),
            announced_work=self._work_at(tracker.now_s) or None,
        )

    def _work_at(self, now_s: float) -> tuple[WorkRow, ...]:
        record = self._record
        return tuple(
            WorkRow(
                work=known.work.id,
                links=known.work.links,
                from_utc=utc(known.work.starts_s),
                until_utc=utc(known.work.ends_s),
                under_way=known.work.covers_time(now_s),
                in_breach=len(known.in_breach),
            )
            for known in record.journal.foretold(record.network)
            if known.work.starts_s <= now_s + AHEAD_S and now_s <= known.work.ends_s
        )

    def utilisation(self, asked: Utilisation) -> UtilisationResult:
        topology, seen = self._record.topology, self._record.utilisation
        latest = self._record.watched().latest()
        if asked.links:
            chosen = [find_link(topology, name).id for name in asked.links]
            arcs = [2 * topology.link_index[x] + i for x in dict.fromkeys(chosen) for i in (0, 1)]
        else:
            rising = np.nan_to_num(seen, nan=np.inf)
            falling = -np.nan_to_num(seen, nan=-1.0)
            order = np.argsort(rising if asked.least else falling, kind="stable")
            arcs = [int(a) for a in order[: asked.most] if np.isfinite(seen[a])]
        return UtilisationResult(
            **self._aged(),
            egresses=tuple(
                EgressReading(
                    node=topology.egress_of(a).node,
                    link=topology.egress_of(a).link,
                    to=topology.links[a // 2].other_end(topology.egress_of(a).node),
                    utilisation=_number(float(seen[a]), 4),
                    sent_bps=latest.sent_bps[a],
                    free_bps=_free_bps(topology.links[a // 2].capacity_bps, latest.sent_bps[a]),
                    capacity_bps=topology.links[a // 2].capacity_bps,
                    read_utc=None if (t := latest.read_s[a]) is None else utc(t),
                )
                for a in arcs
            ),
            unread_egresses=int(np.isnan(seen).sum()),
            around=self._around(asked.around) if asked.around else None,
        )

    def _around(self, name: str) -> NodeTraffic:
        topology, sent = self._record.topology, self._record.watched().latest().sent_bps
        node = find_node(topology, name).id
        arcs = [2 * topology.link_index[x.id] + i for x in topology.links_at(node) for i in (0, 1)]
        out = [a for a in arcs if topology.egress_of(a).node == node]
        return NodeTraffic(
            node=node,
            in_bps=round(sum(sent[a] or 0.0 for a in arcs if a not in out)),
            out_bps=round(sum(sent[a] or 0.0 for a in out)),
            unread=sum(sent[a] is None for a in arcs),
        )

    def _aged(self) -> dict[str, Any]:
        """How old what is known is, and what of it was not read."""
        record = self._record
        data_s, now = record.data_s, record.health
        return {
            "data_utc": None if data_s is None else utc(data_s),
            "data_age_s": None if data_s is None else round(now.now_s - data_s, 1),
            "unread": now.unread,
            "blind": now.unread_since_s is not None,
            "put_right": now.put_right,
        }


def _row(record: IncidentRecord) -> OpenIncident:
    return OpenIncident(
        incident=record.incident.id, phase=record.phase, title=record.incident.title
    )


def _free_bps(capacity_bps: float, sent_bps: float | None) -> float | None:
    return None if sent_bps is None else round(capacity_bps - sent_bps)


def _number(value: float, digits: int) -> float | None:
    return round(value, digits) if np.isfinite(value) else None
