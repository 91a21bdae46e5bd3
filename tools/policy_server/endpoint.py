"""What the server answers, whatever it runs on: scores, its health and its metrics."""

import hmac
import time
from collections.abc import Awaitable, Callable
from hashlib import sha256

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics import Counter, Gauge, Histogram
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tools.policy_server.wire import BINARY, DIGEST, MOST_BYTES, PATH
from twin.errors import BadInput, NoctuaError

HEALTH, METRICS = "/health", "/metrics"

Score = Callable[[bytes], Awaitable[bytes]]
"""The scores of packed figures; see `wire`. Raises BadInput: they are none."""

_SECONDS = (0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.1, 0.2, 0.5, 1.0, 5.0)


class Endpoint:
    """Answers requests that bear the token, with `score` and the weights of `digest`.

    It is given the token's SHA-256 and never the token, so that it lies nowhere else.
    `check`: runs the model; raises NoctuaError if it does not do what it should. `replica`: the
    label of what it counts.
    """

    def __init__(
        self, score: Score, check: Callable[[], None], digest: str, token_sha256: str, replica: str
    ) -> None:
        self._score, self._check = score, check
        self._digest, self._token_sha256 = digest, token_sha256
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "noctua_policy_requests", "Requests for scores.", ["replica", "status"],
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "noctua_policy_seconds", "Until the scores are there.", ["replica"],
            registry=self._registry, buckets=_SECONDS,
        )  # fmt: skip
        weights = Gauge(
            "noctua_policy_weights", "1; the SHA-256 of the weights.", ["replica", "sha256"],
            registry=self._registry,
        )  # fmt: skip
        weights.labels(replica, digest).set(1)
        self._replica = replica

    async def respond(self, request: Request) -> Response:
        """The answer to any request."""
        if not self._has_token(request):
            return PlainTextResponse(
                "the bearer token is missing or wrong\n", 401, {"WWW-Authenticate": "Bearer"}
            )
        match (request.method, request.url.path):
            case ("POST", path) if path == PATH:
                return await self._counted(request)
            case ("GET", path) if path == HEALTH:
                return self._health()
            case ("GET", path) if path == METRICS:
                return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)
        return PlainTextResponse(f"there are POST {PATH}, GET {HEALTH} and GET {METRICS}\n", 404)

    def _has_token(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = sha256(token.encode()).hexdigest()
        return hmac.compare_digest(given, self._token_sha256) and scheme.lower() == "bearer"

    async def _counted(self, request: Request) -> Response:
        began_s = time.perf_counter()
        response = await self._scores(request)
        self._requests.labels(self._replica, str(response.status_code)).inc()
        self._seconds.labels(self._replica).observe(time.perf_counter() - began_s)
        return response

    async def _scores(self, request: Request) -> Response:
        wanted = request.headers.get(DIGEST, "")
        if wanted != self._digest:
            return PlainTextResponse(
                f"these are the weights {self._digest}, and {wanted or 'none'} are asked for\n", 409
            )
        body = await _body(request)
        if body is None:
            return PlainTextResponse(f"a request has up to {MOST_BYTES} bytes\n", 413)
        try:
            scores = await self._score(body)
        except BadInput as error:
            return PlainTextResponse(f"{error}\n", 422)
        except NoctuaError as error:
            return PlainTextResponse(f"{error}\n", 503)
        return Response(scores, media_type=BINARY, headers={DIGEST: self._digest})

    def _health(self) -> Response:
        try:
            self._check()
        except NoctuaError as error:
            return PlainTextResponse(f"{error}\n", 503)
        return PlainTextResponse(f"{self._digest}\n", headers={DIGEST: self._digest})


async def _body(request: Request) -> bytes | None:
    """The body, None if it is too long to be read."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)
