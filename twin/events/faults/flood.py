"""What floods have in common: many small flows to what one node serves, from many addresses."""

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from twin.errors import Ungrounded
from twin.events.faults.traffic_spike import ratio_gain
from twin.events.kinds import Clues, FaultKind, LiveNetwork
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.evidence import Evidence
from twin.nouns.topology import Topology
from twin.nouns.traffic_class import TRAFFIC_CLASSES, TrafficClass

if TYPE_CHECKING:
    from twin.nouns.flow_mix import Expected, FlowMix
    from twin.nouns.incident import Symptom
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState

MOST_FLOWS_PER_S = 1e9
"""No flood is believed to open more; the largest that were told of had some hundred million."""

_ESTIMATE_ERROR = 0.2
"""Standard deviation of the log of how large flows are under a flood that was estimated (assumed).
"""

_BEST_EFFORT = TRAFFIC_CLASSES.index(TrafficClass.BEST_EFFORT)


class Flood(FaultKind):
    """Somebody opens `flows_per_s` small flows, best effort, towards what `target` serves, from all
    over the network.
    """

    target: str
    flows_per_s: float

    means = "flood"
    usual_hours = 1.0

    @property
    @abstractmethod
    def bits_per_flow(self) -> float:
        """What each of them sends."""

    @property
    @abstractmethod
    def sources_per_flow(self) -> tuple[float, float]:
        """How many addresses there are to one, with the deviation of its log (assumed)."""

    @property
    def resources(self) -> tuple[str, ...]:
        """The node that serves what is flooded."""
        return (self.target,)

    @property
    def rate_bps(self) -> float:
        """What it sends."""
        return self.flows_per_s * self.bits_per_flow

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        topology.node(self.target)
        if not 0.0 < self.flows_per_s <= MOST_FLOWS_PER_S:
            raise Ungrounded(f"a flood opens flows, up to {MOST_FLOWS_PER_S:.0g} a second")

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent. It enters where most of the traffic enters that the node draws."""
        state.topology.node(self.target)
        node = state.topology.node_index[self.target]
        rates = state.traffic.rates_bps
        usual = rates[:, :, node].sum(axis=0)
        more = 0.0 * rates
        more[_BEST_EFFORT, :, node] = self.rate_bps * usual / max(float(usual.sum()), 1.0)
        known = 0.0 if state.worthless_bps is None else state.worthless_bps
        traffic = replace(state.traffic, rates_bps=rates + more)
        return replace(state, traffic=traffic, worthless_bps=known + more)

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent: it moves no traffic."""
        return {}

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.05)

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind: what the node draws; what the flows are like is weighed for all."""
        mix, node = observation.flow_mix, normal.topology.node_index[self.target]
        if mix is None or not mix.expected_bps[node] > 0.0:
            return []
        gain = ratio_gain(observation, node, 1.0 + self.rate_bps / float(mix.expected_bps[node]))
        text = (
            f"{self.target} draws {observation.inbound_ratio[node]:.2f} times the expected traffic"
        )
        by = observation.one_source.get(self.target, "") if gain > 0 else ""
        text = f"{text}, claimed by {by} alone" if by else text
        return [Evidence(observation=text, log_likelihood_ratio=gain, claimed_by=by)]

    def mixes(self, expected: "Expected", seen: "FlowMix", topology: Topology) -> "Expected":
        """See FaultKind."""
        node = topology.node_index[self.target]
        usual = float(seen.usual_flows_per_s[node])
        if not usual > 0.0:
            return expected
        flows = 1.0 + self.flows_per_s / usual
        drawn = 1.0 + self.rate_bps / float(seen.expected_bps[node])
        addresses, spread = self.sources_per_flow
        own = float(seen.usual_sources[node])
        sources = (usual * own + self.flows_per_s * addresses) / (usual * flows) / own
        return expected.at(node, drawn / flows, sources, _ESTIMATE_ERROR, spread)

    def brings_about(self, symptom: "Symptom") -> bool:
        """See FaultKind."""
        return symptom.kind == "flow_surge" and symptom.resource == self.target

    def is_over(self, live: LiveNetwork) -> bool:
        """See FaultKind."""
        return not live.is_active(f"flow_surge:{self.target}")

    @property
    def limited_at(self) -> tuple[str, ...]:
        """See FaultKind."""
        return (self.target,)

    def circuits(self) -> frozenset[str]:
        """See FaultKind: there is nothing to repair."""
        return frozenset()


def flooded(clues: Clues) -> Iterator[tuple[str, float, float, str]]:
    """Nodes that draw far more flows than expected, and smaller ones: with how many more there are
    in a second, how many bits these have in the mean, and the reason.
    """
    seen, mix = clues.observation, clues.observation.flow_mix
    if mix is None:
        return
    for i in mix.many_and_small:
        more_per_s = float((mix.flows[i] - 1.0) * mix.usual_flows_per_s[i])
        bits = float((seen.inbound_ratio[i] - 1.0) * mix.expected_bps[i]) / more_per_s
        node = clues.topology.nodes[i].id
        reason = (
            f"{node} draws {mix.flows[i]:.3g} times the flows expected, of {mix.size[i]:.2g} times"
        )
        yield node, float(f"{more_per_s:.3g}"), bits, f"{reason} the usual size"


def as_large_as_drawn(state: "NetworkState") -> Iterator[tuple[str, float]]:
    """Each node, and how many bit/s it draws."""
    drawn_bps = state.traffic.rates_bps.sum(axis=(0, 1))
    for node, rate_bps in zip(state.topology.nodes, drawn_bps.tolist(), strict=True):
        if rate_bps > 0.0:
            yield node.id, rate_bps


def flows_per_s(rate_bps: float, bits_per_flow: float) -> float:
    """About so many flows send `rate_bps`."""
    return min(float(f"{rate_bps / bits_per_flow:.2g}"), MOST_FLOWS_PER_S)
