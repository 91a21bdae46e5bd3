"""Alerts of other monitoring systems: what they say, and doors by which they say it.

Who sends alerts does not sign in: a door is opened by the token or signature that alerts.yaml
names.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from channels import verbs
from channels.alerts import AlertsView, Doorway, Receipt
from channels.http.commands import does
from channels.http.problems import problem
from channels.http.served import Directory
from channels.http.who import Reader
from tools.alerts.authenticity import NotAuthentic
from tools.alerts.receiving import MOST_BYTES

router = APIRouter(tags=["alerts"])


def _doorway(request: Request, directory: Directory) -> Doorway:
    """The one of the application, which keeps the journal open between posts."""
    state = request.app.state
    if not hasattr(state, "doorway"):
        state.doorway = Doorway(directory)
    doorway = state.doorway
    assert isinstance(doorway, Doorway)
    return doorway


@router.get("/alerts", openapi_extra=does("alerts"))
def list_alerts(
    directory: Directory,
    _: Reader,
    network: Annotated[str | None, Query()] = None,
    firing: bool = False,
    unmapped: bool = False,
    most: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> AlertsView:
    """Alerts of a network, the latest first; what came through doors, and how rules turned out."""
    return verbs.alerts(directory, network, firing=firing, unmapped=unmapped, most=most)


_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}}
"""What a door reads is its sender's business: JSON, as far as this document goes."""


@router.post("/alerts/{door}", response_model=Receipt, openapi_extra=_BODY)
@router.post("/alerts/{door}/api/v2/alerts", response_model=Receipt, include_in_schema=False)
async def take_alerts(
    door: str, request: Request, doorway: Annotated[Doorway, Depends(_doorway)]
) -> Receipt | Response:
    """Take in what a monitoring system posts; it is kept when this answers.

    vmalert and Prometheus add `/api/v2/alerts` to the address that they are given.
    """
    body = await _body(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        return await run_in_threadpool(doorway.receive, door, headers, body)
    except NotAuthentic as refusal:
        return problem(401, "Not authentic", str(refusal), headers={"WWW-Authenticate": "Bearer"})


async def _body(request: Request) -> bytes:
    """The body, of which no more is read than a post may have."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise HTTPException(413, f"a post has up to {MOST_BYTES:,} bytes")
    return bytes(body)
