"""What a network tells about itself. Counters and events are of one device at its own moment; probe
results and flow records are of all of them, as whoever collects them sums them up.

Times are Unix seconds (UTC) as the device stamped them; `received_s` is when we got it. A missing
sample is NaN, never zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from twin.nouns.inventory import ProbePath
from twin.nouns.untrusted import UntrustedText

FloatArray = NDArray[np.float64]

MOST_COUNTED = 2.0**64 - 2.0**11
"""Counters have 64 bits (Counter64, RFC 2578 section 7.1.10); the largest float below that."""

MOST_RATE_BPS = 1e16
"""Ten petabit/s: more than any node sends (assumed)."""

MOST_FLOWS = 1e15
"""Flows of a round between two nodes: of what MOST_RATE_BPS sends in a minute, each 75 byte."""

RATE_FACTOR = 2.0
"""A rate of more than this many times the speed of its interface was not measured, but misread: no
line sends faster than it is, and the moments of two readings are off by a part of their distance.
"""

DROPPED_FACTOR = 4.0
"""An egress drops no more than this many times what all links of its node carry: what enters there
from customers is on no record, and is taken to be no more than three times as much (assumed)."""

LEAST_LOSS = -0.25
"""Where a quarter more arrives than was sent, one end of the link is misread: a load that changes
between the moments at which both ends are read makes about a tenth."""

_MOST_PACKETS = 1e6
_MOST_DELAY_S = 3600.0


@dataclass(frozen=True, slots=True)
class Quantity:
    """What each number of a field can be, `least` to `most`, if it was read at all.

    `axes`: the length of each axis: a number, the name of the field that is as long, or "nodes".
    """

    least: float
    most: float
    axes: tuple[int | str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class InterfaceCounters:
    """The counters of the interfaces of `node`, all read at `time_s`; they are cumulative, and
    reset when the device restarts.

    `links`: the link of each interface, k of them. `sent_bytes`: (k, 3) transmitted, per class.
    `dropped_bytes`: (k, 3) dropped on the way out (queue full or policed), per class.
    `received_bytes`: (k,) all classes. A device that was asked and did not answer leaves NaN in all
    three.
    """

    received_s: float
    time_s: float
    node: str
    links: tuple[str, ...]
    sent_bytes: Annotated[FloatArray, Quantity(0.0, MOST_COUNTED, ("links", 3))]
    dropped_bytes: Annotated[FloatArray, Quantity(0.0, MOST_COUNTED, ("links", 3))]
    received_bytes: Annotated[FloatArray, Quantity(0.0, MOST_COUNTED, ("links",))]


@dataclass(frozen=True, slots=True, eq=False)
class ProbeRound:
    """Results of the inventory's probe paths, in its order.

    `sent`, `lost`: packets, (n_probes,). `delay_s`: mean one-way delay of what arrived, NaN if none
    did; negative where the clocks of both ends differ. NaN in `sent` means that the probe did not
    report.
    """

    received_s: float
    paths: tuple[ProbePath, ...]
    sent: Annotated[FloatArray, Quantity(0.0, _MOST_PACKETS, ("paths",))]
    lost: Annotated[FloatArray, Quantity(0.0, _MOST_PACKETS, ("paths",))]
    delay_s: Annotated[FloatArray, Quantity(-_MOST_DELAY_S, _MOST_DELAY_S, ("paths",))]


@dataclass(frozen=True, slots=True, eq=False)
class FlowRound:
    """Sampled flow records, summed: offered bit/s where traffic enters, (3, n, n).

    `flows`: (n, n) how many were begun between each pair, of all classes; `sources`: (n, n) from
    how many addresses; the mean size of a flow follows. `fan_out`: (n,) of the addresses behind
    each exporter, how many others the one reached that reached most. An exporter that is silent
    leaves NaN in its whole source row, one that does not count in these. Covers `from_s` to
    `until_s`.
    """

    received_s: float
    from_s: float
    until_s: float
    rates_bps: Annotated[FloatArray, Quantity(0.0, MOST_RATE_BPS, (3, "nodes", "nodes"))]
    flows: Annotated[FloatArray, Quantity(0.0, MOST_FLOWS, ("nodes", "nodes"))]
    sources: Annotated[FloatArray, Quantity(0.0, MOST_FLOWS, ("nodes", "nodes"))]
    fan_out: Annotated[FloatArray, Quantity(0.0, MOST_FLOWS, ("nodes",))]

    def without(self, exporters: NDArray[np.bool_]) -> "FlowRound":
        """The same, as if `exporters` (n,) had told nothing."""
        row = exporters[:, None]
        return replace(
            self,
            rates_bps=np.where(row, np.nan, self.rates_bps),
            flows=np.where(row, np.nan, self.flows),
            sources=np.where(row, np.nan, self.sources),
            fan_out=np.where(exporters, np.nan, self.fan_out),
        )


@dataclass(frozen=True, slots=True)
class AdjacencyEvent:
    """`node` reports that its adjacency over `link` came up or went down; may repeat or be late."""

    received_s: float
    time_s: float
    node: str
    link: str
    up: bool


@dataclass(frozen=True, slots=True)
class ConfigurationEvent:
    """`node` reports a commit. `change_id` is the id that the committer gave, in the device's
    words.
    """

    received_s: float
    time_s: float
    node: str
    change_id: UntrustedText
    user: UntrustedText


@dataclass(frozen=True, slots=True)
class LogInEvent:
    """`user` logged in to `node` from `address`, or tried to (`ok`), as the server says that is
    asked (TACACS+, RFC 8907).
    """

    received_s: float
    time_s: float
    node: str
    user: UntrustedText
    address: UntrustedText
    ok: bool


@dataclass(frozen=True, slots=True)
class SyslogLine:
    """One line as the device sent it."""

    received_s: float
    time_s: float
    node: str
    text: UntrustedText


Telemetry = (
    InterfaceCounters
    | ProbeRound
    | FlowRound
    | AdjacencyEvent
    | ConfigurationEvent
    | LogInEvent
    | SyslogLine
)


def _quantities(kind: type) -> Mapping[str, Quantity]:
    hints = get_type_hints(kind, include_extras=True)
    found = {
        name: part
        for name, hint in hints.items()
        for part in getattr(hint, "__metadata__", ())
        if isinstance(part, Quantity)
    }
    return MappingProxyType(found)


QUANTITIES: Mapping[type, Mapping[str, Quantity]] = MappingProxyType(
    {kind: _quantities(kind) for kind in get_args(Telemetry)}
)
"""By kind of record, what its fields of numbers can hold."""
