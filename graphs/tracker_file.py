"""What was learned of a network, on disk, and up to when telemetry need not be given again."""

import json
import logging
import math
from functools import partial
from pathlib import Path
from typing import Any

from graphs.detectors import detectors
from graphs.left_out_file import reading
from graphs.state_directory import StateDirectory
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.drift import Drift
from twin.tracking.kept import sound
from twin.tracking.tracker import Tracker

_log = logging.getLogger(__name__)

KEEP_S = 300.0
"""What is merely learned is kept this often: as often as demand is measured. Whoever dies in
between is given the telemetry of that time again.
"""


class TrackerFile:
    """One tracker and its file, which is whole at any time: a new one takes the place of the old.

    Nothing is written by who has learned nothing, so that one who only stands by does not replace
    what another process has learned.
    """

    def __init__(self, path: Path, tracker: Tracker) -> None:
        """`tracker`: as it was read from `path`, or new where there is no such file."""
        self.path = path
        self._tracker = tracker
        self._kept = tracker.mark if path.exists() else None
        self.kept_s = tracker.now_s

    def keep_if_due(self) -> None:
        """Write what telemetry that is given again would not bring back; and now and then the rest.

        Raises OSError if it cannot be written.
        """
        since_s = self._tracker.now_s - self.kept_s
        if self._tracker.mark != self._kept or since_s >= KEEP_S:
            self.keep()

    def keep(self) -> None:
        """Write all of it, unless nothing is new. Raises OSError if it cannot be written."""
        mark, until_s = self._tracker.mark, self._tracker.now_s
        if mark == self._kept and until_s == self.kept_s:
            return
        draft = self.path.with_suffix(".new")
        draft.write_text(_text(self._tracker.dump()), encoding="utf-8")
        draft.replace(self.path)
        self._kept, self.kept_s = mark, until_s


def _text(data: dict[str, Any]) -> str:
    """As JSON, in which no number is anything else."""
    try:
        return json.dumps(data, allow_nan=False)
    except ValueError:
        finite, parts = sound(data)
        _log.warning("not finite, and not kept: numbers in %s", ", ".join(parts))
        return json.dumps(finite, allow_nan=False)


def kept_tracker(
    state: StateDirectory, network: str, twin: Twin, now_s: float = math.inf
) -> Tracker | None:
    """What was learned of `network`, whose twin is `twin`; None if it was never watched.

    `now_s`: by whoever watches; what claims to be of a later time is not believed.

    Raises:
        BadInput: the file cannot be read, or a detector of another package cannot be loaded.
    """
    watching = detectors()
    with reading(state.tracker_file(network)) as file:
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        loads = partial(offered_totals, twin)
        found = Tracker.load(data, twin.inventory, loads, watching, now_s)
        if found.repaired:
            _log.warning("%s: not finite, and learned again: %s", file, ", ".join(found.repaired))
        return found


def kept_drifts(state: StateDirectory) -> dict[str, tuple[Drift, ...]]:
    """By network, how far its twin was from what was measured, oldest comparison first.

    Raises:
        BadInput: a file cannot be read.
    """
    return {file.stem: _drifts(file) for file in sorted(state.trackers.glob("*.json"))}


def _drifts(found: Path) -> tuple[Drift, ...]:
    with reading(found) as file:
        data = json.loads(file.read_text(encoding="utf-8"))
        return tuple(Drift.model_validate(item) for item in sound(data)[0].get("drifts", []))
