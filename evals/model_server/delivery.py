"""Carrying a reply over the wire, whole or broken."""

import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from evals.model_server.behaviours import (
    Body,
    Broken,
    Completion,
    CutStream,
    Drip,
    Reset,
    Stall,
    Status,
    Truncated,
)
from evals.model_server.request import ChatRequest

_JSON = "application/json"
_EVENTS = "text/event-stream"
_PIECE = 24
"""Characters of a text or of arguments in one streamed piece."""

_CREATED_S = 1_772_560_800
"""Every reply bears the same time, so that the same run gives the same bytes."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A body as it is sent."""

    data: bytes
    content_type: str = _JSON


class Delivery:
    """One exchange: a request that came in by `handler`. `stopping` ends what would never end."""

    def __init__(self, handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        self._handler = handler
        self._stopping = stopping
        self.status: int | None = None

    def send_json(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        """A whole JSON body."""
        self.send(status, Wire(json.dumps(value).encode()), headers)

    def send(self, status: int, wire: Wire, headers: Mapping[str, str] | None = None) -> None:
        """A whole body."""
        length = {"Content-Length": str(len(wire.data))}
        self._head(status, wire.content_type, {**length, **(headers or {})})
        self._write(wire.data)

    def send_error(
        self, status: int, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """An error as OpenAI's API words it."""
        kind = "invalid_request_error" if status < 429 else "server_error"
        self.send_json(
            status, {"error": {"message": message, "type": kind, "code": status}}, headers
        )

    def send_completion(self, said: Completion, request: ChatRequest) -> None:
        """`said`, streamed if that was asked for."""
        if not request.streams:
            self.send_json(200, completion_json(said, request))
            return
        self._head(200, _EVENTS, {"Transfer-Encoding": "chunked"})
        for piece in stream_pieces(said, request):
            self._chunk(_event(json.dumps(piece)))
        self._chunk(_event("[DONE]"))
        self._chunk(b"")

    def break_with(self, broken: Broken, good: Completion, request: ChatRequest) -> None:
        """What `broken` says; `good` is what it cuts or holds back."""
        match broken:
            case Status(code=code, message=message, retry_after_s=seconds):
                wait = {} if seconds is None else {"Retry-After": f"{seconds:g}"}
                self.send_error(code, message, wait)
            case Stall(before=before):
                self._stall(before == "body", request)
            case Drip(every_s=every_s):
                self._drip(every_s, request)
            case Truncated(claimed=claimed):
                self._truncate(json.dumps(completion_json(good, request)).encode(), claimed)
            case Body(text=text, content_type=content_type):
                self.send(200, Wire(text.encode(), content_type))
            case Reset():
                self.reset()
            case CutStream():
                self._cut(good, request)

    def reset(self) -> None:
        """A TCP reset: the socket is closed with what was not sent thrown away."""
        self._close_after()
        linger = struct.pack("ii", 1, 0)
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._handler.connection.close()

    # Breaking
    # ----------------------------------------------------------------------------------------

    def _stall(self, with_headers: bool, request: ChatRequest) -> None:
        self._close_after()
        if with_headers:
            self._head(200, _EVENTS if request.streams else _JSON, {"Content-Length": "4096"})
        self._stopping.wait()

    def _drip(self, every_s: float, request: ChatRequest) -> None:
        self._close_after()
        self._head(200, _EVENTS if request.streams else _JSON, {"Transfer-Encoding": "chunked"})
        # Comments of a stream, and blanks before a JSON value: valid for as long as they last.
        while not self._stopping.wait(every_s):
            self._chunk(b":\n" if request.streams else b" ")

    def _truncate(self, whole: bytes, claimed: bool) -> None:
        half = whole[: len(whole) // 2]
        self._close_after()
        self._head(200, _JSON, {"Content-Length": str(len(whole if claimed else half))})
        self._write(half)

    def _cut(self, good: Completion, request: ChatRequest) -> None:
        self._close_after()
        if not request.streams:
            whole = json.dumps(completion_json(good, request)).encode()
            self._head(200, _JSON, {"Transfer-Encoding": "chunked"})
            self._chunk(whole[: len(whole) // 2])
            return
        # To the end of the connection, so that the cut looks like an end.
        self._head(200, _EVENTS, {"Connection": "close"})
        pieces = list(stream_pieces(good, request))
        for piece in pieces[: max(1, len(pieces) // 2)]:
            self._write(_event(json.dumps(piece)))

    # HTTP
    # ----------------------------------------------------------------------------------------

    def _head(self, status: int, content_type: str, headers: Mapping[str, str]) -> None:
        self.status = status
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", content_type)
        for name, value in headers.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()

    def _write(self, data: bytes) -> None:
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def _chunk(self, data: bytes) -> None:
        self._write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _close_after(self) -> None:
        self._handler.close_connection = True


def completion_json(said: Completion, request: ChatRequest) -> dict[str, Any]:
    """A whole chat completion."""
    whole: dict[str, Any] = {
        "id": f"chatcmpl-{request.digest[:24]}",
        "object": "chat.completion",
        "created": _CREATED_S,
        "model": request.model,
        "choices": [{"index": 0, "message": said.message, "finish_reason": said.finish_reason}],
    }
    return whole | ({} if said.usage is None else {"usage": said.usage})


def stream_pieces(said: Completion, request: ChatRequest) -> Iterator[dict[str, Any]]:
    """The chunks of a streamed completion: texts and arguments in pieces, usage if it is wanted."""
    yield _piece(request, {"role": "assistant", "content": said.message.get("content") and ""})
    for part in _parts(said.message.get("content") or ""):
        yield _piece(request, {"content": part})
    for index, call in enumerate(said.message.get("tool_calls") or ()):
        function = call["function"]
        opened = {**call, "index": index, "function": {"name": function["name"], "arguments": ""}}
        yield _piece(request, {"tool_calls": [opened]})
        for part in _parts(function["arguments"]):
            told = {"index": index, "function": {"arguments": part}}
            yield _piece(request, {"tool_calls": [told]})
    yield _piece(request, {}, said.finish_reason)
    if request.wants_usage and said.usage is not None:
        yield _piece(request, None) | {"usage": said.usage}


def _parts(text: str) -> Iterator[str]:
    size = max(_PIECE, len(text) // 64)
    return (text[i : i + size] for i in range(0, len(text), size))


def _piece(
    request: ChatRequest, delta: dict[str, Any] | None, finish_reason: str | None = None
) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {
        "id": f"chatcmpl-{request.digest[:24]}",
        "object": "chat.completion.chunk",
        "created": _CREATED_S,
        "model": request.model,
        "choices": [] if delta is None else [choice],
    }


def _event(text: str) -> bytes:
    return f"data: {text}\n\n".encode()
