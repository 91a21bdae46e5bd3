"""Alerts of other monitoring systems: taken in through doors, and shown as they came."""

import json
import os
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from channels.networks import (
    chosen_network,
    inventory_of,
    known_networks,
    network_names,
    network_time_s,
)
from graphs.state_directory import StateDirectory
from tools.journal.errors import JournalFailed
from tools.journal.journal import Journal
from tools.journal.records import AlertCounts, AlertDoor, AlertRecord
from twin.errors import BadInput
from twin.nouns.base import Noun

if TYPE_CHECKING:
    from tools.alerts.mapping import AlertMapping
    from tools.alerts.settings import AlertSettings, DoorSettings

_TIME_HOLDS_S = 1.0
"""The network's clock is looked up this often, in seconds of the machine's."""


class Receipt(Noun):
    """What became of the alerts of one post: begun, ended, repeats of what was known, late; and how
    many no rule maps.
    """

    begun: int
    ended: int
    repeats: int
    late: int
    unmapped: int


class RuleRecord(Noun):
    """How the alerts of a rule turned out, and the rates that follow."""

    rule: str
    borne_out: int
    refuted: int
    missed: int
    false_rate: float
    missed_rate: float


class AlertsView(Noun):
    """Alerts of one network, the latest first, what came through its doors, and its rules."""

    network: str
    counts: AlertCounts
    doors: tuple[AlertDoor, ...]
    rules: tuple[RuleRecord, ...]
    alerts: tuple[AlertRecord, ...]


class WrongSettings(BadInput):
    """`alerts.yaml` or the secret of a door cannot be used, whatever is posted."""


def network_of(state: StateDirectory, name: str, door: "DoorSettings") -> str:
    """The network that alerts through the door `name` are about.

    Raises:
        WrongSettings: there is none, or there are several and it names none of them.
    """
    known = network_names(state)
    if door.network in known:
        return door.network
    if door.network or len(known) != 1:
        said = f'is for "{door.network}"' if door.network else "names no network"
        raise WrongSettings(
            f"alerts.yaml: doors.{name} {said}, and there is {', '.join(known) or 'none'}; write "
            "`network:` there"
        )
    return known[0]


class Doorway:
    """Takes in posts for one state directory; its journal stays open between them.

    Settings and inventories are read again when their files were written. May be used from several
    threads.
    """

    def __init__(self, state: StateDirectory, environ: Mapping[str, str] = os.environ) -> None:
        self._state = state
        self._environ = environ
        self._lock = threading.Lock()
        self._journal: Journal | None = None
        self._settings: tuple[float, AlertSettings] | None = None
        self._mappings: dict[str, tuple[object, AlertMapping]] = {}
        self._times: dict[str, tuple[float, float]] = {}

    def receive(self, name: str, headers: Mapping[str, str], body: bytes) -> Receipt:
        """Take in one post through the door `name`; what it brought is durable then.

        Raises:
            NotAuthentic: it does not prove whose it is, or there is no such door.
            BadInput: it is not what that system sends.
            WrongSettings: ours are; whoever sent it does so again.
            JournalFailed: nothing of it was kept; whoever sent it does so again.
        """
        from tools.alerts.receiving import require_door, take

        now_wall_s = time.time()
        try:
            settings = self._look()
            door = require_door(settings, name, headers, body, now_wall_s, self._environ)
        except BadInput as error:
            raise WrongSettings(str(error)) from None
        network = network_of(self._state, name, door)
        with self._lock:
            mapping, journal = self._mapping(network, settings), self._open()
            now_s = self._now_s(network, journal)
            try:
                taken = take(journal, (name, door), body, mapping, network, now_wall_s, now_s)
            except JournalFailed:
                # It may lie elsewhere now, or be whole again: it is opened anew.
                self.close()
                raise
        return Receipt(
            begun=taken.begun,
            ended=taken.ended,
            repeats=taken.repeats,
            late=taken.late,
            unmapped=taken.unmapped,
        )

    def close(self) -> None:
        """Let go of the journal."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _look(self) -> "AlertSettings":
        from tools.alerts.settings import load_alert_settings

        file = self._state.alerts_file
        written = file.stat().st_mtime if file.exists() else 0.0
        if self._settings is None or self._settings[0] != written:
            self._settings = (written, load_alert_settings(file))
        return self._settings[1]

    def _mapping(self, network: str, settings: "AlertSettings") -> "AlertMapping":
        from tools.alerts.mapping import AlertMapping

        file = self._state.inventory_file(network)
        made_of = (settings, file.stat().st_mtime if file.exists() else 0.0)
        known = self._mappings.get(network)
        if known is None or known[0] != made_of:
            mapping = AlertMapping(settings, inventory_of(self._state, network))
            known = self._mappings[network] = (made_of, mapping)
        return known[1]

    def _open(self) -> Journal:
        if self._journal is None:
            self._journal = self._state.journal()
        return self._journal

    def _now_s(self, network: str, journal: Journal) -> float:
        looked_s, now_s = self._times.get(network, (-_TIME_HOLDS_S, 0.0))
        if time.monotonic() - looked_s >= _TIME_HOLDS_S:
            now_s = network_time_s(self._state, journal, network)
            self._times[network] = (time.monotonic(), now_s)
        return now_s


def listed(
    state: StateDirectory,
    network: str | None = None,
    *,
    firing: bool = False,
    unmapped: bool = False,
    most: int = 100,
) -> AlertsView:
    """Alerts of `network`, of which None means the only one. `firing`, `unmapped`: only those.

    Raises:
        BadInput: there is no such network, or there are several and none is named.
    """
    with state.read_only_journal() as journal:
        known = known_networks(state, journal)
        network = chosen_network(network, known)
        return AlertsView(
            network=network,
            counts=journal.alert_counts(network),
            doors=journal.alert_doors(network),
            rules=_rules(state, network),
            alerts=journal.alerts(network, firing=firing, unmapped=unmapped, most=most),
        )


def _rules(state: StateDirectory, network: str) -> tuple[RuleRecord, ...]:
    """What the watch has learned of each rule, as it kept it last."""
    from tools.alerts.settings import load_alert_settings
    from twin.tracking.alerts import AlertBook

    try:
        kept = json.loads(state.tracker_file(network).read_text(encoding="utf-8")).get("alerts")
    except (OSError, ValueError):
        return ()
    book, settings = AlertBook(kept), load_alert_settings(state.alerts_file)
    found = []
    for rule in book.rules:
        record, (false, missed) = book.record(rule), settings.rates(rule)
        found.append(
            RuleRecord(
                rule=rule,
                borne_out=record.borne_out,
                refuted=record.refuted,
                missed=record.missed,
                false_rate=record.false(false),
                missed_rate=record.missing(missed),
            )
        )
    return tuple(found)
