"""Sending the field out: for all of an incident that has to be repaired, and never twice."""

from graphs.desk import Desk
from graphs.state import IncidentState
from tools.journal.standing import open_incidents
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Incident
from twin.remedies.believed import circuits_of
from twin.remedies.repair_forecast import OpenOrder, RepairForecast
from twin.remedies.repair_order import repair_order

DONE = frozenset({"repaired", "nothing_found"})
"""What the field reports of an order that it has ended."""


def send_field(desk: Desk, state: IncidentState, *, again: bool = False) -> dict[str, str]:
    """Order the repair of the cause, and of what else is down; what is on order is left out, and
    so is, unless it is sent `again`, what was ordered before.

    Returns what becomes of the state: the order that is waited for, of another incident where all
    of it is on order there; nothing where there is nothing to repair, or nothing more than before.
    """
    incident = desk.incident(state["incident_id"])
    own = desk.journal.dispatches(incident.id)
    now, number = desk.clock.now_s(), len(own) + 1
    before = {x: o.dispatch.id for o in own if not again for x in o.dispatch.links}
    on_order = _on_order(desk, incident) | before
    diagnosis = Diagnosis.model_validate(state["diagnosis"])
    order = repair_order(
        incident,
        diagnosis,
        desk.situation.inventory.topology,
        number,
        now,
        also_down=_down(desk, incident),
        on_order=on_order,
    )
    if order is None:
        shared = sorted(on_order.keys() & set(circuits_of(diagnosis.cause)))
        if state.get("dispatch_id") and not again:
            return {}
        if shared and shared[0] not in before:
            text = f"the field is on its way to {', '.join(shared)}: {on_order[shared[0]]}"
            desk.tell(incident.id, "on_order", "remediator", text)
        return {"dispatch_id": on_order[shared[0]]} if shared else {}
    # The journal first: an order is one order however often it is sent.
    desk.journal.record_dispatch(order, "requested", now)
    desk.situation.network.dispatch(order)
    circuits = ", ".join(order.links)
    desk.tell(incident.id, "dispatched", "remediator", f"field sent to {order.place}: {circuits}")
    return {"dispatch_id": order.id}


def expected_repair(desk: Desk, incident_id: str) -> RepairForecast | None:
    """How long the repair still takes, by what the field has said so far of the open order of which
    most was said; of an order that is given now, where there is none. None where nothing is learned
    of that.
    """
    if desk.repairs is None:
        return None
    now_s, network = desk.clock.now_s(), desk.situation.network
    reports = [network.repair_report(order) for order in open_orders(desk, incident_id)]
    if not reports:
        return desk.repairs.forecast(OpenOrder(now_s, now_s))
    told = max(reports, key=lambda report: len(report.notes))
    return desk.repairs.forecast(OpenOrder(told.time_s, now_s, told.notes))


def open_orders(desk: Desk, incident_id: str) -> list[str]:
    """The ids of the incident's orders that the field has not reported of."""
    return [d.dispatch.id for d in desk.journal.dispatches(incident_id) if d.state not in DONE]


def open_order(desk: Desk, incident_id: str) -> str:
    """The last of these, else ""."""
    return (open_orders(desk, incident_id) or [""])[-1]


def _down(desk: Desk, incident: Incident) -> frozenset[str]:
    """Links of the incident that are down, and that nobody has switched off."""
    tracker = desk.situation.tracker
    topology, running = tracker.inventory.topology, tracker.running
    return frozenset(
        s.resource
        for s in incident.symptoms
        if s.kind == "adjacency_down"
        and tracker.book.is_active(s.id)
        and not any(
            running.device(node).interface(s.resource).shut_down
            for node in (topology.link(s.resource).a, topology.link(s.resource).b)
        )
    )


def _on_order(desk: Desk, incident: Incident) -> dict[str, str]:
    """Links that the field has been sent to for other incidents, and has not reported of, each with
    the id of the order.
    """
    return {
        link: sent.dispatch.id
        for record in open_incidents(desk.journal, incident.network)
        if record.incident.id != incident.id
        for sent in desk.journal.dispatches(record.incident.id)
        if sent.state not in DONE
        for link in sent.dispatch.links
    }
