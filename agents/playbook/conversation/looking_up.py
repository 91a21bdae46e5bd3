"""What a question has looked up so far, and the two ways in which answering it may stop."""

from collections.abc import Sequence
from typing import Any

from agents.playbook.view import ToolChoice, TranscriptView


class LookUp(Exception):
    """A result is needed that is not there yet."""

    def __init__(self, choice: ToolChoice) -> None:
        super().__init__(choice.tool)
        self.choice = choice


class Decline(Exception):
    """The question is not answered; the text says why."""


class Asked:
    """The question as it stands, and what was looked up for it."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view
        self.question: str = view.task["question"]
        self.history: list[dict[str, str]] = view.task["history"]
        self.cited: list[str] = []

    def look_up(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of that call, which the answer then cites."""
        result = self.glance(tool, **arguments)
        if result["id"] not in self.cited:
            self.cited.append(result["id"])
        return result

    def glance(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of that call, of which the answer says nothing."""
        if not self._view.has_called(tool, arguments):
            raise LookUp(ToolChoice(tool, arguments))
        error = self._view.error_of(tool, **arguments)
        if error is not None:
            raise Decline(f"That could not be looked up: {_plainly(error)}.")
        found: dict[str, Any] = self._view.result_of(tool, **arguments)
        return found


def quoted(words: Sequence[str]) -> list[str]:
    """Words of the question, as quotations."""
    return [f"«{word}»" for word in words]


def _plainly(error: str) -> str:
    """What a tool's error says, without its kind and quotation marks, to go on after."""
    said = error.partition(": ")[2] or error
    return said.removeprefix("«").removesuffix("»").rstrip(".")
