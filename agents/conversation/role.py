"""The role that answers questions: it may look at everything, change nothing, and cites."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from agents.conversation.dependency_tools import dependency_tools
from agents.conversation.figures import Known, unfounded
from agents.conversation.history_tools import history_tools
from agents.conversation.lookups import Lookups
from agents.conversation.names import Names
from agents.conversation.record import NetworkRecord, utc
from agents.conversation.state_tools import state_tools
from agents.conversation.topology_tools import topology_tools
from agents.conversation.whatif_tools import whatif_tools
from agents.loop.role import Role
from agents.prompts import prompt
from agents.roles.wording import Wording
from twin.errors import Ungrounded
from twin.nouns.base import Noun

ROLE = "conversation"

MOST_TURNS_TOLD = 4
"""Earlier questions that a new one may refer to."""

LONGEST_QUESTION = 1000


class Answer(Noun):
    """`text`: for a person. `citations`: ids of the results that it rests on. `declined`: whether
    the question could not be answered, and `text` says why and what can be asked instead."""

    text: Wording = Field(min_length=1, max_length=6000)
    citations: tuple[str, ...]
    declined: bool


class Exchange(Noun):
    """An earlier question and what was answered."""

    question: str
    answer: str


class Question(Noun):
    """The task. `data_utc`: when the newest telemetry was received, "" if there is none."""

    question: str
    history: tuple[Exchange, ...]
    network: str
    data_utc: str
    incidents: tuple[str, ...]


class Asked:
    """One question to one network, with the tools that it may be answered by."""

    def __init__(
        self, record: NetworkRecord, question: str, history: Sequence[Exchange] = ()
    ) -> None:
        self._record = record
        self._question = question
        self._history = tuple(history)[-MOST_TURNS_TOLD:]
        self.lookups = Lookups()

    def role(self) -> Role[Answer]:
        """The role with its tools bound to this question."""
        return Role(
            name=ROLE,
            prompt=prompt(ROLE),
            tools=self._tools(),
            answer=Answer,
            ground=self.ground,
            told="text",
        )

    def _tools(self) -> tuple[Any, ...]:
        record, lookups = self._record, self.lookups
        incidents = record.incident_ids()
        plans = [p.id for i in incidents for p in record.journal.plans(i)]
        names = Names(record.inventory, incidents, plans, record.other_names())
        return (
            *topology_tools(record, names, lookups),
            *state_tools(record, lookups),
            *whatif_tools(record, lookups),
            *history_tools(record, lookups),
            *dependency_tools(record, lookups),
        )

    def task(self) -> Question:
        """What the mind is told; the question is a person's, and everything else is data."""
        data_s = self._record.data_s
        return Question(
            question=self._question,
            history=self._history,
            network=self._record.network,
            data_utc="" if data_s is None else utc(data_s),
            incidents=self._record.incident_ids(),
        )

    def ground(self, answer: Answer) -> None:
        """Refuse citations of what was not looked up, and figures that are not in what is cited."""
        found = self.lookups.found
        for name in answer.citations:
            if name not in found:
                there = ", ".join(found) or "none yet; call a tool first"
                raise Ungrounded(f'"{name}" is no result; there are {there}')
        if not answer.citations and not answer.declined:
            raise Ungrounded("an answer cites the results that it rests on, or it declines")
        cited = [found[name] for name in answer.citations]
        told = [value for f in cited for value in (f.arguments, f.result)]
        known = Known.of([*told, list(self.lookups.refused)])
        missing = unfounded(answer.text, known, self._question)
        if missing:
            raise Ungrounded(
                f"these figures are not in the results that are cited: {', '.join(missing[:5])}; "
                "cite the result that has them, or leave them out"
            )
