"""Who asks: a token in the `Authorization` header, or the session cookie of a browser.

A route says what it takes in the type of a parameter: `Reader`, `Operator`, `Approver`, `Admin`,
or `Keeper` of an account.
Each is the principal who may do that, and the audit log has whoever may not.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItemPerMinute
from starlette.exceptions import HTTPException

from channels.access.errors import NotPermitted, NotSignedIn
from channels.access.sign_in import PREFIX, SignedIn, digest_of, local_identity, who_holds
from channels.http.served import Served, Serving
from graphs.state_directory import StateDirectory
from twin.nouns.account import PERMISSIONS, Permission
from twin.nouns.principal import HTTP, Principal
from twin.nouns.way import Way

COOKIE = "noctua_session"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

bearer = HTTPBearer(auto_error=False, description="A token of `noctua accounts token`.")
cookie = APIKeyCookie(
    name=COOKIE, auto_error=False, description=f"A session; what changes takes {CSRF_HEADER} too."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has signed in, with the secret that proves it, and whether a browser sent that."""

    signed: SignedIn
    secret: str
    is_browser: bool


class CrossSite(NotPermitted):
    """A browser was made to send it by a page that is not of this server."""

    rule = "cross_site"


def caller(
    request: Request,
    served: Serving,
    token: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
    session: Annotated[str | None, Security(cookie)],
) -> Caller:
    """Who asks. Raises NotSignedIn, CrossSite, HTTPException 429."""
    require_rate(served, "requests", address_of(request))
    secret = token.credentials if token else session
    if not secret:
        raise NotSignedIn(
            "sign in (POST /session), or send a token (POST /accounts/{account}/tokens makes one) "
            "as Authorization: Bearer"
        )
    proved = who_holds if served.controls.token else _taken_at_its_word
    try:
        signed = proved(served.directory, secret, HTTP)
    except NotSignedIn as error:
        raise _not_held(is_token=token is not None) from error
    request.state.principal = signed.principal
    found = Caller(signed, secret, is_browser=token is None)
    if found.is_browser and request.method not in _SAFE:
        require_same_site(request, served)
        _require_csrf(request, served, secret)
    return found


def _not_held(*, is_token: bool) -> NotSignedIn:
    if is_token:
        return NotSignedIn(
            "the token is not known here, has run out or was ended; have a new one made",
            way=Way("accounts token", "ACCOUNT", label="WHAT-FOR"),
        )
    return NotSignedIn(
        "the session is not known here, has run out or was ended; sign in again",
        way=Way("login", account="ACCOUNT", password="PASSWORD"),
    )


def _taken_at_its_word(state: StateDirectory, secret: str, channel: str) -> SignedIn:
    """As without any look at secrets: whom it names, or the first who may do everything."""
    with state.read_only_journal() as journal:
        known = {account.id: account for account in journal.accounts()}
        admin = next(one for one in known.values() if one.may("administer"))
    account = known.get(secret.removeprefix(PREFIX), admin)
    who = account.principal(local_identity(account), channel)
    return SignedIn(who, PERMISSIONS[account.role])


Signed = Annotated[Caller, Depends(caller)]
"""The type of a parameter that is whoever has signed in, whatever they may do."""


def _allowed(permission: Permission) -> Callable[[Serving, Signed], Principal]:
    def who(served: Serving, found: Signed) -> Principal:
        if not served.controls.permission:
            return found.signed.principal
        return found.signed.require(permission)

    return who


Reader = Annotated[Principal, Depends(_allowed("read"))]
Operator = Annotated[Principal, Depends(_allowed("operate"))]
Approver = Annotated[Principal, Depends(_allowed("approve"))]
Admin = Annotated[Principal, Depends(_allowed("administer"))]


def _keeper(served: Serving, found: Signed, account: str) -> Principal:
    if not served.controls.permission:
        return found.signed.principal
    return found.signed.require_keeper(account)


Keeper = Annotated[Principal, Depends(_keeper)]
"""Who may change what proves the account that the path names."""


def csrf_of(secret: str) -> str:
    """What a browser has to send besides a session's cookie; it shows nothing of the cookie."""
    return digest_of(f"csrf:{secret}")[:43]


def _require_csrf(request: Request, served: Served, secret: str) -> None:
    sent = request.headers.get(CSRF_HEADER, "")
    if served.controls.csrf and not hmac.compare_digest(sent.encode(), csrf_of(secret).encode()):
        raise CrossSite(f"send {CSRF_HEADER} with what GET /session says as csrf_token")


def require_same_site(request: Request, served: Served) -> None:
    """Nothing is changed by a page of another site. Raises CrossSite."""
    if not served.controls.origin:
        return
    origin, how = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    foreign = how is not None and how not in ("same-origin", "none")
    if origin is not None and not foreign:
        host = urlsplit(origin).hostname
        foreign = host is None or host not in served.settings.known_hosts
    if foreign:
        raise CrossSite("it was sent by a page of another site; nothing was changed")


def require_rate(served: Served, what: str, *who: str) -> None:
    """Not too often a minute. Raises HTTPException 429, with when to try again."""
    item = RateLimitItemPerMinute(getattr(served.settings.limits, what), namespace=what)
    if served.controls.rate and not served.limiter.hit(item, *who):
        raise HTTPException(429, "too many requests; wait a minute", {"Retry-After": "60"})


def address_of(request: Request) -> str:
    """Where the request comes from, as far as it can be told."""
    return request.client.host if request.client else ""
