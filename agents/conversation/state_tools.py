"""What is the matter now, by the newest telemetry; every result says how old that is."""

from typing import Any

import numpy as np
from pydantic import Field

from agents.conversation.lookups import Lookups
from agents.conversation.record import NetworkRecord, utc
from agents.conversation.topology_tools import NoArguments
from tools.registry import Tool
from twin.events.names import find_link
from twin.nouns.base import Noun
from twin.nouns.incident import TERMINAL_PHASES

_MOST_EGRESSES = 20


class Utilisation(Noun):
    """`links`: of which; none asks for the `most` busiest egresses of the network."""

    links: tuple[str, ...]
    most: int = Field(ge=1, le=_MOST_EGRESSES)


def state_tools(record: NetworkRecord, lookups: Lookups) -> tuple[Tool[Any], ...]:
    """The tools, bound to one network."""
    view = _Now(record)
    return (
        lookups.tool(
            "show_health",
            "What is wrong now: links down, links drained, active symptoms, services in breach, "
            "open incidents, and how old the data are (s).",
            NoArguments,
            view.health,
        ),
        lookups.tool(
            "show_utilisation",
            "Load of egresses (both directions of a link), newest reading: sent bit/s and sent / "
            "capacity, 0..1.",
            Utilisation,
            view.utilisation,
        ),
    )


class _Now:
    def __init__(self, record: NetworkRecord) -> None:
        self._record = record

    def health(self, _: NoArguments) -> dict[str, Any]:
        record = self._record
        tracker = record.watched()
        latest = tracker.latest()
        customers = {s.id: s for s in record.inventory.services}
        drained = sorted(
            {i.link for d in tracker.running.devices for i in d.interfaces if i.drained}
        )
        symptoms = tracker.active_symptoms()
        open_incidents = [
            r
            for r in record.journal.incidents(network=record.network)
            if r.phase not in TERMINAL_PHASES
        ]
        healthy = not (tracker.down_links or symptoms or latest.in_breach or open_incidents)
        return {
            **self._age(),
            "healthy": healthy,
            "links_down": sorted(tracker.down_links),
            "links_down_count": len(tracker.down_links),
            "links_drained": drained,
            "symptoms": [
                {
                    "kind": s.kind,
                    "resource": s.resource,
                    "magnitude": s.magnitude,
                    "since_utc": utc(s.first_seen_s),
                }
                for s in symptoms
            ],
            "symptom_count": len(symptoms),
            "services_in_breach": [
                {
                    "service": name,
                    "customer": customers[name].customer,
                    "traffic_class": customers[name].traffic_class.value,
                }
                for name in latest.in_breach
            ],
            "in_breach_count": len(latest.in_breach),
            "services_probed": latest.probed_s is not None,
            "open_incidents": [
                {"incident": r.incident.id, "phase": r.phase.value, "title": r.incident.title}
                for r in open_incidents
            ],
            "open_count": len(open_incidents),
        }

    def utilisation(self, asked: Utilisation) -> dict[str, Any]:
        topology, seen = self._record.topology, self._record.utilisation
        latest = self._record.watched().latest()
        if asked.links:
            chosen = [find_link(topology, name).id for name in asked.links]
            arcs = [2 * topology.link_index[x] + i for x in dict.fromkeys(chosen) for i in (0, 1)]
        else:
            order = np.argsort(-np.nan_to_num(seen, nan=-1.0), kind="stable")
            arcs = [int(a) for a in order[: asked.most] if np.isfinite(seen[a])]
        return {
            **self._age(),
            "egresses": [
                {
                    "node": topology.egress_of(a).node,
                    "link": topology.egress_of(a).link,
                    "to": topology.links[a // 2].other_end(topology.egress_of(a).node),
                    "utilisation": _number(float(seen[a]), 4),
                    "sent_bps": latest.sent_bps[a],
                    "capacity_bps": topology.links[a // 2].capacity_bps,
                    "read_utc": None if (t := latest.read_s[a]) is None else utc(t),
                }
                for a in arcs
            ],
            "unread_egresses": int(np.isnan(seen).sum()),
        }

    def _age(self) -> dict[str, Any]:
        data_s = self._record.data_s
        return {
            "data_utc": None if data_s is None else utc(data_s),
            "data_age_s": None if data_s is None else round(self._record.now_s - data_s, 1),
        }


def _number(value: float, digits: int) -> float | None:
    return round(value, digits) if np.isfinite(value) else None
