"""Paths on which probes are lost."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.nouns.inventory import ProbePath
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
        self._paths: tuple[ProbePath, ...] = ()
        self._names: list[str] = []
        self._streaks = Streaks("probe_loss", belief.book, kept)

    def look(self, evidence: ProbeRound) -> None:
        """Judge every path that reported."""
        with np.errstate(divide="ignore", invalid="ignore"):
            loss = np.where(evidence.sent > 0, evidence.lost / evidence.sent, np.nan)
        if evidence.paths is not self._paths:
            self._paths = evidence.paths
            self._names = [f"{p.source}>{p.target}/{p.traffic_class}" for p in self._paths]
        lost = loss.tolist()
        for i in np.flatnonzero(np.isfinite(loss)).tolist():
            name = self._names[i]
            before = self._smoothed.get(name, 0.0)
            now = before + _SMOOTHING * (lost[i] - before)
            self._smoothed[name] = now
            self._streaks.note(name, evidence.received_s, now, beyond=now > LOSS_THRESHOLD)

    def dump(self) -> dict[str, Any]:
        """The averages that are not 0, and the streaks."""
        lossy = {name: loss for name, loss in self._smoothed.items() if loss > 0}
        return {"smoothed": lossy} | self._streaks.dump()
