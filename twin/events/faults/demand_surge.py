"""All demand is larger than expected."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import Ungrounded
from twin.events.amounts import read_times, times_text
from twin.events.faults.traffic_spike import (
    CROWD_SIGMA,
    MOST_SURGE,
    SUSPECT_SURGE,
    TrafficSpike,
    ratio_gain,
)
from twin.events.kinds import Clues, FaultKind, LiveNetwork
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.evidence import Evidence
from twin.nouns.incident import EVERYWHERE
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.flow_mix import Expected, FlowMix
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState


SURGES = (1.2, 1.5)
"""Those that a planner would think of."""


class DemandSurge(FaultKind):
    """All demand, from everywhere to everywhere, is multiplied by `factor`."""

    kind: Literal["demand_surge"] = "demand_surge"
    factor: float

    forms: ClassVar[tuple[str, ...]] = ("traffic everywhere TIMES",)
    usual_hours = 3.0

    @property
    def resources(self) -> tuple[str, ...]:
        """The whole network."""
        return (EVERYWHERE,)

    def excludes(self, other: FaultKind) -> bool:
        """See FaultKind: what single nodes draw more than expected is counted here already."""
        return isinstance(other, DemandSurge | TrafficSpike)

    def describe(self) -> str:
        """See EventKind."""
        return f"all demand is {self.factor:.2f} times what is expected"

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        if not 1.0 < self.factor <= MOST_SURGE:
            raise Ungrounded(f"a surge has a factor above 1, to {MOST_SURGE:.0f}")

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        return replace(state, traffic=state.traffic.scaled(self.factor))

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent: it moves no traffic."""
        return {}

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind: the node in the middle draws more, so half of them do."""
        common = clues.observation.common_ratio
        if common > SUSPECT_SURGE:
            factor = round(common, 2)
            yield cls(factor=factor), f"half of the nodes draw {factor} times the traffic expected"

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        yield from (cls(factor=factor) for factor in SURGES)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.05)

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind: what each node draws."""
        nodes = normal.topology.nodes
        gains = (ratio_gain(observation, i, self.factor) for i in range(len(nodes)))
        return [
            Evidence(
                observation=f"{node.id} draws {observation.inbound_ratio[i]:.2f} times the "
                "expected traffic",
                log_likelihood_ratio=gain,
            )
            for i, (node, gain) in enumerate(zip(nodes, gains, strict=True))
            if gain != 0.0
        ]

    def mixes(self, expected: "Expected", seen: "FlowMix", topology: Topology) -> "Expected":
        """See FaultKind: whoever sends more sends flows that are about as usual."""
        return expected.widened(CROWD_SIGMA)

    def is_over(self, live: LiveNetwork) -> bool:
        """See FaultKind."""
        return not live.is_active(f"traffic_surge:{EVERYWHERE}")

    def circuits(self) -> frozenset[str]:
        """See FaultKind: there is nothing to repair."""
        return frozenset()

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        return (cls(factor=read_times(said["TIMES"])),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"traffic everywhere {times_text(self.factor)}"
