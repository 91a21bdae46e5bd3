"""Listening for what a chat posts to us."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException, Request

from channels.chat.connection import Take
from twin.errors import BadInput

LARGEST = 1_000_000
"""Bytes of a request; those of chats have a few thousand."""


async def bounded(request: Request) -> bytes:
    """The body, as long as it is no larger than any that a chat sends. Raises HTTPException."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise HTTPException(413, "the request is larger than any that is sent here")
    return bytes(body)


def posted_to(path: str, take: Take) -> APIRouter:
    """The router of what is posted to `path`, which stands in no document of ours."""
    router = APIRouter()
    router.add_api_route(path, take, methods=["POST"], include_in_schema=False)
    return router


@contextmanager
def listening(router: APIRouter, title: str, host: str, port: int) -> Iterator[str]:
    """Serve `router` alone on a port (0: any), until the end; yields the address.

    Raises:
        BadInput: nothing can listen there.
    """
    served = FastAPI(title=title, openapi_url=None)
    served.include_router(router)
    config = uvicorn.Config(served, host=host, port=port, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    # Outside of the main thread it leaves signals alone.
    thread = threading.Thread(target=server.run, name=title, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    if not server.started:
        raise BadInput(f"nothing can listen at {host}:{port}; name another port")
    try:
        at = server.servers[0].sockets[0].getsockname()
        yield f"http://{at[0]}:{at[1]}"
    finally:
        server.should_exit = True
        thread.join()
