"""An OpenAI-compatible server on loopback that follows a script, and checks who talks to it."""

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from agents.loop.budget import tokens_by_rule
from agents.loop.transcript import json_text
from agents.playbook import Policy
from agents.playbook.policies import POLICIES
from evals.model_server.behaviours import Broken, Completion, Good
from evals.model_server.composing import compose
from evals.model_server.delivery import Delivery, Wire, completion_json
from evals.model_server.recording import Recorder
from evals.model_server.request import ChatRequest, RequestRefused, read_request
from evals.model_server.script import Script, Scripted, Source

MODEL = "scripted"
"""The one model that the server lists; it answers to every name."""

_MOST_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Served:
    """One request. `role`: "" if none was named. `did`: the behaviour's kind, "refused" for what
    broke a rule of the API, with the rule in `problem`."""

    role: str
    did: str
    body: Mapping[str, Any]
    problem: str = ""


class DoubleCrashed(Exception):
    """The server itself failed, so whatever it served proves nothing."""


class ModelServer:
    """Serves `/v1/models` and `/v1/chat/completions` on 127.0.0.1, until it is closed.

    `source`: a script, its steps by role, or anything that chooses. `policies`: what a good answer
    is. `usage`: whether replies report tokens (counted by our rule). `written`: what a whole chat
    completion is on the wire, where that is not JSON as it stands. `port`: 0 takes a free one.

    Raises:
        DoubleCrashed: on the way out of the `with`, if the server itself failed.
        OSError: the port is taken.
    """

    def __init__(
        self,
        source: Source | Script | None = None,
        *,
        policies: Mapping[str, Policy] = POLICIES,
        recorder: Recorder | None = None,
        usage: bool = True,
        written: Callable[[dict[str, Any]], Wire] | None = None,
        port: int = 0,
    ) -> None:
        given = source or Script()
        self._source = Scripted(given) if isinstance(given, Script) else given
        self._policies = policies
        self._recorder = recorder
        self._usage = usage
        self._written = written
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self.requests: list[Served] = []
        self.crashes: list[BaseException] = []
        self._http = _Http(self, port)
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.02,), name="model-server", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """The base URL, as NOCTUA_MODEL_URL takes it."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def refused(self) -> list[Served]:
        """The requests that broke a rule of the API."""
        return [r for r in self.requests if r.did == "refused"]

    def served(self, role: str) -> list[Served]:
        """The requests of one role, oldest first."""
        return [r for r in self.requests if r.role == role]

    def go_away(self) -> None:
        """Stop listening; what is under way is let go, and the next connection is refused."""
        self._stopping.set()
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    def close(self) -> None:
        """Stop. Raises DoubleCrashed if the server failed at anything it did."""
        self.go_away()
        if self.crashes:
            raise DoubleCrashed(f"the model server failed: {self.crashes!r}") from self.crashes[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # One request
    # ----------------------------------------------------------------------------------------

    def handle(self, path: str, data: bytes | None, authorization: str, delivery: Delivery) -> None:
        """Serve a GET (`data` is None) or a POST."""
        if data is None and path == "/v1/models":
            model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "noctua"}
            delivery.send_json(200, {"object": "list", "data": [model]})
        elif data is None or path != "/v1/chat/completions":
            delivery.send_error(404, f"there is no {path}; try /v1/chat/completions")
        else:
            self._complete(data, authorization, delivery)

    def _complete(self, data: bytes, authorization: str, delivery: Delivery) -> None:
        try:
            request = read_request(data, authorization)
        except RequestRefused as refusal:
            self.requests.append(Served("", "refused", {}, str(refusal)))
            delivery.send_error(400, str(refusal))
            return
        with self._turn:
            chosen = self._source.choose(request)
            self.requests.append(Served(request.role, chosen.kind, request.body))
        if isinstance(chosen, Completion):
            self._say(chosen, request, delivery)
        elif isinstance(chosen, Broken):
            good = compose(Good(), request, self._policies)
            delivery.break_with(chosen, good, request)
        else:
            self._say(compose(chosen, request, self._policies), request, delivery)

    def _say(self, said: Completion, request: ChatRequest, delivery: Delivery) -> None:
        if self._usage and said.usage is None:
            said = said.model_copy(update={"usage": _usage(said, request)})
        if self._recorder is not None:
            self._recorder.keep(request, said)
        if self._written is None:
            delivery.send_completion(said, request)
        else:
            delivery.send(200, self._written(completion_json(said, request)))


def _usage(said: Completion, request: ChatRequest) -> dict[str, int]:
    sent = tokens_by_rule(json_text(request.messages) + json_text(request.tools))
    got = tokens_by_rule(json_text(said.message))
    return {"prompt_tokens": sent, "completion_tokens": got, "total_tokens": sent + got}


class _Http(ThreadingHTTPServer):
    # A stalled exchange ends when the server stops, and nothing waits for it.
    daemon_threads = True
    block_on_close = False

    def __init__(self, owner: ModelServer, port: int) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing is printed: what went wrong stands in `crashes`."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.owner.crashes.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_GET(self) -> None:
        self._serve(None)

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self._serve(self.rfile.read(min(size, _MOST_BYTES)))

    def _serve(self, data: bytes | None) -> None:
        owner = self.server.owner
        delivery = Delivery(self, owner._stopping)
        try:
            owner.handle(self.path, data, self.headers.get("Authorization", ""), delivery)
        except ConnectionError:
            self.close_connection = True  # who asked is gone
        except Exception as exc:
            owner.crashes.append(exc)
            self.close_connection = True
            if delivery.status is None:
                delivery.send_error(500, f"the model server itself failed: {exc!r}")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed: who wants to know looks at `requests`."""
