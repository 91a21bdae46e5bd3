"""The application that `noctua serve` serves: routers over one state directory.

A further part of it is one more file with a `router`, and a line in `ROUTERS`.
"""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI

from channels.http import health
from channels.http.directory import Directory
from channels.http.problems import say_problems
from graphs.state_directory import StateDirectory

ROUTERS: tuple[APIRouter, ...] = (health.router,)
"""What is served, in the order of the document."""

__all__ = ["ROUTERS", "Directory", "create_app"]


def create_app(state: StateDirectory, routers: Sequence[APIRouter] = ROUTERS) -> FastAPI:
    """The application over `state`; nothing is read from it before a request asks for it."""
    app = FastAPI(
        title="Noctua",
        summary="Operates a communication network with agents, and changes it only through a gate.",
        version="1",
        docs_url=None,
        redoc_url=None,
    )
    app.state.directory = state
    say_problems(app)
    for router in routers:
        app.include_router(router)
    return app
