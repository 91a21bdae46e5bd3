"""What is the matter now, by the newest telemetry; every result says how old that is."""

from typing import Any

import numpy as np

from agents.conversation.lookups import Lookups
from agents.conversation.queries.state import (
    SHOW_HEALTH,
    SHOW_UTILISATION,
    EgressReading,
    HealthResult,
    OpenIncident,
    SymptomRow,
    Utilisation,
    UtilisationResult,
    WorkRow,
)
from agents.conversation.queries.topology import NoArguments, ServiceName
from agents.conversation.record import NetworkRecord, utc
from tools.journal.standing import standing
from tools.registry import Tool
from twin.events.names import find_link
from twin.nouns.incident import TERMINAL_PHASES, Phase


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
        latest = tracker.latest()
        services = {s.id: s for s in record.inventory.services}
        drained = sorted(
            {i.link for d in tracker.running.devices for i in d.interfaces if i.drained}
        )
        symptoms = [tracker.measurable(s) for s in tracker.active_symptoms()]
        open_incidents = [
            r
            for r in record.journal.incidents(network=record.network)
            if r.phase not in TERMINAL_PHASES
        ]
        escalated = record.journal.incidents(network=record.network, phases={Phase.ESCALATED})
        stands = [(r, standing(record.journal, r)) for r in escalated]
        handed_over = [r for r, now in stands if now.with_people]
        wrong = tracker.down_links or symptoms or latest.in_breach
        healthy = not (wrong or open_incidents or handed_over)
        return HealthResult(
            data_utc=self._data_utc,
            data_age_s=self._data_age_s,
            healthy=healthy,
            links_down=tuple(sorted(tracker.down_links)),
            links_down_count=len(tracker.down_links),
            links_drained=tuple(drained),
            symptoms=tuple(
                SymptomRow(
                    kind=s.kind,
                    resource=s.resource,
                    magnitude=s.magnitude,
                    since_utc=utc(s.first_seen_s),
                    state=s.state,
                )
                for s in symptoms
            ),
            symptom_count=len(symptoms),
            services_in_breach=tuple(
                ServiceName(
                    service=name,
                    customer=services[name].customer,
                    traffic_class=services[name].traffic_class,
                )
                for name in latest.in_breach
            ),
            in_breach_count=len(latest.in_breach),
            services_probed=latest.probed_s is not None,
            open_incidents=tuple(
                OpenIncident(incident=r.incident.id, phase=r.phase, title=r.incident.title)
                for r in open_incidents
            ),
            open_count=len(open_incidents),
            with_people=tuple(
                OpenIncident(incident=r.incident.id, phase=r.phase, title=r.incident.title)
                for r in handed_over
            ),
            unattended=tuple(
                OpenIncident(incident=r.incident.id, phase=r.phase, title=r.incident.title)
                for r, now in stands
                if now.unattended
            ),
            announced_work=self._work_at(tracker.now_s) or None,
        )

    def _work_at(self, now_s: float) -> tuple[WorkRow, ...]:
        record = self._record
        return tuple(
            WorkRow(
                work=known.work.id,
                links=known.work.links,
                until_utc=utc(known.work.ends_s),
                in_breach=len(known.in_breach),
            )
            for known in record.journal.foretold(record.network)
            if known.work.covers_time(now_s)
        )

    def utilisation(self, asked: Utilisation) -> UtilisationResult:
        topology, seen = self._record.topology, self._record.utilisation
        latest = self._record.watched().latest()
        if asked.links:
            chosen = [find_link(topology, name).id for name in asked.links]
            arcs = [2 * topology.link_index[x] + i for x in dict.fromkeys(chosen) for i in (0, 1)]
        else:
            order = np.argsort(-np.nan_to_num(seen, nan=-1.0), kind="stable")
            arcs = [int(a) for a in order[: asked.most] if np.isfinite(seen[a])]
        return UtilisationResult(
            data_utc=self._data_utc,
            data_age_s=self._data_age_s,
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
        )

    @property
    def _data_utc(self) -> str | None:
        data_s = self._record.data_s
        return None if data_s is None else utc(data_s)

    @property
    def _data_age_s(self) -> float | None:
        data_s = self._record.data_s
        return None if data_s is None else round(self._record.now_s - data_s, 1)


def _free_bps(capacity_bps: float, sent_bps: float | None) -> float | None:
    return None if sent_bps is None else round(capacity_bps - sent_bps)


def _number(value: float, digits: int) -> float | None:
    return round(value, digits) if np.isfinite(value) else None
