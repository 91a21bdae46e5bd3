"""How a network is, as far as it was read: what every channel says of it comes from here."""

from collections.abc import Sequence
from typing import Literal

from twin.nouns.base import Noun
from twin.nouns.condition import Condition, ConditionKind
from twin.nouns.coverage import Coverage, CoveredPart, PartRead, Unread
from twin.nouns.incident import Symptom
from twin.nouns.moments import duration, utc
from twin.nouns.telemetry_fault import TelemetryFault

STALE_S = 300.0
"""A watch says how it is many times in so long: what is older was not looked at since."""

_MOST_NAMES = 4

_NOUNS: dict[CoveredPart, tuple[str, str, str]] = {
    "devices": ("", "device", "devices"),
    "egresses": ("the rate of ", "egress", "egresses"),
    "loss": ("the loss behind ", "egress", "egresses"),
    "probes": ("the results of ", "probe", "probes"),
    "flows": ("the flow records of ", "node", "nodes"),
}


class Seen(Noun):
    """What a watch saw of its network.

    `links_drained`: by what devices run. `in_breach`: services outside their objective, as far as
    probes show. `telemetry_faults`: what is wrong with the telemetry itself.
    """

    coverage: Coverage
    links_down: tuple[str, ...]
    links_drained: tuple[str, ...]
    symptoms: tuple[Symptom, ...]
    in_breach: tuple[str, ...]
    telemetry_faults: tuple[TelemetryFault, ...] = ()


class Health(Noun):
    """How a network is at `now_s`, by its own clock. `seen`: None if no watch ever said.

    `looked_s`: when its watch last looked. `open`, `with_people`: incidents. `conditions`: what is
    wrong with the watch itself, so that what it wrote down is not how it is now; `unrecorded`: what
    it sees meanwhile and cannot open an incident about.
    """

    now_s: float
    looked_s: float | None
    seen: Seen | None
    open: tuple[str, ...]
    with_people: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    unrecorded: tuple[Symptom, ...] = ()

    @property
    def verdict(self) -> Literal["well", "not well", "unknown"]:
        """ "well" is only said of what was read, all of it, and lately; "not well" of what was seen
        once and not seen to end.
        """
        if self._is_wrong:
            return "not well"
        return "well" if self.is_covered else "unknown"

    @property
    def _is_wrong(self) -> bool:
        seen = self.seen
        return bool(
            self.open
            or self.with_people
            or self.unrecorded
            or (seen and (seen.links_down or seen.symptoms or seen.in_breach))
        )

    @property
    def is_covered(self) -> bool:
        """Whether all that health rests on was read lately."""
        if self.conditions:
            return False
        if self.seen is None or self._is_stale or self._misread:
            return False
        return self.seen.coverage.is_whole

    @property
    def _misread(self) -> tuple[TelemetryFault, ...]:
        faults = self.seen.telemetry_faults if self.seen else ()
        return tuple(fault for fault in faults if not fault.kind.is_put_right)

    @property
    def put_right(self) -> tuple[str, ...]:
        """What is wrong with telemetry that is read all the same, a sentence each."""
        faults = self.seen.telemetry_faults if self.seen else ()
        return tuple(fault.sentence for fault in faults if fault.kind.is_put_right)

    @property
    def _is_stale(self) -> bool:
        """Whether nobody has looked for long."""
        return self.looked_s is None or self.now_s - self.looked_s > STALE_S

    @property
    def unread_since_s(self) -> float | None:
        """Since when nothing at all is read; None while something is."""
        if self.seen is None:
            return self.now_s
        if self.seen.coverage.is_blind:
            return self.seen.coverage.silent_since_s
        return self.looked_s if self._is_stale else None

    @property
    def data_age_s(self) -> float | None:
        """How long ago anything was read last; None if nothing ever was."""
        if self.seen is None or self.seen.coverage.read_s is None:
            return None
        return max(0.0, self.now_s - self.seen.coverage.read_s)

    @property
    def sentence(self) -> str:
        """The claim in one sentence, without what is wrong."""
        if self.verdict == "not well":
            return "Not everything is well."
        if self.verdict == "well":
            return "All is well: nothing is wrong."
        if self._unwritten or self.unread_since_s is not None:
            return f"Whether all is well is unknown: {self.unread}."
        return f"Nothing that was read is wrong, but not everything was read: {self.unread}."

    @property
    def unread(self) -> str:
        """What is not read or not written down, with its age, in words; "" if all is."""
        return "; ".join(condition.finding for condition in self._unwritten) or self._unread

    @property
    def _unwritten(self) -> tuple[Condition, ...]:
        """What may keep a watch from writing down what it sees; a silent collector does not."""
        silent = ConditionKind.COLLECTOR_SILENT
        return tuple(condition for condition in self.conditions if condition.kind is not silent)

    @property
    def _unread(self) -> str:
        if self.seen is None:
            return "no watch has said what it read"
        coverage = self.seen.coverage
        if (since_s := self.unread_since_s) is not None:
            if coverage.is_blind and coverage.read_s is None:
                return f"no telemetry has come since {self._since(since_s)}"
            what = "no telemetry" if coverage.is_blind else "nobody has looked"
            return f"{what} since {self._since(since_s)}"
        parts = [self._part_text(part) for part in coverage.parts]
        misread = (f"misread: {fault.sentence}" for fault in self._misread)
        return "; ".join([*filter(None, parts), *misread])

    @property
    def coverage_line(self) -> str:
        """How much was read, in one line, whatever is missing."""
        if self.seen is None or self.unread_since_s is not None:
            return f"telemetry: {self._unread}"
        counts = [
            f"{p.read} of {p.known} {_counted(p)}" for p in self.seen.coverage.parts if p.known
        ]
        newest_s = self.seen.coverage.silent_since_s
        missing = f"; not read: {self._unread}" if self._unread else ""
        right = f"; put right: {'; '.join(self.put_right)}" if self.put_right else ""
        return f"telemetry until {utc(newest_s)}: {', '.join(counts)} read{missing}{right}"

    def _part_text(self, part: PartRead) -> str:
        if not part.unread:
            return ""
        before, one, many = _NOUNS[part.part]
        if part.was_never_given:
            return f"{before}{'any ' if before else 'no '}{one} (none has come yet)"
        count = len(part.unread)
        if count == 1:
            only = part.unread[0]
            return f"{before}{one} {only.source} ({self._age(only)})"
        of = f"{count} of {part.known} {many}"
        return f"{before}{of} ({_few(part.unread)}; {self._ages(part.unread)})"

    def _ages(self, unread: Sequence[Unread]) -> str:
        known = [one for one in unread if one.last_s is not None]
        oldest = min(known, key=lambda one: one.last_s or 0.0, default=None)
        if oldest is None or len(known) < len(unread):
            return "some never"
        newest = max(known, key=lambda one: one.last_s or 0.0)
        if oldest.last_s == newest.last_s:
            return self._age(oldest)
        return f"the longest {self._age(oldest)}"

    def _age(self, unread: Unread) -> str:
        return "never" if unread.last_s is None else f"since {self._since(unread.last_s)}"

    def _since(self, time_s: float) -> str:
        return f"{utc(time_s)}, {duration(max(0.0, self.now_s - time_s))}"


def _counted(part: PartRead) -> str:
    return {
        "devices": "devices",
        "egresses": "egresses",
        "loss": "losses",
        "probes": "probes",
        "flows": "flow exporters",
    }[part.part]


def _few(unread: Sequence[Unread]) -> str:
    more = len(unread) - _MOST_NAMES
    named = ", ".join(one.source for one in unread[:_MOST_NAMES])
    return named + (f" and {more} more" if more > 0 else "")
