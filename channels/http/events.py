"""Timelines as they grow, as server-sent events; a client that comes back goes on where it was."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

import anyio
from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from channels.access.errors import NotSignedIn
from channels.access.sign_in import who_holds
from channels.http.served import Directory, Served, Serving
from channels.http.who import Caller, Reader, Signed
from graphs.state_directory import StateDirectory
from tools.journal.records import TimelineEvent
from twin.nouns.principal import HTTP

router = APIRouter(tags=["events"])

LOOK_S = 0.5
"""Between two looks at the journal."""

PROVE_S = 10.0
"""How long a stream goes on after its sign-in has ended, at most."""

Seq = Annotated[int | None, Query(ge=0, le=2**62, description="Those after that one.")]
LastId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=20)]


def _after(after: Seq = None, last_event_id: LastId = None) -> int | None:
    """The number of the last event that the client has."""
    if last_event_id and last_event_id.isascii() and last_event_id.isdigit():
        return min(int(last_event_id), 2**62)
    return after


def _known(directory: Directory, incident: str) -> str:
    """The incident, before anything of the stream is sent. Raises UnknownIncident."""
    with directory.read_only_journal() as journal:
        return journal.incident(incident).incident.id


def _place(served: Serving) -> Iterator[None]:
    """Room for one more stream, for as long as it is open. Raises HTTPException 429."""
    if not served.streams.acquire(blocking=False):
        raise HTTPException(429, "too many streams are open; close one")
    try:
        yield
    finally:
        served.streams.release()


_ROOM = [Depends(_place)]

After = Annotated[int | None, Depends(_after)]


@router.get("/events", response_class=EventSourceResponse, dependencies=_ROOM)
async def stream_events(
    served: Serving, _: Reader, found: Signed, after: After
) -> AsyncIterator[ServerSentEvent]:
    """What happens to every incident, as it happens; from now on, where no event is named."""
    async for event in _stream(served, found, None, after):
        yield event


@router.get(
    "/incidents/{incident}/events",
    response_class=EventSourceResponse,
    dependencies=[Depends(_place)],
)
async def stream_incident(
    served: Serving,
    _: Reader,
    found: Signed,
    incident: Annotated[str, Depends(_known)],
    after: After,
) -> AsyncIterator[ServerSentEvent]:
    """The timeline of one incident, and what is added to it, as it is."""
    async for event in _stream(served, found, incident, after or 0):
        yield event


async def _stream(
    served: Served, found: Caller, incident: str | None, after: int | None
) -> AsyncIterator[ServerSentEvent]:
    proved_s, seq = time.monotonic(), after
    while not served.ending.is_set():
        events, seq = await run_in_threadpool(_read, served.directory, incident, seq)
        for event in events:
            data = event.model_dump(mode="json")
            yield ServerSentEvent(data=data, event=event.kind, id=str(event.seq))
        await anyio.sleep(LOOK_S)
        if time.monotonic() - proved_s >= PROVE_S:
            proved_s = time.monotonic()
            try:
                await run_in_threadpool(who_holds, served.directory, found.secret, HTTP)
            except NotSignedIn:
                return


def _read(
    state: StateDirectory, incident: str | None, after: int | None
) -> tuple[tuple[TimelineEvent, ...], int]:
    """What came after that event, and the number of the last one; nothing where none is named."""
    with state.read_only_journal() as journal:
        if after is None:
            return (), journal.last_event_seq()
        events = journal.events(after) if incident is None else journal.timeline(incident, after)
    return events, events[-1].seq if events else after
