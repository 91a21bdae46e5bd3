"""What an answer says that is none: problem details (RFC 9457), whatever went wrong.

A `NoctuaError` is meant for people, so its text is the detail. What is not is logged, and says so.
"""

import logging

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from channels.report.wording import plain
from tools.journal.errors import JournalFailed, UnknownIncident, UnknownPlan
from twin.errors import BadInput, DeadlineExceeded, NetworkError, NoctuaError, Refused
from twin.nouns.base import Noun

_log = logging.getLogger(__name__)

_LONGEST = 4000
"""Characters of a detail."""


class Problem(Noun):
    """Why a request was not answered. `rule`: the written rule that refused it, "" for none."""

    title: str
    status: int
    detail: str
    rule: str = ""


def problem(
    status: int, title: str, detail: str, rule: str = "", headers: dict[str, str] | None = None
) -> JSONResponse:
    """The response that says so."""
    said = Problem(title=title, status=status, detail=plain(detail, _LONGEST), rule=rule)
    return JSONResponse(
        said.model_dump(), status, headers=headers, media_type="application/problem+json"
    )


def say_problems(app: FastAPI) -> None:
    """Have every error of `app` be a problem."""
    app.add_exception_handler(NoctuaError, _of_noctua)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_a_bug)


_STATUSES: tuple[tuple[type[NoctuaError], int, str], ...] = (
    (UnknownIncident, 404, "Not known"),
    (UnknownPlan, 404, "Not known"),
    (BadInput, 400, "Cannot be used"),
    (Refused, 409, "Refused"),
    (DeadlineExceeded, 503, "Not finished in time"),
    (NetworkError, 503, "The network does not answer"),
    (JournalFailed, 503, "The journal cannot be used"),
    (NoctuaError, 503, "Cannot be done now"),
)
"""By kind of error, the most special first."""


def _of_noctua(_: Request, error: Exception) -> JSONResponse:
    status, title = next((s, t) for kind, s, t in _STATUSES if isinstance(error, kind))
    return problem(status, title, str(error), error.rule if isinstance(error, Refused) else "")


def _of_validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    wrong = jsonable_encoder(error.errors(), custom_encoder={Exception: str})
    told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in wrong)
    return problem(422, "Not as the document describes it", told)


def _of_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), "", headers=dict(error.headers or {}))


def _of_a_bug(_: Request, error: Exception) -> JSONResponse:
    _log.error("a request failed", exc_info=error)
    return problem(500, "Internal error", "this is a defect; the server's log has more")
