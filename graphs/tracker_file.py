"""What was learned of a network, on disk, and up to when telemetry need not be given again."""

import json
from pathlib import Path

from twin.tracking.tracker import Tracker

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
        draft.write_text(json.dumps(self._tracker.dump()), encoding="utf-8")
        draft.replace(self.path)
        self._kept, self.kept_s = mark, until_s
