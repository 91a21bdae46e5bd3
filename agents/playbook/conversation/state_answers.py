"""How the network is, in words."""

from collections.abc import Callable, Mapping

from agents.conversation.queries.history import LIST_INCIDENTS, IncidentRow, Recorded
from agents.conversation.queries.state import (
    MOST_EGRESSES,
    SHOW_HEALTH,
    SHOW_UTILISATION,
    HealthResult,
    Utilisation,
    UtilisationResult,
)
from agents.conversation.queries.topology import (
    SHOW_LINK,
    SHOW_NODE,
    NoArguments,
    OneLink,
    OneNode,
)
from agents.playbook.conversation.dependency_answers import depending
from agents.playbook.conversation.grammar import Reading
from agents.playbook.conversation.looking_up import Asked, Decline
from agents.playbook.conversation.sentences import symptom_text, symptoms
from agents.playbook.conversation.words import (
    aged,
    as_read,
    begun,
    egresses,
    joined,
    journalled,
    percent,
    plain,
    rate,
    services,
)
from twin.nouns.counted import counted

_BUSIEST = 5
_MOST_SERVICES = 40
_MOST_SYMPTOMS = 40


def _health(asked: Asked, _: Reading) -> str:
    now = asked.look_up(SHOW_HEALTH, NoArguments())
    if now.verdict != "not well":
        # No "yes": "is all well?" and "is anything wrong?" are both asked here.
        return f"{now.claim} {_unattended(now)}{aged(now)}"
    parts = []
    if now.links_down:
        parts.append(f"down: {joined(now.links_down)}")
    for work in [w for w in now.announced_work or () if w.under_way]:
        known = f"known to put {counted(work.in_breach, 'service')} in breach"
        parts.append(
            f"announced work {work.work} on {joined(work.links)} until {work.until_utc}, {known}"
        )
    if now.symptoms:
        parts.append(f"symptoms: {joined(symptoms(now))}")
    if now.services_in_breach:
        parts.append(f"services in breach: {joined(services(now.services_in_breach))}")
    if now.open_incidents:
        named = [f"{i.incident} ({plain(i.phase)})" for i in now.open_incidents]
        parts.append(f"open incidents: {joined(named)}")
    if now.with_people:
        handed = joined([i.incident for i in now.with_people])
        parts.append(f"with people, not known to be over: {handed}")
    return f"{now.claim} {begun('; '.join(parts))}. {_unattended(now)}{aged(now)}"


def _unattended(now: HealthResult) -> str:
    named = joined([i.incident for i in now.unattended])
    return f"Over, and nobody has looked: {named}. " if now.unattended else ""


def _down(asked: Asked, _: Reading) -> str:
    now = asked.look_up(SHOW_HEALTH, NoArguments())
    if not now.links_down:
        return as_read(now, f"No link is down. {aged(now)}")
    number = now.links_down_count
    verb = "is" if number == 1 else "are"
    return f"{counted(number, 'link')} {verb} down: {joined(now.links_down)}. {aged(now)}"


def _link_up(asked: Asked, reading: Reading) -> str:
    now = asked.look_up(SHOW_HEALTH, NoArguments())
    link = asked.look_up(SHOW_LINK, OneLink(link=reading.slots["link"]))
    drained = ", and drained" if link.drained else ""
    return as_read(now, f"{link.link} is {'up' if link.up else 'down'}{drained}. {aged(now)}")


def _node_up(asked: Asked, reading: Reading) -> str:
    now = asked.look_up(SHOW_HEALTH, NoArguments())
    node = asked.look_up(SHOW_NODE, OneNode(node=reading.slots["node"]))
    verb = "is" if node.links_up == 1 else "are"
    return as_read(
        now,
        f"{node.links_up} of the {counted(node.link_count, 'link')} of {node.node} {verb} "
        f"up, and it has a way to {node.others_with_a_way} of the {node.others} other nodes; "
        f"of the device itself I know nothing else. {aged(now)}",
    )


def _drained(asked: Asked, reading: Reading) -> str:
    now = asked.look_up(SHOW_HEALTH, NoArguments())
    if "link" in reading.slots:
        link = reading.slots["link"]
        word = "is" if link in now.links_drained else "is not"
        return f"{link} {word} drained. {aged(now)}"
    if not now.links_drained:
        return f"No link is drained. {aged(now)}"
    return f"Drained: {joined(now.links_drained)}. {aged(now)}"


def _busiest(asked: Asked, reading: Reading) -> str:
    most = int(reading.slots.get("number", _BUSIEST))
    if not 1 <= most <= MOST_EGRESSES:
        raise Decline("I list the busiest twenty at most.")
    now = _most_loaded(asked, most)
    return f"The busiest egresses: {joined(egresses(now.egresses), most)}. {aged(now)}"


def _most_loaded(asked: Asked, most: int) -> UtilisationResult:
    now = asked.look_up(SHOW_UTILISATION, Utilisation(links=(), most=most))
    if not now.egresses:
        raise Decline(f"No egress has been read yet. {aged(now)}")
    return now


def _above(asked: Asked, reading: Reading) -> str:
    now = _most_loaded(asked, MOST_EGRESSES)
    least = int(reading.slots["number"]) / 100
    rows = [e for e in now.egresses if e.utilisation is not None and e.utilisation > least]
    if not rows:
        return as_read(
            now, f"None is: the busiest egress is {egresses(now.egresses)[0]}. {aged(now)}"
        )
    others = " (and perhaps others)" if len(rows) == MOST_EGRESSES else ""
    return f"Above that: {joined(egresses(rows), MOST_EGRESSES)}{others}. {aged(now)}"


def _congested(asked: Asked, _: Reading) -> str:
    """A queue drops before the average of a minute is full, so both are said."""
    health = asked.look_up(SHOW_HEALTH, NoArguments())
    dropping = [symptom_text(s) for s in health.symptoms if s.kind == "queue_drops"]
    now = _most_loaded(asked, _BUSIEST)
    said = f"Queues drop: {joined(dropping)}" if dropping else "No queue drops that I know of"
    busiest = f"The busiest egresses: {joined(egresses(now.egresses))}."
    return as_read(now, f"{said}. {busiest} {aged(now)}")


def _utilisation(asked: Asked, reading: Reading) -> str:
    link = reading.slots["link"]
    now = asked.look_up(SHOW_UTILISATION, Utilisation(links=(link,), most=1))
    said = [
        f"{percent(e.utilisation)} from {e.node} to {e.to} ({rate(e.sent_bps)} of "
        f"{rate(e.capacity_bps)}, read at {e.read_utc})"
        for e in now.egresses
        if e.utilisation is not None and e.sent_bps is not None
    ]
    if not said:
        return f"The egresses of {link} have not been read yet. {aged(now)}"
    return f"{link} is loaded to {joined(said)}. {aged(now)}"


def _probed(asked: Asked) -> HealthResult:
    now = asked.look_up(SHOW_HEALTH, NoArguments())
    if not now.services_probed:
        raise Decline(f"No probe has reported yet, so nothing is known of services. {aged(now)}")
    return now


def _breach(asked: Asked, reading: Reading) -> str:
    now = _probed(asked)
    cls = reading.slots.get("class", "")
    rows = [s for s in now.services_in_breach if not cls or s.traffic_class == cls]
    kind = f"{plain(cls)} service" if cls else "service"
    if not rows:
        return as_read(now, f"No {kind} is in breach, as far as probes show. {aged(now)}")
    named = joined(services(rows), _MOST_SERVICES)
    return f"In breach, as far as probes show: {named}. {aged(now)}"


def _hit(asked: Asked, reading: Reading) -> str:
    """In breach by probes, and by what is known of the causes of open incidents."""
    return " ".join([_breach(asked, reading), *depending(asked, at_risk=False)])


def _served(asked: Asked, reading: Reading) -> str:
    now = _probed(asked)
    service, customer = reading.slots.get("service", ""), reading.slots.get("customer", "")
    hit = [
        s.service for s in now.services_in_breach if s.service == service or s.customer == customer
    ]
    who = service or customer
    if not hit:
        return as_read(now, f"{who} is not in breach, as far as probes show. {aged(now)}")
    of = "" if service else f" with {joined(hit)}"
    return f"{who} is in breach{of}. {aged(now)}"


def _symptoms(asked: Asked, _: Reading) -> str:
    now = asked.look_up(SHOW_HEALTH, NoArguments())
    if not now.symptoms:
        return as_read(now, f"No symptom is active. {aged(now)}")
    return f"Active: {joined(symptoms(now), _MOST_SYMPTOMS)}. {aged(now)}"


def _open_incidents(asked: Asked, reading: Reading) -> str:
    found = asked.look_up(LIST_INCIDENTS, Recorded())
    if "incident" in reading.slots:
        row = next(i for i in found.incidents if i.incident == reading.slots["incident"])
        return f"{row.incident} is {_how(row)}: {plain(row.phase)}."
    rows = [i for i in found.incidents if not i.closed]
    handed = [f"{i.incident} ({i.title}; {_has(i)})" for i in found.incidents if i.with_people]
    also = f" With people, not known to be over: {joined(handed)}." if handed else ""
    unseen = [f"{i.incident} ({i.title})" for i in found.incidents if i.over_unattended]
    also += f" Over, and nobody has looked: {joined(unseen)}." if unseen else ""
    if not rows:
        return f"No incident is open.{also} {journalled(found)}"
    named = [f"{i.incident} ({i.title}, {plain(i.phase)})" for i in rows]
    return f"Open: {joined(named)}.{also} {journalled(found)}"


def _how(row: IncidentRow) -> str:
    if row.with_people:
        return f"with people ({_has(row)})"
    if row.over_unattended:
        return "over, and nobody has looked at it"
    return "closed" if row.closed else "open"


def _has(row: IncidentRow) -> str:
    return f"{row.taken_by or 'nobody'} has it"


def _waiting(asked: Asked, _: Reading) -> str:
    found = asked.look_up(LIST_INCIDENTS, Recorded())
    plans = [p for i in found.incidents for p in i.waiting_for_approval]
    if not plans:
        return f"Nothing is waiting for approval. {journalled(found)}"
    verb = "waits" if len(plans) == 1 else "wait"
    return (
        f"{joined(plans)} {verb} for approval: noctua show INCIDENT shows what it would do, and "
        f"noctua approve PLAN approves it. {journalled(found)}"
    )


def _age(asked: Asked, _: Reading) -> str:
    now = asked.look_up(SHOW_HEALTH, NoArguments())
    if now.data_utc is None:
        return "There are no data yet."
    return f"The newest telemetry was received at {now.data_utc}, by the network's clock."


STATE_ANSWERS: Mapping[str, Callable[[Asked, Reading], str]] = {
    "health": _health,
    "down": _down,
    "link_up": _link_up,
    "node_up": _node_up,
    "drained": _drained,
    "busiest": _busiest,
    "above": _above,
    "congested": _congested,
    "utilisation": _utilisation,
    "breach": _breach,
    "hit": _hit,
    "served": _served,
    "symptoms": _symptoms,
    "open_incidents": _open_incidents,
    "waiting": _waiting,
    "age": _age,
}
"""By intent."""
