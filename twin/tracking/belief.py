"""One network as its operators believe it to be: what is on record, and what telemetry says."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from twin.forecasting import Uncertainty
from twin.nouns.inventory import Inventory
from twin.physics.twin import Twin
from twin.runner import InProcessRunner, Runner
from twin.tracking.tracker import Tracker

_CONGESTED_SIGMA = 0.12
"""Log standard deviation of all demand together while an egress drops (assumed)."""

_ESTIMATED_SIGMA = 0.5
"""Log standard deviation of a pair that is estimated from link counters. Estimated matrices are off
by a third to a half of all traffic, pair by pair (docs/estimation.md)."""


@dataclass(slots=True, kw_only=True)
class Belief:
    """`seed` makes every forecast repeatable. `runner_on`: what plays rollouts on a twin."""

    tracker: Tracker
    seed: int
    runner_on: Callable[[Twin], Runner] = InProcessRunner
    _twin: Twin = field(init=False)

    def __post_init__(self) -> None:
        self._twin = Twin(self.inventory)

    @property
    def twin(self) -> Twin:
        """The twin of what is on record, but for capacities that telemetry has shown to be less."""
        if self._twin.inventory.topology is not self.tracker.topology:
            self._twin = Twin(replace(self.inventory, topology=self.tracker.topology))
        return self._twin

    @property
    def uncertainty(self) -> Uncertainty:
        """How wrong forecasts may be: as far as healthy loads have been off, at least the default.

        Where a few large demands are hashed, predicted moves of traffic err more than where many
        small ones are; the spread of the learned bias over the egresses shows which it is. While
        something drops, nobody knows how much senders hold back. Pairs that are estimated from link
        counters are known less than those whose flows are measured.
        """
        default = Uncertainty()
        spread = float(np.std(self.tracker.usual_loads.bias))
        congested = bool(self.tracker.congested().any())
        estimated = bool(self.tracker.demand.estimated.any())
        return Uncertainty(
            common_sigma=_CONGESTED_SIGMA if congested else default.common_sigma,
            pair_sigma=max(default.pair_sigma, spread, _ESTIMATED_SIGMA if estimated else 0.0),
            split_sigma=max(default.split_sigma, 2 * spread),
        )

    @property
    def runner(self) -> Runner:
        """What plays rollouts on that twin."""
        return self.runner_on(self.twin)

    @property
    def inventory(self) -> Inventory:
        """What is on record."""
        return self.tracker.inventory
