"""The server on Ray Serve: replicas of the ranker behind Serve's HTTP proxy on loopback.

Besides `tools.runners.rollout_ray`, the only module that imports Ray.
"""

import asyncio
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from tools.policy_server.endpoint import Endpoint
from tools.policy_server.head import own_head
from tools.policy_server.model import ServedModel
from tools.ranker.card import SHIPPED
from tools.runners.rollout_ray import joined

# After the module that sets what Ray reads when it is imported.
from ray import serve  # isort: skip
from ray.serve.config import HTTPOptions  # isort: skip
from ray.serve.handle import DeploymentHandle  # isort: skip
from starlette.requests import Request
from starlette.responses import Response

HOST = "127.0.0.1"
"""The token and the figures would go over the wire as they are, so HTTP stays on the machine."""

APPLICATION = "noctua-policy"

MOST_AT_ONCE = 8
"""Requests that one call of the model takes, one graph after another."""

_ONGOING, _QUEUED = 32, 64
"""Of a replica, and before all of them; whoever comes then gets 503, and has a deadline anyway."""

_HEALTH_PERIOD_S, _HEALTH_TIMEOUT_S = 5.0, 30.0

_REQUEST_S = 5.0
"""For a request, and for those that are under way once the server is to end; no client waits."""


class Replica:
    """One process that holds the weights of `card`; see Endpoint."""

    def __init__(self, card: str, token_sha256: str) -> None:
        self._model = ServedModel(Path(card))
        name = serve.get_replica_context().replica_id.unique_id
        self._endpoint = Endpoint(
            self.scores, self._model.check, self._model.digest, token_sha256, name
        )

    async def __call__(self, request: Request) -> Response:
        """Answer over HTTP."""
        return await self._endpoint.respond(request)

    async def scores(self, body: bytes) -> bytes:
        """The packed scores of packed figures. Raises NoctuaError: there are none."""
        answer = await self._batch(body)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, bytes)
        return answer

    @serve.batch(max_batch_size=MOST_AT_ONCE, batch_wait_timeout_s=0.0)  # type: ignore[untyped-decorator]  # Ray's types are not read
    async def _batch(self, bodies: list[bytes]) -> Any:
        # While a call runs in its thread, requests that come in wait for the next one together.
        return await asyncio.to_thread(self._model.scores, bodies)

    def check_health(self) -> None:
        """Asked by Serve; a replica that raises is replaced."""
        self._model.check()


@contextmanager
def served(
    port: int,
    token: str,
    card: Path = SHIPPED,
    replicas: int = 1,
    cluster: str | None = None,
) -> Iterator[tuple[str, DeploymentHandle]]:
    """Serve the ranker of `card` while inside; its URL, and a handle for code on the cluster.

    `cluster`: host:port of a Ray cluster that this machine belongs to, or "auto" for the one that
    runs here; None: start one, which ends with the server.

    Raises:
        BadInput: Ray cannot be started or joined, the card is none, or the port is not free.
    """
    ServedModel(card).check()
    digest = sha256(token.encode()).hexdigest()
    application = serve.deployment(
        Replica,
        name="ranker",
        num_replicas=replicas,
        max_ongoing_requests=_ONGOING,
        max_queued_requests=_QUEUED,
        health_check_period_s=_HEALTH_PERIOD_S,
        health_check_timeout_s=_HEALTH_TIMEOUT_S,
        graceful_shutdown_timeout_s=_REQUEST_S,
        graceful_shutdown_wait_loop_s=_REQUEST_S / 10,
        ray_actor_options={"num_cpus": 0.25},
    ).bind(str(card.resolve()), digest)
    with _cluster(cluster) as address, joined(address):
        logging.getLogger("ray.serve").setLevel(logging.ERROR)
        http = HTTPOptions(host=HOST, port=port, request_timeout_s=_REQUEST_S)
        serve.start(http_options=http, proxy_location="EveryNode")
        try:
            handle = serve.run(application, name=APPLICATION, route_prefix="/")
            yield f"http://{HOST}:{port}", handle
        finally:
            _stop(ours=cluster is None)


@contextmanager
def _cluster(address: str | None) -> Iterator[str]:
    if address is not None:
        yield address
        return
    # Whoever reaches Ray's ports and has its token can run code: this one nobody else is told.
    os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    try:
        with own_head() as started:
            yield started
    finally:
        del os.environ["RAY_AUTH_TOKEN"]


def _stop(ours: bool) -> None:
    if ours:
        serve.shutdown()
    else:
        serve.delete(APPLICATION)
