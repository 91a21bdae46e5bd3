"""Who asks through pseudonyms sees names; the model, and its server, never do."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from agents.playbook import ToolChoice
from agents.playbook.scripted import ScriptedModel
from evals.model_server import ModelServer, Script
from evals.model_server.behaviours import Call, MalformedArguments, Prose
from tools.models.leniency.reading import whole_message
from tools.models.openai_compatible import chat_model
from tools.models.pseudonyms import Pseudonyms
from tools.models.screened import ScreenedModel
from tools.models.settings import ModelSettings

NAMES = {'Joe "X" GmbH': "customer", "svc-001": "service"}
OURS = Pseudonyms(NAMES, b"k" * 32)
JOE, SERVICE = OURS.hide('Joe "X" GmbH'), OURS.hide("svc-001")
TOOL = {
    "type": "function",
    "function": {
        "name": "answer",
        "description": "Of svc-001",
        "parameters": {"type": "object", "properties": {"services": {"enum": ["svc-001"]}}},
    },
}


def _conversation() -> list[BaseMessage]:
    call = {
        "type": "tool_call",
        "id": "call00001",
        "name": "look",
        "args": {"svc-001": ["svc-001"]},
    }
    return [
        SystemMessage('You work for Joe "X" GmbH.'),
        HumanMessage(json.dumps({"svc-001": {"customer": 'Joe "X" GmbH', "mail": "a@b.example"}})),
        AIMessage(content="", tool_calls=[call]),
        ToolMessage(content='{"error":"svc-001 of 10.0.0.1"}', tool_call_id="call00001"),
        HumanMessage([{"type": "text", "text": "svc-001?"}]),
    ]


def test_model_reads_pseudonyms_in_every_message_and_schema_and_its_call_is_restored() -> None:
    told = ToolChoice(tool="answer", arguments={"services": [SERVICE], f"of {JOE}": JOE.upper()})
    inner = ScriptedModel([told])
    model = ScreenedModel(inner=inner, screen=OURS)
    reply = model.bind_tools([TOOL], tool_choice="any").invoke(_conversation())
    assert reply.tool_calls[0]["args"] == {
        "services": ["svc-001"],
        'of Joe "X" GmbH': 'Joe "X" GmbH',
    }
    [messages], [tools] = inner.requests, inner.offered
    seen = json.dumps([m.model_dump() for m in messages] + tools)
    for name in ("Joe", "svc-001", "a@b", "10.0.0.1"):
        assert name not in seen
    assert json.loads(messages[1].text)[SERVICE]["customer"] == JOE
    assert isinstance(messages[2], AIMessage)
    assert messages[2].tool_calls[0]["args"] == {SERVICE: [SERVICE]}
    assert inner.tool_choices == ["any"]


def test_text_and_unreadable_arguments_are_restored() -> None:
    bad = {
        "type": "invalid_tool_call",
        "id": "1",
        "name": "a",
        "args": f'{{"x": "{JOE}',
        "error": "",
    }
    reply = AIMessage(content=f"It is {JOE}.", invalid_tool_calls=[bad])
    model = ScreenedModel(inner=ScriptedModel([reply]), screen=OURS)
    restored = model.invoke("?")
    assert restored.text == 'It is Joe "X" GmbH.'
    assert restored.invalid_tool_calls[0]["args"] == '{"x": "Joe \\"X\\" GmbH'


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """Says prose with a pseudonym, then calls with one."""
    prose = Prose(text=f"{JOE} has {SERVICE}, and customer- is no name. {JOE}")
    with ModelServer(Script(default=(prose, Call(tool="answer", arguments={"a": JOE})))) as opened:
        yield opened


def _over_http(server: ModelServer) -> ScreenedModel:
    settings = ModelSettings(id="m", model="m", base_url=server.url, pseudonyms="always")
    return ScreenedModel(inner=chat_model(settings, environ={}), screen=OURS)


def test_streamed_text_and_arguments_are_restored_across_pieces(server: ModelServer) -> None:
    model = _over_http(server).bind_tools([TOOL])
    chunks = list(model.stream('Joe "X" GmbH?'))
    text = "".join(chunk.text for chunk in chunks)
    assert text == 'Joe "X" GmbH has svc-001, and customer- is no name. Joe "X" GmbH'
    assert sum(bool(chunk.text) for chunk in chunks) > 1
    assert any(chunk.usage_metadata for chunk in chunks)
    whole: Any = None
    for chunk in model.stream("again"):
        whole = chunk if whole is None else whole + chunk
    assert isinstance(whole, AIMessageChunk)
    read = whole_message(whole)
    assert [c["args"] for c in read.tool_calls] == [{"a": 'Joe "X" GmbH'}]
    assert read.invalid_tool_calls == []
    assert all("Joe" not in json.dumps(r.body) for r in server.requests)


def test_malformed_arguments_stay_malformed() -> None:
    with ModelServer(Script(default=(MalformedArguments(),))) as server:
        reply = _over_http(server).bind_tools([TOOL], tool_choice="any").invoke("x")
    assert reply.invalid_tool_calls
    assert reply.usage_metadata is not None
