"""The HTTP client for model servers: every call ends in time and size, and goes nowhere else.

A read timeout alone starts anew with every byte, so a server that drips bytes would hold a thread
for ever. Here each call has a connection of its own, which is shut down when its time is over, or
when its reply is larger than what is read.
"""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import httpx2

CONNECT_S = 10.0
"""The most that a connection may take to be made."""


MOST_ERROR_BYTES = 64 * 2**10
"""Of the body of a refusal; its status says enough, so the rest is left unread."""


class ReplyTooLarge(Exception):
    """A reply went on beyond what is read of one; the connection was closed."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"the reply is larger than {most_bytes:,} bytes")


def call_timeout(call_s: float) -> httpx2.Timeout:
    """What a single step of a call may take that has `call_s` seconds in all."""
    return httpx2.Timeout(call_s, connect=min(CONNECT_S, call_s))


class BoundedClient(httpx2.Client):
    """Ends every call after `call_s` seconds with a ReadTimeout, whatever the server does.

    A request that may only be read for a shorter time (`call_timeout`) ends after that. No more
    than `most_bytes` of a reply are read, as they came and as they are unpacked.

    It follows no redirects, so that a server cannot have what we say sent elsewhere, and no proxy
    of the environment gets what is meant for a server on this machine. It keeps no cookies.
    """

    def __init__(self, call_s: float, *, is_local: bool, most_bytes: int) -> None:
        super().__init__(
            # What is packed has to be unpacked, and gains little: most calls stay in one rack.
            headers={"Accept-Encoding": "identity"},
            timeout=call_timeout(call_s),
            limits=httpx2.Limits(max_keepalive_connections=0),
            trust_env=not is_local,
            follow_redirects=False,
        )
        self._call_s = call_s
        self._most_bytes = most_bytes

    def send(
        self, request: httpx2.Request, *, stream: bool = False, **options: Any
    ) -> httpx2.Response:
        """Send `request`; the reply is read already, unless it is wanted as a `stream`.

        Raises:
            ReadTimeout: the call's time is over.
            ReplyTooLarge: there is more of the reply than is read.
        """
        # The SDK turns redirects on for every request that it sends.
        options["follow_redirects"] = False
        read_s = request.extensions.get("timeout", {}).get("read")
        watchdog = _Watchdog(self._call_s if read_s is None else min(read_s, self._call_s))
        request.extensions = {**request.extensions, "trace": watchdog.saw}
        try:
            # Always as a stream, since the library reads everything else to its end.
            response = super().send(request, stream=True, **options)
            watchdog.check(request)
            reply = _unpacked(response, watchdog, self._most_bytes)
            if not stream:
                reply.read()
        except BaseException:
            watchdog.cancel()
            watchdog.check(request)
            raise
        finally:
            self.cookies.clear()
        return reply


class _Watchdog:
    """Shuts the sockets of one call down when its time is over."""

    def __init__(self, seconds: float) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_over = False
        self._seconds = seconds
        self._timer = threading.Timer(seconds, self._bite)
        self._timer.daemon = True
        self._timer.start()

    def saw(self, event: str, info: Mapping[str, Any]) -> None:
        """Told by the HTTP library of every step: connections are told as they are made."""
        stream = info.get("return_value")
        if not event.endswith((".connect_tcp.complete", ".start_tls.complete")) or stream is None:
            return
        with self._lock:
            self._sockets.append(stream.get_extra_info("socket"))
            if self._is_over:
                self._shut_down()

    def cancel(self) -> None:
        self._timer.cancel()

    def check(self, request: httpx2.Request) -> None:
        if self._is_over:
            raise httpx2.ReadTimeout(f"no end after {self._seconds:g} s", request=request)

    def _bite(self) -> None:
        with self._lock:
            self._is_over = True
            self._shut_down()

    def _shut_down(self) -> None:
        for each in self._sockets:
            # Not the method of a TLS socket, which changes what the reading thread works with.
            with suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)


def _unpacked(response: httpx2.Response, watchdog: _Watchdog, most_bytes: int) -> httpx2.Response:
    """`response` with its body as it was before it was packed, in bounded pieces."""
    headers = [
        (name, value)
        for name, value in response.headers.multi_items()
        if name.lower() not in ("content-encoding", "content-length")
    ]
    return httpx2.Response(
        response.status_code,
        headers=headers,
        stream=_Bounded(response, watchdog, most_bytes),
        request=response.request,
        extensions=response.extensions,
    )


class _Bounded(httpx2.SyncByteStream):
    """The body of `response` as far as it is read. It may break off only where that is no reply."""

    def __init__(self, response: httpx2.Response, watchdog: _Watchdog, most_bytes: int) -> None:
        self._response, self._watchdog, self._most_bytes = response, watchdog, most_bytes

    def __iter__(self) -> Iterator[bytes]:
        left = MOST_ERROR_BYTES if self._response.is_error else self._most_bytes
        request = self._response.request
        try:
            for piece in self._response.iter_bytes():
                # A reader that is slower than the server would notice the end of time too late.
                self._watchdog.check(request)
                yield piece[:left]
                left -= len(piece)
                if left < 0 or self._response.num_bytes_downloaded > self._most_bytes:
                    if self._response.is_error:
                        return
                    raise ReplyTooLarge(self._most_bytes)
        finally:
            self.close()
            self._watchdog.check(request)

    def close(self) -> None:
        self._watchdog.cancel()
        self._response.close()
