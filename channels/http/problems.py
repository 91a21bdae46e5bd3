"""What an answer says that is none: problem details (RFC 9457), whatever went wrong.

A `NoctuaError` is meant for people, so its text is the detail, in words of this channel. Whoever is
refused stands in the audit log with who it was, as far as that is known. What is a defect is
logged, and says so.
"""

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from channels.access.errors import NotPermitted, NotSignedIn
from channels.access.refusals import record_refusal
from channels.alerts import WrongSettings
from channels.http.served import served_by
from channels.http.ways import RequestWords
from channels.http.who import address_of
from channels.report.wording import plain
from tools.journal.errors import (
    JournalFailed,
    NotAJournal,
    UnknownCause,
    UnknownIncident,
    UnknownPlan,
    UnknownRefresh,
    UnknownRisk,
)
from twin.errors import BadInput, DeadlineExceeded, NetworkError, NoctuaError, Refused
from twin.nouns.base import Noun
from twin.nouns.principal import HTTP, Principal

_log = logging.getLogger(__name__)

_LONGEST = 4000
"""Characters of a detail."""

NOBODY = Principal(name="nobody", provider=HTTP, channel=HTTP)
"""Stands in the audit log for who is not known."""


class Problem(Noun):
    """Why a request was not answered. `rule`: the written rule that refused it, "" for none."""

    title: str
    status: int
    detail: str
    rule: str = ""


def problem(
    status: int, title: str, detail: str = "", rule: str = "", headers: dict[str, str] | None = None
) -> JSONResponse:
    """The response that says so."""
    said = Problem(title=title, status=status, detail=plain(detail, _LONGEST), rule=rule)
    return JSONResponse(
        said.model_dump(), status, headers=headers, media_type="application/problem+json"
    )


def say_problems(app: FastAPI) -> None:
    """Have every error of `app` be a problem; of what is a defect, the guard makes one."""
    app.add_exception_handler(NoctuaError, _of_noctua)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)


_STATUSES: tuple[tuple[type[NoctuaError], int, str], ...] = (
    *(
        (kind, 404, "Not known")
        for kind in (UnknownIncident, UnknownPlan, UnknownRisk, UnknownCause, UnknownRefresh)
    ),
    (NotAJournal, 503, "The journal cannot be used"),
    (WrongSettings, 503, "Alerts cannot be taken now"),
    (BadInput, 400, "Cannot be used"),
    (NotSignedIn, 401, "Not signed in"),
    (NotPermitted, 403, "Not permitted"),
    (Refused, 409, "Refused"),
    (DeadlineExceeded, 503, "Not finished in time"),
    (NetworkError, 503, "The network does not answer"),
    (JournalFailed, 503, "The journal cannot be used"),
    (NoctuaError, 503, "Cannot be done now"),
)
"""By kind of error, the most special first."""


def _of_noctua(request: Request, error: Exception) -> JSONResponse:
    status, title = next((s, t) for kind, s, t in _STATUSES if isinstance(error, kind))
    rule = error.rule if isinstance(error, Refused) else ""
    if rule:
        served_by(request).counts.refused.labels(rule).inc()
    assert isinstance(error, NoctuaError)
    if isinstance(error, NotSignedIn | NotPermitted):
        _audit(request, rule, str(error))
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return problem(status, title, error.said(RequestWords(request)), rule, headers)


def _audit(request: Request, rule: str, why: str) -> None:
    who = getattr(request.state, "principal", NOBODY)
    route = getattr(request.scope.get("route"), "path", "")
    sent = {"method": request.method, "address": address_of(request)}
    state = served_by(request).directory
    record_refusal(state, who, ("request_refused", route), rule, why, sent)


def _of_validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    return problem(422, "Not as the document describes it", told)


def _of_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 429:
        served_by(request).counts.refused.labels("rate").inc()
    title, detail = HTTPStatus(error.status_code).phrase, str(error.detail)
    # Starlette's own words for a path or a method that no route has.
    if detail == title:
        detail = f"no route answers {request.method} {request.url.path}; GET /openapi.json has all"
    return problem(error.status_code, title, detail, headers=dict(error.headers or {}))


def defect(error: Exception) -> JSONResponse:
    """The response to a request that failed by our fault; the log has the error."""
    _log.error("a request failed", exc_info=error)
    return problem(500, "Internal error", "this is a defect; the server's log has more")
