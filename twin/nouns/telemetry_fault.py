"""What is wrong with the telemetry of a network, as opposed to the network itself."""

from datetime import UTC, datetime
from enum import StrEnum

from twin.nouns.base import Noun


class TelemetryFaultKind(StrEnum):
    """What is odd about what a source says."""

    CLOCK = "clock"
    STAMPS = "stamps that stand"
    FROZEN = "frozen counters"
    CACHED = "cached counters"
    WRAPPING = "counters of 32 bits"
    RESTARTING = "counters that restart"
    UNIT = "counters in another unit"
    SWAPPED = "directions swapped"
    CONTRADICTED = "contradicted counters"
    AMBIGUOUS = "an interface named twice"
    SAMPLING = "sampling rate"
    DEAD_PROBE = "dead probe"
    PROBE_CLOCK = "clock of a probe"

    @property
    def is_put_right(self) -> bool:
        """Whether what the source tells is read all the same."""
        return self in (
            TelemetryFaultKind.CLOCK, TelemetryFaultKind.CACHED, TelemetryFaultKind.WRAPPING
        )  # fmt: skip


class TelemetryFault(Noun):
    """One thing that is wrong with what `source` tells: a node, or all flow records or probes.

    `amount`: by kind. Clock: seconds, positive ahead. Frozen, cached: seconds that counters stand.
    Unit, sampling: factor. Of other kinds 0. `links`: of the interfaces that it is about, none: all
    that the source tells. `since_s`: Unix seconds.
    """

    source: str
    kind: TelemetryFaultKind
    since_s: float
    amount: float = 0.0
    links: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """ "the clock of NYCM is 3,600 s behind since 17:02 UTC"."""
        since = f"since {datetime.fromtimestamp(self.since_s, UTC):%H:%M} UTC"
        return f"{self._what()} {since}"

    def _what(self) -> str:
        whose = f"counters of {self.source}"
        if self.links:
            whose += f" on {', '.join(self.links)}"
        kinds = TelemetryFaultKind
        match self.kind:
            case kinds.CLOCK:
                way = "ahead" if self.amount > 0 else "behind"
                return f"the clock of {self.source} is {abs(self.amount):,.0f} s {way}"
            case kinds.STAMPS:
                return f"stamps of {self.source} are the same for one reading and the next"
            case kinds.FROZEN:
                return f"{whose} stand still while traffic flows"
            case kinds.CACHED:
                return f"{whose} are renewed only every {self.amount:,.0f} s"
            case kinds.WRAPPING:
                return f"{whose} have 32 bits and wrap between two readings"
            case kinds.RESTARTING:
                return f"{whose} restart again and again"
            case kinds.UNIT:
                return f"{whose} are {self.amount:,.3g} times what the far ends count"
            case kinds.SWAPPED:
                return f"{whose} have sent and received swapped"
            case kinds.CONTRADICTED:
                return f"{whose} do not agree with those of the far ends"
            case kinds.AMBIGUOUS:
                return f"{whose} come under one name twice"
            case kinds.SAMPLING:
                return f"flow records of {self.source} are {self.amount:,.3g} times what it carries"
            case kinds.DEAD_PROBE:
                return f"the probe at {self.source} is dead: traffic flows there, and it sees none"
            case kinds.PROBE_CLOCK:
                return f"the clock of the probe at {self.source} is off, its delays are impossible"
