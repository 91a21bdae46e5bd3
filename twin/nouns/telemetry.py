"""What a network tells about itself. Counters and events are of one device at its own moment; probe
results and flow records are of all of them, as whoever collects them sums them up.

Times are Unix seconds (UTC) as the device stamped them; `received_s` is when we got it. A missing
sample is NaN, never zero.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.nouns.inventory import ProbePath
from twin.nouns.untrusted import UntrustedText

FloatArray = NDArray[np.float64]


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
    sent_bytes: FloatArray
    dropped_bytes: FloatArray
    received_bytes: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ProbeRound:
    """Results of the inventory's probe paths, in its order.

    `sent`, `lost`: packets, (n_probes,). `delay_s`: mean one-way delay of what arrived, NaN if none
    did. NaN in `sent` means that the probe did not report.
    """

    received_s: float
    paths: tuple[ProbePath, ...]
    sent: FloatArray
    lost: FloatArray
    delay_s: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class FlowRound:
    """Sampled flow records, summed: offered bit/s where traffic enters, (3, n, n).

    An exporter that is silent leaves NaN in its whole source row. Covers `from_s` to `until_s`.
    """

    received_s: float
    from_s: float
    until_s: float
    rates_bps: FloatArray


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
class SyslogLine:
    """One line as the device sent it."""

    received_s: float
    time_s: float
    node: str
    text: UntrustedText


Telemetry = (
    InterfaceCounters | ProbeRound | FlowRound | AdjacencyEvent | ConfigurationEvent | SyslogLine
)
