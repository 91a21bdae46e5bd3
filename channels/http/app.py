"""The application that `noctua serve` serves: routers over one state directory.

A further part of it is one more file with a `router`, and a line in `ROUTERS`. It is judged by
nothing here: routes call verbs, which every other channel calls too.
"""

import os
import secrets
from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.sessions import SessionMiddleware

from channels.chat.connection import ChatConnection
from channels.http import (
    accounts,
    alerts,
    computing,
    events,
    health,
    incidents,
    metrics,
    networks,
    oidc,
    plans,
    questions,
    register,
    session,
    start,
    upkeep,
)
from channels.http.chats import router_of
from channels.http.controls import EVERY_CONTROL, HttpControls
from channels.http.document import describe
from channels.http.guard import Guard
from channels.http.oidc import BEGUN_S, Providers
from channels.http.problems import say_problems
from channels.http.served import Directory, Served
from channels.http.settings import ServeSettings
from graphs.state_directory import StateDirectory

ROUTERS: tuple[APIRouter, ...] = (
    start.router,
    health.router,
    metrics.router,
    session.router,
    oidc.router,
    incidents.router,
    plans.router,
    networks.router,
    register.router,
    questions.router,
    computing.router,
    events.router,
    accounts.router,
    alerts.router,
    upkeep.router,
)
"""What is served, in the order of the document."""

BEGUN_COOKIE = "noctua_sign_in"
"""Binds a sign-in that was begun with an identity provider to the browser that began it."""

__all__ = ["ROUTERS", "Directory", "create_app"]


def create_app(
    state: StateDirectory,
    routers: Sequence[APIRouter] = ROUTERS,
    *,
    settings: ServeSettings | None = None,
    controls: HttpControls = EVERY_CONTROL,
    chats: tuple[ChatConnection, ...] = (),
) -> FastAPI:
    """The application over `state`; nothing is read from it before a request asks for it.

    `controls`: all of them, unless it is tried what one of them holds. `chats`: those that post
    here.
    """
    app = FastAPI(
        title="Noctua",
        summary="Operates a communication network with agents, and changes it only through a gate.",
        version="1",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_name_of,
    )
    served = Served(state, settings or ServeSettings(), controls, chats)
    served.counts.registry.register(metrics.NetworkMetrics(state))
    app.state.served = served
    app.state.providers = Providers(served.settings, os.environ)
    app.add_middleware(
        SessionMiddleware,
        secret_key=secrets.token_hex(32),
        session_cookie=BEGUN_COOKIE,
        max_age=int(BEGUN_S),
        path="/session/oidc",
        https_only=served.settings.is_secure,
    )
    app.add_middleware(Guard, served=served)
    say_problems(app)
    describe(app)
    for router in (*routers, router_of(chats)):
        app.include_router(router)
    return app


def _name_of(route: APIRoute) -> str:
    """What clients that are made from the document call it."""
    return route.name
