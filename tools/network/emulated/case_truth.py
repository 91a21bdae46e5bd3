"""The part of a scripted incident that only the emulated network and evaluators may know."""

from typing import Literal

from pydantic import Field, ValidationError, model_validator

from tools.network.emulated.case_world import explain, read_part
from twin.errors import BadCase
from twin.events.fault import Fault
from twin.nouns.base import Noun


class Repair(Noun):
    """How long the field takes to get there, and then to repair."""

    travel_s: float = Field(ge=0)
    repair_s: float = Field(ge=0)


class TimedEvent(Noun):
    """A fault from `at_s` after the start, until somebody ends it or `until_s`, if given."""

    at_s: float = Field(ge=0)
    until_s: float | None = None
    fault: Fault
    repair: Repair | None = None

    @model_validator(mode="after")
    def _check(self) -> "TimedEvent":
        if self.until_s is not None and self.until_s <= self.at_s:
            raise ValueError("until_s must be after at_s")
        kind = self.fault.kind
        if self.fault.circuits() and self.repair is None and self.until_s is None:
            raise ValueError(f"a {kind} needs a repair (travel_s, repair_s) or until_s")
        if self.fault.in_configuration and (self.until_s is not None or self.repair is not None):
            raise ValueError(f"{kind} ends only by configuration: leave out until_s and repair")
        return self


class DemandEpisode(Noun):
    """A benign peak: demand (all, or towards `target`) times `factor`, ramped over `ramp_s`."""

    at_s: float = Field(ge=0)
    until_s: float
    factor: float = Field(gt=0)
    ramp_s: float = Field(default=900.0, ge=0)
    target: str | None = None


class PlannedAction(Noun):
    """Somebody else drains or shuts down `link` under an announced change, and takes it back."""

    at_s: float = Field(ge=0)
    until_s: float
    link: str
    what: Literal["drain", "link_down"]
    change_id: str


class TimedSpike(Noun):
    """A traffic_spike or a demand_surge with its times. `target`: None for all demand."""

    at_s: float
    until_s: float | None
    target: str | None
    factor: float

    @classmethod
    def of(cls, fault: Fault, at_s: float, until_s: float | None) -> "TimedSpike | None":
        """What `fault` does to demand, None for nothing."""
        match fault.kind:
            case "traffic_spike":
                return cls(at_s=at_s, until_s=until_s, target=fault.target, factor=fault.factor)
            case "demand_surge":
                return cls(at_s=at_s, until_s=until_s, target=None, factor=fault.factor)
            case _:
                return None


SYN_BYTES = 64
"""A SYN in an Ethernet frame of the least length (RFC 4987, IEEE 802.3)."""


class TimedFlood(Noun):
    """Flows that somebody opens towards `target` to harm it, best effort, from everywhere at once.

    `forged`: each from an address of its own.
    """

    at_s: float
    until_s: float | None
    target: str
    flows_per_s: float
    flow_bytes: float
    forged: bool

    @classmethod
    def of(cls, fault: Fault, at_s: float, until_s: float | None) -> "TimedFlood | None":
        """What `fault` sends, None for nothing."""
        match fault.kind:
            case "tcp_syn_flood_attack":
                flow_bytes, forged = float(SYN_BYTES), True
            case "web_dos_attack":
                flow_bytes, forged = fault.flow_bytes, False
            case _:
                return None
        return cls(
            at_s=at_s,
            until_s=until_s,
            target=fault.target,
            flows_per_s=fault.flows_per_s,
            flow_bytes=flow_bytes,
            forged=forged,
        )


class CaseTruth(Noun):
    """What really happens. `travel_s`: how long the field is away when it finds nothing."""

    events: tuple[TimedEvent, ...] = ()
    demand_episodes: tuple[DemandEpisode, ...] = ()
    planned_actions: tuple[PlannedAction, ...] = ()
    travel_s: float = Field(default=1800.0, ge=0)

    @property
    def spikes(self) -> tuple[TimedSpike, ...]:
        """The surges among `events`."""
        found = (TimedSpike.of(e.fault, e.at_s, e.until_s) for e in self.events)
        return tuple(spike for spike in found if spike is not None)

    @property
    def floods(self) -> tuple[TimedFlood, ...]:
        """The floods among `events`."""
        found = (TimedFlood.of(e.fault, e.at_s, e.until_s) for e in self.events)
        return tuple(flood for flood in found if flood is not None)


def load_case_truth(text: str) -> CaseTruth:
    """The `truth` mapping of a case file.

    Raises:
        BadCase: not YAML, no such mapping, or a field that does not validate.
    """
    try:
        return CaseTruth.model_validate(read_part(text, "truth"))
    except ValidationError as exc:
        raise BadCase(explain(exc, "truth")) from exc
