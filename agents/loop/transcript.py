"""What happened in a role run, kept as facts and rendered into messages anew for each mind.

Raw replies are never kept: a turn holds the validated arguments and the tool's result, and call ids
are numbered when messages are rendered. So whatever a mind wrote, the next one reads a clean
transcript.
"""

import json
import unicodedata
from collections.abc import Sequence
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import BaseModel, JsonValue
from pydantic_core import to_json

from twin.nouns.base import Noun

ROLE_HEADER = "Role: "
"""Begins the first line of the system message; the role's name follows."""

TASK_HEADER = "Task (JSON):\n"
"""Begins the first human message; one JSON object follows, and perhaps text after it."""

COMPLAINT_HEADER = "Your last reply was not used: "


class CallRecord(Noun):
    """One executed call. Either `result` or `error` (as the tool said it) is what came back."""

    name: str
    arguments: dict[str, JsonValue]
    result: JsonValue = None
    error: str | None = None

    def content(self) -> str:
        """What the mind reads: a failure stands in the text too, since no status is on the wire."""
        told: dict[str, JsonValue] = (
            {"result": self.result} if self.error is None else {"error": self.error}
        )
        return json_text(told)


class Turn(Noun):
    """The calls of one reply, in order."""

    kind: Literal["turn"] = "turn"
    mind: str
    calls: tuple[CallRecord, ...]


class Complaint(Noun):
    """Why a reply was not used. Only the mind that gave it is told."""

    kind: Literal["complaint"] = "complaint"
    mind: str
    reason: str


Cause = Literal["down", "deadline", "bad_replies", "budget", "resting", "overruled"]
"""Why a mind lost a role; `resting`: it was down or late shortly before, and was not asked;
`overruled`: it would have left an incident unremedied, and a mind of ours found a way on."""


class Swap(Noun):
    """A mind that lost the rest of the role run. `to` is "" when none was left."""

    kind: Literal["swap"] = "swap"
    mind: str
    to: str
    cause: Cause
    detail: str


class Answered(Noun):
    """The end of a role run."""

    kind: Literal["answer"] = "answer"
    mind: str
    answer: dict[str, JsonValue]


Entry = Turn | Complaint | Swap | Answered


def call_id(number: int) -> str:
    """The id of the `number`th call: nine letters and digits, as Mistral's models demand."""
    return f"call{number:05d}"


def render(
    role: str, prompt: str, task: JsonValue, entries: Sequence[Entry], mind: str
) -> list[BaseMessage]:
    """The messages that `mind` is given: everybody's turns, and the complaints about itself."""
    messages: list[BaseMessage] = [
        SystemMessage(f"{ROLE_HEADER}{role}\n\n{prompt}"),
        HumanMessage(TASK_HEADER + json_text(task)),
    ]
    number = 0
    for entry in entries:
        if isinstance(entry, Turn):
            messages += _turn_messages(entry, number)
            number += len(entry.calls)
        elif isinstance(entry, Complaint) and entry.mind == mind:
            _say(messages, COMPLAINT_HEADER + entry.reason)
    return messages


def _turn_messages(turn: Turn, number: int) -> list[BaseMessage]:
    ids = [call_id(number + i + 1) for i in range(len(turn.calls))]
    calls = [
        {"type": "tool_call", "id": id_, "name": call.name, "args": call.arguments}
        for id_, call in zip(ids, turn.calls, strict=True)
    ]
    results = [
        ToolMessage(content=call.content(), tool_call_id=id_, name=call.name)
        for id_, call in zip(ids, turn.calls, strict=True)
    ]
    return [AIMessage(content="", tool_calls=calls), *results]


def _say(messages: list[BaseMessage], text: str) -> None:
    # Chat templates of several open models refuse two user messages in a row.
    if isinstance(messages[-1], HumanMessage):
        text = f"{messages.pop().text}\n\n{text}"
    messages.append(HumanMessage(text))


def plain(value: BaseModel | dict[str, Any]) -> Any:
    """`value` as plain JSON types; NaN and infinity become null."""
    return json.loads(to_json(value, inf_nan_mode="null"))


def cleaned(value: Any) -> Any:
    """JSON types without control characters, for what a mind wrote and others are to read.

    Line ends and tabs stay. Everything else that no terminal, server or tokeniser should be trusted
    with (NUL, escape sequences, marks that turn the direction of text) becomes U+FFFD.
    """
    if isinstance(value, str):
        return "".join(c if _is_harmless(c) else "\N{REPLACEMENT CHARACTER}" for c in value)
    if isinstance(value, dict):
        return {cleaned(k): cleaned(v) for k, v in value.items()}
    return [cleaned(v) for v in value] if isinstance(value, list) else value


def _is_harmless(character: str) -> bool:
    return character in "\n\t" or unicodedata.category(character)[0] != "C"


def json_text(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
