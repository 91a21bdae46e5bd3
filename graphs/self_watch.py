"""What is wrong with the watch itself: found by looks, said where other processes find it, paged
once, and gone as soon as it is gone.

A kind of condition is an entry of the vocabulary (`twin/nouns/condition.py`). What notices it is a
look, which a workplace gives: a function that says what is wrong, "" if nothing is. What no look
can notice is noted where it fails, and stands until a step passes in which it does not fail.
"""

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import JsonValue

from graphs.state_directory import StateDirectory
from tools.change.clock_doubt import apart_doubt, step_doubt
from tools.clock import Clock
from tools.journal.journal import Journal
from tools.journal.lease_rows import network_subject
from tools.journal.watch_notes import WatchNote
from tools.network.protocol import Network
from tools.writable import full_disk
from twin.nouns.condition import Condition, ConditionKind
from twin.nouns.incident import Symptom
from twin.nouns.moments import utc
from twin.tracking.coverage import CoverageBook

Look = Callable[[], str]
"""Says what is wrong, "" if nothing is. It is asked at every step, and before every change."""

Change = Literal["condition_begun", "condition_over"]

SILENT_S = 300.0
"""Changes are refused and a person is called once nothing was read for so long."""

_MOST_WORDS = 300
_MOST_UNRECORDED = 12

_log = logging.getLogger(__name__)


class SelfWatch:
    """The conditions of one network's watch.

    `looks`: what notices each kind. `say`: puts a note where others read it. `call`: calls a person
    about a condition that has begun. `since_s`: since when those stand that an earlier process has
    found and not seen end: whoever is called about one again is called by the same id.
    """

    def __init__(
        self,
        network: str,
        clock: Clock,
        looks: Mapping[ConditionKind, Look],
        say: Callable[[str], None],
        call: Callable[[Condition], None] | None = None,
        since_s: Mapping[ConditionKind, float] = MappingProxyType({}),
    ) -> None:
        self._network = network
        self._clock = clock
        self._looks = looks
        self._say = say
        self._call = call
        self._since_s = dict(since_s)
        self._on_record = set(since_s)
        self._failed: dict[ConditionKind, str] = {}
        self._failing = frozenset[ConditionKind]()
        self._standing: dict[ConditionKind, Condition] = {}
        self._unwritten: list[tuple[Change, Condition]] = []
        self._said = WatchNote(network=network)

    @property
    def standing(self) -> tuple[Condition, ...]:
        """The conditions that stand, as of the last look."""
        return tuple(self._standing.values())

    @property
    def note(self) -> WatchNote:
        """What was last said to other processes."""
        return self._said

    def look(self) -> tuple[Condition, ...]:
        """The conditions that stand now."""
        found = dict(self._failed)
        for kind, look in self._looks.items():
            if detail := _looked(look):
                found[kind] = detail
        self._settle(found)
        return self.standing

    def failed(self, kind: ConditionKind, detail: str) -> None:
        """Something has just failed, in a way that means `kind`."""
        self._failing |= {kind}
        self._failed[kind] = detail[:_MOST_WORDS]
        self.look()

    def end_step(self, unrecorded: tuple[Symptom, ...] = ()) -> None:
        """What has not failed since the last step is over. `unrecorded`: what no incident has."""
        self._failed = {k: why for k, why in self._failed.items() if k in self._failing}
        self._failing = frozenset()
        self.look()
        for kind in self._since_s.keys() - self._standing.keys():
            self._end(self._condition(kind, "it was over when the watch was started again"))
        self._tell(unrecorded)

    def stand_by(self) -> None:
        """Another process watches, and says how it is."""
        self._failed, self._standing, self._unwritten = {}, {}, []
        self._said = WatchNote(network=self._network)
        self._say("")

    def write_down(self, journal: Journal) -> None:
        """Say in the audit log what has begun and ended since. Raises JournalFailed, LeaseLost."""
        while self._unwritten:
            change, condition = self._unwritten[0]
            told: dict[str, JsonValue] = condition.model_dump(mode="json")
            subject = network_subject(self._network)
            journal.append_audit(self._clock.now_s(), "watch", change, subject, told)
            del self._unwritten[0]

    def _settle(self, found: Mapping[ConditionKind, str]) -> None:
        standing = {k: self._condition(k, found[k]) for k in ConditionKind if k in found}
        if standing == self._standing:
            return
        begun = [standing[kind] for kind in standing if kind not in self._standing]
        over = [known for kind, known in self._standing.items() if kind not in standing]
        self._standing = standing
        self._tell(self._said.unrecorded)
        for condition in over:
            self._end(condition)
        for condition in begun:
            _log.info("%s: %s", self._network, condition.text)
            if condition.kind not in self._on_record:
                self._unwritten.append(("condition_begun", condition))
            if self._call:
                self._call(condition)

    def _condition(self, kind: ConditionKind, detail: str) -> Condition:
        return Condition(
            network=self._network,
            kind=kind,
            detail=detail[:_MOST_WORDS],
            since_s=self._since_s.setdefault(kind, self._clock.now_s()),
        )

    def _end(self, condition: Condition) -> None:
        _log.info("%s: %s is over", self._network, condition.kind)
        self._since_s.pop(condition.kind, None)
        self._on_record.discard(condition.kind)
        self._unwritten.append(("condition_over", condition))

    def _tell(self, unrecorded: tuple[Symptom, ...]) -> None:
        note = WatchNote(
            network=self._network,
            conditions=self.standing,
            unrecorded=unrecorded[:_MOST_UNRECORDED],
        )
        if note != self._said:
            self._said = note
            self._say(note.model_dump_json())


def _looked(look: Look) -> str:
    try:
        return look()
    except Exception:
        # Whatever a driver or a database raises: what cannot be looked at is not known to be wrong.
        _log.debug("a look failed", exc_info=True)
        return ""


def standing_since(journal: Journal, network: str) -> dict[ConditionKind, float]:
    """Since when the conditions stand that the audit log has begin, and not end."""
    found: dict[ConditionKind, float] = {}
    for line in journal.audit_lines(subject=network_subject(network)):
        if line.action == "condition_begun":
            begun = Condition.model_validate(line.data)
            found[begun.kind] = begun.since_s or line.time_s
        elif line.action == "condition_over":
            found.pop(Condition.model_validate(line.data).kind, None)
    return found


# What notices each kind


def storage_looks(state: StateDirectory, kept: Callable[[], str]) -> dict[ConditionKind, Look]:
    """Whether what is written finds room and a place. `kept`: what has become of open files."""

    def lost() -> str:
        return f"{state.path} is gone" if not state.path.is_dir() else kept()

    return {
        ConditionKind.DISK_FULL: lambda: full_disk(state.path),
        ConditionKind.STORE_LOST: lost,
    }


def clock_looks(clock: Clock, network: Network, journal: Journal) -> dict[ConditionKind, Look]:
    """Whether the time can be believed."""
    # Once: what is written from now on is of a clock that nobody can set.
    written_s = journal.last_written_s(network.name)

    def apart() -> str:
        # Whoever set the machine's clock set a network's that is read from it, too.
        return "" if step_doubt(clock) else apart_doubt(clock.now_s(), network.now_s(), written_s)

    return {
        ConditionKind.CLOCK_STEPPED: lambda: step_doubt(clock),
        ConditionKind.CLOCK_APART: apart,
    }


def collector_look(clock: Clock, coverage: Callable[[], CoverageBook]) -> dict[ConditionKind, Look]:
    """Whether counters and probes come, of which no collector has to raise an error.

    What was not read while nobody watched is known once this process has listened.
    """

    def silent() -> str:
        now_s, book = clock.now_s(), coverage()
        if not book.has_listened:
            return ""
        covered = book.at(now_s)
        if covered.is_blind and covered.read_s is not None:
            since_s, what = covered.read_s, "no telemetry"
        elif (since := covered.part("devices").silent_since_s) is not None:
            since_s, what = since, "no counters of any device"
        elif (since := covered.part("probes").silent_since_s) is not None:
            since_s, what = since, "no results of any probe"
        else:
            return ""
        return f"{what} since {utc(since_s)}" if now_s - since_s >= SILENT_S else ""

    return {ConditionKind.COLLECTOR_SILENT: silent}
