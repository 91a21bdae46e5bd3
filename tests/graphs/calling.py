"""A process that tells people of one incident, and dies where it is told to.

    python -m tests.graphs.calling STATE COMMAND PLACE

`COMMAND`: a script in STATE, or "on_event.yaml" for the only way that this file names. `PLACE`:
"before" the call, "after" it, or "nowhere".
"""

import os
import signal
import sys
import time
from pathlib import Path

from graphs.notifier import Notifier
from graphs.state_directory import StateDirectory
from tests.tools.journal.conftest import OPENED_S, incident
from tools.journal.holder import Holder
from tools.journal.journal import Journal
from tools.journal.lease_rows import network_subject
from tools.journal.records import Notice
from tools.notification.on_event import EVERY_EVENT, load_ways
from tools.notification.ways import Command, Way, way_of

NETWORK = incident().network


class Dying:
    """Kills this very process before the call inside is made, or right after it."""

    def __init__(self, way: Way, place: str) -> None:
        self.takes_digests = way.takes_digests
        self._way = way
        self._place = place

    def send(self, notice: Notice) -> None:
        """As the way inside."""
        if self._place == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        self._way.send(notice)
        if self._place == "after":
            os.kill(os.getpid(), signal.SIGKILL)


def _way(state: Path, command: str) -> Way:
    if command != "on_event.yaml":
        return Command([sys.executable, command], state, {}, 60.0)
    (settings,) = load_ways(state / command).values()
    return way_of(settings, state, os.environ)


def main(state: Path, command: str, place: str) -> None:
    """Open the incident once, and send what is in the outbox."""
    directory = StateDirectory(state)
    way = Dying(_way(state, command), place)
    with (
        Journal.open(directory.journal_file) as journal,
        Holder(journal, directory.locks) as holder,
    ):
        journal.notifies_of = {"": EVERY_EVENT}
        lease = holder.take(network_subject(NETWORK))
        with journal.transaction():
            known = journal.incident_count(NETWORK)
            journal.open_incident(incident(), OPENED_S, "a" * 32)
            if not known:
                journal.add_event(incident().id, OPENED_S, "detected", "monitor", "a duct is cut")
        notifier = Notifier(journal, NETWORK, way)
        notifier.watch_under(lease)
        while journal.unsent_notices(NETWORK):
            time.sleep(0.05)
        notifier.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
