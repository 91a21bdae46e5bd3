"""Nodes at the end of an incident: a last look, closing it, or handing it over."""

from langgraph.graph import END
from langgraph.types import Command

from graphs.bounds import POLL_S
from graphs.desk import Desk
from graphs.live import Live
from graphs.pages import hand_over, watch_services
from graphs.state import IncidentState, cause_of, is_decided
from twin.events.action import in_words
from twin.knowledge.past import PastIncident
from twin.nouns.incident import TERMINAL_PHASES, Incident, Phase

_KEEPS_OPEN = frozenset(
    {"adjacency_down", "silent_loss", "queue_drops", "probe_loss", "service_breach"}
)
"""Symptoms that hurt by themselves."""

_LONGEST_LINGER_S = 300.0
"""What goes on for so long after its cause is gone has another cause (assumed): probes and counters
clear within two minutes."""

_LONGEST_WITH_OTHERS_S = 3600.0
"""For so long another incident that is worked on may account for it (assumed)."""

_STANDING_S = (900.0, 300.0)
"""Between so many seconds before the onset, which may be found minutes late, what was in breach
was so without the incident."""

_NAMED = 5

_BREACH = "service_breach"


def last_look(desk: Desk, state: IncidentState) -> Command[str]:
    """Close only what is over: all that opened it is gone, and no objective is broken since.

    What goes on without the cause that was found had another: after a while it is looked at anew,
    as an incident of its own, unless another that is worked on may account for it.
    """
    incident, now = desk.incident(state["incident_id"]), desk.clock.now_s()
    left = still_seen(desk, incident)
    if not left:
        return Command(goto="resolve")
    since = state.get("lingers_since_s", 0.0) or now
    if not state.get("lingers_since_s", 0.0):
        desk.tell(incident.id, "lingers", "monitor", f"it is not closed yet: {left}")
    desk.enter(incident.id, Phase.SOAKING)
    shared = _others_are_worked_on(desk, incident)
    if now - since > (_LONGEST_WITH_OTHERS_S if shared else _LONGEST_LINGER_S):
        if _let_go(desk, incident):
            return Command(goto="resolve")
        return Command(goto="escalate", update={"note": f"the cause is gone, and still {left}"})
    waiting = {
        "wait_until_s": now + POLL_S,
        "wait_then": "last_look",
        "wait_why": "what is still seen",
        "lingers_since_s": since,
    }
    return Command(goto="wait", update=waiting | watch_services(desk, state, incident.id))


def _let_go(desk: Desk, incident: Incident) -> bool:
    """Take from the incident what is still seen, so that it is fresh; False if that is all of it.

    Whoever groups fresh symptoms makes another incident of it, which is diagnosed.
    """
    book = desk.situation.tracker.book
    over = tuple(s for s in incident.symptoms if not book.is_active(s.id))
    if not over:
        return False
    left = [s.id for s in incident.symptoms if book.is_active(s.id)]
    text = f"{', '.join(left[:_NAMED])} had another cause, and is looked at anew"
    with desk.journal.transaction():
        desk.journal.update_incident(incident.model_copy(update={"symptoms": over}))
        desk.tell(incident.id, "parted", "monitor", text, {"symptoms": list(left)})
    return True


def still_seen(desk: Desk, incident: Incident) -> str:
    """What of the incident goes on, in words; "" for nothing.

    Symptoms that hurt, where traffic can show them, and services that came into breach with it.
    """
    live, tracker = Live(desk), desk.situation.tracker
    services = tracker.services
    # What announced work does, and was known to do, is nothing that is left of the incident.
    foretold = {egress for known in tracker.foretold_now for egress in known.overloaded}
    seen = [
        s.id
        for s in incident.symptoms
        if s.kind in _KEEPS_OPEN
        and live.is_active(s.id)
        and not (s.kind == "silent_loss" and live.is_idle(s.resource))
        and s.resource not in foretold
    ]
    if seen:
        more = f" and {len(seen) - 1} more" if len(seen) > 1 else ""
        return f"{seen[0]}{more} is seen"
    from_s, until_s = (incident.onset_s - s for s in _STANDING_S)
    # One that lasts is a symptom, of this incident or of another.
    lasting = {s.resource for s in desk.situation.tracker.active_symptoms() if s.kind == _BREACH}
    standing = services.breached_between(from_s, until_s)
    hurt = sorted(tracker.unforetold_breaches - standing - lasting)
    return f"services are in breach: {', '.join(hurt[:_NAMED])}" if hurt else ""


def _others_are_worked_on(desk: Desk, incident: Incident) -> bool:
    """Whether another incident of the network is open that does not linger itself."""
    working = set(Phase) - TERMINAL_PHASES - {Phase.SOAKING}
    records = desk.journal.incidents(network=incident.network, phases=working)
    return any(r.incident.id != incident.id for r in records)


def resolve(desk: Desk, state: IncidentState) -> Command[str]:
    """Close the incident, and remember it."""
    incident_id = state["incident_id"]
    _close(desk, state, Phase.RESOLVED)
    desk.tell(incident_id, "resolved", "supervisor", "nothing is left wrong or temporary")
    desk.note(incident_id, "supervisor", "resolve")
    desk.enter(incident_id, Phase.RESOLVED)
    return Command(goto=END, update={"phase": Phase.RESOLVED.value})


def escalate(desk: Desk, state: IncidentState) -> Command[str]:
    """Hand over to a person: what is known of the cause, and where to look."""
    incident_id = state["incident_id"]
    _close(desk, state, Phase.ESCALATED)
    hand_over(desk, incident_id, "escalated", state.get("note", ""))
    desk.note(incident_id, "supervisor", "escalate", reason=state.get("note", ""))
    desk.enter(incident_id, Phase.ESCALATED)
    return Command(goto=END, update={"phase": Phase.ESCALATED.value})


def _close(desk: Desk, state: IncidentState, phase: Phase) -> None:
    """Keep what is to be kept; the phase itself comes last, since nobody looks behind it again."""
    incident = desk.incident(state["incident_id"])
    desk.snapshot(incident.id, "final")
    tracker = desk.situation.tracker
    minutes = tracker.services.minutes_lost(incident.onset_s, desk.clock.now_s())
    desk.journal.put_artefact(incident.id, "slo_minutes_lost", dict(minutes))
    if phase is Phase.RESOLVED:
        # What was handed over goes on: it is part of what others are measured against.
        tracker.attribute(incident.id, ())
    plan_id = state.get("plan_id", "")
    actions = desk.journal.plan(plan_id).actions if plan_id else ()
    desk.situation.graph.remember_incident(
        PastIncident(
            id=incident.id,
            title=incident.title,
            opened_s=incident.detected_s,
            symptoms=tuple(s.id for s in incident.symptoms),
            cause=" & ".join(f.id for f in cause_of(state)),
            remedy=" and ".join(in_words(actions)) or "nothing",
            worked=phase is Phase.RESOLVED,
            decided=is_decided(state),
        )
    )
