"""Commits that nobody here made."""

import math
from collections.abc import Mapping
from typing import Any, assert_never

from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.telemetry import ConfigurationEvent, ProbeRound
from twin.tracking.alarms import Alarm
from twin.tracking.announced import under_way
from twin.tracking.detectors.detector import Belief
from twin.tracking.rates import RateRound


class ConfigurationChange:
    """A node reports a commit that is neither ours nor explained by announced work, or runs what
    announced work explained until it was over.

    It is over once the node runs what is normal there. Rounds come regularly, and show that work
    has begun, or is over.
    """

    name = "configuration_change"
    watches = (ConfigurationEvent, NetworkConfiguration, RateRound, ProbeRound)

    def __init__(self, belief: Belief, kept: Mapping[str, Any]) -> None:
        self._belief = belief
        self._settled_s: dict[str, float] = dict(kept.get("settled_s", {}))
        self._excused: set[str] = set(kept.get("excused", ()))

    def look(
        self, evidence: ConfigurationEvent | NetworkConfiguration | RateRound | ProbeRound
    ) -> None:
        """Judge a commit, or whether those that were reported are over."""
        match evidence:
            case ConfigurationEvent():
                self._judge(evidence)
            case NetworkConfiguration():
                self._settle(evidence)
            case RateRound() | ProbeRound():
                self._look_again()
            case _:
                assert_never(evidence)

    def _judge(self, commit: ConfigurationEvent) -> None:
        node, belief = commit.node, self._belief
        if belief.reported(node) == belief.baseline.device(node):
            # Whoever changed it has put it right again.
            belief.intake.fold(node)
            self._end(node)
            return
        if commit.time_s <= self._settled_s.get(node, -math.inf):
            belief.intake.count_late(node)
            return
        if commit.change_id.raw in belief.known_changes:
            return
        if self._is_explained(commit):
            self._excused.add(node)
            return
        if belief.book.is_active(f"configuration_change:{node}"):
            belief.intake.fold(node)
        belief.book.raise_alarm(Alarm("configuration_change", node, commit.time_s, 1.0))

    def _is_explained(self, commit: ConfigurationEvent) -> bool:
        """By announced work: all that the node runs, or where it cannot be read, by the id."""
        belief, node = self._belief, commit.node
        device = belief.reported(node)
        if device is not None:
            return device == belief.expected(device)
        links = {link.id for link in belief.inventory.topology.links_at(node)}
        going_on = under_way(belief.inventory.planned_work, commit.time_s)
        return any(w.id == commit.change_id.raw and links & set(w.links) for w in going_on)

    def _look_again(self) -> None:
        belief = self._belief
        for symptom in belief.book.active():
            node = symptom.resource
            if symptom.kind == "configuration_change":
                device = belief.reported(node)
                if device in (None, belief.baseline.device(node)):
                    continue
                if device == belief.expected(device):
                    self._excuse(node)
        for node in sorted(self._excused):
            device = belief.running.device(node)
            if device == belief.baseline.device(node):
                self._excused.discard(node)
            elif device != belief.normal.device(node):
                self._excused.discard(node)
                belief.book.raise_alarm(Alarm("configuration_change", node, belief.now_s, 1.0))

    def _settle(self, running: NetworkConfiguration) -> None:
        belief = self._belief
        for symptom in belief.book.active():
            node = symptom.resource
            if symptom.kind != "configuration_change":
                continue
            if running.device(node) == belief.normal.device(node):
                self._excuse(node)

    def _excuse(self, node: str) -> None:
        """What `node` runs is normal now, perhaps only as long as announced work lasts."""
        self._end(node)
        self._excused.add(node)

    def _end(self, node: str) -> None:
        """It is over on `node`."""
        belief = self._belief
        if not belief.book.is_active(f"configuration_change:{node}"):
            return
        belief.book.clear("configuration_change", node)
        if node in belief.changed_nodes:
            # What was reported by now was there to be read: a repeat says nothing new.
            self._settled_s[node] = belief.changed_nodes[node]

    def dump(self) -> dict[str, Any]:
        """Up to when the commits of each node are dealt with, Unix seconds, and the nodes on which
        announced work explains what they run.
        """
        return {"settled_s": self._settled_s, "excused": sorted(self._excused)}
