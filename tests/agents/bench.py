"""A situation around a small network that really runs, and a tracker fed by hand."""

from pathlib import Path

from agents.roles.situation import Situation
from tests.twin.tracking.square import START_S, tracker_of
from tools.graph_store.embedded import EmbeddedGraph
from tools.network.emulated import CaseWorld, EmulatedNetwork
from tools.network.emulated.case_truth import CaseTruth
from twin.knowledge.recorded import INVENTORY, facts_of
from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.incident import Incident, Severity
from twin.nouns.inventory import Inventory

SEED = 7


def situation_of(folder: Path, known: Inventory) -> Situation:
    """The network runs what is intended (mismatch 0); the tracker has seen nothing yet."""
    world = CaseWorld(
        id="case-0", topology="square", mismatch=0, starts_s=START_S, duration_s=7200.0
    )
    network = EmulatedNetwork.create(folder / "net.db", "square", known, world, CaseTruth(), 1)
    graph = EmbeddedGraph.open(folder / "knowledge.sqlite")
    facts = facts_of(known)
    graph.replace(INVENTORY, facts.things, facts.relations)
    return Situation(network=network, tracker=tracker_of(known), graph=graph, seed=SEED)


def set_weight(situation: Situation, node: str, link: str, weight: int) -> None:
    """Somebody commits another weight on the device itself."""
    device = situation.network.running(node)
    interface = device.interface(link).model_copy(update={"igp_weight": weight})
    commit(situation, device.with_interface(interface), f"manual-{node}-{link}-{weight}")


def commit(situation: Situation, device: DeviceConfiguration, change_id: str) -> None:
    """Run `device`, and keep it."""
    situation.network.stage(change_id, device)
    situation.network.commit(device.node, change_id, 600.0)
    situation.network.confirm(device.node, change_id)


def incident_of(situation: Situation, title: str = "something is wrong") -> Incident:
    """All active symptoms, as one incident."""
    symptoms = situation.tracker.active_symptoms()
    return Incident(
        id="square-0001",
        network="square",
        onset_s=min(s.first_seen_s for s in symptoms),
        detected_s=situation.tracker.now_s,
        severity=Severity.MAJOR,
        title=title,
        symptoms=symptoms,
    )
