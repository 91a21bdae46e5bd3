"""Probes to the devices of a change, from elsewhere: does traffic still arrive there?"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twin.nouns.inventory import ProbePath
from twin.nouns.telemetry import ProbeRound
from twin.nouns.topology import Topology
from twin.nouns.traffic import TrafficClass

SOURCES = 2
"""Independent probes to each device."""

PROBED_CLASS = TrafficClass.VOICE
"""Served before all others, so that it is lost where the way is, and not where there is a queue."""


@dataclass(frozen=True, slots=True)
class Probes:
    """What to probe. `cut_off`: devices that no other node reaches, so that no probe could tell."""

    paths: tuple[ProbePath, ...]
    cut_off: tuple[str, ...]


def choose_probes(topology: Topology, unusable: Iterable[str], nodes: Sequence[str]) -> Probes:
    """Probes to each of `nodes` from two others that reach it without the links `unusable`.

    The two come in over different neighbours where there are such, and are themselves unchanged
    where that is possible. The same arguments give the same probes.
    """
    usable = [link for link in topology.links if link.id not in frozenset(unusable)]
    beside: dict[str, list[str]] = {node.id: [] for node in topology.nodes}
    for link in usable:
        beside[link.a].append(link.b)
        beside[link.b].append(link.a)
    paths, cut_off = list[ProbePath](), list[str]()
    for node in nodes:
        sources = _sources(beside, node, frozenset(nodes))
        paths += [ProbePath(source=s, target=node, traffic_class=PROBED_CLASS) for s in sources]
        if not sources:
            cut_off.append(node)
    return Probes(tuple(paths), tuple(cut_off))


def arrived(paths: Sequence[ProbePath], found: ProbeRound) -> frozenset[ProbePath]:
    """Those of `paths` over which at least one packet came; one that did not report is not."""
    sent_and_lost = zip(paths, found.sent.tolist(), found.lost.tolist(), strict=True)
    # NaN, for a probe that did not report, is not smaller than anything.
    return frozenset(path for path, sent, lost in sent_and_lost if lost < sent)


def _sources(beside: dict[str, list[str]], node: str, changed: frozenset[str]) -> list[str]:
    entry = _entries(beside, node)
    ranked = sorted(entry, key=lambda source: (source in changed, source))
    first = ranked[:1]
    others = sorted(ranked[1:], key=lambda source: entry[source] == entry[first[0]])
    return [*first, *others[: SOURCES - 1]]


def _entries(beside: dict[str, list[str]], node: str) -> dict[str, str]:
    """For every node that reaches `node`: the neighbour of `node` over which the fewest hops do."""
    entry, queue = dict[str, str](), deque[str]()
    for neighbour in sorted(set(beside[node])):
        entry[neighbour] = neighbour
        queue.append(neighbour)
    while queue:
        near = queue.popleft()
        for far in sorted(set(beside[near]) - {node}):
            if far not in entry:
                entry[far] = entry[near]
                queue.append(far)
    return entry
