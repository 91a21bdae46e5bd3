"""The endpoint of the policy server on a port of loopback, without Ray, and what it is asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from tools.policy_server.endpoint import Endpoint
from tools.policy_server.model import ServedModel
from twin.remediation.playing import evening_of, twin_of
from twin.remediation.ranking.seen import Seen, seen
from twin.remediation.situation import Situation

NETWORK = "sndlib/polska"

TOKEN = "of-the-tests-and-of-nobody-else-at-all"


@cache
def situation(seed: int = 1) -> Situation:
    """The first quarter of an evening after a failure."""
    twin = twin_of(NETWORK)
    return evening_of(twin, seed).situation(0, twin.inventory.intended)


@cache
def figures() -> Seen:
    """What is seen of it."""
    return seen(situation())


@contextmanager
def answering(token: str = TOKEN) -> Iterator[str]:
    """The endpoint with the weights that ship; its URL."""
    model = ServedModel()

    async def scores(body: bytes) -> bytes:
        (answer,) = model.scores([body])
        if isinstance(answer, Exception):
            raise answer
        return answer

    endpoint = Endpoint(
        scores, model.check, model.digest, sha256(token.encode()).hexdigest(), "here"
    )
    route = Route("/{path:path}", endpoint.respond, methods=["GET", "POST"])
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=[route]), port=0, log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
