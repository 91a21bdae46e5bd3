"""The server answers as OpenAI's API does, refuses what a strict server refuses, and breaks to
order.
"""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agents.loop.transcript import ROLE_HEADER, TASK_HEADER
from agents.playbook.policies import POLICIES
from agents.playbook.view import ToolChoice, TranscriptView, answer
from evals.model_server.behaviours import (
    Behaviour,
    Body,
    CutStream,
    Drip,
    EndlessLoop,
    Good,
    Huge,
    Injected,
    InventedDevice,
    InventedTool,
    MalformedArguments,
    Prose,
    Reset,
    Stall,
    Status,
    Truncated,
    TwoAnswers,
    WrongSchema,
)
from evals.model_server.composing import COMMAND, GHOST
from evals.model_server.script import Script
from evals.model_server.server import DoubleCrashed, ModelServer
from tools.models.failures import (
    ModelCallFailed,
    ModelGarbled,
    ModelRateLimited,
    ModelServerBroken,
    ModelTimedOut,
    ModelUnreachable,
)
from tools.models.openai_compatible import chat_model
from tools.models.settings import ModelSettings
from tools.registry import function_schema
from twin.nouns.base import Noun


class Next(Noun):
    """Where to go on."""

    next: str
    reason: str


class NoArguments(Noun):
    """None."""


LOOK = function_schema("look", "Look.", NoArguments)
ANSWER = function_schema("answer", "Give the result.", Next)
ASKED = [
    SystemMessage(f"{ROLE_HEADER}walker\n\nYou walk."),
    HumanMessage(TASK_HEADER + '{"from": "here"}'),
]


def _walks(view: TranscriptView) -> ToolChoice:
    if not view.calls_of("look"):
        return ToolChoice("look", {})
    return answer({"next": "there", "reason": "it is free"})


def _server(*behaviours: Behaviour, **options: Any) -> ModelServer:
    policies = {"walker": _walks, **POLICIES}
    return ModelServer(Script(default=behaviours or (Good(),)), policies=policies, **options)


def _ask(server: ModelServer, call_s: float = 10.0, tools: Any = (LOOK, ANSWER)) -> AIMessage:
    settings = ModelSettings(id="double", model="scripted", base_url=server.url)
    model = chat_model(settings, environ={}, call_s=call_s)
    reply = model.bind_tools(list(tools), tool_choice="any").invoke(ASKED)
    assert isinstance(reply, AIMessage)
    return reply


def _stream(server: ModelServer) -> BaseMessage:
    settings = ModelSettings(id="double", model="scripted", base_url=server.url)
    pieces = chat_model(settings, environ={}).bind_tools([LOOK, ANSWER]).stream(ASKED)
    whole = next(pieces)
    for piece in pieces:
        # The sum of two chunks is declared as their base.
        whole = whole + piece  # type: ignore[assignment]
    return whole


def _post(server: ModelServer, body: Any) -> tuple[int, dict[str, Any]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"{server.url}/chat/completions", data)
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)


# Good answers


def test_good_answer_is_the_policys_choice_with_its_usage() -> None:
    with _server() as server:
        reply = _ask(server)
    assert [c["name"] for c in reply.tool_calls] == ["look"]
    assert reply.usage_metadata is not None
    assert reply.usage_metadata["input_tokens"] > 0
    (served,) = server.requests
    assert (served.role, served.did) == ("walker", "good")
    assert served.body["tool_choice"] == "required"


def test_usage_can_be_left_out() -> None:
    with _server(usage=False) as server:
        assert _ask(server).usage_metadata is None


def test_streamed_answer_is_the_same_as_the_whole_one() -> None:
    with _server() as server:
        whole, streamed = _ask(server), _stream(server)
    assert isinstance(streamed, AIMessage)
    assert [(c["name"], c["args"]) for c in streamed.tool_calls] == [("look", {})]
    assert streamed.usage_metadata == whole.usage_metadata


def test_models_are_listed() -> None:
    with _server() as server, urllib.request.urlopen(f"{server.url}/models", timeout=300) as found:
        assert [m["id"] for m in json.load(found)["data"]] == ["scripted"]


def test_whoever_asks_without_a_role_gets_a_call_that_fits_the_schema() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "tools": [ANSWER]}
    with _server() as server:
        status, whole = _post(server, body)
    call = whole["choices"][0]["message"]["tool_calls"][0]["function"]
    assert (status, call["name"]) == (200, "answer")
    Next.model_validate_json(call["arguments"])


@pytest.mark.parametrize("behaviour", [Good(), MalformedArguments(), EndlessLoop(), Huge()])
def test_whoever_offers_no_tool_gets_text(behaviour: Behaviour) -> None:
    with _server(behaviour) as server:
        status, whole = _post(server, {"model": "m", "messages": [USER]})
    assert status == 200
    assert whole["choices"][0]["finish_reason"] == "stop"
    assert "tool_calls" not in whole["choices"][0]["message"]


# Bad answers


def test_each_bad_answer_is_bad_in_its_own_way() -> None:
    with _server(
        Prose(),
        WrongSchema(),
        InventedDevice(),
        InventedTool(),
        Injected(),
        Huge(megabytes=0.5),
        TwoAnswers(),
        MalformedArguments(),
    ) as server:
        prose, schema, device, tool, injected, huge, two, malformed = (
            _ask(server, tools=(ANSWER, LOOK)) for _ in range(8)
        )
    assert prose.text
    assert not prose.tool_calls
    assert schema.tool_calls[0]["args"] == {"reason": "fine", "confidence": "very high"}
    assert device.tool_calls[0]["args"]["next"] == GHOST
    assert tool.tool_calls[0]["name"] == "commit"
    assert injected.text == COMMAND
    assert len(huge.text) == 500_000
    assert [c["name"] for c in two.tool_calls] == ["answer", "answer"]
    assert malformed.invalid_tool_calls
    assert not malformed.tool_calls


def test_endless_loop_does_its_first_step_whatever_came_of_it() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    done = [
        {"role": "system", "content": ASKED[0].text},
        {"role": "user", "content": ASKED[1].text},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": '{"result":{}}'},
    ]
    body = {"model": "m", "messages": done, "tools": [LOOK, ANSWER]}
    with _server(EndlessLoop(), Good()) as server:
        names = [
            _post(server, body)[1]["choices"][0]["message"]["tool_calls"][0]["function"]["name"]
            for _ in range(2)
        ]
    assert names == ["look", "answer"]


# Broken connections


@pytest.mark.parametrize(
    ("broken", "failure"),
    [
        (Status(code=429, retry_after_s=60), ModelRateLimited),
        (Status(code=500), ModelServerBroken),
        (Stall(before="headers"), ModelTimedOut),
        (Stall(before="body"), ModelTimedOut),
        (Drip(), ModelTimedOut),
        (Truncated(), ModelGarbled),
        (Truncated(claimed=True), ModelUnreachable),
        (Body(), ModelGarbled),
        (Body(text="[]", content_type="application/json"), ModelGarbled),
        (Reset(), ModelUnreachable),
        (CutStream(), ModelUnreachable),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_broken_reply_is_a_failure_of_its_kind(
    broken: Behaviour, failure: type[ModelCallFailed]
) -> None:
    with _server(broken) as server, pytest.raises(failure):
        _ask(server, call_s=0.3 if isinstance(broken, Stall | Drip) else 10.0)


def test_cut_stream_never_says_that_it_is_whole() -> None:
    with _server(CutStream()) as server:
        try:
            metadata = _stream(server).response_metadata
        except ModelCallFailed:
            return
    assert "finish_reason" not in metadata


def test_server_that_went_away_refuses_connections() -> None:
    with _server() as server:
        _ask(server)
        server.go_away()
        with pytest.raises(ModelUnreachable):
            _ask(server)


# Scripts


@pytest.mark.slow
def test_each_role_has_its_own_calls_and_the_last_one_repeats() -> None:
    script = Script(roles={"walker": (Good(), Status(code=500))})
    with ModelServer(script, policies={"walker": _walks}) as server:
        _ask(server)
        for _ in range(2):
            with pytest.raises(ModelServerBroken):
                _ask(server)
    # A call that the server fails is made again once.
    assert [r.did for r in server.served("walker")] == ["good", *["status"] * 4]


def test_server_that_is_gone_after_two_calls_serves_two() -> None:
    with ModelServer(Script(gone_after=2), policies={"walker": _walks}) as server:
        _ask(server)
        _ask(server)
        with pytest.raises(ModelUnreachable):
            _ask(server)


# Strictness

USER = {"role": "user", "content": "hello"}
CALLING = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    ],
}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "{}"}
NO_SCHEMA = {"type": "function", "function": {"name": "look", "parameters": {"type": "array"}}}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not JSON"),
        ({"messages": [USER]}, "model"),
        ({"model": "m", "messages": []}, "at least one"),
        ({"model": "m", "messages": [{"role": "robot", "content": "x"}]}, "none of system"),
        ({"model": "m", "messages": [USER, USER]}, "follow one another"),
        ({"model": "m", "messages": [CALLING, RESULT]}, "speaks first"),
        ({"model": "m", "messages": [USER, CALLING]}, "have no answer"),
        ({"model": "m", "messages": [USER, CALLING, USER]}, "have no answer"),
        ({"model": "m", "messages": [USER, RESULT]}, "no call before it"),
        ({"model": "m", "messages": [USER, CALLING, RESULT, CALLING, RESULT]}, "used twice"),
        ({"model": "m", "messages": [USER, {"role": "system", "content": "x"}]}, "not the first"),
        ({"model": "m", "messages": [USER, {"role": "assistant", "content": "x"}]}, "nothing to"),
        ({"model": "m", "messages": [USER], "tool_choice": "any", "tools": [LOOK]}, "tool_choice"),
        ({"model": "m", "messages": [USER], "tool_choice": "required"}, "no tools are"),
        ({"model": "m", "messages": [USER], "tools": []}, "is empty"),
        ({"model": "m", "messages": [USER], "tools": [LOOK, LOOK]}, "given twice"),
        ({"model": "m", "messages": [USER], "tools": [NO_SCHEMA]}, "schema of an object"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_request_that_breaks_a_rule_is_refused_and_counted(body: Any, said: str) -> None:
    with _server() as server:
        status, told = _post(server, body)
    assert status == 400
    assert said in told["error"]["message"]
    assert [r.problem for r in server.refused] == [told["error"]["message"]]


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"properties": {"a": {"$ref": "#/$defs/A"}}}, "leads nowhere"),
        ({"properties": {"a": {"type": "text"}}}, "no type 'text'"),
        ({"properties": {"a": {"enum": []}}}, "enumeration is empty"),
        ({"properties": {}, "required": ["a"]}, "no properties"),
        ({"properties": {"a": {"anyOf": [{"items": {"type": "x"}}]}}}, r"a.anyOf[0].items"),
    ],
)
def test_tool_whose_schema_no_grammar_can_be_made_of_is_refused(schema: Any, said: str) -> None:
    function = {"name": "look", "parameters": {"type": "object", **schema}}
    body = {
        "model": "m",
        "messages": [USER],
        "tools": [{"type": "function", "function": function}],
    }
    with _server() as server:
        status, told = _post(server, body)
    assert status == 400
    assert said in told["error"]["message"]


def test_crash_of_the_server_itself_fails_whoever_used_it() -> None:
    def breaks(_: TranscriptView) -> Any:
        raise ZeroDivisionError

    with (
        pytest.raises(DoubleCrashed, match="ZeroDivisionError"),
        ModelServer(policies={"walker": breaks}) as server,
        pytest.raises(ModelServerBroken),
    ):
        _ask(server)
