"""A reply that is told while it is being written, and read only when it is whole."""

import json
from collections.abc import Callable, Sequence
from typing import Any, cast

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.runnables import Runnable
from langchain_core.utils.json import parse_partial_json

from agents.loop.reply import ANSWER
from tools.models.leniency.reading import whole_message


def stream_reply(
    model: Runnable[LanguageModelInput, Any],
    messages: Sequence[BaseMessage],
    field: str,
    tell: Callable[[str], None],
) -> AIMessage:
    """The whole reply of `model`; `tell` gets the answer's `field` as far as it is written.

    What is told is a draft: it was not checked, and it may be refused.
    """
    whole: AIMessageChunk | None = None
    told = ""
    for piece in model.stream(list(messages)):
        if not isinstance(piece, AIMessageChunk):
            # A model that cannot stream gives its whole message at once.
            return cast(AIMessage, piece)
        whole = piece if whole is None else whole + piece
        draft = _draft(whole, field)
        if len(draft) > len(told):
            told = draft
            tell(told)
    return AIMessage(content="") if whole is None else whole_message(whole)


def _draft(reply: AIMessageChunk, field: str) -> str:
    for call in reply.tool_call_chunks:
        if call["name"] == ANSWER and call["args"]:
            try:
                written = parse_partial_json(call["args"])
            except json.JSONDecodeError:
                return ""
            value = written.get(field, "") if isinstance(written, dict) else ""
            return value if isinstance(value, str) else ""
    return ""
