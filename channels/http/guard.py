"""What every answer bears and every request is held to, whichever route it is for: pure ASGI."""

import time

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from channels.http.problems import defect, problem
from channels.http.served import Served

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Source: OWASP's secure headers project, for an API that shows no page."""

HSTS = "max-age=31536000"


class Guard:
    """Secure headers on every answer; bodies up to a size; requests and their time counted."""

    def __init__(self, app: ASGIApp, served: Served) -> None:
        self._app = app
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()
        most, seen, begun = self._served.settings.limits.body_bytes, 0, False

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413, f"a request has up to {most} bytes")
            return message

        async def told(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if self._served.settings.is_secure:
                    headers.setdefault("Strict-Transport-Security", HSTS)
                self._count(scope, message["status"], time.perf_counter() - began_s)
            await send(message)

        misnamed = self._misnamed(scope)
        try:
            await (misnamed or self._app)(scope, bounded, told)
        except Exception as error:
            # What answers beyond this bears no headers, and is not counted.
            if not begun:
                await defect(error)(scope, bounded, told)
            raise

    def _misnamed(self, scope: Scope) -> ASGIApp | None:
        """What refuses another name than its own: a page whose name leads here is not believed."""
        host = Request(scope).url.hostname
        if not self._served.controls.host or host in self._served.settings.known_hosts:
            return None
        why = f'"{host}" is no name of this server; add it to `hosts` of serve.yaml if it should be'
        return problem(421, "Not this server", why)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        # By the route and not by the path, of which there are as many as somebody makes up.
        route = getattr(scope.get("route"), "path", "none")
        counts = self._served.counts
        counts.requests.labels(scope["method"], route, str(status)).inc()
        counts.seconds.labels(route).observe(seconds)
