"""Who names causes: us, and what is simpler, all from the same look.

A method is one more entry of METHODS. Those that know no kinds name a place.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np

from agents.loop.budget import Budget
from agents.loop.role import Mind, run_role
from agents.playbook.policies import playbook
from agents.roles.diagnoser import Diagnoser
from evals.arms.noc import causes_by_runbook
from evals.diagnosis.recording import Look
from evals.truth import parts_of
from tools.clock import SystemClock
from twin.events.fault import FAULT_KINDS, AnyFault, Fault
from twin.nouns.incident import Symptom
from twin.nouns.inventory import Inventory

_LATELY_S = 300.0

_DEEPEST_FIRST = (
    "adjacency_down",
    "configuration_change",
    "silent_loss",
    "late_link",
    "queue_drops",
    "flow_surge",
    "traffic_surge",
    "probe_loss",
    "probe_delay",
    "service_breach",
    "alert",
)
"""What a symptom sits on rests on what those before it sit on: services on paths, paths on links.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """`faults`: those named, none for "not known". `place`: a link, node or "node|link" that is put
    first, "" for none. `p`: of exactly these faults, None where nobody says.
    """

    faults: tuple[Fault, ...] = ()
    place: str = ""
    p: float | None = None


def noctua(look: Look) -> Answer:
    """As the shipped mind diagnoses an incident."""
    return _diagnosed(look, FAULT_KINDS)


def without_its_kinds(look: Look) -> Answer:
    """The same where nobody ever thought of the kinds of fault that there are."""
    return _diagnosed(look, [k for k in FAULT_KINDS if k not in map(type, look.faults)])


def _diagnosed(look: Look, kinds: Sequence[type[AnyFault]]) -> Answer:
    if look.incident is None:
        return Answer()
    work = Diagnoser(look.situation, look.incident, kinds=kinds)
    minds = (Mind("playbook", playbook(), foreign=False),)
    run = run_role(work.role(), work.task(), minds, Budget(), SystemClock())
    found = work.diagnosis(run.answer)
    if found.verdict not in ("found", "ambiguous"):
        return Answer(place=next(iter(found.suspected_location), ""))
    first = found.hypotheses[0]
    return Answer(first.faults, first.faults[0].resources[0], first.probability)


def runbook(look: Look) -> Answer:
    """One cause for each alarm that is close to one, as in the arm of that name."""
    causes = tuple(causes_by_runbook(look.situation.tracker, look.situation.network).values())
    return Answer(causes, causes[0].resources[0] if causes else "")


def largest_deviation(look: Look) -> Answer:
    """The egress whose load is furthest from what is usual, in standard deviations of that."""
    tracker = look.situation.tracker
    sent_bps = tracker.rates.sent_bps(since_s=tracker.now_s - _LATELY_S)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.abs(np.log(sent_bps / tracker.usual_bps())) / tracker.usual_loads.spread
    known = np.where(np.isfinite(deviation), deviation, 0.0)
    return Answer(place=str(tracker.topology.egress_of(int(known.argmax()))))


def deepest_anomaly(look: Look) -> Answer:
    """What is anomalous and rests on nothing that is; of several, the first that was seen."""
    symptoms = look.incident.symptoms if look.incident else ()
    active = [s for s in symptoms if s.active]
    deepest = min(active, key=lambda s: (_DEEPEST_FIRST.index(s.kind), s.first_seen_s, s.id),
                  default=None)  # fmt: skip
    return Answer(place=deepest.resource if deepest else "")


def random_walk(look: Look) -> Answer:
    """Where a walk over devices, links and services spends its time that starts anew at symptoms.

    (Personalised PageRank, as in published work on microservices.)
    """
    graph = _dependencies(look.situation.inventory)
    begun = _starts(look.incident.symptoms if look.incident else ())
    starts = {name: share for name, share in begun.items() if name in graph}
    if not starts:
        return Answer()
    ranks = nx.pagerank(graph, personalization=starts)
    services = {service.id for service in look.situation.inventory.services}
    places = [name for name in graph if name not in services]
    return Answer(place=max(places, key=lambda n: (ranks[n], n)))


def _dependencies(inventory: Inventory) -> "nx.Graph[str]":
    graph: nx.Graph[str] = nx.Graph()
    for link in inventory.topology.links:
        graph.add_edge(link.id, link.a)
        graph.add_edge(link.id, link.b)
    for service in inventory.services:
        graph.add_edges_from((service.id, node) for pair in service.pairs for node in pair)
    return graph


def _starts(symptoms: Iterable[Symptom]) -> dict[str, float]:
    """Each thing with a symptom, once for each; a probe is at both of its ends."""
    found: dict[str, float] = {}
    for symptom in symptoms:
        resource = symptom.resource
        if symptom.kind in ("probe_loss", "probe_delay"):
            names: tuple[str, ...] = tuple(resource.rpartition("/")[0].split(">"))
        else:
            names = parts_of(resource)
        for name in names:
            found[name] = found.get(name, 0.0) + 1.0
    return found


UNKNOWING = "without its kinds"

METHODS: Mapping[str, Callable[[Look], Answer]] = {
    "noctua": noctua,
    UNKNOWING: without_its_kinds,
    "runbook": runbook,
    "largest deviation": largest_deviation,
    "deepest anomaly": deepest_anomaly,
    "random walk": random_walk,
}
