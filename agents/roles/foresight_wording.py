"""The first lines of a risk register in a sentence each, for whoever has to decide about them."""

import re
from collections.abc import Collection, Sequence
from typing import Annotated

from pydantic import Field

from agents.conversation.figures import Known, unfounded
from agents.loop.role import Role
from agents.prompts import Prompt, prompt
from agents.roles.formatting import first_of, short
from agents.roles.wording import Wording
from twin.errors import Ungrounded
from twin.nouns.base import Noun
from twin.nouns.inventory import Inventory
from twin.nouns.risk import Risk

ROLE = "foresight_wording"

WORDED = 5
"""Lines that are worded, those that cost most."""

LONGEST = 300
_CUSTOMERS = 5
_SHORTEST_NAME = 3
"""A shorter name may be a word of any sentence."""


class LineTold(Noun):
    """A line of the register, as people are told it. `remedy`: "" where none helps."""

    line: str
    fails: str
    costs: str
    often: str
    hits: str
    customers: tuple[str, ...]
    remedy: str


class WordingTask(Noun):
    """What the role is told, what costs most first."""

    lines: tuple[LineTold, ...]


class LineWorded(Noun):
    """`text`: one sentence about `line`."""

    line: str
    text: Annotated[Wording, Field(max_length=LONGEST)]


class Worded(Noun):
    """A sentence for each line, or for some of them."""

    sentences: Annotated[tuple[LineWorded, ...], Field(max_length=WORDED)]


def instructions() -> Prompt:
    """What the role is told."""
    return prompt(ROLE, longest=LONGEST)


class ForesightWording:
    """Words the first of `lines`. `names`: of all that a sentence about another line could name."""

    def __init__(self, lines: Sequence[Risk], names: Collection[str]) -> None:
        self._lines = {line.id: _told(line) for line in lines[:WORDED]}
        self._names = [name for name in names if len(name) >= _SHORTEST_NAME]

    def role(self) -> Role[Worded]:
        """The role; it has no tools, everything is in the task."""
        return Role(name=ROLE, prompt=instructions(), tools=(), answer=Worded, ground=self.ground)

    def task(self) -> WordingTask:
        """What the role is told."""
        return WordingTask(lines=tuple(self._lines.values()))

    def ground(self, answer: Worded) -> None:
        """Refuse other lines, and names and figures that do not stand in the line."""
        lines = [sentence.line for sentence in answer.sentences]
        if len(set(lines)) < len(lines):
            raise Ungrounded("a line has two sentences")
        for sentence in answer.sentences:
            told = self._lines.get(sentence.line)
            if told is None:
                raise Ungrounded(f'"{sentence.line}" is not a line that was shown')
            self._require_grounded(sentence.text, told)

    def _require_grounded(self, text: str, told: LineTold) -> None:
        data = told.model_dump(mode="json")
        if figures := unfounded(text, Known.of([data])):
            raise Ungrounded(f"{told.line} does not say {figures[0]}")
        known = told.model_dump_json()
        for name in self._names:
            if _names(text, name) and not _names(known, name):
                raise Ungrounded(f"{told.line} does not name {name}")


def names_of(inventory: Inventory) -> frozenset[str]:
    """Of devices, links, groups, services and customers."""
    topology = inventory.topology
    services = inventory.services
    return frozenset(
        {
            *(node.id for node in topology.nodes),
            *(link.id for link in topology.links),
            *(group.id for group in topology.shared_risk_groups),
            *(service.id for service in services),
            *(service.customer for service in services),
        }
    )


def _names(text: str, name: str) -> bool:
    return name in text and bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text))


def _told(line: Risk) -> LineTold:
    likely, most = line.slo_minutes_range, max((len(now.hit) for now in line.regimes), default=0)
    remedy = line.remedy
    saves = ""
    if remedy is not None and remedy.actions:
        actions = "; ".join(action.describe() for action in remedy.actions)
        saves = f"{actions}: saves {remedy.effectiveness:.0%}"
    return LineTold(
        line=line.id,
        fails=line.what_if,
        costs=f"{short(line.slo_minutes):g} service-minutes a year, "
        f"{short(likely.p05):g} to {short(likely.p95):g}",
        often=f"{short(line.per_year):g} times a year, for {line.hours:.1f} hours",
        hits="one service" if most == 1 else f"{most} services at the most",
        customers=first_of(line.customers, _CUSTOMERS),
        remedy=saves,
    )
