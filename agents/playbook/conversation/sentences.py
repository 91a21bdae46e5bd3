"""Sentences that several topics have in common."""

from agents.conversation.queries.history import (
    LIST_INCIDENTS,
    SHOW_INCIDENT,
    OneIncident,
    PlanShown,
    Recorded,
)
from agents.conversation.queries.state import HealthResult, SymptomRow
from agents.conversation.queries.topology import (
    LIST_SERVICES,
    SHOW_NODE,
    OneNode,
    PathResult,
    Served,
    ServiceRow,
)
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Decline
from agents.playbook.conversation.words import joined, milliseconds, percent_of, plain
from twin.nouns.counted import counted
from twin.nouns.topology import Interface

MOST_LOOKED_INTO = 10
MOST_SERVICES = 25
MOST_SYMPTOMS = 6
WORST = 5
MOST_EVENTS = 6
CLASSES = (
    ("voice", r"voice|voip|telephony|calls?"),
    ("business", r"business class|business (?:traffic|services?|customers?)"),
    ("best_effort", r"best[- ]effort|internet traffic"),
)


def taken(what: str, answer: str) -> str:
    """The answer, and before it what the question was taken for."""
    return f"Taken as: {what}. {answer}"


def symptoms(now: HealthResult) -> list[str]:
    """Each symptom, and since when."""
    return [symptom_text(s) for s in now.symptoms]


def symptom_text(symptom: SymptomRow) -> str:
    """What it is and since when; and where nothing can show it any more, that."""
    unmeasured = "" if symptom.state == "active" else f" ({symptom.state})"
    return f"{plain(symptom.kind)} of {symptom.resource} since {symptom.since_utc}{unmeasured}"


def node_now(gist: Gist, now: HealthResult, node: str) -> str:
    """How a node and its links are."""
    shown = gist.asked.look_up(SHOW_NODE, OneNode(node=node))
    links = {x.link for x in shown.links}
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded(touching=node))
    still = [i.incident for i in found.incidents if not i.closed]
    symptoms = [
        f"{plain(s.kind)} of {s.resource}"
        for s in now.symptoms
        if {node, *links} & set(Interface.parts(s.resource))
    ]
    return (
        f"At {node}: {shown.links_up} of its {counted(shown.link_count, 'link')} are up; symptoms: "
        f"{joined(symptoms) or 'none'}; open incidents that concern it or its links: "
        f"{joined(still) or 'none'}."
    )


def pairs(row: ServiceRow) -> str:
    """Between which nodes a service runs."""
    return joined([f"{a} to {b}" for a, b in row.pairs])


def promise(row: ServiceRow) -> str:
    """What a service was promised."""
    promised = row.promised
    terms = [f"availability of {percent_of(promised.availability)}"]
    if promised.loss is not None:
        terms.append(f"loss of at most {percent_of(promised.loss)}")
    if promised.delay_s is not None:
        terms.append(f"delay of at most {milliseconds(promised.delay_s)} one way")
    return " and ".join(terms)


def served_by(
    *,
    service: str = "",
    customer: str = "",
    over_link: str = "",
    over_node: str = "",
    traffic_class: str = "",
) -> Served:
    """A request for services; what is "" is left open."""
    return Served(
        service=service,
        customer=customer,
        node="",
        over_link=over_link,
        traffic_class=traffic_class,
        over_node=over_node,
    )


def rows_of(gist: Gist) -> list[ServiceRow]:
    """The services that are named, or whose customers are."""
    rows: dict[str, ServiceRow] = {}
    for name in gist.of("service"):
        found = gist.asked.look_up(LIST_SERVICES, served_by(service=name))
        rows |= {s.service: s for s in found.services}
    for name in gist.of("customer"):
        found = gist.asked.look_up(LIST_SERVICES, served_by(customer=name))
        rows |= {s.service: s for s in found.services}
    return list(rows.values())


def temporary(gist: Gist) -> str:
    """Temporary changes that plans made and none has taken back; "" if there are none."""
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    if len(found.incidents) > MOST_LOOKED_INTO:
        raise Decline("There were more incidents than I can look through; name one.")
    said = []
    for row in found.incidents:
        shown = gist.asked.look_up(SHOW_INCIDENT, OneIncident(incident=row.incident))
        returned = any(p.purpose == "return" and carried_out(p) for p in shown.plans)
        said += [
            f"{p.plan} ({joined([c.device for c in p.changed])}: {joined(p.actions)}; way back: "
            f"{joined(p.way_back)})"
            for p in shown.plans
            if p.temporary and p.purpose == "mitigate" and carried_out(p) and not returned
        ]
    return joined(said)


def carried_out(plan: PlanShown) -> bool:
    """Whether a device has confirmed it."""
    return any(c.state == "confirmed" for c in plan.changed)


def way(path: PathResult) -> str:
    """Every equal-cost way between two nodes."""
    if not path.reachable:
        return f"There is no way from {path.source} to {path.target} now"
    ways = [
        f"{' → '.join(w.nodes)} ({counted(w.hops, 'hop')}, {w.length_km:.1f} km, sum of weights "
        f"{w.weight}, {milliseconds(w.propagation_s)} one way, {milliseconds(w.round_trip_s)} "
        "there and back)"
        for w in path.ways
    ]
    return f"From {path.source} to {path.target}: {joined(ways)}"
