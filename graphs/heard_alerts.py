"""What alerts say of a network now, read from the journal at every step of its watch."""

import logging
import time
from pathlib import Path

from tools.alerts.settings import AlertSettings, load_alert_settings
from tools.journal.alert_rows import SILENT_AFTER_S
from tools.journal.journal import Journal
from tools.journal.standing import open_incidents
from tools.said_once import SaidOnce
from twin.errors import BadInput
from twin.nouns.alert import Alert

LATELY_S = 3600.0
"""What was said and is over counts for so long in a diagnosis."""

KEPT_S = 90 * 86_400.0
"""An alert is kept for so long after it was sent last."""

_log = logging.getLogger(__name__)


class OldAlerts:
    """The alerts of `network` that are kept no longer: not sent for `kept_s` seconds, and over
    before what an open incident rests on.
    """

    def __init__(
        self, journal: Journal, network: str, now_wall_s: float, kept_s: float = KEPT_S
    ) -> None:
        self._journal, self._network = journal, network
        # What is not silent yet may be firing.
        self._before_wall_s = now_wall_s - max(kept_s, SILENT_AFTER_S)
        onsets = [record.incident.onset_s for record in open_incidents(journal, network)]
        self._before_s = min(onsets) - LATELY_S if onsets else None

    def count(self) -> int:
        """How many there are."""
        return self._journal.old_alerts(self._network, self._before_wall_s, self._before_s)

    def drop(self) -> int:
        """Drop them; how many there were."""
        return self._journal.drop_old_alerts(self._network, self._before_wall_s, self._before_s)


class HeardAlerts:
    """Reads what was received of `network`; the rates are those that the rules in `file` state.

    A file that has become wrong meanwhile stops nothing: what it last said holds on.
    """

    def __init__(self, journal: Journal, file: Path, network: str) -> None:
        self._journal = journal
        self._file = file
        self._network = network
        self._settings = AlertSettings()
        self._read: float | None = None
        self._said = SaidOnce(_log)

    def now(self, now_s: float) -> tuple[Alert, ...]:
        """All that is firing at `now_s`, by the network's clock, or was lately."""
        said = self._journal.alerts_said(self._network, time.time(), now_s - LATELY_S)
        if not said:
            return ()
        self._look()
        found = []
        for one in said:
            false, missed = self._settings.rates(one.rule)
            found.append(Alert(**dict(one), false_rate=false, missed_rate=missed))
        return tuple(found)

    def _look(self) -> None:
        """Read the file again if it was written since."""
        try:
            written = self._file.stat().st_mtime
            if written != self._read:
                self._settings, self._read = load_alert_settings(self._file), written
        except FileNotFoundError:
            self._settings, self._read = AlertSettings(), None
        except (BadInput, OSError) as error:
            self._said.warning(str(error))
