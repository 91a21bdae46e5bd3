"""What each egress sends when nothing is wrong: what the twin says, and how far it is off there."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.tracking.kept import kept_array
from twin.tracking.losses import MEMORY_ROUNDS

LoadModel = Callable[[NetworkState], FloatArray]
"""Offered load per arc, bit/s (n_arcs,), of a state: the twin's routing."""

_MOST_BIAS = 20.0
"""A log ratio beyond it is none of two loads."""

_FIRST_SPREAD, _LEAST_SPREAD = 0.15, 0.01
_ROUNDS_BEFORE_SPREAD = 3


class UsualLoads:
    """Loads of the network as it is when all is normal, (n_arcs,) each.

    `bias`: log of what is measured over what the twin says. `spread`: standard deviation of that
    between rounds. `rounds_learned`: how many rounds they were learned from.
    """

    def __init__(self, n_arcs: int, load_model: LoadModel, kept: Mapping[str, Any]) -> None:
        """`kept`: what `dump` wrote, empty where nothing is known."""
        usual = np.full(n_arcs, _FIRST_SPREAD)
        self.bias = kept_array(kept, "load_bias", np.zeros(n_arcs), -_MOST_BIAS, _MOST_BIAS)
        self.spread = kept_array(kept, "load_spread", usual, 0.0, _MOST_BIAS)
        self.rounds_learned: int = kept.get("rounds_learned", 0)
        self._load_model = load_model
        self._peak_bps: FloatArray | None = None
        self._of: NetworkConfiguration | None = None

    def at_peak_bps(
        self, normal: NetworkConfiguration, state: Callable[[], NetworkState]
    ) -> FloatArray:
        """(n_arcs,) what the twin says that each sends at the peak, where all runs `normal`.

        `state`: the network at its peak so, asked where that is not known already.
        """
        if self._peak_bps is None or self._of is not normal:
            self._peak_bps, self._of = self._load_model(state()), normal
        return self._peak_bps

    def forget_peak(self) -> None:
        """Demand or what is normal is another one from now on."""
        self._peak_bps = None

    def carry_over(self, before_bps: FloatArray, now_bps: FloatArray) -> None:
        """The matrix that explains the loads is another one: what loads to expect was learned, and
        stays.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            change = np.log(before_bps / now_bps)
        self.bias = self.bias + np.where(np.isfinite(change), change, 0.0)

    def learn(self, sent_bps: FloatArray, said_bps: FloatArray) -> None:
        """One round: what was sent, NaN where nothing was read, and what the twin said."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(sent_bps / said_bps)
        usable = np.isfinite(ratio)
        self.rounds_learned += 1
        weight = max(1 / self.rounds_learned, 1 / MEMORY_ROUNDS)
        deviation = np.where(usable, ratio - self.bias, 0.0)
        self.bias = self.bias + weight * deviation
        if self.rounds_learned > _ROUNDS_BEFORE_SPREAD:
            variance = self.spread**2
            variance = np.where(usable, variance + weight * (deviation**2 - variance), variance)
            self.spread = np.sqrt(np.maximum(variance, _LEAST_SPREAD**2))

    def dump(self) -> dict[str, Any]:
        """JSON-able; the constructor takes it back."""
        return {
            "load_bias": self.bias.tolist(),
            "load_spread": self.spread.tolist(),
            "rounds_learned": self.rounds_learned,
        }
