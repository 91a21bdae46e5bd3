"""What a role run tells whoever listens to it while it goes on."""

from typing import Literal

from pydantic import JsonValue

from agents.loop.transcript import Answered, Complaint, Swap
from twin.nouns.base import Noun


class ToolCalled(Noun):
    """A tool is about to run. `call_id`: as in the messages; `mind`: who asked for it."""

    kind: Literal["tool_called"] = "tool_called"
    mind: str
    call_id: str
    name: str
    arguments: dict[str, JsonValue]


class ToolReturned(Noun):
    """A tool has run. Either `result` or `error` is what came back."""

    kind: Literal["tool_returned"] = "tool_returned"
    mind: str
    call_id: str
    name: str
    result: JsonValue = None
    error: str | None = None


class AnswerDrafted(Noun):
    """How far the answer's text is written: a draft, which may yet be refused."""

    kind: Literal["answer_drafted"] = "answer_drafted"
    mind: str
    text: str


RoleEvent = ToolCalled | ToolReturned | AnswerDrafted | Complaint | Swap | Answered
"""In the order in which it happens; `Complaint` is a bad reply, `Answered` the end."""
