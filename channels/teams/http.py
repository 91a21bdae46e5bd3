"""Teams over HTTP: the messaging endpoint that the Bot Connector posts to.

A request has to bear the Connector's token, come from a service and a tenant that are listed, and
is put on record before it is answered.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from channels.chat.connection import Take
from channels.chat.room import Room
from channels.chat.serving import bounded, listening, posted_to
from channels.teams.events import Activity, act_of, tenants_of
from channels.teams.settings import TeamsSettings
from channels.teams.tokens import KeysUnknown, NotSent, Tokens

PATH = "/api/messages"
"""The messaging endpoint, as the registration of the bot names it."""

CHANNEL = "msteams"

NOTED = "Noted; what comes of it follows here."

T = TypeVar("T")


class Door:
    """Hands to a room what the Bot Connector sends."""

    def __init__(self, room: Room, settings: TeamsSettings) -> None:
        self._room, self._settings, self._tokens = room, settings, Tokens(settings)

    def take(self, authorization: str, body: bytes) -> Response:
        """The answer to a request. Raises HTTPException: it is refused."""
        activity = _read(body)
        self._require_ours(authorization, activity)
        if found := _understood(act_of, activity):
            self._room.receive(*found)
        is_invoke = activity.get("type") == "invoke"
        if not (found and is_invoke):
            return Response(status_code=501 if is_invoke else 200)
        kind = "application/vnd.microsoft.activity.message"
        return JSONResponse({"statusCode": 200, "type": kind, "value": NOTED})

    def _require_ours(self, authorization: str, activity: Activity) -> None:
        service_url = activity.get("serviceUrl")
        if not isinstance(service_url, str):
            raise HTTPException(400, "the activity names no service")
        try:
            self._tokens.require(authorization, service_url)
        except NotSent as error:
            raise HTTPException(401, str(error)) from error
        except KeysUnknown as error:
            raise HTTPException(503, "the keys of the service are not to be had") from error
        if not self._settings.is_known_service(service_url):
            raise HTTPException(403, "the service is not one of service_urls in teams.yaml")
        if not is_of_teams(activity):
            raise HTTPException(403, "the activity is not of Teams")
        if _understood(tenants_of, activity) != {self._settings.tenant}:
            raise HTTPException(403, "the activity is not of the tenant in teams.yaml")


def is_of_teams(activity: Activity) -> bool:
    """Whether Teams has sent it, and none of the other chats that a bot may be in."""
    return bool(activity.get("channelId") == CHANNEL)


def _read(body: bytes) -> Activity:
    try:
        activity = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "the request is no JSON") from error
    if not isinstance(activity, dict):
        raise HTTPException(400, "the request is no activity")
    return activity


def _understood(read: Callable[[Activity], T], activity: Activity) -> T:
    """What is read of an activity. Raises HTTPException: it has not the form of one."""
    try:
        return read(activity)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise HTTPException(400, f"the activity has no such form: {error}") from error


def requests_to(door: Door) -> Take:
    """What hands requests of the Bot Connector to `door`."""

    async def take(request: Request) -> Response:
        body = await bounded(request)
        authorization = request.headers.get("authorization", "")
        return await run_in_threadpool(door.take, authorization, body)

    return take


@contextmanager
def serving(room: Room, settings: TeamsSettings, host: str, port: int) -> Iterator[str]:
    """Serve the endpoint on a port (0: any), until the end; yields its address.

    Raises:
        BadInput: nothing can listen there.
    """
    router = posted_to(PATH, requests_to(Door(room, settings)))
    with listening(router, "Noctua in Teams", host, port) as address:
        yield f"{address}{PATH}"
