"""A server on loopback that sends what it likes, and the forms of what it may send."""

import gzip
import json
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import chain, repeat
from types import TracebackType
from typing import Any, Self

BLOCK = 64 * 2**10


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
        data = self._connection.recv(BLOCK)
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
