"""What is in force when, in the course of a scenario."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from twin.events.action import Action
from twin.events.fault import Fault
from twin.events.kinds import ActionKind
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.scenario import Scenario
from twin.nouns.state import NetworkState
from twin.nouns.topology import Topology
from twin.physics.twin import Twin, profile_at


@dataclass(frozen=True, slots=True)
class _Change:
    """Of what devices run. `order` at one instant: ends 0, faults 1, actions 2."""

    at_s: float
    order: Literal[0, 1, 2]
    change: Action | Fault


class Course:
    """What runs, which lasting faults are in force, and the demand, from `start` on.

    At one instant, repairs come first, then faults, then actions. A fault of the configuration is a
    change of it, which an action can undo; where it ends and none has, that of `start` returns.
    """

    def __init__(self, scenario: Scenario, twin: Twin, start: NetworkState) -> None:
        """`twin`: of the network of `start`."""
        self._scenario = scenario
        self._twin = twin
        self._start = start
        self._running = start.running
        self._waiting = sorted(_changes(scenario), key=lambda event: (event.at_s, event.order))
        self._demand_at_start = profile_at(twin.inventory.profile, scenario.starts_s)
        self._built: dict[tuple[Fault, ...], tuple[Topology, Twin]] = {}

    def advance(self, now_s: float) -> None:
        """Carry out every change of the configuration that is due; never back."""
        while self._waiting and self._waiting[0].at_s <= now_s:
            self._running = self._changed(self._waiting.pop(0))

    def _changed(self, event: _Change) -> NetworkConfiguration:
        change, running = event.change, self._running
        if isinstance(change, ActionKind):
            return change.configured(running, self._twin.inventory.intended, self._start.topology)
        if event.order == 1:
            return change.after(self._start.configured(running)).running
        return change.taken_back(running, self._start.running)

    @property
    def running(self) -> NetworkConfiguration:
        """What devices run, as far as it has advanced."""
        return self._running

    def level(self, time_s: float) -> float:
        """Demand at that time, relative to that of the start."""
        profile = self._twin.inventory.profile
        return profile_at(profile, self._scenario.starts_s + time_s) / self._demand_at_start

    def lasting(self, time_s: float) -> tuple[Fault, ...]:
        """Faults in force then that no configuration has."""
        return tuple(
            timed.fault
            for timed in self._scenario.faults
            if not timed.fault.in_configuration
            and timed.at_s <= time_s
            and (timed.until_s is None or time_s < timed.until_s)
        )

    def state(self, time_s: float) -> tuple[Twin, NetworkState]:
        """The network at `time_s`, to which it has advanced, and the twin that knows it: bundles
        that lost members and links that are late are another topology.
        """
        return self.state_with(self._running, self.lasting(time_s), self.level(time_s))

    def state_with(
        self, running: NetworkConfiguration, lasting: tuple[Fault, ...], level: float
    ) -> tuple[Twin, NetworkState]:
        """The same with that in force, at `level` times the demand of the start."""
        state = replace(self._start, running=running, traffic=self._start.traffic.scaled(level))
        for fault in lasting:
            state = fault.after(state)
        if state.topology is self._start.topology:
            return self._twin, state
        if lasting not in self._built:
            self._built[lasting] = (state.topology, self._twin.of(state))
        topology, twin = self._built[lasting]
        return twin, replace(state, topology=topology)


def change_times_s(scenario: Scenario) -> tuple[float, ...]:
    """When something begins or ends within the scenario, its own begin included, in order."""
    found = {fault.at_s for fault in scenario.faults}
    found |= {fault.until_s for fault in scenario.faults if fault.until_s is not None}
    found |= {action.at_s for action in scenario.actions}
    return tuple(sorted({0.0, *(t for t in found if 0.0 <= t < scenario.duration_s)}))


def step_times_s(scenario: Scenario, interval_s: float) -> tuple[float, ...]:
    """When steps begin, and the end: every interval, and every change in between."""
    grid = {float(t) for t in np.arange(0.0, scenario.duration_s, interval_s)}
    return (*sorted(grid | set(change_times_s(scenario))), scenario.duration_s)


def _changes(scenario: Scenario) -> list[_Change]:
    changes: list[_Change] = [_Change(timed.at_s, 2, timed.action) for timed in scenario.actions]
    for timed in scenario.faults:
        if timed.fault.in_configuration:
            changes.append(_Change(timed.at_s, 1, timed.fault))
            if timed.until_s is not None:
                changes.append(_Change(timed.until_s, 0, timed.fault))
    return changes
