"""What a network's own incidents say of how often its parts fail."""

from collections import Counter
from collections.abc import Iterable

from twin.knowledge.past import AND, PastIncident
from twin.nouns.rates import History
from twin.nouns.topology import Topology

YEAR_S = 365.25 * 86_400.0

_OUTAGES = {"link_down": "link", "device_down": "device"}
"""Faults by which one element is down, and the first word of its name."""


def history_of(
    incidents: Iterable[PastIncident], topology: Topology, since_s: float, now_s: float
) -> History:
    """What failed from `since_s` to `now_s` (Unix seconds), by incidents of which measurements or a
    person told the cause.
    """
    groups = {frozenset(g.links): f"group {g.id}" for g in topology.shared_risk_groups}
    failures = Counter[str]()
    first_s = since_s
    for incident in incidents:
        if not (incident.decided or incident.found_by):
            continue
        first_s = min(first_s, incident.opened_s)
        for cause in incident.cause.split(AND):
            kind, _, resources = cause.partition("@")
            if kind in _OUTAGES:
                failures[f"{_OUTAGES[kind]} {resources}"] += 1
            elif kind == "fiber_cut" and (name := groups.get(frozenset(resources.split("+")))):
                failures[name] += 1
    return History(failures=dict(failures), years=max(0.0, now_s - first_s) / YEAR_S)
