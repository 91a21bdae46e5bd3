"""What alerts say of a network now, read from the journal at every step of its watch."""

import logging
import time
from pathlib import Path

from tools.alerts.settings import AlertSettings, load_alert_settings
from tools.journal.journal import Journal
from tools.said_once import SaidOnce
from twin.errors import BadInput
from twin.nouns.alert import Alert

LATELY_S = 3600.0
"""What was said and is over counts for so long in a diagnosis."""

_log = logging.getLogger(__name__)


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
