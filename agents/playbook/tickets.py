"""The shipped mind as a reader of tickets: by words that stand in a table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from agents.playbook.view import ToolChoice, TranscriptView, answer
from agents.roles.ticket_reader import LONGEST_QUOTE, NamedThing, TicketReaderTask, TicketShown

_FIRST_MASK, _LAST_MASK = 0xE000, 0xF8FF
"""Private-use characters, which no shown text has: each stands for one thing that is named."""


def ticket_reader(view: TranscriptView) -> ToolChoice:
    """One finding for each ticket that says by known words what several things have in common."""
    findings = (_finding(ticket) for ticket in view.task_as(TicketReaderTask).tickets)
    return answer({"findings": [f for f in findings if f is not None]})


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    of: str
    cue: re.Pattern[str]
    shared: tuple[re.Pattern[str], ...]
    needs_cue: bool


@dataclass(frozen=True, slots=True)
class _Patterns:
    suspicious: tuple[re.Pattern[str], ...]
    apart: tuple[re.Pattern[str], ...]
    spared: tuple[re.Pattern[str], ...]
    together: re.Pattern[str]
    kinds: tuple[_Kind, ...]


@dataclass(frozen=True, slots=True)
class Masked:
    """`text` with one character for each thing named; `things`: by that character."""

    text: str
    things: dict[str, tuple[str, str, str]]

    @classmethod
    def of(cls, shown: str, names: Sequence[NamedThing]) -> "Masked":
        """Of a text inside «»."""
        text, things = shown.strip("«»"), dict[str, tuple[str, str, str]]()
        for i, thing in enumerate(sorted(names, key=lambda one: -len(one.text))):
            mask = chr(min(_FIRST_MASK + i, _LAST_MASK))
            text = re.sub(rf"(?<!\w){re.escape(thing.text)}(?!\w)", mask, text)
            things[mask] = (thing.text, thing.kind, thing.id)
        return cls(text, things)

    def plain(self, masked: str) -> str:
        """`masked` in the words of the ticket."""
        return "".join(self.things[c][0] if c in self.things else c for c in masked)

    def members(self, spared: set[str], of: str, shared: re.Match[str] | None) -> list[str]:
        """Ids of what is named and not `spared`, in the order of the ticket; "the Essen bridge" is
        what is `shared`, and names no device.
        """
        start, end = shared.span(1) if shared else (0, 0)
        around = self.text[:start] + self.text[end:]
        named = [self.things[c] for c in around if c in self.things and c not in spared]
        if of == "any":
            # "A-B and C-D at the A exchange": what stands beside links says where.
            of = "link" if any(kind == "link" for _, kind, _ in named) else "node"
        return list(dict.fromkeys(id_ for _, kind, id_ in named if kind == of))


def _finding(ticket: TicketShown) -> dict[str, Any] | None:
    known, masked = _patterns(), Masked.of(ticket.text, ticket.names)
    if wanted := wants_obedience(masked):
        return _found(ticket, "suspicious instruction", [], "", wanted)
    if _first(known.apart, masked.text):
        return None
    spared = {c for p in known.spared for m in p.finditer(masked.text) for c in m[1]}
    together = known.together.search(masked.text)
    for kind in known.kinds:
        name = _first(kind.shared, masked.text)
        members = masked.members(spared, kind.of, name)
        cue = kind.cue.search(masked.text)
        if not members or (not cue and (kind.needs_cue or not name)):
            continue
        shared = masked.plain(name[1]) if name else ""
        if shared or (len(members) > 1 and together):
            words = name or cue
            assert words is not None
            return _found(
                ticket, kind.name, members, shared, masked.plain(_around(masked.text, words))
            )
    return None


def wants_obedience(masked: Masked) -> str:
    """The words with which it speaks to whoever reads it, "" for none."""
    wanted = _first(_patterns().suspicious, masked.text)
    return masked.plain(wanted[0]) if wanted else ""


def _around(text: str, found: re.Match[str]) -> str:
    """The sentence in which it stands."""
    start = max(
        (text.rfind(mark, 0, found.start()) for mark in (". ", "! ", "? ", ": ")), default=-1
    )
    ends = [end for mark in (". ", "! ", "? ") if (end := text.find(mark, found.end())) >= 0]
    return text[start + 2 if start >= 0 else 0 : min(ends, default=len(text)) + 1]


def _found(
    ticket: TicketShown, kind: str, members: list[str], shared: str, words: str
) -> dict[str, Any]:
    quote = words.strip()[:LONGEST_QUOTE].strip()
    return {
        "ticket": ticket.ticket,
        "kind": kind,
        "members": members,
        "shared": shared[:LONGEST_QUOTE].strip(),
        "quote": quote,
    }


def _first(patterns: Sequence[re.Pattern[str]], text: str) -> re.Match[str] | None:
    return next((found for pattern in patterns if (found := pattern.search(text))), None)


@cache
def _patterns() -> _Patterns:
    text = files(__package__).joinpath("ticket_patterns.yaml").read_text(encoding="utf-8")
    known = yaml.safe_load(text)
    return _Patterns(
        suspicious=compiled(known["suspicious"]),
        apart=compiled(known["apart"]),
        spared=compiled(known["spared"]),
        together=re.compile(known["together"], re.IGNORECASE),
        kinds=tuple(
            _Kind(
                name=entry["kind"],
                of=entry["of"],
                cue=re.compile(entry["cue"], re.IGNORECASE),
                shared=compiled(entry["shared"]),
                needs_cue=entry.get("needs_cue", False),
            )
            for entry in known["kinds"]
        ),
    )


_NAME = f"[{chr(_FIRST_MASK)}-{chr(_LAST_MASK)}]"
_NAMES = rf"{_NAME}(?:(?:, (?:and )?| and | & | / ){_NAME})*"


_FIRM = r"[A-Z][\w&.'-]*(?: (?:& )?[A-Z][\w&.'-]*){0,2}"


def compiled(patterns: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    """With NAME, NAMES and FIRM spelled out, in any capitals."""
    spelled = (
        p.replace("NAMES", _NAMES).replace("NAME", _NAME).replace("FIRM", _FIRM) for p in patterns
    )
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in spelled)
