"""A reply that is told while it is being written, and read only when it is whole."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.runnables import Runnable
from pydantic_core import from_json

from agents.loop.reply import ANSWER
from tools.models.leniency.reading import whole_message

_LONGEST_DRAFT = 20_000
"""Characters of arguments that are told as a draft; what is longer is told when it is whole."""


def stream_reply(
    model: Runnable[LanguageModelInput, Any],
    messages: Sequence[BaseMessage],
    field: str,
    tell: Callable[[str], None],
) -> AIMessage:
    """The whole reply of `model`; `tell` gets the answer's `field` as far as it is written.

    What is told is a draft: it was not checked, and it may be refused.
    """
    pieces: list[AIMessageChunk] = []
    draft = _Draft(field)
    for piece in model.stream(list(messages)):
        if not isinstance(piece, AIMessageChunk):
            # A model that cannot stream gives its whole message at once.
            return cast(AIMessage, piece)
        pieces.append(piece)
        if told := draft.longer_by(piece):
            tell(told)
    # Added up once: each sum reads the arguments anew.
    return whole_message(add_ai_message_chunks(*pieces)) if pieces else AIMessage(content="")


class _Draft:
    """The answer's `field` as far as it is written."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._place: int | None = None
        self._written = ""
        self._read_at = 0
        self._told = ""

    def longer_by(self, piece: AIMessageChunk) -> str:
        """The draft with `piece`, "" where it is no longer than before."""
        for call in piece.tool_call_chunks:
            if call["name"] == ANSWER and self._place is None:
                self._place = call["index"] or 0
            if self._place is not None and (call["index"] or 0) == self._place:
                self._written += call["args"] or ""
        length = len(self._written)
        # In steps that grow, or a long answer in short pieces would be read thousands of times.
        if length > _LONGEST_DRAFT or length <= self._read_at + self._read_at // 64:
            return ""
        self._read_at = length
        told = self._value()
        if len(told) <= len(self._told):
            return ""
        self._told = told
        return told

    def _value(self) -> str:
        try:
            written = from_json(self._written, allow_partial="trailing-strings")
        except ValueError:
            return ""
        value = written.get(self._field, "") if isinstance(written, dict) else ""
        return value if isinstance(value, str) else ""
