"""Slack over HTTP: the request URL that the workspace posts signed requests to."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException, Request
from slack_bolt import App
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from channels.slack.app import has_signed_form
from twin.errors import BadInput

PATH = "/slack/events"
"""Of events and of interactivity alike; the app's manifest names it."""

LARGEST = 1_000_000
"""Bytes of a request; Slack's have a few thousand."""


def slack_router(app: App) -> APIRouter:
    """The router that hands Slack's requests to `app`, which checks who has signed them."""
    router = APIRouter(tags=["slack"])

    @router.post(PATH, include_in_schema=False)
    async def slack_events(request: Request) -> Response:
        body = await _bounded(request)
        if not has_signed_form(request.headers, body):
            raise HTTPException(401, "the request is not signed as Slack signs")
        answered: Any = await run_in_threadpool(app.dispatch, to_bolt_request(request, body))
        return to_starlette_response(answered)

    return router


async def _bounded(request: Request) -> bytes:
    """The body, as long as it is no larger than any that Slack sends."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise HTTPException(413, "the request is larger than any that Slack sends")
    return bytes(body)


@contextmanager
def serving(app: App, host: str, port: int) -> Iterator[str]:
    """Serve `app` alone on a port (0: any), until the end; yields the address that Slack posts to.

    Raises:
        BadInput: nothing can listen there.
    """
    served = FastAPI(title="Noctua in Slack", openapi_url=None)
    served.include_router(slack_router(app))
    config = uvicorn.Config(served, host=host, port=port, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    # Outside of the main thread it leaves signals alone.
    thread = threading.Thread(target=server.run, name="slack http", daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    if not server.started:
        raise BadInput(f"nothing can listen at {host}:{port}; name another with --http")
    try:
        at = server.servers[0].sockets[0].getsockname()
        yield f"http://{at[0]}:{at[1]}{PATH}"
    finally:
        server.should_exit = True
        thread.join()
