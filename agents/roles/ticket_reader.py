"""Reads tickets and work notices for what several links or devices may share: proposals, each bound
to a ticket, to words that stand in it, and to things that it names.

The reader has no tools. What it proposes is no fact: a person accepts it, or does not.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from agents.conversation.names import FoundName, Names
from agents.loop.role import Role
from agents.prompts import Prompt, prompt
from twin.errors import Ungrounded
from twin.imagination.hinted_causes import Hinted
from twin.nouns.base import Noun
from twin.nouns.common_cause import CauseKind, Hint
from twin.nouns.ticket import Ticket
from twin.nouns.topology import Topology
from twin.nouns.untrusted import UntrustedText

MOST_TICKETS = 20
"""Tickets that one reading shows."""

LONGEST_SHOWN = 800
LONGEST_QUOTE = 160

_MOST_MEMBERS = 40

Suspicious = Literal["suspicious instruction"]

_DEVICES_ALONE: tuple[str, ...] = ("power feed", "software")
_LINKS_ALONE: tuple[str, ...] = ("duct",)


class NamedThing(Noun):
    """Words of a ticket, and what they stand for."""

    text: str
    kind: Literal["node", "link", "service"]
    id: str


class TicketShown(Noun):
    """A ticket by number, its text inside «»."""

    ticket: int
    text: str
    names: tuple[NamedThing, ...]


class TicketReaderTask(Noun):
    """What the reader is told."""

    tickets: tuple[TicketShown, ...]


class TicketFinding(Noun):
    """What one ticket tells. `members`: ids. `shared`: what it calls that by which they fail, ""
    where that has no name. `quote`: the words it rests on, copied from the ticket.
    """

    ticket: int
    kind: CauseKind | Suspicious
    members: tuple[str, ...] = Field(max_length=_MOST_MEMBERS)
    shared: str = Field(max_length=LONGEST_QUOTE)
    quote: str = Field(min_length=1, max_length=LONGEST_QUOTE)


class TicketReading(Noun):
    """One finding at most for each ticket; tickets that tell of nothing shared are left out."""

    findings: tuple[TicketFinding, ...] = Field(max_length=MOST_TICKETS)


def instructions() -> Prompt:
    """What the reader is told."""
    return prompt("ticket_reader", longest_quote=LONGEST_QUOTE)


@dataclass(frozen=True, slots=True)
class ToRead:
    """A ticket, and what it names."""

    ticket: Ticket
    names: tuple[NamedThing, ...]


class TicketReader:
    """One reading of `tickets`."""

    def __init__(self, tickets: Sequence[ToRead], topology: Topology) -> None:
        self._tickets = tuple(one.ticket for one in tickets)
        self._topology = topology
        self._shown = tuple(
            TicketShown(ticket=number, text=one.ticket.text.quoted(LONGEST_SHOWN), names=one.names)
            for number, one in enumerate(tickets, start=1)
        )

    def role(self) -> Role[TicketReading]:
        """The role; it has no tools, and nothing to look up with."""
        return Role(
            name="ticket_reader",
            prompt=instructions(),
            tools=(),
            answer=TicketReading,
            ground=self.ground,
        )

    def task(self) -> TicketReaderTask:
        """The tickets by number, quoted."""
        return TicketReaderTask(tickets=self._shown)

    def ground(self, answer: TicketReading) -> None:
        """Refuse tickets that were not shown, words that do not stand there, and things that a
        ticket does not name.
        """
        numbers = [finding.ticket for finding in answer.findings]
        if len(set(numbers)) < len(numbers):
            raise Ungrounded("a ticket has two findings; give it the one that matters most")
        for finding in answer.findings:
            if not 1 <= finding.ticket <= len(self._shown):
                raise Ungrounded(f"there is no ticket {finding.ticket}")
            self._ground_words(finding)
            self._ground_members(finding)

    def _ground_words(self, finding: TicketFinding) -> None:
        if _bare(finding.quote) not in self._shown[finding.ticket - 1].text:
            raise Ungrounded(f"the quote does not stand in ticket {finding.ticket}; copy it")
        shared = _bare(finding.shared)
        if shared and not any(shared in ticket.text for ticket in self._shown):
            raise Ungrounded(f'"{shared}" (ticket {finding.ticket}) stands in no ticket; copy it')

    def _ground_members(self, finding: TicketFinding) -> None:
        where = f"ticket {finding.ticket}"
        kinds = {thing.id: thing.kind for thing in self._shown[finding.ticket - 1].names}
        if finding.kind == "suspicious instruction":
            if finding.members:
                raise Ungrounded(f"{where} is suspicious: leave its members out")
            return
        if len(set(finding.members)) < len(finding.members):
            raise Ungrounded(f"{where} has a member twice")
        for member in finding.members:
            if member not in kinds:
                raise Ungrounded(f'"{member}" is not among the names of {where}')
            if finding.kind in _DEVICES_ALONE and kinds[member] != "node":
                raise Ungrounded(f'{where}: {finding.kind} strikes devices, "{member}" is a link')
            if finding.kind in _LINKS_ALONE and kinds[member] != "link":
                raise Ungrounded(f'{where}: {finding.kind} strikes links, "{member}" is a device')
        if not finding.members or (len(finding.members) == 1 and not _bare(finding.shared)):
            raise Ungrounded(f"{where} tells of nothing shared; leave it out")

    def hinted(self, answer: TicketReading) -> tuple[Hinted, ...]:
        """What was found, by the tickets' own ids."""
        return tuple(
            Hinted(
                kind=found.kind,
                shared=_bare(found.shared),
                nodes=tuple(m for m in found.members if m in self._topology.node_index),
                links=tuple(m for m in found.members if m in self._topology.link_index),
                hint=self._hint(found),
                at_s=self._tickets[found.ticket - 1].time_s,
            )
            for found in answer.findings
            if found.kind != "suspicious instruction"
        )

    def suspicious(self, answer: TicketReading) -> tuple[Hint, ...]:
        """Words that want to be obeyed, and nobody did."""
        return tuple(
            self._hint(found) for found in answer.findings if found.kind == "suspicious instruction"
        )

    def _hint(self, found: TicketFinding) -> Hint:
        quote = UntrustedText(_bare(found.quote)).quoted(LONGEST_QUOTE)
        return Hint(ticket=self._tickets[found.ticket - 1].id, quote=quote)


def tickets_to_read(
    tickets: Iterable[Ticket], topology: Topology, names: Names
) -> tuple[ToRead, ...]:
    """Those that name a link or a device: of all others nothing could be a member."""
    found = (ToRead(ticket, _named(ticket.text, topology, names)) for ticket in tickets)
    return tuple(one for one in found if one.names)


def _named(text: UntrustedText, topology: Topology, names: Names) -> tuple[NamedThing, ...]:
    """Nodes and links; of nothing else something is shared."""
    shown = text.quoted(LONGEST_SHOWN)
    return tuple(one for one in named_in(shown, topology, names) if one.kind != "service")


def named_in(text: str, topology: Topology, names: Names) -> tuple[NamedThing, ...]:
    """What `text` names for certain, in its order, each spelling once."""
    found = _joined(text, names.find(text).names, topology)
    things = (
        NamedThing(text=one.text, kind=one.kind, id=one.ids[0])
        for one in found
        if (one.kind == "node" or one.kind == "link" or one.kind == "service") and len(one.ids) == 1
    )
    return tuple(dict.fromkeys(things))


_BETWEEN_ENDS = re.compile(r"\s+(?:to|towards|and)\s+|\s*<-{1,2}>\s*", re.IGNORECASE)
_ENDS_FOLLOW = re.compile(r"\bbetween\s+$", re.IGNORECASE)


def _joined(text: str, found: Sequence[FoundName], topology: Topology) -> Iterator[FoundName]:
    """With "A to B", "A <-> B" and "between A and B" as the link, where there is one."""
    position = 0
    while position < len(found):
        one, *others = found[position : position + 2]
        link = _link(text, one, others[0], topology) if others else None
        yield link or one
        position += 1 if link is None else 2


def _link(text: str, one: FoundName, other: FoundName, topology: Topology) -> FoundName | None:
    between = text[one.end : other.start]
    if not (one.kind == other.kind == "node" and _BETWEEN_ENDS.fullmatch(between)):
        return None
    if between.strip().casefold() == "and" and not _ENDS_FOLLOW.search(text[: one.start]):
        return None
    ids = [
        link.id
        for end in one.ids
        for link in topology.links_at(end)
        if link.other_end(end) in other.ids
    ]
    if not ids:
        return None
    written = text[one.start : other.end]
    return one.model_copy(
        update={"text": written, "end": other.end, "kind": "link", "ids": tuple(dict.fromkeys(ids))}
    )


def _bare(words: str) -> str:
    return words.strip("«» ")
