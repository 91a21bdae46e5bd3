"""What helps somebody who was refused, as a request: `POST /incidents/live-0001/reopen {...}`.

What no route does is named as the command that whoever has the server's machine types there.
"""

import json
import re
from collections.abc import Mapping

from starlette.requests import Request

from channels.http.commands import COMMAND
from twin.nouns.way import Given, Way

_IN_QUERY = ("GET", "DELETE")
_IN_PATH = re.compile(r"\{(\w+)\}")


class RequestWords:
    """Says a way as whoever has sent `request` would send it."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __call__(self, way: Way) -> str:
        """The request that helps, or what the refused one lacks."""
        if not way.verb:
            return _sent(self._request.method, way.given)
        method, template = self._route(way.verb)
        if not template:
            return f"`{way.on_the_command_line()}`, where the server runs"
        rest, to = dict(way.given), list(way.to)

        def fill(part: re.Match[str]) -> str:
            given = rest.pop(part[1], None)
            return str(given) if given is not None else to.pop(0) if to else part[0]

        path, sent = _IN_PATH.sub(fill, template), _sent(method, rest)
        between = " " if sent.startswith("{") else ""
        return f"{method} {path}{between}{sent}"

    def _route(self, verb: str) -> tuple[str, str]:
        """The method and the path that do what a command does, "" where there are none."""
        for path, operations in self._request.app.openapi()["paths"].items():
            for method, operation in operations.items():
                if operation.get(COMMAND) == verb:
                    return method.upper(), path
        return "", ""


def _sent(method: str, given: Mapping[str, Given]) -> str:
    """What is given, in the query or the body; several are named in the plural."""
    if not given:
        return ""
    if method in _IN_QUERY:
        return "?" + "&".join(f"{name}={_query(value)}" for name, value in given.items())
    body = {
        f"{name}s" if isinstance(value, tuple) else name: value for name, value in given.items()
    }
    return json.dumps(body, ensure_ascii=False)


def _query(value: Given) -> str:
    return "true" if value is True else str(value)
