"""The HTTP client for model servers: every call ends in time, and goes nowhere else.

A read timeout alone starts anew with every byte, so a server that drips bytes would hold a thread
for ever. Here each call has a connection of its own, which is shut down when its time is over.
"""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import httpx2

CONNECT_S = 10.0
"""The most that a connection may take to be made."""


def call_timeout(call_s: float) -> httpx2.Timeout:
    """What a single step of a call may take that has `call_s` seconds in all."""
    return httpx2.Timeout(call_s, connect=min(CONNECT_S, call_s))


class BoundedClient(httpx2.Client):
    """Ends every call after `call_s` seconds with a ReadTimeout, whatever the server does.

    A request that may only be read for a shorter time (`call_timeout`) ends after that.

    It follows no redirects, so that a server cannot have what we say sent elsewhere, and no proxy
    of the environment gets what is meant for a server on this machine.
    """

    def __init__(self, call_s: float, *, is_local: bool) -> None:
        super().__init__(
            timeout=call_timeout(call_s),
            limits=httpx2.Limits(max_keepalive_connections=0),
            trust_env=not is_local,
            follow_redirects=False,
        )
        self._call_s = call_s

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send `request`. Raises ReadTimeout when the call's time is over."""
        # The SDK turns redirects on for every request that it sends.
        options["follow_redirects"] = False
        read_s = request.extensions.get("timeout", {}).get("read")
        watchdog = _Watchdog(self._call_s if read_s is None else min(read_s, self._call_s))
        request.extensions = {**request.extensions, "trace": watchdog.saw}
        try:
            response = super().send(request, **options)
            watchdog.check(request)
        except BaseException:
            watchdog.cancel()
            watchdog.check(request)
            raise
        if options.get("stream"):
            response.stream = _Watched(response, watchdog)
        else:
            watchdog.cancel()
        return response


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


class _Watched(httpx2.SyncByteStream):
    def __init__(self, response: httpx2.Response, watchdog: _Watchdog) -> None:
        stream = response.stream
        assert isinstance(stream, httpx2.SyncByteStream)
        self._stream, self._request, self._watchdog = stream, response.request, watchdog

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        finally:
            self._watchdog.check(self._request)

    def close(self) -> None:
        self._watchdog.cancel()
        self._stream.close()
