"""A flash crowd at one node."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import Ungrounded
from twin.events.amounts import read_times, times_text
from twin.events.kinds import Clues, FaultKind, LiveNetwork
from twin.events.names import find_node
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.evidence import MOST_NATS, Evidence, log_normal
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.flow_mix import Expected, FlowMix
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState
    from twin.nouns.telemetry import FloatArray

SUSPECT_SURGE = 1.15
"""A node that draws this many times what is expected of it may draw a crowd."""

SURGE_FACTOR = 1.5
"""How much more traffic a node draws in an imagined surge."""

_MOST_TARGETS = 5
CROWDS = (SURGE_FACTOR, 3.0)
"""Those that a planner would think of."""

MOST_SURGE = 100.0
"""No surge is believed to be larger."""

CROWD_SIGMA = 0.35
"""Standard deviation of the logs of how large the flows of a crowd are, and how many addresses
there are to one, against what is usual (assumed)."""

_LEAST_SIGMA = 0.03
_ESTIMATE_ERROR = 0.1
"""Standard deviation of the log of a factor that was estimated (assumed)."""


class TrafficSpike(FaultKind):
    """Demand from every source to `target` (a flash crowd) is multiplied by `factor`."""

    kind: Literal["traffic_spike"] = "traffic_spike"
    target: str
    factor: float

    forms: ClassVar[tuple[str, ...]] = (
        "traffic to NODE TIMES",
        "crowd at NODE TIMES",
    )

    chance_before_repair = 0.02
    usual_hours = 3.0

    @property
    def resources(self) -> tuple[str, ...]:
        """The node that draws the crowd."""
        return (self.target,)

    def describe(self) -> str:
        """See EventKind."""
        return f"traffic towards {self.target} is {self.factor:.2f} times what is expected"

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        topology.node(self.target)
        if not 1.0 < self.factor <= MOST_SURGE:
            raise Ungrounded(f"a surge has a factor above 1, to {MOST_SURGE:.0f}")

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        state.topology.node(self.target)
        rates = state.traffic.rates_bps.copy()
        rates[:, :, state.topology.node_index[self.target]] *= self.factor
        return replace(state, traffic=replace(state.traffic, rates_bps=rates))

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent: it moves no traffic."""
        return {}

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind."""
        ratios = clues.observation.inbound_ratio
        for node, ratio in zip(clues.topology.nodes, ratios, strict=True):
            if math.isfinite(ratio) and ratio > SUSPECT_SURGE:
                factor = round(float(ratio), 2)
                reason = f"{node.id} draws {factor} times the traffic expected"
                yield cls(target=node.id, factor=factor), reason

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        for node in state.topology.nodes:
            yield from (cls(target=node.id, factor=factor) for factor in CROWDS)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.30)

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind."""
        i = normal.topology.node_index[self.target]
        ratio = observation.inbound_ratio[i]
        if not math.isfinite(ratio) or ratio <= 0:
            return []
        gain = ratio_gain(observation, i, self.factor)
        text = f"{self.target} draws {ratio:.2f} times the expected traffic"
        by = observation.one_source.get(self.target, "") if gain > 0 else ""
        text = f"{text}, claimed by {by} alone" if by else text
        return [Evidence(observation=text, log_likelihood_ratio=gain, claimed_by=by)]

    def mixes(self, expected: "Expected", seen: "FlowMix", topology: Topology) -> "Expected":
        """See FaultKind: a crowd's flows are about as usual."""
        node = topology.node_index[self.target]
        return expected.at(node, 1.0, 1.0, CROWD_SIGMA, CROWD_SIGMA)

    def as_measured(self, inbound_ratio: Callable[[str], float | None]) -> Self:
        """See FaultKind: it may have grown since the diagnosis."""
        ratio = inbound_ratio(self.target)
        known = ratio is not None and ratio > 1
        return self.model_copy(update={"factor": ratio}) if known else self

    def is_over(self, live: LiveNetwork) -> bool:
        """See FaultKind: too little for an alarm may be a surge still, until it is half gone."""
        drawn = live.drawn(self.target)
        ebbed = drawn is None or drawn < (1.0 + self.factor) / 2
        return ebbed and not live.is_active(f"traffic_surge:{self.target}")

    def circuits(self) -> frozenset[str]:
        """See FaultKind: there is nothing to repair."""
        return frozenset()

    @classmethod
    def imagined(cls, state: "NetworkState", drawn_bps: "FloatArray") -> Iterable[tuple[Self, str]]:
        """See FaultKind."""
        for i in (-drawn_bps).argsort()[:_MOST_TARGETS]:
            target = state.topology.nodes[int(i)].id
            yield cls(target=target, factor=SURGE_FACTOR), "it draws more traffic than most"

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        target = find_node(topology, said["NODE"]).id
        return (cls(target=target, factor=read_times(said["TIMES"])),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"traffic to {self.target} {times_text(self.factor)}"


def ratio_gain(observation: "Observation", node: int, factor: float) -> float:
    """How much what node number `node` draws speaks for `factor` times what is expected, against
    what is expected (nats, MOST_NATS at most); 0 where nothing is known of it.
    """
    ratio = float(observation.inbound_ratio[node])
    if not math.isfinite(ratio) or ratio <= 0:
        return 0.0
    sigma = max(float(observation.inbound_sigma[node]), _LEAST_SIGMA)
    wide = math.hypot(sigma, _ESTIMATE_ERROR)
    gain = log_normal(math.log(ratio), math.log(factor), wide)
    gain -= log_normal(math.log(ratio), 0.0, sigma)
    return min(max(gain, -MOST_NATS), MOST_NATS)
