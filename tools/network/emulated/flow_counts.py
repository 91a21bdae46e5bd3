"""How many flows traffic is made of, and from how many addresses they come.

Customers open flows as often as they like, also where the network loses what they send. All
figures are assumed; those that depend on the level are in `mismatch.yaml`.
"""

from dataclasses import dataclass

import numpy as np

from tools.network.emulated.demand import Demand
from tools.network.emulated.randomness import stream
from tools.network.emulated.wiring import FloatArray

FLOW_BITS = 240_000.0
"""A flow has 30 kB in the mean at the busiest hour."""

AT_NIGHT = 0.2
"""At a demand of r times the peak flows are r to the power of minus this as long: fewer people,
larger transfers."""

FLOWS_PER_SOURCE = 20.0
"""An address opens so many in five minutes."""

CROWD_SIGMA = 0.3
"""A crowd opens flows that are shorter or longer than usual, log-normal, from addresses that open
fewer or more."""

REQUESTS_PER_BOT = 30.0
"""An address that floods a web service asks so often in five minutes; one that floods with SYN is
forged, each time another (RFC 4987)."""


@dataclass(frozen=True, eq=False)
class FlowCounts:
    """Flows that were opened between each pair, and addresses that opened them, (n_pairs,)."""

    flows: FloatArray
    sources: FloatArray

    def __add__(self, other: "FlowCounts") -> "FlowCounts":
        return FlowCounts(self.flows + other.flows, self.sources + other.sources)


class FlowMaking:
    """What the traffic of a network is made of: a function of time and seed, not of history."""

    def __init__(self, demand: Demand) -> None:
        self._demand = demand
        self._seed = demand.seed
        sigma, n = demand.level.flow_bits_sigma, len(demand.source)
        spread = stream(demand.seed, "flow sizes").standard_normal((2, n))
        self._bits = FLOW_BITS * np.exp(sigma * spread[0])
        self._per_source = FLOWS_PER_SOURCE * np.exp(0.5 * sigma * spread[1])

    def nothing(self) -> FlowCounts:
        """Before anything was opened."""
        n = len(self._bits)
        return FlowCounts(np.zeros(n), np.zeros(n))

    def opened(self, tick: int, customers_bps: FloatArray) -> FlowCounts:
        """During `tick`, where customers send `customers_bps` (3, n_pairs), floods not among it."""
        demand = self._demand
        middle_s = (tick + 0.5) * demand.tick_s
        bits = self._bits * demand.relative(demand.starts_s + middle_s) ** -AT_NIGHT
        flows = customers_bps.sum(axis=0) * demand.tick_s / bits
        sources = flows / self._per_source
        for number, crowd in enumerate(demand.crowds):
            extra = demand.extra_of(crowd, middle_s)
            shorter, more = np.exp(
                CROWD_SIGMA * stream(self._seed, "crowd", number).standard_normal(2)
            )
            opened = extra * shorter
            sources = sources * (1.0 - extra + opened * more)
            flows = flows * (1.0 - extra + opened)
        for flood in demand.floods:
            share = demand.flood_share(flood)
            flooding = flood.flows_per_s * demand.rise_of(flood, middle_s) * demand.tick_s * share
            flows = flows + flooding
            sources = sources + flooding / (1.0 if flood.forged else REQUESTS_PER_BOT)
        return FlowCounts(flows, sources)

    def noisy(self, tick: int, counts: FlowCounts) -> FlowCounts:
        """`counts` as what customers do this time makes of them: what goes to one node differs
        together, and each pair besides.
        """
        sigma, target = self._demand.level.flow_count_sigma, self._demand.target
        if not sigma:
            return counts
        numbers = stream(self._seed, "flow noise", tick)
        n_nodes = len(self._demand.node_index)
        common = numbers.standard_normal((2, n_nodes))[:, target]
        own = numbers.standard_normal((2, len(target)))
        noise = np.exp(sigma * (common + 2.0 * own))
        return FlowCounts(counts.flows * noise[0], counts.sources * noise[0] * noise[1])
