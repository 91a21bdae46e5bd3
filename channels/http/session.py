"""Signing in and out: a local account's password, and who one is."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from channels.access.sign_in import sign_in, sign_out
from channels.http.commands import does
from channels.http.sent import Sent
from channels.http.served import Directory, Served, Serving
from channels.http.who import (
    COOKIE,
    Signed,
    address_of,
    csrf_of,
    require_rate,
    require_same_site,
)
from twin.nouns.account import Permission
from twin.nouns.base import Noun
from twin.nouns.principal import HTTP, Principal

router = APIRouter(prefix="/session", tags=["session"])


Password = Annotated[str, Field(max_length=1024)]


class Credentials(Sent):
    """What a local account signs in with."""

    account: Annotated[str, Field(max_length=64)]
    password: Password


class Session(Noun):
    """Who has signed in, and what it may do.

    `csrf_token`: what a browser sends as X-CSRF-Token with what changes something, "" for others.
    """

    principal: Principal
    permissions: tuple[Permission, ...]
    csrf_token: str


@router.post("", status_code=204, openapi_extra=does("login"))
def start_session(request: Request, served: Serving, given: Credentials) -> Response:
    """Sign in with a password; the answer sets a cookie that no page can read."""
    require_same_site(request, served)
    require_rate(served, "sign_ins", address_of(request))
    require_rate(served, "sign_ins", "account", given.account)
    secret = sign_in(
        served.directory,
        given.account,
        given.password,
        kind="session",
        label=address_of(request),
        for_s=served.settings.session_s,
        channel=HTTP,
    )
    response = Response(status_code=204)
    set_session(response, served, secret)
    return response


@router.get("", openapi_extra=does("whoami"))
def get_session(found: Signed) -> Session:
    """Who has signed in, and what it may do."""
    return Session(
        principal=found.signed.principal,
        permissions=tuple(sorted(found.signed.permissions)),
        csrf_token=csrf_of(found.secret) if found.is_browser else "",
    )


@router.delete("", status_code=204, openapi_extra=does("logout"))
def end_session(directory: Directory, found: Signed) -> Response:
    """Sign out: what proved it is worth nothing from now on, wherever it was copied to."""
    sign_out(directory, found.secret, HTTP)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE)
    return response


def set_session(response: Response, served: Served, secret: str) -> None:
    """Have a browser keep the secret of a session, where no page can read it."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(served.settings.session_s),
        httponly=True,
        secure=served.settings.is_secure,
        samesite="lax",
    )
