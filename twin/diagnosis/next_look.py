"""What to look at next: the device whose configuration is expected to tell most.

Commits are reported, and reports get lost. A device that nobody has read may run something else
than before. What a read tells is the entropy of its answer, yes or no: little where either is
nearly certain. How likely the answer is yes follows from what is believed, from the ways of the
probes that are lost, and from which single edit would explain the loads.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from twin.diagnosis.likelihood import Likelihood
from twin.events.fault import Fault
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.unannounced_drain import UnannouncedDrain
from twin.nouns.base import Noun
from twin.nouns.incident import EVERYWHERE
from twin.nouns.observation import Observation
from twin.nouns.telemetry import FloatArray
from twin.nouns.topology import Interface, Topology

LEAST_NATS = 0.05
"""What is expected to tell less is not worth a read: a read costs a log-in to a device in trouble.
"""

_IN_CONFIGURATION = 0.5
"""Of what there is no kind for, so much is a change of configuration (assumed)."""

_BESIDE, _MIMICKED, _ELSEWHERE = 0.1, 0.05, 0.005
"""Chance that a device runs something else than before: next to the place of what there is no kind
for; where something is said to be broken that a configuration may look like; anywhere (assumed)."""

_LEAST_LIKELY = 1e-3

_CROSSES = 0.3
"""A probe tells of a device that so much of it passes."""

_LOST_ODDLY = 0.01
"""A probe that loses so much more than usual is lost to what is wrong."""


class NextLook(Noun):
    """`node`: a device that was not read. `tells_nats`: what reading it is expected to tell."""

    node: str
    tells_nats: float


@dataclass(frozen=True, slots=True)
class Believed:
    """`faults` are all that is wrong, with `probability`; and something else at `place`, "" for
    nothing else.
    """

    faults: Sequence[Fault]
    place: str
    probability: float


def next_looks(
    believed: Sequence[Believed], likelihood: Likelihood, read: Collection[str]
) -> tuple[NextLook, ...]:
    """The devices that are worth a read, the most telling first; `read`: those that were."""
    topology = likelihood.normal.topology
    likely = [one for one in believed if one.probability >= _LEAST_LIKELY]
    unnamed = sum(one.probability for one in likely if one.place or not one.faults)
    differs = sum(
        (one.probability * _differs(one, topology) for one in likely),
        np.zeros(len(topology.nodes)),
    )
    # Where all is named nobody has to be led anywhere.
    if unnamed * _IN_CONFIGURATION >= _ELSEWHERE:
        led = np.maximum(by_probes(likelihood.observation, topology), by_loads(likelihood))
        differs = np.maximum(differs, unnamed * _IN_CONFIGURATION * led)
    tells = _entropy(differs)
    found = [
        NextLook(node=node.id, tells_nats=round(float(nats), 3))
        for node, nats in zip(topology.nodes, tells, strict=True)
        if node.id not in read and nats >= LEAST_NATS
    ]
    return tuple(sorted(found, key=lambda look: (-look.tells_nats, look.node)))


def by_probes(seen: Observation, topology: Topology) -> FloatArray:
    """(n_nodes,) the share of the probes that are lost oddly which a device passes on, times how
    many of those that it passes on are; 0 where none is.
    """
    found = np.zeros(len(topology.nodes))
    probes = seen.probes
    if probes is None:
        return found
    with np.errstate(divide="ignore", invalid="ignore"):
        odd = probes.lost / probes.sent > probes.usual + _LOST_ODDLY
    for j, node in enumerate(topology.nodes):
        arcs = [
            topology.arc_of(Interface(node=node.id, link=x.id)) for x in topology.links_at(node.id)
        ]
        passes = probes.shares[:, arcs].sum(axis=1) > _CROSSES
        if odd.any() and passes.any():
            found[j] = np.sqrt(
                (odd & passes).sum() / odd.sum() * (odd & passes).sum() / passes.sum()
            )
    return found


def by_loads(likelihood: Likelihood) -> FloatArray:
    """(n_nodes,) the chance that one edit of its weights or drains explains the loads, of all such
    edits anywhere and none.
    """
    topology, nodes = likelihood.normal.topology, []
    odds = [0.0]
    for link in topology.links:
        for node in (link.a, link.b):
            edits: tuple[Fault, ...] = (
                UnannouncedDrain(link=link.id, nodes=(node,)),
                IgpWeightMisconfig(node=node, link=link.id, weight=1),
            )
            nodes += [topology.node_index[node]] * len(edits)
            odds += [float(likelihood.load_ratios((edit,)).sum()) for edit in edits]
    share = np.exp(np.array(odds) - np.logaddexp.reduce([odds[0] + np.log(len(nodes)), *odds[1:]]))
    return np.asarray(np.bincount(nodes, share[1:], len(topology.nodes)), float)


def _differs(one: Believed, topology: Topology) -> FloatArray:
    """(n_nodes,) chance that each device runs something else than before."""
    chance = np.full(len(topology.nodes), _ELSEWHERE)
    if one.place and one.place != EVERYWHERE:
        at = _nodes_of(one.place, topology)
        near = {link.other_end(node) for node in at for link in topology.links_at(node)}
        chance[[topology.node_index[node] for node in near]] = _BESIDE
        chance[[topology.node_index[node] for node in at]] = _IN_CONFIGURATION / len(at)
    broken = {node for fault in one.faults for node in _nodes_at(fault, topology)}
    chance[[topology.node_index[node] for node in broken]] = _MIMICKED
    known = {node for fault in one.faults for node in fault.configured_nodes}
    chance[[topology.node_index[node] for node in known]] = 1.0 - _ELSEWHERE
    return chance


def _nodes_at(fault: Fault, topology: Topology) -> tuple[str, ...]:
    """The devices at which the field would repair it; none where it would not, and where a link is
    down, whose ends are read anyway.
    """
    if fault.only_links_down or not fault.circuits():
        return ()
    return tuple(node for place in fault.resources for node in _nodes_of(place, topology))


def _nodes_of(place: str, topology: Topology) -> tuple[str, ...]:
    """The devices at a place: a node, a link, or "node|link"."""
    if place in topology.node_index:
        return (place,)
    if place in topology.link_index:
        link = topology.link(place)
        return link.a, link.b
    return (Interface.parse(place).node,)


def _entropy(chance: FloatArray) -> FloatArray:
    """Of a yes or no, nats."""
    p = np.clip(chance, 1e-12, 1.0 - 1e-12)
    return np.asarray(-p * np.log(p) - (1.0 - p) * np.log1p(-p))
