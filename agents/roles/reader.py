"""Reads the log lines that code does not understand: enums and short quotes, never instructions.

The reader has no tools. What it says is bound to the lines that it was shown, and whoever goes on
with it is told kinds, places and quoted words.
"""

import math
import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import Field

from agents.loop.role import Role
from agents.prompts import Prompt, prompt
from twin.errors import Ungrounded
from twin.nouns.base import Noun, content_hash
from twin.nouns.diagnosis import LogFinding, LogKind
from twin.nouns.incident import Incident, Symptom
from twin.nouns.telemetry import SyslogLine
from twin.nouns.topology import Interface, Topology
from twin.nouns.untrusted import UntrustedText
from twin.tracking.intake import KeptLine
from twin.tracking.tracker import Tracker

MOST_LINES = 20
"""Lines that one reading shows: a few hundred words, whatever the devices send."""

LONGEST_SHOWN = 160
LONGEST_QUOTE = 80

_LINES_PER_NODE = 5
"""One node that babbles does not keep the others from being heard."""

_BEFORE_S = 900.0
"""Lines this much older than the onset may tell of its cause."""

_FIELD = r"[\w.:/@-]{1,64}"
_NUMBERS = re.compile(r"\d+")


class LineFinding(Noun):
    """What one line tells. `quote`: the words it rests on, copied from the line."""

    line: int
    kind: LogKind
    quote: str = Field(min_length=1, max_length=LONGEST_QUOTE)
    confidence: Literal["low", "medium", "high"]


class Reading(Noun):
    """One finding at most for each line; lines that mean nothing are left out."""

    findings: tuple[LineFinding, ...] = Field(max_length=MOST_LINES)


class LineShown(Noun):
    """A log line by number, its text inside «». `seen_s`: after the incident's onset."""

    line: int
    node: str
    seen_s: int
    times: int
    text: str


class ReaderTask(Noun):
    """What the reader is told."""

    lines: tuple[LineShown, ...]


def instructions() -> Prompt:
    """What the reader is told, with the figures that code decides by."""
    return prompt(
        "reader",
        longest_quote=LONGEST_QUOTE,
    )


class Reader:
    """One reading of `lines`."""

    def __init__(self, lines: Sequence[KeptLine], onset_s: float) -> None:
        self._lines = tuple(lines)
        self._onset_s = onset_s

    def role(self) -> Role[Reading]:
        """The role; it has no tools, and nothing to look up with."""
        return Role(
            name="reader",
            prompt=instructions(),
            tools=(),
            answer=Reading,
            ground=self.ground,
        )

    def task(self) -> ReaderTask:
        """The lines by number, quoted; the node is the envelope's."""
        return ReaderTask(
            lines=tuple(
                LineShown(
                    line=number,
                    node=kept.line.node,
                    seen_s=round(happened_s(kept.line) - self._onset_s),
                    times=kept.times,
                    text=kept.line.text.quoted(LONGEST_SHOWN),
                )
                for number, kept in enumerate(self._lines, start=1)
            )
        )

    def ground(self, answer: Reading) -> None:
        """Refuse lines that were not shown, and quotes that do not stand in them."""
        numbers = [f.line for f in answer.findings]
        if len(set(numbers)) < len(numbers):
            raise Ungrounded("a line has two findings; give it the one that matters most")
        for finding in answer.findings:
            if not 1 <= finding.line <= len(self._lines):
                raise Ungrounded(f"there is no line {finding.line}")
            shown = self._lines[finding.line - 1].line.text.quoted(LONGEST_SHOWN)
            if finding.quote.strip("«»") not in shown:
                raise Ungrounded(f"the quote does not stand in line {finding.line}; copy it")

    def findings(self, answer: Reading, read_by: str) -> tuple[LogFinding, ...]:
        """What was found, with what the envelopes say."""
        return tuple(
            LogFinding(
                kind=found.kind,
                node=kept.line.node,
                time_s=happened_s(kept.line),
                times=kept.times,
                quote=UntrustedText(found.quote.strip("«»")).quoted(LONGEST_QUOTE),
                confidence=found.confidence,
                read_by=read_by,
            )
            for found in answer.findings
            for kept in [self._lines[found.line - 1]]
        )


def lines_to_read(
    tracker: Tracker, incident: Incident, read: Collection[str] = ()
) -> tuple[KeptLine, ...]:
    """What nobody understands yet of what devices logged around the incident, within bounds.

    Lines that differ only in numbers are one. Those of nodes with symptoms come first, then those
    nearest to the onset; not more than MOST_LINES, and few of each node.
    """
    involved = involved_nodes(incident.symptoms, tracker.inventory.topology)
    found: list[tuple[bool, float, KeptLine]] = []
    for node in tracker.inventory.topology.nodes:
        news = _folded(k for k in tracker.intake.lines_of(node.id) if not is_understood(k.line))
        fresh = [k for k in news if line_key(k.line) not in read]
        away = {id(k): abs(happened_s(k.line) - incident.onset_s) for k in fresh}
        near = [k for k in fresh if happened_s(k.line) >= incident.onset_s - _BEFORE_S]
        near.sort(key=lambda k: away[id(k)])
        found += [(node.id not in involved, away[id(k)], k) for k in near[:_LINES_PER_NODE]]
    found.sort(key=lambda f: (f[0], f[1], f[2].line.node))
    return tuple(kept for _, _, kept in found[:MOST_LINES])


def _folded(lines: Iterable[KeptLine]) -> list[KeptLine]:
    """The latest of each group of lines that differ only in numbers, counted together."""
    latest: dict[str, KeptLine] = {}
    for kept in lines:
        key = line_key(kept.line)
        before = latest.get(key)
        latest[key] = kept if before is None else KeptLine(kept.line, before.times + kept.times)
    return list(latest.values())


def line_key(line: SyslogLine) -> str:
    """The same for lines of one node that differ only in numbers."""
    return content_hash([line.node, _NUMBERS.sub("#", line.text.raw)])[:16]


def happened_s(line: SyslogLine) -> float:
    """When the device says it was, but not later than we heard of it."""
    return min(line.time_s, line.received_s) if math.isfinite(line.time_s) else line.received_s


def is_understood(line: SyslogLine) -> bool:
    """Whether code knows what the whole line says, so that nobody has to read it."""
    return any(pattern.fullmatch(line.text.raw) for pattern in _known())


@cache
def _known() -> tuple[re.Pattern[str], ...]:
    text = files(__package__).joinpath("known_log_lines.yaml").read_text(encoding="utf-8")
    known = yaml.safe_load(text)
    patterns = (f"{known['header']}{line}" for line in known["lines"])
    return tuple(re.compile(p.replace("{field}", _FIELD)) for p in patterns)


def involved_nodes(symptoms: Sequence[Symptom], topology: Topology) -> frozenset[str]:
    """The nodes at which something is seen; a probe is seen anywhere, and says nothing of where."""
    found: set[str] = set()
    for symptom in symptoms:
        match symptom.kind:
            case "adjacency_down" | "late_link":
                link = topology.link(symptom.resource)
                found |= {link.a, link.b}
            case "queue_drops" | "silent_loss":
                link = topology.link(Interface.parse(symptom.resource).link)
                found |= {link.a, link.b}
            case "configuration_change" | "traffic_surge" | "flow_surge":
                found.add(symptom.resource)
            case "alert" if symptom.resource in topology.node_index:
                found.add(symptom.resource)
    return frozenset(found)
