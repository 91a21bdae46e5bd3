"""What real devices, collectors and transport do to telemetry: each oddity with a name.

An oddity gets one poll's records and gives back what arrives in their place. It is honest: nobody
lies, something is misread, misdated, held up or lost.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from twin.nouns.telemetry import (
    AdjacencyEvent,
    ConfigurationEvent,
    FloatArray,
    FlowRound,
    InterfaceCounters,
    LogInEvent,
    ProbeRound,
    SyslogLine,
    Telemetry,
)
from twin.nouns.topology import Topology


@dataclass(slots=True)
class Wire:
    """Between a network and whoever watches it. `device`, `link`: one end of a link, and the link.

    `since_s`: from when on the wire is odd. `rolled`: random numbers. `polls`: since then. `held`:
    what is given later. `kept`: what the oddity itself keeps.
    """

    topology: Topology
    device: str
    link: str
    since_s: float
    rolled: np.random.Generator
    now_s: float = 0.0
    polls: int = 0
    held: list[Telemetry] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def odd_s(self) -> float:
        """For how long it has been odd."""
        return self.now_s - self.since_s


Change = Callable[[Any, Wire], Any]
Pour = Callable[[Sequence[Telemetry], Wire], Iterable[Telemetry]]

_EVENTS = (AdjacencyEvent, ConfigurationEvent, LogInEvent, SyslogLine)
_STAMPED = (InterfaceCounters, *_EVENTS)


def pour(oddity: Pour, records: Sequence[Telemetry], wire: Wire, now_s: float) -> list[Telemetry]:
    """What arrives at `now_s` in place of `records`; the records themselves until it is odd."""
    wire.now_s = now_s
    if now_s < wire.since_s:
        return list(records)
    found = list(oddity(records, wire))
    wire.polls += 1
    return found


def _on(kinds: type | tuple[type, ...], change: Change, *, everywhere: bool = False) -> Pour:
    """Change records of these kinds: those of the device, or of all; None: it does not arrive."""

    def poured(records: Sequence[Telemetry], wire: Wire) -> Iterable[Telemetry]:
        for record in records:
            mine = everywhere or getattr(record, "node", wire.device) == wire.device
            found = change(record, wire) if isinstance(record, kinds) and mine else record
            if found is not None:
                yield found

    return poured


def _stamped(seconds: float | Callable[[Wire], float]) -> Change:
    """Its clock is so far ahead."""

    def change(record: Any, wire: Wire) -> Any:
        off_s = seconds(wire) if callable(seconds) else seconds
        return replace(record, time_s=record.time_s + off_s)

    return change


def _unread(record: InterfaceCounters) -> InterfaceCounters:
    return replace(
        record,
        sent_bytes=np.full_like(record.sent_bytes, np.nan),
        dropped_bytes=np.full_like(record.dropped_bytes, np.nan),
        received_bytes=np.full_like(record.received_bytes, np.nan),
    )


# Polling ------------------------------------------------------------------------------------------


def _every_other(record: InterfaceCounters, wire: Wire) -> InterfaceCounters:
    return _unread(record) if wire.polls % 2 else record


def _half_time_out(record: InterfaceCounters, wire: Wire) -> InterfaceCounters:
    return _unread(record) if wire.rolled.random() < 0.5 else record


def _alternating(record: InterfaceCounters, wire: Wire) -> InterfaceCounters | None:
    odd = wire.topology.node_index[record.node] % 2
    return record if wire.polls % 2 == odd else None


def _every_tenth(record: InterfaceCounters, wire: Wire) -> InterfaceCounters | None:
    return record if wire.polls % 10 == 0 else None


# Transport ----------------------------------------------------------------------------------------


def _arriving(records: Iterable[Telemetry], wire: Wire) -> list[Telemetry]:
    return [replace(record, received_s=wire.now_s) for record in records]


def _late(records: Sequence[Telemetry], wire: Wire) -> Iterable[Telemetry]:
    given, wire.held = wire.held, list(records)
    return _arriving(given, wire)


def _late_by_turns(records: Sequence[Telemetry], wire: Wire) -> Iterable[Telemetry]:
    """Each record on its own: up to three polls late."""
    waiting = wire.kept.setdefault("waiting", [])
    waiting += [(wire.polls + int(wire.rolled.integers(3)), record) for record in records]
    wire.kept["waiting"] = [one for one in waiting if one[0] > wire.polls]
    return _arriving([record for due, record in waiting if due <= wire.polls], wire)


def _lost(records: Sequence[Telemetry], wire: Wire) -> Iterable[Telemetry]:
    """Every third poll, but for the events, which are sent until they are acknowledged."""
    return [r for r in records if wire.polls % 3 or isinstance(r, _EVENTS)]


def _repeated(records: Sequence[Telemetry], wire: Wire) -> Iterable[Telemetry]:
    again, wire.held = _arriving(wire.held, wire), list(records)
    return [*records, *records, *again]


def _shuffled(records: Sequence[Telemetry], wire: Wire) -> Iterable[Telemetry]:
    return [records[int(i)] for i in wire.rolled.permutation(len(records))]


def _batched(records: Sequence[Telemetry], wire: Wire) -> Iterable[Telemetry]:
    wire.held = [*wire.held, *records]
    if wire.polls % 3 != 2:
        return []
    given, wire.held = wire.held, []
    return _arriving(given, wire)


def _held_back(records: Sequence[Telemetry], wire: Wire) -> Iterable[Telemetry]:
    """A part of each poll comes with the next, as it was received."""
    keep = [bool(wire.rolled.random() < 0.4) for _ in records]
    given, wire.held = wire.held, [r for r, late in zip(records, keep, strict=True) if late]
    return [*(r for r, late in zip(records, keep, strict=True) if not late), *given]


def _spooled(records: Sequence[Telemetry], wire: Wire) -> Iterable[Telemetry]:
    """Events of the device wait for up to five minutes; everything else comes as usual."""
    mine = [r for r in records if isinstance(r, _EVENTS) and r.node == wire.device]
    wire.held = [*wire.held, *mine]
    rest = [r for r in records if not (isinstance(r, _EVENTS) and r.node == wire.device)]
    if wire.polls % 10 != 9:
        return rest
    given, wire.held = wire.held, []
    return [*rest, *_arriving(given, wire)]


def _replayed(records: Sequence[Telemetry], wire: Wire) -> Iterable[Telemetry]:
    """Old reports of the device are sent again every ten minutes."""
    link = wire.topology.links_at(wire.device)[0].id
    old = [
        AdjacencyEvent(wire.now_s, wire.since_s - 7200.0 + 60.0 * i, wire.device, link, up)
        for i, up in ((0, False), (1, True))
    ]
    return [*records, *(old if wire.polls % 20 == 0 else ())]


# Clocks -------------------------------------------------------------------------------------------


def _drifting(wire: Wire) -> float:
    return -wire.odd_s / 60.0


def _jumping(wire: Wire) -> float:
    return -600.0 if wire.odd_s > 570.0 else 0.0


def _right_again(wire: Wire) -> float:
    return -3600.0 if wire.odd_s < 570.0 else 0.0


def _at_the_epoch(record: Any, wire: Wire) -> Any:
    return replace(record, time_s=record.time_s - wire.since_s)


def _of_minutes(record: Any, _: Wire) -> Any:
    return replace(record, time_s=record.time_s // 60.0 * 60.0)


def _of_one_moment(record: Any, wire: Wire) -> Any:
    return replace(record, time_s=wire.since_s)


def _flows_off(record: FlowRound, _: Wire) -> FlowRound:
    return replace(record, from_s=record.from_s - 3600.0, until_s=record.until_s - 3600.0)


# Counters -----------------------------------------------------------------------------------------


def _first(record: InterfaceCounters, wire: Wire) -> InterfaceCounters:
    """As it was when the wire became odd."""
    known: InterfaceCounters = wire.kept.setdefault(f"first {record.node}", record)
    return known


def _grown(record: InterfaceCounters, wire: Wire, factor: float) -> InterfaceCounters:
    first = _first(record, wire)
    return replace(
        record,
        sent_bytes=first.sent_bytes + factor * (record.sent_bytes - first.sent_bytes),
        dropped_bytes=first.dropped_bytes + factor * (record.dropped_bytes - first.dropped_bytes),
        received_bytes=first.received_bytes
        + factor * (record.received_bytes - first.received_bytes),
    )


def _in_bits(record: InterfaceCounters, wire: Wire) -> InterfaceCounters:
    return _grown(record, wire, 8.0)


def _in_kilobytes(record: InterfaceCounters, wire: Wire) -> InterfaceCounters:
    return _grown(record, wire, 0.001)


def _of_32_bits(record: InterfaceCounters, _: Wire) -> InterfaceCounters:
    return _each(record, lambda counted: np.mod(counted, 2.0**32))


def _single(record: InterfaceCounters, _: Wire) -> InterfaceCounters:
    return _each(record, lambda counted: counted.astype(np.float32).astype(np.float64))


def _each(
    record: InterfaceCounters, change: Callable[[FloatArray], FloatArray]
) -> InterfaceCounters:
    return replace(
        record,
        sent_bytes=change(record.sent_bytes),
        dropped_bytes=change(record.dropped_bytes),
        received_bytes=change(record.received_bytes),
    )


def _cached(record: InterfaceCounters, wire: Wire) -> InterfaceCounters:
    if wire.polls % 2 == 0:
        wire.kept[f"cached {record.node}"] = record
    cached: InterfaceCounters = wire.kept.get(f"cached {record.node}", record)
    return replace(cached, received_s=record.received_s, time_s=record.time_s)


def _frozen(record: InterfaceCounters, wire: Wire) -> InterfaceCounters:
    first = _first(record, wire)
    return replace(first, received_s=record.received_s, time_s=record.time_s)


def _frozen_interface(record: InterfaceCounters, wire: Wire) -> InterfaceCounters:
    first, row = _first(record, wire), record.links.index(wire.link)
    sent, received = record.sent_bytes.copy(), record.received_bytes.copy()
    sent[row], received[row] = first.sent_bytes[row], first.received_bytes[row]
    return replace(record, sent_bytes=sent, received_bytes=received)


def _restarting(record: InterfaceCounters, wire: Wire) -> InterfaceCounters:
    """At zero every ten minutes."""
    number = int(wire.odd_s // 600.0)
    first: InterfaceCounters = wire.kept.setdefault(f"{number} {record.node}", record)
    return replace(
        record,
        sent_bytes=record.sent_bytes - first.sent_bytes,
        dropped_bytes=record.dropped_bytes - first.dropped_bytes,
        received_bytes=record.received_bytes - first.received_bytes,
    )


def _in_for_out(record: InterfaceCounters, _: Wire) -> InterfaceCounters:
    sent = np.zeros_like(record.sent_bytes)
    sent[:, 1] = record.received_bytes
    return replace(record, sent_bytes=sent, received_bytes=record.sent_bytes.sum(axis=1))


def _renumbered(record: InterfaceCounters, wire: Wire) -> InterfaceCounters:
    """Two interfaces have changed places."""
    rows = list(range(len(record.links)))
    row = record.links.index(wire.link)
    other = (row + 1) % len(rows)
    rows[row], rows[other] = other, row
    return replace(
        record,
        sent_bytes=record.sent_bytes[rows],
        dropped_bytes=record.dropped_bytes[rows],
        received_bytes=record.received_bytes[rows],
    )


def _named_twice(record: InterfaceCounters, wire: Wire) -> InterfaceCounters:
    links = list(record.links)
    row = links.index(wire.link)
    links[(row + 1) % len(links)] = wire.link
    return replace(record, links=tuple(links))


def _stuck(record: InterfaceCounters, wire: Wire) -> InterfaceCounters:
    """One counter is at the end of its range, and stays."""
    sent = record.sent_bytes.copy()
    sent[record.links.index(wire.link)] = 2.0**32 - 1
    return replace(record, sent_bytes=sent)


def _without_class(value: Any) -> Change:
    def change(record: InterfaceCounters, wire: Wire) -> InterfaceCounters:
        if wire.polls % 3 == 0:
            return record
        sent = record.sent_bytes.astype(object)
        sent[:, 2] = value
        return replace(record, sent_bytes=sent if value is None else sent.astype(np.float64))

    return change


def _some_interfaces(record: InterfaceCounters, wire: Wire) -> InterfaceCounters:
    """Each poll gets through to a part of the table."""
    rows = [i for i in range(len(record.links)) if (i + wire.polls) % 2]
    return replace(
        record,
        links=tuple(record.links[i] for i in rows),
        sent_bytes=record.sent_bytes[rows],
        dropped_bytes=record.dropped_bytes[rows],
        received_bytes=record.received_bytes[rows],
    )


def _renamed(record: InterfaceCounters, _: Wire) -> InterfaceCounters:
    return replace(record, node=record.node.lower() + ".example.net")


# Flows and probes ---------------------------------------------------------------------------------


def _sampled(factor: float) -> Change:
    def change(record: FlowRound, wire: Wire) -> FlowRound:
        rates = record.rates_bps.copy()
        flows, row = record.flows.copy(), wire.topology.node_index[wire.device]
        rates[:, row, :] *= factor
        flows[row] *= factor
        return replace(record, rates_bps=rates, flows=flows)

    return change


def _bursts(record: FlowRound, wire: Wire) -> FlowRound:
    """All that an exporter saw in two rounds comes in the second."""
    node = wire.topology.node_index[wire.device]
    rates, saved = record.rates_bps.copy(), wire.kept.pop("saved", None)
    if saved is None:
        wire.kept["saved"] = rates[:, node].copy()
        rates[:, node] = 0.0
    else:
        rates[:, node] += saved
    return replace(record, rates_bps=rates)


def _dead_probe(record: ProbeRound, wire: Wire) -> ProbeRound:
    mine = np.array([wire.device in (p.source, p.target) for p in record.paths])
    return replace(
        record,
        lost=np.where(mine, record.sent, record.lost),
        delay_s=np.where(mine, np.nan, record.delay_s),
    )


def _dead_sender(record: ProbeRound, wire: Wire) -> ProbeRound:
    mine = np.array([wire.device == p.source for p in record.paths])
    return replace(
        record,
        lost=np.where(mine, record.sent, record.lost),
        delay_s=np.where(mine, np.nan, record.delay_s),
    )


def _skewed(seconds: float) -> Change:
    """One-way delays, of which one end is measured by a clock that is off."""

    def change(record: ProbeRound, wire: Wire) -> ProbeRound:
        sign = np.array(
            [(p.target == wire.device) - (p.source == wire.device) * 1.0 for p in record.paths]
        )
        return replace(record, delay_s=record.delay_s + seconds * sign)

    return change


def _never(*_: Any) -> Any:
    return None


def _as_it_is(records: Sequence[Telemetry], _: Wire) -> Iterable[Telemetry]:
    return records


CONTROL = "as it is"

ODDITIES: Mapping[str, Pour] = {
    CONTROL: _as_it_is,
    # Polling
    "devices answer every other poll": _on(InterfaceCounters, _every_other, everywhere=True),
    "half of the polls time out": _on(InterfaceCounters, _half_time_out, everywhere=True),
    "devices are polled by turns": _on(InterfaceCounters, _alternating, everywhere=True),
    "a device is polled every five minutes": _on(InterfaceCounters, _every_tenth),
    "all are polled every five minutes": _on(InterfaceCounters, _every_tenth, everywhere=True),
    "a device answers for half of its interfaces": _on(InterfaceCounters, _some_interfaces),
    # Transport
    "everything is a poll late": _late,
    "records are up to three polls late": _late_by_turns,
    "every third poll is lost": _lost,
    "everything is repeated": _repeated,
    "everything is out of order": _shuffled,
    "three polls come at once": _batched,
    "records are held back": _held_back,
    "events wait in a spool": _spooled,
    "old reports are sent again": _replayed,
    # Clocks
    "a clock is an hour behind": _on(_STAMPED, _stamped(-3600.0)),
    "a clock is an hour ahead": _on(_STAMPED, _stamped(3600.0)),
    "counters are stamped 30 s behind": _on(InterfaceCounters, _stamped(-30.0)),
    "counters are stamped 90 s ahead": _on(InterfaceCounters, _stamped(90.0)),
    "events are stamped an hour behind": _on(_EVENTS, _stamped(-3600.0), everywhere=True),
    "events are stamped two hours ahead": _on(_EVENTS, _stamped(7200.0), everywhere=True),
    "events are stamped ten minutes behind": _on(_EVENTS, _stamped(-600.0), everywhere=True),
    "all clocks are behind": _on(_STAMPED, _stamped(-90.0), everywhere=True),
    "a clock drifts": _on(_STAMPED, _stamped(_drifting)),
    "a clock jumps back": _on(_STAMPED, _stamped(_jumping)),
    "a clock is right again": _on(_STAMPED, _stamped(_right_again)),
    "a clock is at the epoch": _on(_STAMPED, _at_the_epoch),
    "stamps are of whole minutes": _on(_STAMPED, _of_minutes),
    "stamps are of one moment": _on(InterfaceCounters, _of_one_moment),
    "flow records are stamped an hour behind": _on(FlowRound, _flows_off),
    # Counters
    "counters have 32 bits": _on(InterfaceCounters, _of_32_bits),
    "all counters have 32 bits": _on(InterfaceCounters, _of_32_bits, everywhere=True),
    "counters are cached for a minute": _on(InterfaceCounters, _cached),
    "all counters are cached for a minute": _on(InterfaceCounters, _cached, everywhere=True),
    "an interface is frozen": _on(InterfaceCounters, _frozen_interface),
    "a device is frozen": _on(InterfaceCounters, _frozen),
    "counters restart at zero": _on(InterfaceCounters, _restarting),
    "counters are in bits": _on(InterfaceCounters, _in_bits),
    "counters are in kilobytes": _on(InterfaceCounters, _in_kilobytes),
    "sent and received are swapped": _on(InterfaceCounters, _in_for_out),
    "two interfaces have changed places": _on(InterfaceCounters, _renumbered),
    "an interface is named twice": _on(InterfaceCounters, _named_twice),
    "a counter is at its end": _on(InterfaceCounters, _stuck),
    "counters are of single precision": _on(InterfaceCounters, _single, everywhere=True),
    "a class is read every third time": _on(InterfaceCounters, _without_class(math.nan)),
    "a class is None": _on(InterfaceCounters, _without_class(None)),
    "a device has another name": _on(InterfaceCounters, _renamed),
    # Flows and probes
    "an exporter is off by ten": _on(FlowRound, _sampled(10.0)),
    "an exporter shows a tenth": _on(FlowRound, _sampled(0.1)),
    "flows come in bursts": _on(FlowRound, _bursts),
    "no flow record comes": _on(FlowRound, _never),
    "a probe is dead": _on(ProbeRound, _dead_probe),
    "a probe sends nothing": _on(ProbeRound, _dead_sender),
    "the clock of a probe is 50 ms off": _on(ProbeRound, _skewed(0.05)),
    "the clock of a probe is 3 s off": _on(ProbeRound, _skewed(3.0)),
    "no probe reports": _on(ProbeRound, _never),
}
"""By name."""
