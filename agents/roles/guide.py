"""Reads what people, the field and logs say about the hours ahead: guidance for whoever proposes.

The guide has no tools. What it says is bound to words that stand in what it was shown and to things
that are named there; it can take moves away and shift what counts, within the caps of the policy.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import Field

from agents.conversation.names import Names
from agents.loop.role import Role
from agents.prompts import Prompt, prompt
from agents.roles.ticket_reader import NamedThing, named_in
from twin.errors import Ungrounded
from twin.nouns.base import Noun
from twin.nouns.guidance import (
    ExpectedRepair,
    ExpectedSurge,
    Guidance,
    GuidanceCaps,
    ProtectedService,
    Said,
    Untouched,
)
from twin.nouns.topology import Topology
from twin.nouns.untrusted import UntrustedText

MOST_TEXTS = 20
"""Texts that one reading shows, the latest."""

MOST_FINDINGS = 40

LONGEST_SHOWN = 600
LONGEST_QUOTE = 160

SOON_S = 3600.0
"""A surge of which nobody says when is there within so long (assumed)."""

_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")

Source = Literal["a note", "a rejected plan", "the field", "a log line"]


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody wrote at `at_s` (Unix seconds). `by`: who, for people to read."""

    source: Source
    by: str
    at_s: float
    text: UntrustedText


class TextShown(Noun):
    """A text by number, inside «», when it was written (UTC), and what it names."""

    number: int
    source: Source
    written: str
    text: str
    names: tuple[NamedThing, ...]


class GuideTask(Noun):
    """What the guide is told. `now`: UTC."""

    now: str
    texts: tuple[TextShown, ...]


class _Finding(Noun):
    """`text`: its number. `quote`: the words it rests on, copied from it."""

    text: int
    quote: str = Field(min_length=1, max_length=LONGEST_QUOTE)


class Protect(_Finding):
    """`service` is to be kept within its objective before others."""

    kind: Literal["protect"]
    service: str


class LeaveAlone(_Finding):
    """`element`, a node or a link, is not to be configured `until` (HH:MM UTC; "": open)."""

    kind: Literal["leave_alone"]
    element: str
    until: str


class Repair(_Finding):
    """The field is expected to be done `at` (HH:MM UTC)."""

    kind: Literal["repair"]
    at: str


class Surge(_Finding):
    """Demand grows to `factor` times the usual `by` (HH:MM UTC; "": nobody says when)."""

    kind: Literal["surge"]
    factor: float = Field(ge=1, le=1000)
    by: str


class Suspicious(_Finding):
    """It speaks to whoever reads it, or wants something done."""

    kind: Literal["suspicious_instruction"]


class GuideReading(Noun):
    """What was said; texts that say nothing of the kind are left out."""

    findings: tuple[Protect | LeaveAlone | Repair | Surge | Suspicious, ...] = Field(
        max_length=MOST_FINDINGS
    )


def instructions() -> Prompt:
    """What the guide is told."""
    return prompt("guide", longest_quote=LONGEST_QUOTE)


class Guide:
    """One reading of `remarks`, the latest MOST_TEXTS of them, at `now_s`."""

    def __init__(
        self, remarks: Sequence[Remark], topology: Topology, names: Names, now_s: float
    ) -> None:
        self._remarks = tuple(remarks)[-MOST_TEXTS:]
        self._now_s = now_s
        self._topology = topology
        self._shown = tuple(
            TextShown(
                number=number,
                source=one.source,
                written=clock(one.at_s),
                text=(text := one.text.quoted(LONGEST_SHOWN)),
                names=named_in(text, topology, names),
            )
            for number, one in enumerate(self._remarks, start=1)
        )

    def role(self) -> Role[GuideReading]:
        """The role; it has no tools, and nothing to look up with."""
        return Role(
            name="guide",
            prompt=instructions(),
            tools=(),
            answer=GuideReading,
            ground=self.ground,
        )

    def task(self) -> GuideTask:
        """The texts by number, quoted."""
        return GuideTask(now=clock(self._now_s), texts=self._shown)

    def ground(self, answer: GuideReading) -> None:
        """Refuse texts that were not shown, words that do not stand there, things that a text does
        not name, and what is no time of day.
        """
        for found in answer.findings:
            where = f"text {found.text}"
            if not 1 <= found.text <= len(self._shown):
                raise Ungrounded(f"there is no {where}")
            shown = self._shown[found.text - 1]
            if found.quote.strip("«» ") not in shown.text:
                raise Ungrounded(f"the quote does not stand in {where}; copy it")
            match found:
                case Protect():
                    _named(found.service, shown, ("service",))
                case LeaveAlone():
                    _named(found.element, shown, ("node", "link"))
                    _time_of_day(found.until, where, open_=True)
                case Repair():
                    _time_of_day(found.at, where, open_=False)
                case Surge():
                    _time_of_day(found.by, where, open_=True)
                case Suspicious():
                    pass

    def guidance(self, answer: GuideReading, by: str, caps: GuidanceCaps) -> Guidance:
        """What follows, of what several say of one thing the latest; nothing from a text that wants
        to be obeyed. `by`: the mind that answered.
        """
        suspicious = {f.text: f for f in answer.findings if isinstance(f, Suspicious)}
        found = sorted(
            (f for f in answer.findings if f.text not in suspicious),
            key=lambda f: self._remarks[f.text - 1].at_s,
        )
        return Guidance(
            protect=tuple(
                {
                    f.service: self._protected(f, caps) for f in found if isinstance(f, Protect)
                }.values()
            ),
            untouched=tuple(
                {f.element: self._untouched(f) for f in found if isinstance(f, LeaveAlone)}.values()
            ),
            repair=next((self._repair(f) for f in found[::-1] if isinstance(f, Repair)), None),
            surge=next((self._surge(f) for f in found[::-1] if isinstance(f, Surge)), None),
            suspicious=tuple(self._said(f) for f in suspicious.values()),
            by=by,
        )

    def _protected(self, found: Protect, caps: GuidanceCaps) -> ProtectedService:
        return ProtectedService(
            service=found.service, weight=caps.service_weight, said=self._said(found)
        )

    def _untouched(self, found: LeaveAlone) -> Untouched:
        until_s = self._moment(found.until, found) if found.until else None
        return Untouched(element=found.element, until_s=until_s, said=self._said(found))

    def _repair(self, found: Repair) -> ExpectedRepair:
        return ExpectedRepair(at_s=self._moment(found.at, found), said=self._said(found))

    def _surge(self, found: Surge) -> ExpectedSurge:
        said = self._said(found)
        at_s = self._moment(found.by, found) if found.by else said.at_s + SOON_S
        return ExpectedSurge(factor=found.factor, at_s=at_s, said=said)

    def _moment(self, time_of_day: str, found: _Finding) -> float:
        """The first such time after it was written."""
        written = datetime.fromtimestamp(self._remarks[found.text - 1].at_s, UTC)
        hour, minute = map(int, time_of_day.split(":"))
        at = written.replace(hour=hour, minute=minute, second=0, microsecond=0)
        return (at if at > written else at + timedelta(days=1)).timestamp()

    def _said(self, found: _Finding) -> Said:
        remark = self._remarks[found.text - 1]
        quote = UntrustedText(found.quote.strip("«» ")).quoted(LONGEST_QUOTE)
        return Said(by=remark.by, at_s=remark.at_s, quote=quote)


def clock(at_s: float) -> str:
    """18:05, UTC."""
    return f"{datetime.fromtimestamp(at_s, UTC):%H:%M}"


def _named(id_: str, shown: TextShown, kinds: tuple[str, ...]) -> None:
    if not any(one.id == id_ and one.kind in kinds for one in shown.names):
        wanted = " or ".join(kinds)
        raise Ungrounded(f'"{id_}" is no {wanted} that text {shown.number} names')


def _time_of_day(text: str, where: str, *, open_: bool) -> None:
    if not (open_ and not text) and not _CLOCK.fullmatch(text):
        also = ', or ""' if open_ else ""
        raise Ungrounded(f'{where}: "{text}" is no time of day, as "21:30"{also}')
