"""Nodes, or all of them, that draw far more traffic than expected."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.nouns.incident import EVERYWHERE
from twin.nouns.observation import common_ratio
from twin.nouns.telemetry import FlowRound
from twin.tracking.alarms import Alarm
from twin.tracking.detectors.detector import Belief

FLOOR = 1.4
SIGMAS = 5.0
"""The least ratio to what is expected that is an alarm, and how far it has to be from what is usual
(of its logarithm)."""

COMMON_FLOOR = 1.25
"""The least ratio of the node in the middle that is an alarm: hardly anything is drawn by chance at
all nodes together. A benign peak of 1.3 that builds up in a quarter of an hour stays below, since
what is normal is learned meanwhile."""


class TrafficSurge:
    """Flow records towards a node are far beyond what is expected of it, or of all of them.

    Where all draw more, a node is judged by what it draws beyond that.

    One flow round is five minutes: no second one is waited for.
    """

    name = "traffic_surge"
    watches = (FlowRound,)

    def __init__(self, belief: Belief, kept: Mapping[str, Any]) -> None:
        self._belief = belief

    def look(self, evidence: FlowRound) -> None:
        """Judge every node towards which traffic is expected."""
        demand, book = self._belief.demand, self._belief.book
        ratio = demand.inbound_ratio(evidence)
        limit = np.maximum(FLOOR, np.exp(SIGMAS * demand.spread))
        common = common_ratio(ratio)
        if common > COMMON_FLOOR:
            book.raise_alarm(Alarm("traffic_surge", EVERYWHERE, evidence.from_s, common))
            ratio = ratio / common
        elif np.isfinite(common):
            book.clear("traffic_surge", EVERYWHERE)
        for i, node in enumerate(demand.nodes):
            if ratio[i] > limit[i]:
                book.raise_alarm(Alarm("traffic_surge", node, evidence.from_s, float(ratio[i])))
            elif np.isfinite(ratio[i]):
                book.clear("traffic_surge", node)

    def dump(self) -> dict[str, Any]:
        """Nothing."""
        return {}
