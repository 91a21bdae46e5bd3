"""A draft is told while it is written; what is read is the whole reply, strictly."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import BaseModel, Field

from agents.loop.budget import Budget, Limits
from agents.loop.role import Mind, Role, run_role
from agents.loop.role_events import AnswerDrafted, RoleEvent
from agents.loop.streaming import _Draft, stream_reply
from agents.playbook.scripted import ScriptedModel
from agents.playbook.view import ToolChoice, answer
from tools.clock import SystemClock
from tools.models.leniency.reading import UnreadChunk


class InPieces(BaseChatModel):
    """Streams one call whose arguments come in `pieces`."""

    pieces: Sequence[str]
    tool: str = "answer"

    @property
    def _llm_type(self) -> str:
        return "in-pieces"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError

    def _stream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Iterator[Any]:
        for i, piece in enumerate(self.pieces):
            named = {"name": self.tool, "id": "a"} if not i else {"name": None, "id": None}
            # Expanding a dict of one type loses the key types.
            chunk = ToolCallChunk(args=piece, index=0, **named)  # type: ignore[typeddict-item]
            message = AIMessageChunk(content="", tool_call_chunks=[chunk])
            yield ChatGenerationChunk(message=message)


def _streamed(*pieces: str, tool: str = "answer") -> tuple[Any, list[str]]:
    told: list[str] = []
    model = InPieces(pieces=pieces, tool=tool)
    return stream_reply(model, [HumanMessage("?")], "text", told.append), told


def test_text_is_told_as_far_as_it_is_written() -> None:
    reply, told = _streamed('{"te', 'xt": "All ', "is ", 'well.", "declined', '": false}')
    assert told == ["All ", "All is ", "All is well."]
    assert reply.tool_calls[0]["args"] == {"text": "All is well.", "declined": False}


def test_only_the_answer_is_told() -> None:
    reply, told = _streamed('{"text": "a question"}', tool="find_names")
    assert told == []
    assert reply.tool_calls[0]["name"] == "find_names"


@pytest.mark.parametrize("cut", ['{"text": "All is we', '{"text": "x"} and more', "[1, 2]", '"x"'])
def test_call_that_is_not_whole_is_no_call(cut: str) -> None:
    reply, _ = _streamed(cut[:5], cut[5:])
    assert reply.tool_calls == []
    assert [c["name"] for c in reply.invalid_tool_calls] == ["answer"]


@pytest.mark.parametrize("odd", ['{"a":' * 3900, "{" + "x" * 15_000], ids=["deep", "no JSON"])
def test_nothing_is_told_of_a_draft_that_cannot_be_one(odd: str) -> None:
    draft = _Draft("text")
    chunk = ToolCallChunk(name="answer", args=odd, id="a", index=0)
    assert draft.longer_by(UnreadChunk(content="", tool_call_chunks=[chunk])) == ""


def test_model_that_cannot_stream_is_read_all_the_same() -> None:
    choice = answer({"text": "All is well."})
    model = ScriptedModel([[ToolChoice("show_health", {}), choice]])
    reply = stream_reply(model, [HumanMessage("?")], "text", lambda _: None)
    assert [c["name"] for c in reply.tool_calls] == ["show_health", "answer"]


class Said(BaseModel):
    text: str


class LateToBegin(InPieces):
    """Does nothing before it is released."""

    released: threading.Event = Field(default_factory=threading.Event)
    ended: threading.Event = Field(default_factory=threading.Event)

    def bind_tools(self, *_: Any, **__: Any) -> Any:
        self.released.wait(60.0)
        return self

    def _stream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Iterator[Any]:
        yield from super()._stream(messages)
        self.ended.set()


def test_call_that_begins_when_it_was_given_up_tells_nothing() -> None:
    late = LateToBegin(pieces=('{"text": "much too late"}',))
    ours = Mind("playbook", ScriptedModel([answer(Said(text="in time"))]), foreign=False)
    heard: list[RoleEvent] = []
    role = Role("conversation", "Say it.", (), Said, told="text")
    run = run_role(
        role,
        {},
        (Mind("openai:late", late, foreign=True), ours),
        Budget(Limits(call_deadline_s=0.05)),
        SystemClock(),
        listen=heard.append,
    )
    late.released.set()
    assert late.ended.wait(60.0)
    assert run.answer.text == "in time"
    assert not [event for event in heard if isinstance(event, AnswerDrafted)]
