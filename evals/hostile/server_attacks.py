"""What hostile model servers do with a connection: each with a name, one entry of `_attacks`."""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from evals.hostile.wire import (
    BLOCK,
    Serve,
    Wire,
    call,
    chunked,
    close,
    completion,
    delta,
    endless,
    head,
    packed_blanks,
    raw,
    whole,
)

KEY = "sk-canary-5b3f9d"
"""What the client signs in with, and no server may have kept."""


@dataclass(frozen=True, slots=True)
class Attack:
    """`make` gives what a server does with each connection; some of it is large.

    `answers`: its reply holds a valid answer.
    """

    make: Callable[[], Serve]
    answers: bool = False


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
    yield "endless blanks", Attack(lambda: chunked(repeat(b" " * BLOCK)))
    yield "endless text", Attack(lambda: chunked(chain([_STARTED], repeat(b"a" * BLOCK))))
    yield (
        "endless body to the end of the connection",
        Attack(lambda: endless(b"a" * BLOCK, before=head())),
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
        ("coding of another body", "br", lambda: b"\x1b" * BLOCK),
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
        Attack(lambda: endless(b"a" * BLOCK, before=b"HTTP/1.1 200 OK\r\nX-Long: ")),
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
    yield "NUL bytes", Attack(lambda: whole(b"\0" * BLOCK))
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
        Attack(lambda: endless(b"a" * BLOCK, before=head(Transfer_Encoding="chunked") + b"1;x=")),
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
        Attack(lambda: chunked(repeat(b"a" * BLOCK), status="500 Oops")),
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
