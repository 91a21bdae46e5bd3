"""Nodes that draw far more flows than expected, and smaller ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.nouns.flow_mix import MANY_FLOWS, SMALL_FLOWS
from twin.nouns.telemetry import FlowRound
from twin.tracking.alarms import Alarm
from twin.tracking.detectors.detector import Belief


class FlowSurge:
    """Flow records towards a node are of far more flows than expected, and of smaller ones.

    One flow round is five minutes: no second one is waited for. A crowd, whose flows are as large
    as others, is none.
    """

    name = "flow_surge"
    watches = (FlowRound,)

    def __init__(self, belief: Belief, kept: Mapping[str, Any]) -> None:
        self._belief = belief

    def look(self, evidence: FlowRound) -> None:
        """Judge every node of which it is known what flows towards it usually are like."""
        belief = self._belief
        mix = belief.flow_mix(evidence)
        for i, node in enumerate(belief.demand.nodes):
            if mix.flows[i] > MANY_FLOWS and mix.size[i] < SMALL_FLOWS:
                alarm = Alarm("flow_surge", node, evidence.from_s, float(mix.flows[i]))
                belief.book.raise_alarm(alarm)
            elif np.isfinite(mix.flows[i]):
                belief.book.clear("flow_surge", node)

    def dump(self) -> dict[str, Any]:
        """Nothing."""
        return {}
