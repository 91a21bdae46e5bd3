"""Incidents: what is on record of them, and what people do with them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from channels import verbs
from channels.http.commands import does
from channels.http.sent import Sent, Text
from channels.http.served import Directory
from channels.http.who import Operator, Reader
from channels.report.writing import report_text
from channels.views import IncidentDetails, IncidentView
from twin.knowledge.past import SimilarIncident

router = APIRouter(prefix="/incidents", tags=["incidents"])


class Note(Sent):
    """What somebody has seen or done."""

    text: Text


class Closing(Sent):
    """The cause that was found; `reason` is needed while something of the incident is seen."""

    cause: Text
    reason: Text = ""
    leave_in_force: bool = False


class Reason(Sent):
    """Why."""

    reason: Text


_MEDIA = {"html": "text/html", "md": "text/markdown", "json": "application/json"}


@router.get("", openapi_extra=does("incidents"))
def list_incidents(directory: Directory, _: Reader) -> tuple[IncidentView, ...]:
    """Every incident, oldest first."""
    return verbs.incidents(directory)


@router.get("/{incident}", openapi_extra=does("show"))
def show_incident(directory: Directory, _: Reader, incident: str) -> IncidentDetails:
    """All that is on record of one incident: facts, timeline, plans, what waits."""
    return verbs.incident(directory, incident)


@router.get("/{incident}/similar", openapi_extra=does("graph similar"))
def similar_incidents(
    directory: Directory, _: Reader, incident: str, most: Annotated[int, Query(ge=1, le=100)] = 5
) -> tuple[SimilarIncident, ...]:
    """The past incidents that share most symptoms with one, the most similar first."""
    return verbs.similar(directory, incident, most)


@router.get(
    "/{incident}/report",
    openapi_extra=does("report"),
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in _MEDIA.values()}}},
)
def report_incident(
    directory: Directory,
    _: Reader,
    incident: str,
    report_format: Annotated[Literal["html", "md", "json"], Query(alias="format")] = "html",
) -> Response:
    """The report of an incident, as a page, as Markdown or as data."""
    text = report_text(verbs.report(directory, incident), report_format)
    # A report's drawings and styles lie within it; it runs nothing and loads nothing.
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
    return Response(
        text, media_type=_MEDIA[report_format], headers={"Content-Security-Policy": policy}
    )


@router.post("/{incident}/take", openapi_extra=does("take"))
def take_incident(directory: Directory, by: Operator, incident: str) -> verbs.Handled:
    """Say that one has the incident; whoever had it before has it no more."""
    return verbs.take(directory, incident, by)


@router.post("/{incident}/notes", openapi_extra=does("note"))
def note_incident(directory: Directory, by: Operator, incident: str, note: Note) -> verbs.Handled:
    """Write what was seen or done into the timeline."""
    return verbs.note(directory, incident, by, note.text)


@router.post("/{incident}/close", openapi_extra=does("close"))
def close_incident(
    directory: Directory, by: Operator, incident: str, closing: Closing
) -> verbs.Handled:
    """Close an incident that people have, with the cause that was found."""
    return verbs.close(
        directory,
        incident,
        by,
        closing.cause,
        closing.reason,
        leave_in_force=closing.leave_in_force,
    )


@router.post("/{incident}/reopen", openapi_extra=does("reopen"))
def reopen_incident(
    directory: Directory, by: Operator, incident: str, why: Reason
) -> verbs.Handled:
    """Say that an incident that has ended is not over."""
    return verbs.reopen(directory, incident, by, why.reason)
