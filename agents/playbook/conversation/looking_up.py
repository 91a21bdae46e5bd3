"""What a question has looked up so far, and the two ways in which answering it may stop."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agents.conversation.lookups import A, Query, R
from agents.conversation.role import Question
from agents.playbook.view import ToolChoice, TranscriptView


class LookUp(Exception):
    """A result is needed that is not there yet."""

    def __init__(self, choice: ToolChoice) -> None:
        super().__init__(choice.tool)
        self.choice = choice


class Decline(Exception):
    """The question is not answered; the text says why."""


class Nothing(Decline):
    """There is nothing to tell of what is asked: an answer, which cites what was searched."""


class NotUnderstood(Decline):
    """The question's words do not go together to one that is known; its names may still be."""


class Beyond(Decline):
    """It is about what cannot be known here, whatever else is asked."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose result an answer cites."""

    tool: str
    arguments: dict[str, Any]


class Asked:
    """The question as it stands, and what was looked up for it."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view
        task = view.task_as(Question)
        self.question = task.question
        self.history = task.history
        self.cited: list[str] = []
        self.calls: list[Call] = []
        self.seen: list[str] = []

    def look_up(self, query: Query[A, R], arguments: A) -> R:
        """The result of that call, which the answer then cites."""
        result = self.glance(query, arguments)
        if result.id not in self.cited:
            self.cited.append(result.id)
            self.calls.append(Call(query.tool, arguments.model_dump(mode="json")))
        return result

    def forget(self, cited: int = 0) -> None:
        """Cite no more than the first `cited` calls: what came of the others is not said."""
        del self.cited[cited:], self.calls[cited:]

    def glance(self, query: Query[A, R], arguments: A) -> R:
        """The result of that call, of which the answer says nothing; a refusal may."""
        call = self._view.call_of(query.tool, arguments)
        if call is None:
            raise LookUp(ToolChoice(query.tool, arguments))
        if call.error is not None:
            raise Decline(f"That could not be looked up: {_plainly(call.error)}.")
        result = self._view.result_as(query.result, query.tool, arguments)
        if result.id not in self.seen:
            self.seen.append(result.id)
        return result


def quoted(words: Sequence[str]) -> list[str]:
    """Words of the question, as quotations."""
    return [f"«{word}»" for word in words]


def _plainly(error: str) -> str:
    """What a tool's error says, without its kind and quotation marks, to go on after."""
    said = error.partition(": ")[2] or error
    return said.removeprefix("«").removesuffix("»").rstrip(".")
