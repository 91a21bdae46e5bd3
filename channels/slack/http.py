"""Slack over HTTP: the request URL that the workspace posts signed requests to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import HTTPException, Request
from slack_bolt import App
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from channels.chat.connection import Take
from channels.chat.serving import bounded, listening, posted_to
from channels.slack.app import has_signed_form

PATH = "/slack/events"
"""Of events and of interactivity alike; the app's manifest names it."""


def requests_to(app: App) -> Take:
    """What hands Slack's requests to `app`, which checks who has signed them."""

    async def take(request: Request) -> Response:
        body = await bounded(request)
        if not has_signed_form(request.headers, body):
            raise HTTPException(401, "the request is not signed as Slack signs")
        answered: Any = await run_in_threadpool(app.dispatch, to_bolt_request(request, body))
        return to_starlette_response(answered)

    return take


@contextmanager
def serving(app: App, host: str, port: int) -> Iterator[str]:
    """Serve `app` alone on a port (0: any), until the end; yields the address that Slack posts to.

    Raises:
        BadInput: nothing can listen there.
    """
    router = posted_to(PATH, requests_to(app))
    with listening(router, "Noctua in Slack", host, port) as address:
        yield f"{address}{PATH}"
