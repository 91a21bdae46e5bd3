"""The audit log, and what is kept no longer."""

import time
from itertools import chain
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from channels import verbs
from channels.audit import AuditVerdict
from channels.http.commands import does
from channels.http.sent import Sent
from channels.http.served import Directory
from channels.http.who import Admin, Reader
from graphs.pruning import KEPT_DAYS, Droppable

router = APIRouter(tags=["upkeep"])

_MEDIA = {"jsonl": "application/jsonl", "csv": "text/csv"}


class Pruning(Sent):
    """How many days traces and alerts are kept, and what was learned of unwatched networks."""

    days: Annotated[float, Field(gt=0, le=36_500)] = KEPT_DAYS
    dry_run: bool = False


@router.get("/audit/verify", openapi_extra=does("audit verify"))
def verify_audit(
    directory: Directory,
    _: Reader,
    head: Annotated[str | None, Query(pattern=r"^[0-9a-fA-F]{64}$")] = None,
) -> AuditVerdict:
    """Recompute the audit chain, and compare every row with its seal."""
    return verbs.verify_audit(directory, head=head)


@router.get(
    "/audit/export",
    openapi_extra=does("audit export"),
    response_class=StreamingResponse,
    responses={200: {"content": {kind: {} for kind in _MEDIA.values()}}},
)
def export_audit(
    directory: Directory,
    _: Admin,
    since: Annotated[int, Query(ge=1, le=2**62)] = 1,
    export_format: Annotated[Literal["jsonl", "csv"], Query(alias="format")] = "jsonl",
) -> StreamingResponse:
    """Every line of the audit log, and a last one with the head."""
    lines = verbs.export_audit(directory, since, export_format)
    # What is wrong with the request shows with the first line, before anything was sent.
    first = next(lines, "")
    return StreamingResponse(chain((first,), lines), media_type=_MEDIA[export_format])


@router.post("/prune", openapi_extra=does("prune"))
def prune(directory: Directory, _: Admin, what: Pruning) -> Droppable:
    """Drop what is kept no longer, or say only what that is."""
    return verbs.prune(directory, time.time(), what.days, dry_run=what.dry_run)
