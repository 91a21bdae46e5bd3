"""What was observed after the onset of an incident."""

from dataclasses import dataclass

import numpy as np

from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.telemetry import FloatArray

_SUSPECT_LOSS_SIGMAS = 4.0
_SUSPECT_LOSS_FLOOR = 0.004


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """Means over `rounds` clean rounds: NaN where no reading was clean.

    `sent_bps`: (n_arcs,). `load_sigma`: (n_arcs,) standard deviation of log(sent / expected) when
    healthy. `loss`, `loss_sigma`: (n_arcs,) share of what was sent that did not arrive in any of
    the last rounds, and its noise. `drop_fraction`: (n_arcs,). `inbound_ratio`, `inbound_sigma`:
    (n,) traffic drawn by each node / expected, and the deviation of its log when healthy.
    `down_since`: link -> time.
    """

    rounds: int
    sent_bps: FloatArray
    load_bias: FloatArray
    load_sigma: FloatArray
    loss: FloatArray
    loss_sigma: FloatArray
    drop_fraction: FloatArray
    inbound_ratio: FloatArray
    inbound_sigma: FloatArray
    down_since: dict[str, float]
    running: NetworkConfiguration

    @property
    def suspect_loss(self) -> FloatArray:
        """(n_arcs,) the share lost above which an egress may lose silently."""
        return np.maximum(_SUSPECT_LOSS_SIGMAS * self.loss_sigma, _SUSPECT_LOSS_FLOOR)
