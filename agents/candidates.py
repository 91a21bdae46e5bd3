"""Causes that could reach the symptoms: proposed by graph and trackers, judged elsewhere."""

from collections.abc import Iterable

import numpy as np

from tools.graph_store.protocol import KnowledgeGraph
from twin.nouns.base import Noun
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.fault import (
    Fault,
    FiberCut,
    IgpWeightMisconfig,
    LinkDown,
    SilentEgressPacketLoss,
    TrafficSpike,
)
from twin.nouns.telemetry import FloatArray
from twin.synthesis.observation import Observation
from twin.tracking.tracker import Tracker

_SUSPECT_LOSS_SIGMAS = 4.0
_SUSPECT_LOSS_FLOOR = 0.004
SUSPECT_SURGE = 1.15
"""A node that draws this many times what is expected of it may draw a crowd."""


class Candidate(Noun):
    """One possible cause, and why it was proposed."""

    id: str
    fault: Fault
    reason: str


def propose_candidates(
    tracker: Tracker, graph: KnowledgeGraph, observation: Observation
) -> tuple[Candidate, ...]:
    """Single faults that could explain what was observed, without order; ids are stable."""
    found = [
        *_from_adjacencies(graph, observation, tracker),
        *_from_configurations(tracker.baseline, observation.running),
        *_from_losses(tracker, observation),
        *_from_surges(tracker, observation),
    ]
    # The first of one id: a duct on record is not replaced by the same links without a name.
    by_id: dict[str, Candidate] = {}
    for candidate in found:
        by_id.setdefault(candidate.id, candidate)
    return tuple(by_id.values())


def _from_adjacencies(
    graph: KnowledgeGraph, observation: Observation, tracker: Tracker
) -> Iterable[Candidate]:
    down = sorted(observation.down_since)
    for link in down:
        yield _candidate(LinkDown(link=link), f"the adjacency over {link} is down")
    for cause in graph.common_causes(down):
        if cause.kind == "duct" and len(cause.explains) >= 2:
            members = tracker.inventory.topology.shared_risk_group(cause.id).links
            reason = f"{len(cause.explains)} of the {len(members)} links in {cause.id} are down"
            yield _candidate(FiberCut(duct=cause.id, links=members), reason)
    yield from _unrecorded_ducts(tracker, observation)


def _unrecorded_ducts(tracker: Tracker, observation: Observation) -> Iterable[Candidate]:
    """Links that went down together and meet at a node: a duct that nobody recorded."""
    since = observation.down_since
    for node in tracker.inventory.topology.nodes:
        here = [x.id for x in tracker.inventory.topology.links_at(node.id) if x.id in since]
        if len(here) < 2:
            continue
        times = [since[link] for link in here]
        if max(times) - min(times) <= 60.0:
            fault = FiberCut(duct="", links=tuple(sorted(here)))
            yield _candidate(fault, f"{len(here)} links at {node.id} went down within a minute")


def _from_configurations(
    before: NetworkConfiguration, running: NetworkConfiguration
) -> Iterable[Candidate]:
    for old, new in zip(before.devices, running.devices, strict=True):
        for was, runs in zip(old.interfaces, new.interfaces, strict=True):
            if was.igp_weight != runs.igp_weight:
                fault = IgpWeightMisconfig(node=new.node, link=runs.link, weight=runs.igp_weight)
                change = f"{runs.igp_weight} on {runs.link}, it was {was.igp_weight}"
                reason = f"{new.node} runs weight {change}"
                yield _candidate(fault, reason)


def _from_losses(tracker: Tracker, observation: Observation) -> Iterable[Candidate]:
    topology = tracker.inventory.topology
    limit = suspect_loss(observation)
    with np.errstate(invalid="ignore"):
        suspects = np.flatnonzero(observation.loss > limit)
    for arc in suspects:
        egress = topology.egress_of(int(arc))
        if egress.link in observation.down_since:
            continue
        fraction = round(float(observation.loss[arc]), 4)
        fault = SilentEgressPacketLoss(node=egress.node, link=egress.link, fraction=fraction)
        yield _candidate(fault, f"{fraction:.1%} of what {egress} sends does not arrive")


def suspect_loss(observation: Observation) -> FloatArray:
    """(n_arcs,) the share lost above which an egress may lose silently."""
    return np.maximum(_SUSPECT_LOSS_SIGMAS * observation.loss_sigma, _SUSPECT_LOSS_FLOOR)


def _from_surges(tracker: Tracker, observation: Observation) -> Iterable[Candidate]:
    for node, ratio in zip(tracker.demand.nodes, observation.inbound_ratio, strict=True):
        if np.isfinite(ratio) and ratio > SUSPECT_SURGE:
            factor = round(float(ratio), 2)
            reason = f"{node} draws {factor} times the traffic expected"
            yield _candidate(TrafficSpike(target=node, factor=factor), reason)


def _candidate(fault: Fault, reason: str) -> Candidate:
    return Candidate(id=cause_id(fault), fault=fault, reason=reason)


def cause_id(fault: Fault) -> str:
    """kind@resource[+resource...]: stable for one kind on the same resources."""
    return f"{fault.kind}@{'+'.join(fault.resources)}"
