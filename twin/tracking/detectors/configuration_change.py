"""Commits that nobody here made."""

import math
from collections.abc import Mapping
from typing import Any, assert_never

from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.telemetry import ConfigurationEvent
from twin.tracking.alarms import Alarm
from twin.tracking.detectors.detector import Belief
from twin.tracking.detectors.planned import is_planned


class ConfigurationChange:
    """A node reports a commit that is neither ours nor planned work.

    It is over once the node runs what is normal there.
    """

    name = "configuration_change"
    watches = (ConfigurationEvent, NetworkConfiguration)

    def __init__(self, belief: Belief, kept: Mapping[str, Any]) -> None:
        self._belief = belief
        self._settled_s: dict[str, float] = dict(kept.get("settled_s", {}))

    def look(self, evidence: ConfigurationEvent | NetworkConfiguration) -> None:
        """Judge a commit, or whether those that were reported are over."""
        match evidence:
            case ConfigurationEvent():
                self._judge(evidence)
            case NetworkConfiguration():
                self._settle(evidence)
            case _:
                assert_never(evidence)

    def _judge(self, commit: ConfigurationEvent) -> None:
        node, belief = commit.node, self._belief
        if commit.time_s <= self._settled_s.get(node, -math.inf):
            belief.intake.count_late(node)
            return
        links = belief.inventory.topology.links_at(node)
        if any(is_planned(belief.inventory, link.id, commit.time_s) for link in links):
            return
        if commit.change_id.raw in belief.known_changes:
            return
        if belief.book.is_active(f"configuration_change:{node}"):
            belief.intake.fold(node)
        belief.book.raise_alarm(Alarm("configuration_change", node, commit.time_s, 1.0))

    def _settle(self, running: NetworkConfiguration) -> None:
        belief = self._belief
        for symptom in belief.book.active():
            node = symptom.resource
            if symptom.kind != "configuration_change":
                continue
            if running.device(node) == belief.baseline.device(node):
                belief.book.clear("configuration_change", node)
                if node in belief.changed_nodes:
                    # What was reported by now was there to be read: a repeat says nothing new.
                    self._settled_s[node] = belief.changed_nodes[node]

    def dump(self) -> dict[str, Any]:
        """Up to when the commits of each node are dealt with, Unix seconds."""
        return {"settled_s": self._settled_s}
