"""Which sources of telemetry were read lately, by the clock of whoever watches."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.nouns.coverage import Coverage, CoveredPart, PartRead, Unread
from twin.nouns.inventory import Inventory
from twin.nouns.telemetry import FlowRound, InterfaceCounters, ProbeRound
from twin.tracking.kept import kept_array
from twin.tracking.rates import RateRound

BoolArray = NDArray[np.bool_]

UNREAD_S = 120.0
"""Counters and probes come every 30 to 60 s: what two rounds in a row have missed is not read."""

UNREAD_LOSS_S = 300.0
"""Loss needs four readings in a row, so one that is missed costs four rounds."""

UNREAD_FLOWS_S = 900.0
"""Flow records are exported every five minutes."""

_MISSED = 3.0
"""What usually comes more rarely is not read once it is so many times as late as usual."""

_GAPS = 3
_TOGETHER_S = 5.0
"""Records of one source that come so close to each other are one reading."""

_LONGEST_S = 86_400.0


class CoverageBook:
    """When each source was last read, and how often it usually is: the shortest of its last gaps,
    so that one long silence does not make the next one usual. `has_listened`: since it was made.
    """

    def __init__(self, inventory: Inventory, kept: Mapping[str, Any] | None = None) -> None:
        """`kept`: what `dump` wrote; a part of another size begins anew."""
        kept = kept or {}
        self.has_listened = False
        topology = inventory.topology
        nodes = [node.id for node in topology.nodes]
        egresses = [str(topology.egress_of(arc)) for arc in range(topology.n_arcs)]
        probes = [f"{p.source}>{p.target}/{p.traffic_class}" for p in inventory.probes]
        self._since_s: float = kept.get("since_s") or math.inf
        self._row = topology.node_index
        self._senders = np.array(
            [topology.node_index[topology.egress_of(a).node] for a in range(topology.n_arcs)],
            dtype=np.int64,
        )
        named: Sequence[tuple[CoveredPart, list[str], float]] = (
            ("devices", nodes, UNREAD_S),
            ("egresses", egresses, UNREAD_S),
            ("loss", egresses, UNREAD_LOSS_S),
            ("probes", probes, UNREAD_S),
            ("flows", nodes, UNREAD_FLOWS_S),
        )
        self._parts: dict[CoveredPart, _Part] = {
            part: _Part(names, unread_s, kept.get(part)) for part, names, unread_s in named
        }

    def listen(self, now_s: float) -> None:
        """Somebody listens at `now_s`, whether or not anything comes."""
        self.has_listened = True
        if math.isfinite(now_s):
            self._since_s = min(self._since_s, now_s)

    def counters(self, record: InterfaceCounters) -> None:
        """A device answered, at least for one interface."""
        if not (np.isnan(record.received_bytes).all() and np.isnan(record.sent_bytes).all()):
            row = self._row[record.node]
            self._parts["devices"].read_one(row, record.received_s)

    def read_s(self) -> dict[str, float]:
        """Device -> when it was last read; those that never were are left out."""
        return self._parts["devices"].read_s()

    def missed(self, now_s: float) -> dict[str, float]:
        """Device -> how many readings it has missed, by how often it usually is read; those that
        were read fewer than twice are left out.
        """
        return self._parts["devices"].missed(now_s)

    def rates(self, rates: RateRound, now_s: float) -> None:
        """A round gave the rates of some egresses, and what is lost behind some."""
        sent = rates.sent_total_bps
        self._parts["egresses"].read(np.isfinite(sent), now_s)
        # Where nothing is sent, nothing can be lost.
        measured = np.isfinite(rates.loss) | (sent == 0)
        self._parts["loss"].read(np.asarray(measured), now_s)

    def probes(self, record: ProbeRound) -> None:
        """Some probes reported."""
        self._parts["probes"].read(np.isfinite(record.sent), record.received_s)

    def flows(self, record: FlowRound) -> None:
        """Some nodes exported flow records."""
        reported = np.isfinite(record.rates_bps).all(axis=(0, 2))
        self._parts["flows"].read(np.asarray(reported), record.received_s)

    def at(self, now_s: float) -> Coverage:
        """What is read at `now_s`, by the clock of whoever watches."""
        late = {name: part.late(now_s) for name, part in self._parts.items()}
        without_device = late["devices"][self._senders]
        told = {
            **late,
            "egresses": late["egresses"] & ~without_device,
            "loss": late["loss"] & ~late["egresses"] & ~without_device,
        }
        return Coverage(
            as_of_s=now_s,
            read_s=_or_none(max(part.newest_s for part in self._parts.values())),
            listening_since_s=min(self._since_s, now_s),
            parts=tuple(
                PartRead(
                    part=name,
                    known=len(part.names),
                    read=len(part.names) - int(late[name].sum()),
                    unread=part.unread(told[name]),
                )
                for name, part in self._parts.items()
            ),
        )

    def dump(self) -> dict[str, Any]:
        """JSON-able; the constructor takes it back."""
        return {
            "since_s": _or_none(self._since_s),
            **{name: part.dump() for name, part in self._parts.items()},
        }


class _Part:
    def __init__(self, names: list[str], unread_s: float, kept: Mapping[str, Any] | None) -> None:
        kept = kept or {}
        never = np.full(len(names), -math.inf)
        unknown = np.full(len(names), math.inf)
        self.names = names
        self._unread_s = unread_s
        self._last_s = kept_array(kept, "last_s", never, 0.0, math.inf)
        usual_s = kept_array(kept, "usual_s", unknown, 0.0, _LONGEST_S)
        self._gaps_s = np.repeat(usual_s[None, :], _GAPS, axis=0)

    def read_one(self, row: int, at_s: float) -> None:
        """The source in `row` was read."""
        gap_s = at_s - self._last_s[row]
        if gap_s > _TOGETHER_S:
            if gap_s < math.inf:
                self._gaps_s[1:, row] = self._gaps_s[:-1, row]
                self._gaps_s[0, row] = gap_s
            self._last_s[row] = at_s
        elif gap_s > 0:
            self._last_s[row] = at_s

    def read(self, where: BoolArray, at_s: float) -> None:
        """The sources `where` were read, (n,)."""
        gap_s = np.where(where, at_s - self._last_s, 0.0)
        spaced = (gap_s > _TOGETHER_S) & (gap_s < math.inf)
        if spaced.any():
            self._gaps_s[1:, spaced] = self._gaps_s[:-1, spaced]
            self._gaps_s[0, spaced] = gap_s[spaced]
        self._last_s = np.where(gap_s > 0, at_s, self._last_s)

    @property
    def newest_s(self) -> float:
        """When one of them was last read."""
        return float(self._last_s.max(initial=-math.inf))

    def late(self, now_s: float) -> BoolArray:
        """(n,) which are not read at `now_s`, those that never were among them."""
        usual_s = self._gaps_s.min(axis=0)
        patience_s = np.where(usual_s < math.inf, _MISSED * usual_s, 0.0)
        return np.asarray(now_s - self._last_s > np.maximum(patience_s, self._unread_s))

    def read_s(self) -> dict[str, float]:
        """When each source was last read, if ever."""
        return {n: float(t) for n, t in zip(self.names, self._last_s, strict=True) if t > 0.0}

    def missed(self, now_s: float) -> dict[str, float]:
        """How many readings of each source are missing, where it is known how often it is read."""
        usual_s = self._gaps_s.min(axis=0)
        known = np.flatnonzero((usual_s < math.inf) & (self._last_s > 0.0))
        # The next one is due after one gap, and is not missed before it is late.
        late = np.maximum((now_s - self._last_s[known]) / usual_s[known] - 1.0, 0.0)
        return {self.names[i]: float(n) for i, n in zip(known.tolist(), late, strict=True)}

    def unread(self, where: BoolArray) -> tuple[Unread, ...]:
        """The sources `where`, in their order."""
        return tuple(
            Unread(source=self.names[row], last_s=_or_none(self._last_s[row]))
            for row in np.flatnonzero(where).tolist()
        )

    def dump(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "last_s": [_or_none(one) for one in self._last_s.tolist()],
            "usual_s": [_or_none(one) for one in self._gaps_s.min(axis=0).tolist()],
        }


def _or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
