"""What is told of a network, before it is believed: known or not, possible or not, and counted.

Every record comes in through `Intake.admit`. A device may repeat itself a thousand times a second,
and whoever can reach the collector may name devices that do not exist. Nothing here grows with what
arrives: there is one tally for every node of the topology, one heading for all that is not on
record, and so many lines of each node.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeGuard

import numpy as np

from twin.nouns.inventory import ProbePath
from twin.nouns.left_out import LeftOut, Oddity
from twin.nouns.telemetry import (
    QUANTITIES,
    RATE_FACTOR,
    AdjacencyEvent,
    ConfigurationEvent,
    FloatArray,
    FlowRound,
    InterfaceCounters,
    LogInEvent,
    ProbeRound,
    Quantity,
    SyslogLine,
    Telemetry,
)
from twin.nouns.telemetry_fault import TelemetryFaultKind
from twin.nouns.topology import Topology
from twin.nouns.untrusted import UntrustedText
from twin.tracking.arrivals import Arrivals
from twin.tracking.clocks import LATE_S, Clocks, Stamped
from twin.tracking.masking import AHEAD_S, LATEST_S, OLDEST_S, Masked, is_plain, masked, moment
from twin.tracking.telemetry_faults import TelemetryFaults

Event = AdjacencyEvent | ConfigurationEvent | LogInEvent | SyslogLine

LINES_PER_NODE = 64
LONGEST_LINE = 1024
"""Characters of a line that are kept: the longest message of RFC 3164 section 4.1, in bytes."""

FLOWS, PROBES = "flow records", "probe results"
"""Stand for a source where a whole record is odd that no single device sent."""

_OF_PROBES = tuple(QUANTITIES[ProbeRound])
_OF_FLOWS = tuple(QUANTITIES[FlowRound])
_LONGEST_FLOWS_S = 86_400.0
_LATELY_S = 3600.0
"""A stamp of the last hour needs no further look."""

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
    """Takes records in: masks what cannot be, counts what arrives by source, and keeps the latest
    lines of each.
    """

    def __init__(
        self,
        topology: Topology,
        kept: Mapping[str, Any] | None = None,
        probes: tuple[ProbePath, ...] = (),
        clocks: Clocks | None = None,
        taken_s: float = -math.inf,
    ) -> None:
        """`kept`: the counts that `dump` wrote; a node that is off the record is left out.

        `probes`: those on record, in whose order results are given on. `clocks`: of the devices.
        `taken_s`: all that was received by then was taken.
        """
        kept = kept or {}
        counted = kept.get("tallies", {})
        self._ends = {(node, link.id) for link in topology.links for node in (link.a, link.b)}
        self._nodes = tuple(n.id for n in topology.nodes)
        self._probes = probes
        self._lately_bps = _most_sent(topology)
        # What was looked at before need not be again: devices are read twice a minute.
        self._links_of: dict[str, tuple[str, ...]] = dict.fromkeys(self._nodes, ())
        self._fields: dict[tuple[type, int], list[tuple[str, Quantity, tuple[int, ...]]]] = {}
        self._most_links = max(len(topology.links), len(probes))
        self._tallies = {n: SourceTally(**counted.get(n, {})) for n in self._nodes}
        self._lines: dict[str, dict[str, KeptLine]] = {n: {} for n in self._nodes}
        self.clocks = clocks or Clocks(self._nodes, TelemetryFaults())
        self._arrivals = Arrivals(taken_s)
        self._unknown = int(kept.get("unknown", 0))
        self._examples: list[str] = list(kept.get("examples", []))
        self._left_out = {
            one["source"]: LeftOut.model_validate(one)
            for one in kept.get("left_out", ())
            if one["source"] in {*self._nodes, FLOWS, PROBES}
        }

    def arrived(
        self, records: Iterable[Telemetry], now_s: float, after_s: float, until_s: float
    ) -> list[tuple[Telemetry, float]]:
        """Those that were not taken by `after_s`, each with when it was received, in that order.

        See `arrival`.
        """
        found = [(record, self.arrival(record, now_s, until_s)) for record in records]
        new = [one for one in found if self._arrivals.is_new(*one, after_s)]
        new.sort(key=lambda one: one[1])
        self._arrivals.forget(now_s)
        self.clocks.hear(
            Stamped(record.node, record.time_s, received_s, _counted(record))
            for record, received_s in new
            if isinstance(record, InterfaceCounters) and self._is_stamped(record)
        )
        return new

    def _is_stamped(self, record: InterfaceCounters) -> bool:
        node: object = record.node
        return isinstance(node, str) and node in self._tallies and _is_time(record.time_s)

    def arrival(self, record: Telemetry, now_s: float, until_s: float) -> float:
        """When `record` was received: `until_s` at the latest, and where it says no such time.

        `now_s`: takes the place of an `until_s` that is infinite.
        """
        received_s = record.received_s
        if type(received_s) is float and until_s - _LATELY_S <= received_s <= until_s:
            return received_s
        if not math.isfinite(until_s):
            is_time = type(received_s) is float and math.isfinite(received_s)
            until_s = received_s if is_time else now_s
        heard_s, odd = moment(received_s, until_s)
        if odd:
            self.leave_out(self._source(record), Oddity.STAMP, heard_s)
        return heard_s

    def _source(self, record: Telemetry) -> str:
        node = getattr(record, "node", None)
        if isinstance(node, str) and node in self._tallies:
            return node
        return PROBES if isinstance(record, ProbeRound) else FLOWS

    def admit(self, record: Telemetry, received_s: float) -> Telemetry | None:
        """`record` with what is odd in it masked; None where nothing of it is of any use.

        Whatever its fields hold, they are of their types in what is returned, on record where they
        name something, and possible where they are numbers. NaN is what was not read.
        """
        match record:
            case InterfaceCounters():
                return self._counters(record, received_s)
            case ProbeRound():
                return self._probe_round(record, received_s)
            case FlowRound():
                return self._flows(record, received_s)
            case AdjacencyEvent() | ConfigurationEvent() | LogInEvent() | SyslogLine():
                return self._event(record, received_s)
            case _:
                # A driver of tomorrow may know others; those of today still count.
                self._refuse(f"records of the kind {type(record).__name__}")
                return None

    def _event(self, event: Event, received_s: float) -> Event | None:
        node: object = event.node
        if not isinstance(node, str) or (tally := self._tallies.get(node)) is None:
            self._refuse(node)
            return None
        if isinstance(event, AdjacencyEvent) and not self._is_end(node, event.link):
            self._refuse(_named(node, event.link))
            return None
        tally.received += 1
        if not _is_formed(event):
            self.leave_out(node, Oddity.UNREADABLE, received_s)
            return None
        if received_s is not event.received_s:
            event = replace(event, received_s=received_s)
        if _is_time(event.time_s):
            time_s = self.clocks.of_event(event)
            if not received_s - OLDEST_S <= event.time_s <= received_s + AHEAD_S:
                self.leave_out(node, Oddity.STAMP, received_s)
        else:
            time_s = self._moment(event.time_s, node, received_s)
        return event if time_s == event.time_s else replace(event, time_s=time_s)

    def _counters(self, record: InterfaceCounters, received_s: float) -> InterfaceCounters | None:
        node: object = record.node
        links: object = record.links
        if not isinstance(node, str) or node not in self._tallies:
            self._refuse(node)
            return None
        if links is not self._links_of[node]:
            if not isinstance(links, tuple) or not all(isinstance(link, str) for link in links):
                self.leave_out(node, Oddity.UNREADABLE, received_s)
                return None
            strange = [link for link in links if not self._is_end(node, link)]
            for link in strange:
                self._refuse(_named(node, link))
            if not strange:
                self._links_of[node] = links
        numbers = self._numbers(record, len(links))
        for found in numbers.values():
            for why, where in found.odd.items():
                self.leave_out(node, why, received_s, int(where.sum()))
        if _is_time(record.time_s):
            read_s = self.clocks.of_counters(node, record.time_s, received_s)
            if not received_s - OLDEST_S <= record.time_s <= received_s + AHEAD_S:
                self.leave_out(node, Oddity.STAMP, received_s)
            if read_s is None:
                self.count_late(node)
                return None
            time_s = read_s
        else:
            time_s = self._moment(record.time_s, node, received_s)
        if not numbers and time_s is record.time_s and received_s is record.received_s:
            return record
        masked_fields: dict[str, Any] = {n: found.values for n, found in numbers.items()}
        return replace(record, time_s=time_s, received_s=received_s, **masked_fields)

    def _probe_round(self, record: ProbeRound, received_s: float) -> ProbeRound | None:
        paths: object = record.paths
        if not isinstance(paths, tuple):
            self.leave_out(PROBES, Oddity.UNREADABLE, received_s)
            return None
        numbers = self._numbers(record, len(paths))
        given = {n: numbers[n].values if n in numbers else getattr(record, n) for n in _OF_PROBES}
        sent, lost = given["sent"], given["lost"]
        for found in numbers.values():
            for why, where in found.odd.items():
                for i in np.flatnonzero(where).tolist():
                    self.leave_out(self._source_of(paths[i]), why, received_s)
        # Of a probe that lost more than it sent, neither is known.
        with np.errstate(invalid="ignore"):
            wrong = ~(lost <= sent) & ~np.isnan(sent)
        for i in np.flatnonzero(wrong & (lost > sent)).tolist():
            self.leave_out(self._source_of(paths[i]), Oddity.IMPOSSIBLE, received_s)
        if wrong.any():
            given |= {"sent": np.where(wrong, np.nan, sent), "lost": np.where(wrong, np.nan, lost)}
        if paths != self._probes:
            given = self._in_order(paths, given)
        elif not numbers and not wrong.any() and received_s is record.received_s:
            return record
        return ProbeRound(received_s=received_s, paths=self._probes, **given)

    def _in_order(
        self, paths: tuple[object, ...], given: Mapping[str, FloatArray]
    ) -> dict[str, FloatArray]:
        """The results of the probes on record, in their order; others are counted."""
        row_of = {path: row for row, path in enumerate(self._probes)}
        rows = [row_of.get(path) if isinstance(path, ProbePath) else None for path in paths]
        for path, row in zip(paths, rows, strict=True):
            if row is None:
                self._refuse(f"the probe {path!s:.80}")
        ordered = {name: np.full(len(self._probes), np.nan) for name in given}
        for i, row in enumerate(rows):
            if row is not None:
                for name, values in given.items():
                    ordered[name][row] = values[i]
        return ordered

    def _source_of(self, path: object) -> str:
        source = path.source if isinstance(path, ProbePath) else ""
        return source if source in self._tallies else PROBES

    def _flows(self, record: FlowRound, received_s: float) -> FlowRound | None:
        from_s, until_s = record.from_s, record.until_s
        if not (_is_time(from_s) and _is_time(until_s)) or not (
            0.0 < until_s - from_s <= _LONGEST_FLOWS_S
        ):
            self.leave_out(FLOWS, Oddity.STAMP, received_s)
            return None
        late_s = received_s - until_s
        if not 0.0 <= late_s <= LATE_S + self.clocks.transport_s:
            # Their times are of another clock; how long they took is not.
            from_s, until_s = received_s - (until_s - from_s), received_s
            if abs(late_s) > AHEAD_S:
                self.leave_out(FLOWS, Oddity.STAMP, received_s)
                kind = TelemetryFaultKind.CLOCK
                self.clocks.faults.note(FLOWS, kind, received_s, amount=-late_s)
        numbers = self._numbers(record)
        given = {n: numbers[n].values if n in numbers else getattr(record, n) for n in _OF_FLOWS}
        odd = [item for found in numbers.values() for item in found.odd.items()]
        with np.errstate(invalid="ignore"):
            beyond = given["rates_bps"] > self._lately_bps
        if beyond.any():
            odd.append((Oddity.IMPOSSIBLE, beyond))
            given["rates_bps"] = np.where(beyond, np.nan, given["rates_bps"])
        for why, where in odd:
            rows = np.moveaxis(where, max(where.ndim - 2, 0), 0)
            by_source = rows.reshape(len(self._nodes), -1).sum(axis=1)
            for i in np.flatnonzero(by_source).tolist():
                self.leave_out(self._nodes[i], why, received_s, int(by_source[i]))
        return FlowRound(received_s, from_s, until_s, **given)

    def _numbers(self, record: Telemetry, length: int = 0) -> dict[str, Masked]:
        """The fields of numbers of `record`, masked; none where there is nothing to mask.

        `length`: of its links, or paths.
        """
        kind = type(record)
        fields = self._fields.get((kind, length))
        if fields is None:
            fields = [
                (name, what, tuple(self._axis(axis, length) for axis in what.axes))
                for name, what in QUANTITIES[kind].items()
            ]
            if length <= self._most_links:
                self._fields[kind, length] = fields
        found = {}
        for name, what, shape in fields:
            value = getattr(record, name)
            if not is_plain(value, what, shape):
                found[name] = masked(value, what, shape)
        return found

    def _axis(self, axis: int | str, length: int) -> int:
        if isinstance(axis, int):
            return axis
        return len(self._nodes) if axis == "nodes" else length

    def _moment(self, time_s: object, source: str, received_s: float) -> float:
        if type(time_s) is float and received_s - _LATELY_S <= time_s <= received_s:
            return time_s
        found, odd = moment(time_s, received_s)
        if odd:
            self.leave_out(source, Oddity.STAMP, received_s)
        return found

    def leave_out(self, source: str, why: Oddity, time_s: float, times: int = 1) -> None:
        """Count what was left out of what `source` said: a node, FLOWS or PROBES."""
        known = self._left_out.get(source)
        before = {} if known is None else known.times
        counted = {**before, why: before.get(why, 0) + times}
        self._left_out[source] = LeftOut(source=source, times=counted, last_s=time_s)

    def left_out(self) -> tuple[LeftOut, ...]:
        """What was left out since watching began, by source, in order of name."""
        return tuple(self._left_out[source] for source in sorted(self._left_out))

    def _is_end(self, node: str, link: object) -> bool:
        return isinstance(link, str) and (node, link) in self._ends

    def _refuse(self, name: object) -> None:
        self._unknown += 1
        if len(self._examples) < _EXAMPLES:
            said = name if isinstance(name, str) else f"a name that is a {type(name).__name__}"
            shown = UntrustedText(said[: 2 * _LONGEST_NAME]).quoted(_LONGEST_NAME)
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
        left_out = [one.model_dump(mode="json") for one in self.left_out()]
        return {
            "tallies": {node: asdict(t) for node, t in self._tallies.items() if t.received},
            "unknown": self._unknown,
            "examples": self._examples,
            **({"left_out": left_out} if left_out else {}),
        }


def _most_sent(topology: Topology) -> FloatArray:
    """(n, n) bit/s between each pair at most: it leaves over the links of its source, and nothing
    goes to where it comes from.
    """
    carried = [sum(x.capacity_bps for x in topology.links_at(n.id)) for n in topology.nodes]
    most = np.repeat(RATE_FACTOR * np.array(carried, dtype=np.float64)[:, None], len(carried), 1)
    np.fill_diagonal(most, 0.0)
    return np.asarray(most)


def _is_time(value: object) -> TypeGuard[float]:
    if type(value) is float:
        return -LATEST_S < value < LATEST_S
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) < LATEST_S  # type: ignore[arg-type]


def _counted(record: InterfaceCounters) -> float:
    """All that it counted, NaN where some was not read."""
    received: object = record.received_bytes
    if not isinstance(received, np.ndarray) or received.dtype != np.float64:
        return math.nan
    return float(received.sum())


def _named(node: str, link: object) -> object:
    return f"{node[:_LONGEST_NAME]} on {link}" if isinstance(link, str) else link


def _is_formed(event: Event) -> bool:
    """Whether what it says is of the types that it should be."""
    match event:
        case AdjacencyEvent():
            return type(event.up) is bool
        case ConfigurationEvent():
            return _is_text(event.change_id) and _is_text(event.user)
        case LogInEvent():
            return _is_text(event.user) and _is_text(event.address) and type(event.ok) is bool
        case SyslogLine():
            return _is_text(event.text)


def _is_text(value: object) -> bool:
    return isinstance(value, UntrustedText) and isinstance(value.raw, str)
