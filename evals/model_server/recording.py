"""Recording what a model said, and saying it again without the model.

A recording is a file of JSON lines: the digest of what was asked, the role, the request and the
reply. It holds prompts and answers, and no key.
"""

import http.client
import json
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from evals.model_server.behaviours import Broken, Completion, Said, Status
from evals.model_server.request import ChatRequest
from twin.errors import BadInput
from twin.nouns.base import Noun

UPSTREAM_DEADLINE_S = 120.0


class Exchange(Noun):
    """One line of a recording."""

    digest: str
    role: str
    request: dict[str, Any]
    reply: Completion


class Recorder:
    """Appends what was said to a file.

    Raises:
        BadInput: the file cannot be written, or is there already.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("x", encoding="utf-8").close()
        except FileExistsError as exc:
            raise BadInput(f"{path} is there already; name another file to record to") from exc
        except OSError as exc:
            raise BadInput(f"{path} cannot be written ({exc.strerror}); name another file") from exc

    def keep(self, request: ChatRequest, said: Completion) -> None:
        """Add a line."""
        line = Exchange(
            digest=request.digest, role=request.role, request=dict(request.body), reply=said
        )
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(line.model_dump_json() + "\n")


def load_recording(path: Path) -> tuple[Exchange, ...]:
    """The exchanges in a file.

    Raises:
        BadInput: it cannot be read, or a line is none; names file and line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise BadInput(f"{path}: cannot be read as a recording ({exc})") from exc
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(Exchange.model_validate_json(line))
        except ValidationError as exc:
            what = exc.errors(include_url=False, include_input=False)[0]["msg"]
            raise BadInput(f"{path}, line {number}: is no recorded exchange ({what})") from exc
    if not found:
        raise BadInput(f"{path}: holds no exchange; record one with --record")
    return tuple(found)


class Replay:
    """Says what was recorded. The same question again gets the next reply, at last the last one.

    `missing`: what to tell about each question that has no recorded answer; it is refused with 404.
    """

    def __init__(self, exchanges: tuple[Exchange, ...]) -> None:
        self._replies: dict[str, list[Completion]] = defaultdict(list)
        for exchange in exchanges:
            self._replies[exchange.digest].append(exchange.reply)
        self._recorded = len(exchanges)
        self.missing: list[str] = []

    def choose(self, request: ChatRequest) -> Said | Broken | Completion:
        """The recorded reply, or a 404 that says what is missing."""
        replies = self._replies.get(request.digest)
        if replies is None:
            told = (
                f"no answer is recorded for this request (role {request.role or 'none'}, "
                f"digest {request.digest[:12]}); {self._recorded} exchanges are. The run differs "
                "from the recorded one: same case, seed, prompts and version?"
            )
            self.missing.append(told)
            return Status(code=404, message=told)
        return replies.pop(0) if len(replies) > 1 else replies[0]


class Upstream:
    """Asks another server, and gives its answer on. Errors are given on too, and not recorded.

    `url`: a base URL. The key of whoever asks travels on, and is never kept.

    Raises:
        BadInput: `url` is none.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(f'"{url}" is no base URL; it looks like https://host/v1')
        self._parts = parts

    def choose(self, request: ChatRequest) -> Said | Broken | Completion:
        """What the other server says."""
        asked = {k: v for k, v in request.body.items() if k not in ("stream", "stream_options")}
        try:
            status, data = self._post(json.dumps(asked).encode(), request.authorization)
        except (OSError, http.client.HTTPException) as exc:
            return Status(code=502, message=f"the upstream server did not answer ({exc!r:.200})")
        if status != 200:
            return Status(
                code=max(400, min(status, 599)), message=data[:500].decode(errors="replace")
            )
        try:
            whole = json.loads(data)
            choice = whole["choices"][0]
            return Completion(
                message=choice["message"],
                finish_reason=choice.get("finish_reason") or "stop",
                usage=whole.get("usage"),
            )
        except (ValueError, LookupError, TypeError) as exc:
            return Status(
                code=502, message=f"the upstream server sent no completion ({exc!r:.200})"
            )

    def _post(self, body: bytes, authorization: str) -> tuple[int, bytes]:
        parts = self._parts
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(str(parts.hostname), parts.port, timeout=UPSTREAM_DEADLINE_S)
        headers = {"Content-Type": "application/json"}
        if authorization:
            headers["Authorization"] = authorization
        try:
            connection.request("POST", f"{parts.path.rstrip('/')}/chat/completions", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
