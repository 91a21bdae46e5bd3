"""A reply counts only if all of it arrived."""

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from pydantic import BaseModel

from agents.loop.reply import BadReply, read_reply
from tools.registry import function_schema


class Next(BaseModel):
    """Where to go."""

    next: str


OFFERED = [function_schema("answer", "", Next)]


def _streamed(*arguments: str, finish_reason: str | None = "tool_calls") -> AIMessageChunk:
    """The sum of the pieces, as a streaming model gives it."""
    whole = AIMessageChunk(content="")
    for i, part in enumerate(arguments):
        first = i == 0
        chunk = tool_call_chunk(
            name="answer" if first else None, args=part, id="a" if first else None, index=0
        )
        whole = whole + AIMessageChunk(content="", tool_call_chunks=[chunk])
    if finish_reason is None:
        return whole
    return whole + AIMessageChunk(content="", response_metadata={"finish_reason": finish_reason})


def test_streamed_answer_is_read_when_all_of_it_came() -> None:
    reply = read_reply(_streamed('{"next": "esc', 'alate"}'), {}, Next, OFFERED)
    assert reply.answer == Next(next="escalate")


def test_stream_that_breaks_off_is_no_answer_though_its_brackets_were_closed() -> None:
    cut = _streamed('{"next": "esc', finish_reason=None)
    assert cut.tool_calls[0]["args"] == {"next": "esc"}
    with pytest.raises(BadReply, match="broke off"):
        read_reply(cut, {}, Next, OFFERED)


@pytest.mark.parametrize("arguments", ['{"next": "esc', '["escalate"]', '{"next": "a"} '[:-2]])
def test_streamed_arguments_that_are_no_json_object_are_refused(arguments: str) -> None:
    with pytest.raises(BadReply, match=r"arguments of .answer. are not a JSON object"):
        read_reply(_streamed(arguments), {}, Next, OFFERED)


def test_call_of_a_reply_that_hit_the_output_limit_is_refused() -> None:
    call = {"name": "answer", "args": {"next": "esc"}, "id": "a"}
    whole = AIMessage("", tool_calls=[call], response_metadata={"finish_reason": "tool_calls"})
    assert read_reply(whole, {}, Next, OFFERED).answer == Next(next="esc")
    cut = AIMessage("", tool_calls=[call], response_metadata={"finish_reason": "length"})
    with pytest.raises(BadReply, match="cut off"):
        read_reply(cut, {}, Next, OFFERED)
