"""Paths on which probes are lost."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.nouns.telemetry import ProbeRound
from twin.tracking.detectors.detector import Belief
from twin.tracking.detectors.streaks import Streaks

LOSS_THRESHOLD = 0.02
_SMOOTHING = 0.4
"""Weight of the newest round in the averages: a step is seen at 78 % after three rounds."""


class ProbeLoss:
    """The smoothed loss of a probe path is beyond a threshold for two rounds in a row."""

    name = "probe_loss"
    watches = (ProbeRound,)

    def __init__(self, belief: Belief, kept: Mapping[str, Any]) -> None:
        self._smoothed: dict[str, float] = dict(kept.get("smoothed", {}))
        self._streaks = Streaks("probe_loss", belief.book, kept)

    def look(self, evidence: ProbeRound) -> None:
        """Judge every path that reported."""
        with np.errstate(divide="ignore", invalid="ignore"):
            loss = np.where(evidence.sent > 0, evidence.lost / evidence.sent, np.nan)
        for i in np.flatnonzero(np.isfinite(loss)).tolist():
            path = evidence.paths[i]
            name = f"{path.source}>{path.target}/{path.traffic_class}"
            before = self._smoothed.get(name, 0.0)
            now = before + _SMOOTHING * (float(loss[i]) - before)
            self._smoothed[name] = now
            self._streaks.note(name, evidence.received_s, now, beyond=now > LOSS_THRESHOLD)

    def dump(self) -> dict[str, Any]:
        """The averages that are not 0, and the streaks."""
        lossy = {name: loss for name, loss in self._smoothed.items() if loss > 0}
        return {"smoothed": lossy} | self._streaks.dump()
