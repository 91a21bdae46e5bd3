"""Nodes that wait for a repair, and look whether it is one."""

import math

from langgraph.types import Command

from agents.roles.monitor import EFFECTS
from graphs.bounds import LONGEST_REPAIR_S, MOST_ATTEMPTS, MOST_ORDERS, POLL_S, RELIEF_S
from graphs.closing import still_seen
from graphs.desk import Desk
from graphs.field import DONE, expected_repair, open_orders, send_field
from graphs.live import Live
from graphs.pages import watch_services
from graphs.returning import in_force
from graphs.state import IncidentState, cause_of
from tools.network.protocol import RepairReport
from twin.nouns.counted import counted
from twin.nouns.incident import Incident, Phase
from twin.remedies.believed import circuits_of

_SHOWS_S = 600.0
"""A repair shows in the network within so long (assumed)."""

_STEADY_S, _STEADY_SHARE = 600.0, 0.8
"""A service that was in breach for this share of so long stays in breach."""

_LATELY_S = 300.0
"""Whether services suffer after the repair is judged over so long: probes are lost now and then."""


def await_repair(desk: Desk, state: IncidentState) -> Command[str]:
    """Go on when the cause is gone: the field says so and the network shows it."""
    incident = desk.incident(state["incident_id"])
    now = desk.clock.now_s()
    desk.enter(incident.id, Phase.AWAITING_REPAIR)
    since = state.get("waiting_since_s", now)
    if flap := _is_a_flap(desk, state, incident):
        return _look_again(desk, incident, since, f"{flap} goes down and comes back")
    if dispatch_id := state.get("dispatch_id"):
        network = desk.situation.network
        # A second order covers what was not known to be down when the first was sent.
        others = [network.repair_report(each) for each in open_orders(desk, incident.id)]
        report = network.repair_report(dispatch_id)
        for one in (*others, report):
            _note_report(desk, incident.id, one)
        if report.state == "nothing_found":
            return _nothing_found(desk, state, dispatch_id)
        if report.state != "repaired" or open_orders(desk, incident.id):
            return _wait_for_repair(desk, state, since)
        # What is repaired has all of its capacity and is in time, until it is seen not to be.
        desk.situation.tracker.links.mend(circuits_of(cause_of(state)))
    cause, live = cause_of(state), Live(desk)
    if wrong := [f for f in cause if f.in_configuration and not f.is_over(live)]:
        # The field cannot put a configuration right, and no plan has: nobody is on it.
        told = ", ".join(f.describe() for f in wrong)
        return Command(goto="escalate", update={"note": f"still in force: {told}"})
    if not cause and _tells_more(desk, incident):
        return _look_again(desk, incident, since, "something that may be the cause is seen")
    if not cause and (left := still_seen(desk, incident)):
        if in_force(desk, state["incident_id"]):
            return _wait_for_repair(desk, state, since)
        note = f"no cause was found, and it is not over: {left}"
        return Command(goto="escalate", update={"note": note})
    if _still_wrong(desk, state, incident):
        return _order_again(desk, state) or _wait_for_repair(desk, state, since)
    gone = "the cause is gone" if cause else "nothing of it is seen any more"
    desk.tell(incident.id, "repaired", "monitor", gone)
    desk.situation.tracker.attribute(incident.id, ())
    update = {
        "soaks_until_s": now + desk.policy.verification.soak_s,
        "phase": Phase.SOAKING.value,
    }
    return Command(goto="soak", update=update)


def _look_again(desk: Desk, incident: Incident, since_s: float, seen: str) -> Command[str]:
    desk.tell(incident.id, "again", "monitor", f"{seen} since it was looked for")
    return Command(goto="diagnoser", update={"waiting_since_s": since_s, "excluded": []})


def _is_a_flap(desk: Desk, state: IncidentState, incident: Incident) -> str:
    """A link that was taken for down, and has turned out to flap since; "" for none."""
    tracker = desk.situation.tracker
    down = {link for fault in cause_of(state) if fault.only_links_down for link in fault.resources}
    looked = desk.journal.events_of(incident.id, ("diagnosed",))
    looked_s = looked[-1].time_s if looked else -math.inf
    since_s = tracker.adjacencies.flaps_since
    return next((x for x in sorted(down & tracker.flapping) if since_s(x) > looked_s), "")


def _tells_more(desk: Desk, incident: Incident) -> bool:
    """Whether something that is no effect has joined since the cause was last looked for, such as a
    surge, of which flow records tell minutes late.
    """
    looked = desk.journal.events_of(incident.id, ("diagnosed",))
    joined = desk.journal.events_of(incident.id, ("symptom",))
    since = looked[-1].seq if looked else 0
    fresh = {event.data.get("symptom") for event in joined if event.seq > since}
    live = Live(desk)
    return any(
        s.id in fresh and s.kind not in EFFECTS and live.is_active(s.id) for s in incident.symptoms
    )


def _order_again(desk: Desk, state: IncidentState) -> Command[str] | None:
    """Send the field again where it says that it has repaired what is not well.

    None for as long as that may still show, or where nobody was sent; a person, after MOST_ORDERS.
    """
    orders = desk.journal.dispatches(state["incident_id"])
    now = desk.clock.now_s()
    if not orders or orders[-1].state not in DONE or now - orders[-1].updated_s < _SHOWS_S:
        return None
    if len(orders) >= MOST_ORDERS:
        note = f"the field has reported {counted(len(orders), 'repair')}, and it is not well"
        return Command(goto="escalate", update={"note": note})
    told = "the field says that it is repaired, and it is not well: it is sent again"
    desk.tell(state["incident_id"], "not_repaired", "monitor", told)
    order = send_field(desk, state, again=True).get("dispatch_id", "")
    sent: IncidentState = {**state, "dispatch_id": order}
    return _wait_for_repair(desk, sent, now)


def _nothing_found(desk: Desk, state: IncidentState, dispatch_id: str) -> Command[str]:
    """Hand over; before that, take out what was changed for a cause that nobody else sees."""
    note = f"the field found nothing to repair for {dispatch_id}"
    live = Live(desk)
    if in_force(desk, state["incident_id"]) and all(f.is_over(live) for f in cause_of(state)):
        return Command(goto="returner", update={"note": note, "hand_over": note})
    return Command(goto="escalate", update={"note": note})


def _note_report(desk: Desk, incident_id: str, report: RepairReport) -> None:
    """Keep what the field reports, when it has changed."""
    _tell_notes(desk, incident_id, report)
    for record in desk.journal.dispatches(incident_id):
        if record.dispatch.id == report.dispatch_id and record.state != report.state:
            desk.journal.record_dispatch(record.dispatch, report.state, report.time_s)


def _tell_notes(desk: Desk, incident_id: str, report: RepairReport) -> None:
    """Each note of the field once, and what is expected by them."""
    name = f"field_notes:{report.dispatch_id}"
    known = desk.journal.artefact(incident_id, name, RepairReport)
    new = report.notes[len(known.notes) if known else 0 :]
    if not new:
        return
    text = f"{report.dispatch_id}: {'; '.join(note.describe() for note in new)}"
    expected = expected_repair(desk, incident_id) if report.state == "open" else None
    if expected is not None:
        middle, low, high = (expected.quantile_s(x) / 3600.0 for x in (0.5, 0.1, 0.9))
        text += f"; expected in {middle:.1f} h ({low:.1f} to {high:.1f} h, 80 %)"
    with desk.journal.transaction():
        desk.tell(incident_id, "field", "field", text)
        desk.journal.put_artefact(incident_id, name, report)


def _wait_for_repair(desk: Desk, state: IncidentState, since: float) -> Command[str]:
    now = desk.clock.now_s()
    if now - since > LONGEST_REPAIR_S:
        return Command(goto="escalate", update={"note": "the repair takes longer than a day"})
    if _needs_relief(desk, state, since):
        desk.tell(state["incident_id"], "relief", "supervisor", "services are hurt: look for more")
        again = {"relief_s": now, "waiting_since_s": since, "excluded": []}
        return Command(goto="remediator", update=again)
    waiting = {
        "wait_until_s": now + POLL_S,
        "wait_then": "repair",
        "wait_why": "the repair",
        "waiting_since_s": since,
        "dispatch_id": state.get("dispatch_id", ""),
    }
    hurt = watch_services(desk, state, state["incident_id"])
    return Command(goto="wait", update=waiting | hurt)


def _needs_relief(desk: Desk, state: IncidentState, since_s: float) -> bool:
    """Whether objectives of the incident stay broken: demand goes on changing, and what helps too.

    One that comes and goes is at its bound, where no forecast tells what is better. It is looked
    for every RELIEF_S, for as long as another plan may be made.
    """
    tracker, now = desk.situation.tracker, desk.clock.now_s()
    if now - max(since_s, state.get("relief_s", 0.0)) < RELIEF_S:
        return False
    lost = tracker.services.minutes_lost(now - _STEADY_S, now)
    steady = {name for name, minutes in lost.items() if minutes * 60 >= _STEADY_SHARE * _STEADY_S}
    symptoms = desk.incident(state["incident_id"]).symptoms
    hurt = any(s.kind == "service_breach" and s.resource in steady for s in symptoms)
    return hurt and state["attempt"] < MOST_ATTEMPTS


def _hurt_lately(desk: Desk) -> bool:
    """Whether a service was in breach for half of the last minutes."""
    services, now = desk.situation.tracker.services, desk.clock.now_s()
    lost = services.minutes_lost(now - _LATELY_S, now)
    return any(minutes * 60 >= 0.5 * _LATELY_S for minutes in lost.values())


def _still_wrong(desk: Desk, state: IncidentState, incident: Incident) -> bool:
    live = Live(desk)
    if any(not f.is_over(live) for f in cause_of(state) if not f.in_configuration):
        return True
    return any(
        live.is_active(s.id)
        for s in incident.symptoms
        if s.kind == "adjacency_down" or (s.kind == "silent_loss" and not live.is_idle(s.resource))
    )


def soak(desk: Desk, state: IncidentState) -> Command[str]:
    """Watch for a while after the repair, then take a temporary change out again: at once, where
    services are hurt with it.
    """
    incident_id, now = state["incident_id"], desk.clock.now_s()
    # A thread of an earlier version waits for the end of the soak itself.
    until_s = state.get("soaks_until_s", state["wait_until_s"])
    if now < until_s and not (_hurt_lately(desk) and in_force(desk, incident_id)):
        desk.enter(incident_id, Phase.SOAKING)
        waiting = {
            "wait_until_s": min(until_s, now + POLL_S),
            "wait_then": "soak",
            "wait_why": "soaking after the repair",
        }
        return Command(goto="wait", update=waiting)
    incident = desk.incident(incident_id)
    if _still_wrong(desk, state, incident):
        desk.situation.tracker.attribute(incident_id, cause_of(state))
        note = "the trouble came back while soaking"
        desk.tell(incident_id, "came_back", "monitor", note)
        return Command(goto="repair", update={"note": note})
    return Command(goto="returner" if in_force(desk, state["incident_id"]) else "last_look")
