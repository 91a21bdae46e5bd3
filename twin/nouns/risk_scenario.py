"""What may strike on one day: the conditions, up to four events, and perhaps who wants it."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from twin.events.fault import AnyFault, Fault
from twin.events.faults.demand_surge import DemandSurge
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.events.faults.power_feed_loss import PowerFeedLoss
from twin.events.faults.tcp_syn_flood_attack import TcpSynFloodAttack
from twin.events.faults.traffic_spike import TrafficSpike
from twin.events.faults.web_dos_attack import WebDosAttack
from twin.events.kinds import Means
from twin.nouns.base import Noun, content_hash
from twin.nouns.scenario import Scenario, TimedAction, TimedFault

DAY_S = 86_400
"""A scenario is one day, from its first event on."""

MOST_EVENTS = 4

MOST_DEMAND = 100.0
"""No load regime is believed to be higher."""


def _bare(fault: AnyFault) -> AnyFault:
    return fault.bare()


AnySurge = DemandSurge | TrafficSpike | TcpSynFloodAttack | WebDosAttack
Surge = Annotated[AnySurge, Field(discriminator="kind")]

AnyInWork = LinkDown | DeviceDown | FiberCut | PowerFeedLoss
InWork = Annotated[AnyInWork, Field(discriminator="kind"), AfterValidator(_bare)]


Seconds = Annotated[int, Field(gt=0, le=DAY_S, strict=True)]


class _UnderWay(Noun):
    """What is in force already when the first event strikes, and `lasts_s` from then on (None: to
    the end of the day).
    """

    lasts_s: Seconds | None = None

    @property
    def until_s(self) -> int | None:
        """When it is over, None if not on that day."""
        return None if self.lasts_s in (None, DAY_S) else self.lasts_s


class SurgeUnderWay(_UnderWay):
    """Demand is higher than usual."""

    fault: Surge


class WorkUnderWay(_UnderWay):
    """Planned work has something down."""

    fault: InWork


class Conditions(Noun):
    """When and in what state the network is struck.

    `minute`: of the day (UTC), at which the first event strikes. `demand`: all of it, times what
    the daily profile says.
    """

    minute: Annotated[int, Field(ge=0, lt=1440, strict=True)]
    demand: Annotated[float, Field(gt=0, le=MOST_DEMAND)] = 1.0
    surge: SurgeUnderWay | None = None
    in_work: tuple[WorkUnderWay, ...] = ()

    @property
    def under_way(self) -> tuple[SurgeUnderWay | WorkUnderWay, ...]:
        """All that is in force when the first event strikes."""
        return (*self.in_work, *([self.surge] if self.surge else []))


class InitialEvent(Noun):
    """`fault` strikes `after_s` seconds after the first event, and lasts `lasts_s` (None: to the
    end of the day).
    """

    after_s: Annotated[int, Field(ge=0, lt=DAY_S, strict=True)] = 0
    fault: Annotated[Fault, AfterValidator(_bare)]
    lasts_s: Seconds | None = None

    @property
    def until_s(self) -> int | None:
        """When it is over, None if not on that day."""
        ends = None if self.lasts_s is None else self.after_s + self.lasts_s
        return None if ends is None or ends >= DAY_S else ends


class RiskScenario(Noun):
    """`events` in order of time, the first at 0 s. `adversary`: what somebody has who wants
    it, None where it happens by itself; what somebody wants has no rate.
    """

    conditions: Conditions
    events: Annotated[tuple[InitialEvent, ...], Field(min_length=1, max_length=MOST_EVENTS)]
    adversary: Means | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        times = [event.after_s for event in self.events]
        if times[0] != 0 or any(later < before for before, later in pairwise(times)):
            raise ValueError("events stand in order of time, and the first strikes at 0 s")
        return self

    @property
    def id(self) -> str:
        """The same for the same scenario."""
        return f"S-{content_hash(self)[:8]}"

    def played_with(self, actions: tuple[TimedAction, ...] = ()) -> Scenario:
        """What a rollout plays, from a state with `conditions.demand` times the demand."""
        return Scenario(
            name=self.id,
            starts_s=60.0 * self.conditions.minute,
            duration_s=DAY_S,
            faults=(
                *(
                    TimedFault(at_s=0.0, until_s=one.until_s, fault=one.fault)
                    for one in self.conditions.under_way
                ),
                *(
                    TimedFault(at_s=event.after_s, until_s=event.until_s, fault=event.fault)
                    for event in self.events
                ),
            ),
            actions=actions,
        )
