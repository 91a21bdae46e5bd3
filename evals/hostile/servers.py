"""Model servers that mean harm, played on the wire: `python -m evals.hostile.servers [NAME ...]`.

Each is a real server on loopback that a role of an incident asks for its answer, with the playbook
behind it. The role must be finished in time, by the playbook unless the reply holds an answer, in
bounded memory, and what is kept of it must be text.
"""

import gzip
import json
import socket
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.table import Table

from agents.loop.budget import Budget, Limits
from agents.loop.role import Mind, RoleRun, run_role
from agents.playbook.policies import playbook
from agents.roles.supervisor import supervisor_role
from tools.clock import SystemClock
from tools.models.openai_compatible import chat_model
from tools.models.settings import ModelSettings

KEY = "sk-canary-5b3f9d"
DEADLINE_S = 3.0
GRACE_S = 2.0
"""What a role may take beyond the deadlines of its calls: the playbook thinks, others work."""

MOST_MEMORY = 400 * 2**20
"""Bytes beyond what was there before: the reply, its text, and what is decoded of it."""

_TARGETS = ("planner", "remediator", "escalate")
_TASK = {"phase": "simulating", "facts": {"costs": {"R0": 54.4, "R1": 4.58}}}
_BLOCK = 64 * 2**10


class Wire:
    """One connection of a client, and what was sent on it."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self._connection = connection
        self._stopping = stopping
        self.sent = 0

    def read_request(self) -> None:
        """To its end."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._some()
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ]
        while lengths and len(body) < lengths[0]:
            body += self._some()

    def _some(self) -> bytes:
        data = self._connection.recv(_BLOCK)
        if not data:
            raise ConnectionError("the client is gone")
        return data

    def send(self, *pieces: bytes, every_s: float = 0.0) -> None:
        """Until all is sent."""
        self.send_all(pieces, every_s)

    def send_all(self, pieces: Iterable[bytes], every_s: float = 0.0) -> None:
        """Until all is sent, the server is stopped or the client is gone."""
        for piece in pieces:
            if self._stopping.is_set():
                return
            self._connection.sendall(piece)
            self.sent += len(piece)
            if every_s:
                self._stopping.wait(every_s)

    def stall(self) -> None:
        """Say nothing more, and keep the connection."""
        self._stopping.wait()

    def reset(self) -> None:
        """A TCP reset."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()


Serve = Callable[[Wire], None]


@dataclass(frozen=True, slots=True)
class Attack:
    """`make` gives what a server does with each connection; some of it is large.

    `answers`: its reply holds a valid answer.
    """

    make: Callable[[], Serve]
    answers: bool = False


class HostileServer:
    """Does `serve` with every connection on a port of loopback, until it is closed."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._stopping = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._wires: list[Wire] = []
        threading.Thread(target=self._accept, name="hostile", daemon=True).start()

    @property
    def url(self) -> str:
        """The base URL, as NOCTUA_MODEL_URL takes it."""
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1"

    @property
    def sent(self) -> int:
        """Bytes that clients took, or their sockets."""
        return sum(wire.sent for wire in self._wires)

    @property
    def requests(self) -> int:
        """Connections that were made."""
        return len(self._wires)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            wire = Wire(connection, self._stopping)
            self._wires.append(wire)
            threading.Thread(target=self._work, args=(connection, wire), daemon=True).start()

    def _work(self, connection: socket.socket, wire: Wire) -> None:
        # A client that is gone ends the attack, which is what it should do.
        with suppress(OSError), connection:
            self._serve(wire)


# Replies
# --------------------------------------------------------------------------------------------------


def head(status: str = "200 OK", kind: str = "application/json", **headers: str | int) -> bytes:
    """The head of a reply; underscores in names of headers are hyphens."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def whole(
    body: bytes, status: str = "200 OK", kind: str = "application/json", **headers: str
) -> Serve:
    """A server that sends `body` with its length."""

    def serve(wire: Wire) -> None:
        wire.read_request()
        wire.send(head(status, kind, Content_Length=len(body), **headers), body)

    return serve


def chunked(
    pieces: Iterable[bytes],
    kind: str = "application/json",
    every_s: float = 0.0,
    status: str = "200 OK",
    **headers: str,
) -> Serve:
    """A server that sends `pieces`, which may have no end."""

    def serve(wire: Wire) -> None:
        wire.read_request()
        wire.send(head(status, kind, Transfer_Encoding="chunked", **headers))
        wire.send_all((f"{len(p):x}\r\n".encode() + p + b"\r\n" for p in pieces), every_s)
        wire.send(b"0\r\n\r\n")

    return serve


def raw(*pieces: bytes, then: Callable[[Wire], None] = Wire.stall) -> Serve:
    """A server that sends these bytes, whatever they are, and goes on with `then`."""

    def serve(wire: Wire) -> None:
        wire.read_request()
        wire.send(*pieces)
        then(wire)

    return serve


def endless(*pieces: bytes, every_s: float = 0.0, before: bytes = b"") -> Serve:
    """A server that sends `before` once, and `pieces` for ever."""

    def serve(wire: Wire) -> None:
        wire.read_request()
        wire.send(before)
        wire.send_all(chain.from_iterable(repeat(pieces)), every_s)

    return serve


def close(_: Wire) -> None:
    """End the connection."""


def completion(message: Mapping[str, Any], **other: object) -> bytes:
    """A chat completion with `message`, which may be anything."""
    return json.dumps(
        {"choices": [{"message": message, "finish_reason": "stop"}], **other}
    ).encode()


def call(arguments: str, name: str = "answer") -> dict[str, Any]:
    """A message that calls `name`."""
    function = {"name": name, "arguments": arguments}
    return {
        "role": "assistant",
        "tool_calls": [{"id": "1", "type": "function", "function": function}],
    }


def event(value: object) -> bytes:
    """A server-sent event."""
    return f"data: {json.dumps(value)}\n\n".encode()


def delta(**fields: object) -> bytes:
    """An event with a piece of a completion."""
    return event({"choices": [{"index": 0, "delta": fields}]})


def packed_blanks(mib: int, layers: int = 1) -> bytes:
    """`mib` MiB of blanks in a few kB, gzipped so many times."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    data = b"".join(packer.compress(b" " * 2**20) for _ in range(mib)) + packer.flush()
    for _ in range(layers - 1):
        data = gzip.compress(data, 9)
    return data


def _reset_after(*pieces: bytes, reads: bool = True) -> Serve:
    def serve(wire: Wire) -> None:
        if reads:
            wire.read_request()
        wire.send(*pieces)
        wire.reset()

    return serve


def _to_itself(wire: Wire) -> None:
    wire.read_request()
    wire.send(head("307 Go", Location="/v1/chat/completions", Content_Length=0))


def _calls(each: str, times: int) -> bytes:
    calls = _many(each, times)
    return f'{{"choices":[{{"message":{{"tool_calls":[{calls}]}}}}]}}'.encode()


def _many(piece: str, times: int) -> str:
    return ",".join(repeat(piece, times))


_GOOD = json.dumps({"next": "planner", "reason": "cheaper"})
_SSE = "text/event-stream"
_MILLION = 1_000_000
_STARTED = b'{"choices":[{"message":{"role":"assistant","content":"'


def _packed(coding: str, body: Callable[[], bytes]) -> Callable[[], Serve]:
    return lambda: whole(body(), Content_Encoding=coding)


def _saying(message: Mapping[str, Any]) -> Callable[[], Serve]:
    return lambda: whole(completion(message))


def _attacks() -> Iterator[tuple[str, Attack]]:
    """Every one by name."""
    yield "endless blanks", Attack(lambda: chunked(repeat(b" " * _BLOCK)))
    yield "endless text", Attack(lambda: chunked(chain([_STARTED], repeat(b"a" * _BLOCK))))
    yield (
        "endless body to the end of the connection",
        Attack(lambda: endless(b"a" * _BLOCK, before=head())),
    )
    yield "endless events", Attack(lambda: chunked(repeat(delta(content="word ") * 500), _SSE))
    yield "endless comments", Attack(lambda: chunked(repeat(b": keep alive\n" * 4000), _SSE))
    yield (
        "endless event without a line end",
        Attack(lambda: chunked(repeat(b"data: " * 9000), _SSE)),
    )
    piece = {"index": 0, "function": {"name": "answer", "arguments": "}"}}
    yield (
        "endless pieces of one call",
        Attack(lambda: chunked(repeat(delta(tool_calls=[piece])), _SSE)),
    )
    yield "endless lines of values", Attack(lambda: chunked(repeat(b"1\n" * 30_000)))
    yield "drip of the body", Attack(lambda: chunked(repeat(b" "), every_s=0.05))
    yield (
        "drip of the headers",
        Attack(lambda: endless(b"a", every_s=0.05, before=b"HTTP/1.1 200 OK\r\nX-A: ")),
    )
    yield "drip of events", Attack(lambda: chunked(repeat(delta(content=".")), _SSE, every_s=0.05))
    yield "nothing at all", Attack(lambda: raw())
    yield "nothing after the headers", Attack(lambda: raw(head(Content_Length=4096)))
    for name, coding, body in (
        ("gzip bomb", "gzip", lambda: packed_blanks(256)),
        ("gzip bomb in gzip", "gzip, gzip", lambda: packed_blanks(256, 2)),
        ("deflate bomb", "deflate", lambda: zlib.compress(b" " * 2**28, 9)),
        ("six codings", ", ".join(["gzip"] * 6), lambda: packed_blanks(16, 6)),
        ("coding of another body", "br", lambda: b"\x1b" * _BLOCK),
        ("gzip that breaks off", "gzip", lambda: packed_blanks(64)[:5000]),
    ):
        yield name, Attack(_packed(coding, body))
    yield "deep lists", Attack(lambda: whole(b"[" * _MILLION))
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    yield "deep arguments", Attack(lambda: whole(completion(call(deep))))
    yield (
        "deep arguments as an object",
        Attack(
            lambda: whole(
                completion(
                    {"tool_calls": [{"function": {"name": "answer", "arguments": 0}}]}
                ).replace(b'"arguments": 0', b'"arguments": ' + deep.encode())
            )
        ),
    )
    yield (
        "deep within the limit of leniency",
        Attack(lambda: whole(completion({"content": '{"a":' * 30_000}))),
    )
    yield (
        "million keys",
        Attack(
            lambda: whole(("{" + ",".join(f'"k{i}":1' for i in range(_MILLION)) + "}").encode())
        ),
    )
    yield (
        "million keys in arguments",
        Attack(
            lambda: whole(
                completion(call("{" + ",".join(f'"{i}":1' for i in range(400_000)) + "}"))
            )
        ),
    )
    yield (
        "million list items",
        Attack(lambda: whole(completion(call(f'{{"next":[{_many("1", _MILLION)}],"reason":""}}')))),
    )
    empty_call = '{"function":{"name":"answer"}}'
    yield (
        "million calls",
        Attack(lambda: whole(_calls("{}", _MILLION))),
    )
    yield (
        "thousands of calls",
        Attack(lambda: whole(_calls(empty_call, 9000))),
    )
    yield (
        "million choices",
        Attack(lambda: whole(f'{{"choices":[{_many("{}", _MILLION)}]}}'.encode())),
    )
    yield (
        "seventeen calls at once",
        Attack(
            lambda: whole(
                completion(
                    {
                        "tool_calls": [
                            {
                                "function": {
                                    "name": "answer",
                                    "arguments": json.dumps({"next": "planner", "reason": str(i)}),
                                }
                            }
                            for i in range(17)
                        ]
                    }
                )
            )
        ),
    )
    yield (
        "header of eight MB",
        Attack(lambda: endless(b"a" * _BLOCK, before=b"HTTP/1.1 200 OK\r\nX-Long: ")),
    )
    yield (
        "headers without end",
        Attack(lambda: endless(b"X-A: b\r\n" * 1000, before=b"HTTP/1.1 200 OK\r\n")),
    )
    cookies = b"".join(b"Set-Cookie: c%d=%s\r\n" % (i, b"v" * 900) for i in range(90))
    yield (
        "ninety cookies",
        Attack(
            lambda: raw(
                b"HTTP/1.1 200 OK\r\n" + cookies + b"Content-Length: 2\r\n\r\n{}", then=close
            )
        ),
    )
    yield "redirect to itself", Attack(lambda: _to_itself)
    yield (
        "redirect into the machine",
        Attack(
            lambda: whole(b"", "302 Found", Location="http://169.254.169.254/latest/meta-data/")
        ),
    )
    yield (
        "redirect to no address",
        Attack(lambda: whole(b"", "301 Moved", Location="http://[::g]:99999/")),
    )
    yield "length too long", Attack(lambda: raw(head(Content_Length=4096), b"{}", then=close))
    yield (
        "length too short",
        Attack(lambda: raw(head(Content_Length=4), completion({"content": "x"}))),
    )
    yield "two lengths", Attack(lambda: raw(head(Content_Length=4), then=close))
    yield "length below nothing", Attack(lambda: raw(head(Content_Length=-4), b"{}"))
    yield "length of an exabyte", Attack(lambda: raw(head(Content_Length=10**18), b" " * 100))
    yield "length that is no number", Attack(lambda: raw(head(Content_Length="9" * 5000), b"{}"))
    yield (
        "keeps talking on the connection",
        Attack(
            lambda: endless(b"HTTP/1.1 200 OK\r\n\r\n" * 100, before=head(Content_Length=2) + b"{}")
        ),
    )
    yield "NUL bytes", Attack(lambda: whole(b"\0" * _BLOCK))
    yield (
        "NUL bytes in the answer",
        Attack(
            lambda: whole(completion(call('{"next":"planner","reason":"a\\u0000b"}'))), answers=True
        ),
    )
    yield (
        "half characters in the answer",
        Attack(
            lambda: whole(completion(call('{"next":"planner","reason":"\\ud800x\\udfff"}'))),
        ),
    )
    yield (
        "half characters in every place",
        Attack(
            lambda: whole(
                completion(
                    {
                        "content": "\ud800",
                        "tool_calls": [
                            {
                                "id": "\udc00",
                                "function": {
                                    "name": "\ud800answer",
                                    "arguments": '{"\\ud800": "\\udc00"}',
                                },
                            }
                        ],
                    },
                    model="\ud83d",
                )
            )
        ),
    )
    yield (
        "one key twice",
        Attack(
            lambda: whole(completion(call('{"next":"escalate","reason":"x","next":"planner"}')))
        ),
    )
    yield (
        "numbers beyond any",
        Attack(lambda: whole(completion(call('{"next":1e999,"reason":-1e999}')))),
    )
    yield (
        "NaN and infinity",
        Attack(lambda: whole(completion(call('{"next":NaN,"reason":Infinity}')))),
    )
    yield (
        "number of a million digits",
        Attack(lambda: whole(b'{"choices":[' + b"9" * _MILLION + b"]}")),
    )
    usage = {"prompt_tokens": 10**30, "completion_tokens": -(10**30)}
    yield (
        "counts beyond any",
        Attack(lambda: whole(completion(call(_GOOD), usage=usage)), answers=True),
    )
    yield "bytes that are no UTF-8", Attack(lambda: whole(bytes(range(128, 256)) * 500))
    yield "UTF-16", Attack(lambda: whole(completion({"content": "x"}).decode().encode("utf-16")))
    yield (
        "chunk of an exabyte",
        Attack(lambda: raw(head(Transfer_Encoding="chunked") + b"FFFFFFFFFFFFFFF\r\n", b" " * 100)),
    )
    yield (
        "chunk size that is no number",
        Attack(lambda: raw(head(Transfer_Encoding="chunked") + b"-1\r\n", then=close)),
    )
    yield (
        "extension of a chunk without end",
        Attack(lambda: endless(b"a" * _BLOCK, before=head(Transfer_Encoding="chunked") + b"1;x=")),
    )
    yield (
        "trailers without end",
        Attack(
            lambda: endless(
                b"X-A: b\r\n" * 1000, before=head(Transfer_Encoding="chunked") + b"0\r\n"
            )
        ),
    )
    yield (
        "chunks of one byte",
        Attack(lambda: endless(b"1\r\n \r\n" * 5000, before=head(Transfer_Encoding="chunked"))),
    )
    yield "100 Continue for ever", Attack(lambda: endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000))
    yield (
        "another protocol, as asked",
        Attack(
            lambda: raw(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
                b"x",
            )
        ),
    )
    yield "another protocol", Attack(lambda: raw(b"220 mail.example ESMTP\r\n"))
    yield "TLS", Attack(lambda: raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500))
    yield "reset before the request", Attack(lambda: _reset_after(reads=False))
    yield "reset after the request", Attack(lambda: _reset_after())
    yield "reset in the headers", Attack(lambda: _reset_after(head()[:30]))
    yield (
        "reset in the body",
        Attack(lambda: _reset_after(head(Content_Length=4096), b'{"choices":')),
    )
    yield (
        "reset in a stream",
        Attack(
            lambda: _reset_after(head(kind=_SSE, Transfer_Encoding="chunked"), b"5\r\ndata:\r\n")
        ),
    )
    yield "end without a word", Attack(lambda: raw(then=close))
    yield (
        "web page",
        Attack(lambda: whole(b"<html><body>It works!</body></html>", kind="text/html")),
    )
    yield "no content", Attack(lambda: raw(b"HTTP/1.1 204 No Content\r\n\r\n", then=close))
    yield "empty body", Attack(lambda: whole(b""))
    yield "429, come back in 30 years", Attack(lambda: whole(b"{}", "429 Busy", Retry_After="1e9"))
    yield "429, come back yesterday", Attack(lambda: whole(b"{}", "429 Busy", Retry_After="-1e9"))
    yield "503, come back at no time", Attack(lambda: whole(b"{}", "503 Busy", Retry_After="nan"))
    yield (
        "500 with an endless body",
        Attack(lambda: chunked(repeat(b"a" * _BLOCK), status="500 Oops")),
    )
    yield "400 with a deep body", Attack(lambda: whole(b'{"error":' * 200_000, "400 No"))
    yield (
        "401 that quotes the key",
        Attack(
            lambda: whole(json.dumps({"error": {"message": f"{KEY} is no key"}}).encode(), "401 No")
        ),
    )
    yield (
        "400 that refuses what cannot be spared",
        Attack(
            lambda: whole(b'{"error":{"message":"Unsupported parameter: \'messages\'"}}', "400 No")
        ),
    )
    yield (
        "400 that refuses parameters for ever",
        Attack(
            lambda: whole(
                b'{"error":{"message":"Unsupported parameter: \'temperature\'"}}', "400 No"
            )
        ),
    )
    for name, text in (
        ("tags without end", "<tool_call>" * 15_000),
        ("open tags", "<" * 190_000),
        ("names without end", "answer " * 25_000),
        ("open thoughts", "<think>" * 25_000),
        ("parameters without end", "<function=answer><parameter=next>" * 5000),
        ("quotes without end", '<|"|>' * 39_999),
        ("backslashes", '{"next": "' + "\\" * 180_001),
        ("brackets of Python", "answer(" * 25_000),
        ("minus signs", "answer(next=" + "-" * 100_000 + "1)"),
        ("blanks", "answer" + " " * 190_000 + "x"),
        ("fences", "```json\n" * 20_000),
        ("values without end", "answer" + "<arg_key>a</arg_key><arg_value>" * 1500),
        ("elements without end", "<answer>" * 6000),
        ("marks that name", "answer" + "<answer>" * 6000),
        ("thoughts of many kinds", "".join(f"<a{i}:think>" for i in range(200_000))),
        ("pairs", "answer<arg_key>next</arg_key>" * 6000),
    ):
        yield f"text: {name}", Attack(_saying({"content": text}))
        yield f"arguments: {name}", Attack(_saying(call(text)))


ATTACKS = dict(_attacks())

SAMPLE = (
    "deep lists",
    "million calls",
    "half characters in every place",
    "reset in the body",
    "text: tags without end",
)
"""A few of each kind that end quickly, for CI."""


# Playing
# --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Outcome:
    """What one role run came to. `memory`: bytes at its peak beyond those before it."""

    name: str
    finished_by: str = ""
    causes: list[str] = field(default_factory=list)
    detail: str = ""
    seconds: float = 0.0
    calls: int = 0
    memory: int = 0
    sent: int = 0
    faults: list[str] = field(default_factory=list)


def play(name: str, attack: Attack, deadline_s: float = DEADLINE_S) -> Outcome:
    """Have the supervisor of an incident ask that server, with the playbook behind it."""
    outcome, serve = Outcome(name), attack.make()
    with HostileServer(serve) as server, _Memory() as memory:
        settings = ModelSettings(id="hostile", model="m", base_url=server.url, key_env="K")
        model = chat_model(settings, environ={"K": KEY}, call_s=deadline_s)
        minds = (
            Mind("openai:hostile", model, foreign=True),
            Mind("playbook", playbook(), foreign=False),
        )
        budget = Budget(Limits(call_deadline_s=deadline_s))
        started = time.monotonic()
        try:
            run = run_role(supervisor_role(_TARGETS), _TASK, minds, budget, SystemClock())
        except Exception as error:
            outcome.faults.append(f"raised {error!r:.200}")
        else:
            _judge(run, attack, outcome)
        outcome.seconds = time.monotonic() - started
        outcome.calls, outcome.sent = server.requests, server.sent
    outcome.memory = memory.peak - memory.before
    if outcome.memory > MOST_MEMORY:
        outcome.faults.append("too much memory")
    return outcome


def _judge(run: RoleRun[Any], attack: Attack, outcome: Outcome) -> None:
    outcome.finished_by = run.finished_by
    outcome.causes = [swap.cause for swap in run.swaps]
    outcome.detail = "; ".join(swap.detail for swap in run.swaps)
    if (run.finished_by != "playbook") != attack.answers:
        outcome.faults.append(f"finished by {run.finished_by}")
    if run.answer.next not in _TARGETS:
        outcome.faults.append(f"the answer is {run.answer!r}")
    kept = json.dumps([run.transcript, run.charges.model_dump()], ensure_ascii=False)
    try:
        kept.encode()
    except UnicodeEncodeError:
        outcome.faults.append("what is kept is no text")
    if KEY in kept:
        outcome.faults.append("the key is kept")
    if len(kept) > 100_000:
        outcome.faults.append("too much is kept")


class _Memory:
    """The memory of this process while something happens, looked at every few milliseconds."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.before = self.peak = _resident()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.005):
            self.peak = max(self.peak, _resident())


def _resident() -> int:
    """Bytes. Source: proc(5), statm."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main(names: list[str]) -> None:
    """Print how each attack ended. Exits with 1 if one of them had its way."""
    console, worst = Console(), 0
    shown = Table("server", "finished by", "why", "calls", "s", "MB sent", "MB more", "fault")
    for name in names or list(ATTACKS):
        outcome = play(name, ATTACKS[name])
        if outcome.seconds > outcome.calls * DEADLINE_S + GRACE_S:
            outcome.faults.append("late")
        worst += bool(outcome.faults)
        shown.add_row(
            name,
            outcome.finished_by,
            f"{', '.join(outcome.causes)}: {outcome.detail[:60]}" if outcome.causes else "",
            str(outcome.calls),
            f"{outcome.seconds:.1f}",
            f"{outcome.sent / 2**20:.1f}",
            f"{outcome.memory / 2**20:.0f}",
            "; ".join(outcome.faults),
        )
    console.print(shown)
    console.print(f"{len(names or ATTACKS)} servers, {worst} with a fault")
    sys.exit(bool(worst))


if __name__ == "__main__":
    main(sys.argv[1:])
