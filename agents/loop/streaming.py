"""A reply that is told while it is being written, and read only when it is whole."""

import json
from collections.abc import Callable, Sequence
from typing import Any, cast

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import invalid_tool_call, tool_call
from langchain_core.runnables import Runnable
from langchain_core.utils.json import parse_partial_json

from agents.loop.reply import ANSWER


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
    return AIMessage(content="") if whole is None else _whole(whole)


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


def _whole(reply: AIMessageChunk) -> AIMessage:
    """The message that the chunks make; chunks forgive JSON that is cut off, a reply may not."""
    calls, invalid = [], []
    for call in reply.tool_call_chunks:
        try:
            arguments = json.loads(call["args"] or "{}")
        except json.JSONDecodeError:
            arguments = None
        if isinstance(arguments, dict):
            calls.append(tool_call(name=call["name"] or "", args=arguments, id=call["id"]))
        else:
            invalid.append(
                invalid_tool_call(
                    name=call["name"], args=call["args"], id=call["id"], error="not a JSON object"
                )
            )
    return AIMessage(
        content=reply.content,
        tool_calls=calls,
        invalid_tool_calls=invalid,
        usage_metadata=reply.usage_metadata,
        response_metadata=reply.response_metadata,
    )
