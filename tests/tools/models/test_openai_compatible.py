"""A model is called over real HTTP: once, in time, without its key in anything that is told."""

import gzip
import json
import logging
import pickle
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import repeat
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.messages.ai import add_ai_message_chunks
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from evals.model_server import ModelServer, Script
from evals.model_server.behaviours import (
    Behaviour,
    Body,
    Call,
    Completion,
    CutStream,
    Drip,
    Prose,
    Reset,
    Stall,
    Status,
    Truncated,
)
from evals.model_server.delivery import Wire
from evals.model_server.request import ChatRequest
from tests.tools.models.oddities import events
from tools.models.failures import (
    ModelCallFailed,
    ModelGarbled,
    ModelRateLimited,
    ModelRefusedRequest,
    ModelReplyTooLarge,
    ModelServerBroken,
    ModelTimedOut,
    ModelUnauthorised,
    ModelUnknown,
    ModelUnreachable,
)
from tools.models.leniency.json_text import TooMuch
from tools.models.leniency.reading import whole_message
from tools.models.leniency.wire import values_in
from tools.models.openai_client import MOST_PAUSE_S, OpenAICompatibleModel
from tools.models.openai_compatible import DEFAULT_REPLY_BYTES, chat_model
from tools.models.settings import ModelSettings
from tools.trace import chat_span
from twin.errors import BadInput

KEY = "sk-canary-1f7e"
CALL_S = 0.5

Made = dict[str, Any]


def _model(
    url: str, call_s: float = CALL_S, reply_bytes: int = DEFAULT_REPLY_BYTES, **other: object
) -> OpenAICompatibleModel:
    settings = ModelSettings.model_validate(
        {"id": "m", "model": "m", "base_url": url, "key_env": "SOME_KEY", **other}
    )
    model = chat_model(settings, environ={"SOME_KEY": KEY}, call_s=call_s, reply_bytes=reply_bytes)
    assert isinstance(model, OpenAICompatibleModel)
    return model


def _does(*steps: Behaviour) -> ModelServer:
    return ModelServer(Script(default=steps))


class _Picky:
    """Refuses parameters, one per request, as OpenAI does; then says "fine"."""

    def __init__(self, *refused: str, said: str = "Unsupported parameter: '{}'") -> None:
        self._refused = refused
        self._said = said

    def choose(self, request: ChatRequest) -> Status | Completion:
        """The next refusal, or the reply."""
        for name in self._refused:
            if name in request.body:
                return Status(code=400, message=self._said.format(name))
        return Completion(message={"role": "assistant", "content": "fine"}, finish_reason="stop")


def test_settings_are_what_is_sent() -> None:
    with _does(Prose(text="fine")) as server:
        model = _model(server.url, seed=7, temperature=0.5, max_output_tokens=64)
        assert model.invoke("x").text == "fine"
        [request] = server.requests
        sent = {k: v for k, v in request.body.items() if k != "messages"}
        assert sent == {
            "model": "m",
            "seed": 7,
            "temperature": 0.5,
            "max_completion_tokens": 64,
            "stream": False,
        }


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (Status(code=401), ModelUnauthorised),
        (Status(code=403), ModelUnauthorised),
        (Status(code=404), ModelUnknown),
        (Status(code=400, message="too long"), ModelRefusedRequest),
        (Status(code=413), ModelRefusedRequest),
        (Status(code=429), ModelRateLimited),
        (Status(code=500), ModelServerBroken),
        (Status(code=503), ModelServerBroken),
        (Body(), ModelGarbled),
        (Body(text="{}", content_type="application/json"), ModelGarbled),
        (Truncated(), ModelGarbled),
        (Truncated(claimed=True), ModelUnreachable),
        (CutStream(), ModelUnreachable),
        (Reset(), ModelUnreachable),
        (Stall(before="headers"), ModelTimedOut),
        (Stall(before="body"), ModelTimedOut),
        (Drip(), ModelTimedOut),
    ],
)
def test_each_failure_has_its_kind_and_is_not_tried_again_where_time_is_short(
    step: Behaviour, kind: type[ModelCallFailed]
) -> None:
    with _does(step) as server:
        with pytest.raises(ModelCallFailed) as failed:
            _model(server.url).invoke("x")
        assert type(failed.value) is kind
        assert len(server.requests) == 1


ERROR = Body(
    text='{"error": {"message": "Provider returned error", "code": 502}}',
    content_type="application/json",
)
FAILURES = [
    (Status(code=503, message="Loading model"), ModelServerBroken),
    (Status(code=500), ModelServerBroken),
    (ERROR, ModelServerBroken),
    (Reset(), ModelUnreachable),
    (Truncated(claimed=True), ModelUnreachable),
]


@pytest.mark.slow
@pytest.mark.parametrize(("failure", "kind"), FAILURES)
def test_failing_server_is_tried_once_more(failure: Behaviour, kind: type[ModelCallFailed]) -> None:
    with _does(failure, Prose(text="fine")) as server:
        assert _model(server.url, call_s=20.0).invoke("x").text == "fine"
        assert len(server.requests) == 2
    with _does(failure) as server:
        with pytest.raises(ModelCallFailed) as failed:
            _model(server.url, call_s=20.0).invoke("x")
        assert type(failed.value) is kind
        assert len(server.requests) == 2


@pytest.mark.parametrize("failure", [Status(code=503), ERROR, Reset()])
def test_stream_that_fails_before_it_begins_is_tried_once_more(failure: Behaviour) -> None:
    with _does(failure, Prose(text="fine")) as server:
        chunks = _model(server.url, call_s=20.0).stream("x")
        assert "".join(chunk.text for chunk in chunks) == "fine"
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (Status(code=429), ModelRateLimited),
        (Status(code=503, retry_after_s=60.0), ModelServerBroken),
        (Body(text='{"error": {"code": 429}}', content_type="application/json"), ModelRateLimited),
        (Body(text='{"error": {"code": 401}}', content_type="application/json"), ModelUnauthorised),
        (Body(), ModelGarbled),
    ],
)
def test_failure_that_will_not_pass_is_not_tried_again(
    failure: Behaviour, kind: type[ModelCallFailed]
) -> None:
    with _does(failure) as server:
        with pytest.raises(kind):
            _model(server.url, call_s=20.0).invoke("x")
        assert len(server.requests) == 1


@pytest.mark.slow
def test_second_try_that_hangs_ends_as_the_first_one_would() -> None:
    with _does(Status(code=500), Stall(before="headers")) as server:
        with pytest.raises(ModelTimedOut):
            _model(server.url, call_s=1.5).invoke("x")
        assert len(server.requests) == 2


def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(ModelUnreachable, match="refused"):
            _model(f"http://127.0.0.1:{held.getsockname()[1]}/v1").invoke("x")


@contextmanager
def _raw_server(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A socket that does what `serve` does with its first connection."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def work() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                try:
                    serve(connection)
                except OSError:
                    return

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        thread.join(10)
        assert not thread.is_alive()


def _drip_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        connection.sendall(b"a")
        time.sleep(0.01)


def _threads() -> int:
    return sum(t.is_alive() and isinstance(t, threading.Timer) for t in threading.enumerate())


def test_call_ends_in_time_when_headers_drip_and_leaves_no_thread() -> None:
    with _raw_server(_drip_headers) as url, pytest.raises(ModelTimedOut):
        _model(url, call_s=0.2).invoke("x")
    assert _threads() == 0


def test_redirect_is_not_followed() -> None:
    with _does(Prose()) as elsewhere:

        def redirect(connection: socket.socket) -> None:
            where = f"Location: {elsewhere.url}/chat/completions\r\n"
            connection.sendall(f"HTTP/1.1 307 Go\r\n{where}Content-Length: 0\r\n\r\n".encode())

        with _raw_server(redirect) as url, pytest.raises(ModelRefusedRequest, match="307"):
            _model(url).invoke("x")
        assert elsewhere.requests == []


def test_proxy_of_the_environment_gets_nothing_that_is_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with _does(Prose(text="from the proxy")) as proxy, _does(Prose(text="fine")) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        assert _model(server.url).invoke("x").text == "fine"
        assert proxy.requests == []


def test_langsmith_gateway_does_not_take_the_calls_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with _does(Prose(text="taken over")) as gateway, _does(Prose(text="fine")) as server:
        monkeypatch.setenv("LANGSMITH_GATEWAY", gateway.url)
        monkeypatch.setenv("LANGSMITH_GATEWAY_API_KEY", "gk")
        assert _model(server.url).invoke("x").text == "fine"
        assert gateway.requests == []


def test_short_retry_after_is_waited_for_once() -> None:
    with _does(Status(code=429, retry_after_s=0.05), Prose(text="fine")) as server:
        assert _model(server.url).invoke("x").text == "fine"
    with _does(Status(code=429, retry_after_s=0.05)) as server:
        with pytest.raises(ModelRateLimited):
            _model(server.url).invoke("x")
        assert len(server.requests) == 2


def test_long_retry_after_is_not_waited_for() -> None:
    with _does(Status(code=429, retry_after_s=MOST_PAUSE_S + 1)) as server:
        with pytest.raises(ModelRateLimited):
            _model(server.url).invoke("x")
        assert len(server.requests) == 1


def test_refused_parameters_are_dropped_told_and_not_sent_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    with ModelServer(_Picky("temperature", "seed")) as server:
        model = _model(server.url, seed=7)
        with chat_span(provider.get_tracer("t"), "m", provider="openai"):
            assert model.invoke("x").text == "fine"
        assert model.invoke("y").text == "fine"
        assert len(server.requests) == 4
        assert not {"temperature", "seed"} & server.requests[-1].body.keys()
    assert set(model.refused_parameters) == {"temperature", "seed"}
    assert [r.levelname for r in caplog.records if "refuses the parameter" in r.message] == [
        "WARNING",
        "WARNING",
    ]
    [span] = spans.get_finished_spans()
    assert dict(span.attributes or {})["noctua.model.parameters_refused"] == ("seed", "temperature")


def test_newer_name_of_the_output_limit_is_replaced_by_the_older_one() -> None:
    with ModelServer(_Picky("max_completion_tokens")) as server:
        assert _model(server.url, max_output_tokens=64).invoke("x").text == "fine"
        assert server.requests[-1].body["max_tokens"] == 64


def test_stream_goes_on_without_what_the_server_refuses() -> None:
    with ModelServer(_Picky("stream_options")) as server:
        text = "".join(chunk.text for chunk in _model(server.url).stream("x"))
        assert text == "fine"


def test_another_400_is_no_refused_parameter() -> None:
    with ModelServer(_Picky("temperature", said="{} must be at most 0.0")) as server:
        model = _model(server.url, temperature=0.5)
        with pytest.raises(ModelRefusedRequest, match="at most"):
            model.invoke("x")
        assert model.refused_parameters == {}


@pytest.mark.parametrize("arguments", ["null", "0", "5988", "Infinity", '"a--b"', '["a--b"]', '""'])
def test_arguments_that_are_no_object_are_told_as_such(arguments: str) -> None:
    good, odd = (
        {"id": i, "type": "function", "function": {"name": "read", "arguments": text}}
        for i, text in (("1", '{"link": "a--b"}'), ("2", arguments))
    )
    message = {"role": "assistant", "content": None, "tool_calls": [good, odd]}
    with _does(Completion(message=message, finish_reason="tool_calls")) as server:
        reply = _model(server.url).invoke("x")
    assert [call["args"] for call in reply.tool_calls] == [{"link": "a--b"}]
    assert [(call["name"], call["args"]) for call in reply.invalid_tool_calls] == [
        ("read", arguments)
    ]


def test_streamed_text_and_calls_come_whole_with_their_usage() -> None:
    with _does(Prose(text="one two three " * 5)) as server:
        chunks = list(_model(server.url).stream("x"))
        assert "".join(c.text for c in chunks) == "one two three " * 5
        assert sum(bool(c.text) for c in chunks) > 1
        assert any(c.usage_metadata for c in chunks)
    with _does(Call(tool="read", arguments={"link": "a--b"})) as server:
        whole = None
        for chunk in _model(server.url).stream("x"):
            whole = chunk if whole is None else whole + chunk
        assert whole is not None
        calls = whole_message(whole).tool_calls
        assert [(c["name"], c["args"]) for c in calls] == [("read", {"link": "a--b"})]


READ = ("read", {"link": "a--b"})
TWO = Completion(
    message={
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"type": "function", "function": {"name": n, "arguments": json.dumps(a)}}
            for n, a in (READ, ("read", {"link": "b--c"}))
        ],
    },
    finish_reason="tool_calls",
)


@pytest.mark.parametrize(
    "written",
    [
        lambda whole: Wire(json.dumps(whole).encode()),
        lambda whole: Wire(json.dumps(whole).encode(), "text/event-stream"),
        lambda whole: events(whole, finish=False, end=""),
        lambda whole: events(whole, index=lambda _: {}, repeats=("id", "name")),
        lambda whole: events(whole, size=99, index=lambda _: {"index": 0}),
    ],
    ids=["no stream", "no stream though called one", "no end", "no index", "one index"],
)
def test_odd_stream_gives_the_same_calls(written: Callable[[Made], Wire]) -> None:
    with ModelServer(Script(default=(TWO,)), written=written) as server:
        whole = None
        for chunk in _model(server.url, call_s=20.0).stream("x"):
            whole = chunk if whole is None else whole + chunk
    assert isinstance(whole, AIMessageChunk)
    calls = [(call["name"], call["args"]) for call in whole_message(whole).tool_calls]
    assert calls == [READ, ("read", {"link": "b--c"})]
    assert whole.response_metadata["finish_reason"] in ("tool_calls", "stop")


def test_streamed_arguments_that_are_no_json_are_read_once_and_as_a_whole() -> None:
    """LangChain's own chunks would read half a million ever shorter texts, for hours."""
    call = {"index": 0, "id": "1", "function": {"name": "read", "arguments": "{" + "x" * 500_000}}
    event = {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    text = "".join(f"data: {json.dumps(each)}\n\n" for each in (event, end))
    with _does(Body(text=text, content_type="text/event-stream")) as server:
        first, *others = _model(server.url, call_s=20.0).stream("x")
    whole = whole_message(add_ai_message_chunks(first, *others))
    assert whole.tool_calls == []
    assert [len(c["args"] or "") for c in whole.invalid_tool_calls] == [500_001]


@pytest.mark.parametrize("step", [CutStream(), Stall(before="body"), Body(), Reset()])
def test_broken_stream_raises_instead_of_ending(step: Behaviour) -> None:
    with _does(step) as server, pytest.raises(ModelCallFailed):
        list(_model(server.url).stream([HumanMessage("x")]))


def test_key_is_in_no_error_log_or_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    quoting = Status(code=401, message=f"wrong key: {KEY} {'x' * 460}{KEY}")
    with _does(quoting) as server:
        model = _model(server.url)
        with pytest.raises(ModelUnauthorised) as failed:
            model.invoke("x")
    error = failed.value
    assert "(the key)" in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None
    told = [str(error), repr(error), repr(model), str(model), caplog.text, str(model.asdict())]
    assert [text for text in told if KEY in text or "sk-canary" in text] == []
    assert KEY.encode() not in pickle.dumps((error.args, vars(error)))


def test_refusal_that_quotes_the_key_is_remembered_without_it() -> None:
    with ModelServer(
        _Picky("temperature", said=f"Unsupported parameter: '{{}}' ({KEY})")
    ) as server:
        model = _model(server.url)
        model.invoke("x")
    assert "(the key)" in model.refused_parameters["temperature"]
    assert KEY not in str(model.refused_parameters)


def test_missing_extra_is_told_with_its_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    # As the import system says it when a package is not there.
    monkeypatch.setitem(sys.modules, "langchain_openai", None)
    settings = ModelSettings(id="m", model="m")
    with pytest.raises(BadInput, match=r"pip install 'noctua-netops\[openai\]'"):
        chat_model(settings, environ={})


@pytest.mark.parametrize("pack", [lambda body: body, gzip.compress], ids=["plain", "packed"])
def test_reply_is_read_up_to_its_limit_unpacked_and_tried_once(
    pack: Callable[[bytes], bytes],
) -> None:
    body = json.dumps({"choices": [{"message": {"content": "word " * 1000}}]}).encode()
    headers = "Content-Encoding: gzip\r\n" if pack is gzip.compress else ""

    def serve(connection: socket.socket) -> None:
        data = pack(body)
        head = f"HTTP/1.1 200 OK\r\n{headers}Content-Length: {len(data)}\r\n\r\n"
        connection.sendall(head.encode() + data)

    with _raw_server(serve) as url:
        assert _model(url, 20.0, len(body)).invoke("x").text == "word " * 1000
    told = f"larger than {len(body) - 1:,} bytes"
    with _raw_server(serve) as url, pytest.raises(ModelReplyTooLarge, match=told):
        _model(url, 20.0, len(body) - 1).invoke("x")
    with _raw_server(serve) as url, pytest.raises(ModelReplyTooLarge, match=told):
        list(_model(url, 20.0, len(body) - 1).stream("x"))


def test_refusal_keeps_its_kind_however_long_it_is() -> None:
    with _does(Status(code=429, message="busy " * 100_000)) as server:
        with pytest.raises(ModelRateLimited):
            _model(server.url, 20.0, 2**10).invoke("x")
        assert len(server.requests) == 1


def test_cookies_of_a_server_are_not_kept() -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}")

    with _raw_server(serve) as url:
        model = _model(url, 20.0)
        with pytest.raises(ModelGarbled):
            model.invoke("x")
        assert list(model.root_client._client.cookies.items()) == []


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ({"choices": [{}] * 100_001}, "more than 100,000 values"),
        ({"choices": [[[[]]]] * 2 + [[[1]] * 60_000]}, "more than 100,000 values"),
        ({"message": {"tool_calls": [{"name": str(i)} for i in range(101)]}}, "100 calls"),
    ],
)
def test_reply_of_too_many_parts_is_not_read(reply: Made, told: str) -> None:
    body = Body(text=json.dumps(reply), content_type="application/json")
    with _does(body) as server:
        with pytest.raises(ModelReplyTooLarge, match=told):
            _model(server.url, 20.0).invoke("x")
        assert len(server.requests) == 1


def test_reply_deeper_than_any_is_not_read() -> None:
    body = Body(text="[" * 65 + "]" * 65, content_type="application/json")
    with _does(body) as server, pytest.raises(ModelReplyTooLarge, match="64 levels"):
        _model(server.url, 20.0).invoke("x")


@pytest.mark.slow
def test_stream_of_more_events_than_any_is_not_read_to_its_end() -> None:
    event = b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'
    values = values_in(repeat(event * 1000, 200))
    with pytest.raises(TooMuch, match="more than 100,000 events"):
        for _ in values:
            pass


def test_key_that_is_given_twice_with_two_values_is_no_answer() -> None:
    calls = [
        {"id": i, "function": {"name": "a", "arguments": text}}
        for i, text in (("1", '{"x": 1, "x": 1}'), ("2", '{"x": 1, "x": 2}'))
    ]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    with _does(Completion(message=message, finish_reason="tool_calls")) as server:
        reply = _model(server.url).invoke("x")
    assert [call["args"] for call in reply.tool_calls] == [{"x": 1}]
    assert [call["id"] for call in reply.invalid_tool_calls] == ["2"]
