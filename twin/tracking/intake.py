"""What devices say of their own accord, before it is believed: known or not, counted, and kept in
bounds.

A device may repeat itself a thousand times a second, and whoever can reach the collector may name
devices that do not exist. Nothing here grows with what arrives: there is one tally for every node
of the topology, one heading for all that is not on record, and so many lines of each node.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from twin.nouns.telemetry import (
    AdjacencyEvent,
    ConfigurationEvent,
    InterfaceCounters,
    SyslogLine,
)
from twin.nouns.topology import Topology
from twin.nouns.untrusted import UntrustedText

Event = AdjacencyEvent | ConfigurationEvent | SyslogLine

LINES_PER_NODE = 64
LONGEST_LINE = 1024
"""Characters of a line that are kept: the longest message of RFC 3164 section 4.1, in bytes."""

_EXAMPLES = 8
_LONGEST_NAME = 80


@dataclass(slots=True)
class SourceTally:
    """What one node sent. `received`: events and lines. `folded`: of these, what said again what
    was known. `late`: what was older than what was known. `shed`: lines that made room for others.
    """

    received: int = 0
    folded: int = 0
    late: int = 0
    shed: int = 0


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A log line, the latest of `times` that said the same."""

    line: SyslogLine
    times: int


@dataclass(frozen=True, slots=True)
class IntakeSummary:
    """Everything that was taken in since watching began. `unknown`: events and counters of nodes or
    links that are not on record; `examples`: the first such names, quoted. `noisiest`: the node
    that sent most, "" if none sent anything.
    """

    received: int
    folded: int
    late: int
    shed: int
    unknown: int
    examples: tuple[str, ...]
    noisiest: str
    noisiest_received: int


class Intake:
    """Counts what arrives by source, and keeps the latest lines of each."""

    def __init__(self, topology: Topology, kept: Mapping[str, Any] | None = None) -> None:
        """`kept`: the counts that `dump` wrote; a node that is off the record is left out."""
        kept = kept or {}
        counted = kept.get("tallies", {})
        self._ends = {(node, link.id) for link in topology.links for node in (link.a, link.b)}
        self._tallies = {n.id: SourceTally(**counted.get(n.id, {})) for n in topology.nodes}
        self._lines: dict[str, dict[str, KeptLine]] = {node.id: {} for node in topology.nodes}
        self._unknown = int(kept.get("unknown", 0))
        self._examples: list[str] = list(kept.get("examples", []))

    def admit(self, event: Event) -> bool:
        """Count `event`, and say whether its node, and its link if it names one, are on record."""
        tally = self._tallies.get(event.node)
        if tally is None:
            self._refuse(event.node)
            return False
        if isinstance(event, AdjacencyEvent) and (event.node, event.link) not in self._ends:
            self._refuse(f"{event.node[:_LONGEST_NAME]} on {event.link}")
            return False
        tally.received += 1
        return True

    def admit_counters(self, record: InterfaceCounters) -> bool:
        """Whether the node of `record` is on record; links that do not end there are counted."""
        if record.node not in self._tallies:
            self._refuse(record.node)
            return False
        for link in record.links:
            if (record.node, link) not in self._ends:
                self._refuse(f"{record.node} on {link}")
        return True

    def _refuse(self, name: str) -> None:
        self._unknown += 1
        if len(self._examples) < _EXAMPLES:
            shown = UntrustedText(name[: 2 * _LONGEST_NAME]).quoted(_LONGEST_NAME)
            if shown not in self._examples:
                self._examples.append(shown)

    def fold(self, node: str) -> None:
        """Something that `node` sent said again what was known."""
        self._tallies[node].folded += 1

    def count_late(self, node: str) -> None:
        """Something that `node` sent was older than what was known."""
        self._tallies[node].late += 1

    def keep_line(self, line: SyslogLine) -> None:
        """Keep an admitted line; the same text again is one line that counts."""
        text = line.text.raw[:LONGEST_LINE]
        kept, tally = self._lines[line.node], self._tallies[line.node]
        before = kept.pop(text, None)
        if before is not None:
            tally.folded += 1
        elif len(kept) == LINES_PER_NODE:
            del kept[next(iter(kept))]
            tally.shed += 1
        cut = replace(line, text=UntrustedText(text))
        kept[text] = KeptLine(cut, 1 if before is None else before.times + 1)

    def lines_of(self, node: str) -> tuple[KeptLine, ...]:
        """The lines that are kept of `node`, in order of their latest arrival; none if unknown."""
        return tuple(self._lines.get(node, {}).values())

    def tally_of(self, node: str) -> SourceTally:
        """A copy of what was counted of `node`. Raises KeyError."""
        return replace(self._tallies[node])

    def summary(self) -> IntakeSummary:
        """What was taken in, over all sources."""
        tallies = self._tallies.values()
        noisiest = max(self._tallies, key=lambda n: self._tallies[n].received, default="")
        most = self._tallies[noisiest].received if noisiest else 0
        return IntakeSummary(
            received=sum(t.received for t in tallies) + self._unknown,
            folded=sum(t.folded for t in tallies),
            late=sum(t.late for t in tallies),
            shed=sum(t.shed for t in tallies),
            unknown=self._unknown,
            examples=tuple(self._examples),
            noisiest=noisiest if most else "",
            noisiest_received=most,
        )

    def dump(self) -> dict[str, Any]:
        """The counts, JSON-able; lines are not kept."""
        return {
            "tallies": {node: asdict(t) for node, t in self._tallies.items() if t.received},
            "unknown": self._unknown,
            "examples": self._examples,
        }
