"""Accounts, tokens and delegations."""

import time
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from channels.access import accounts as verbs
from channels.http.commands import does
from channels.http.sent import Moment, Name, Sent, Text
from channels.http.served import Directory
from channels.http.session import Password
from channels.http.who import Admin, Approver, Keeper, Reader
from twin.nouns.account import AccountId, Delegation, Identity, Permission, Role, TokenKind
from twin.nouns.base import Noun

router = APIRouter(tags=["accounts"])

Identities = Annotated[tuple[Identity, ...], Field(max_length=20)]


class NewAccount(Sent):
    """Whom the account is of, what it may do, and what it signs in with."""

    id: AccountId
    role: Role
    name: Annotated[str, Field(max_length=128)] = ""
    identities: Identities = ()
    password: Password = ""


class AccountChange(Sent):
    """What is another from now on; what is not named stays."""

    role: Role | None = None
    name: Annotated[str | None, Field(max_length=128)] = None
    add: Identities = ()
    remove: Identities = ()


class NewPassword(Sent):
    """The password from now on."""

    password: Password


class NewToken(Sent):
    """What a token is for, what it may do (all that its account may, where none is named)."""

    label: Name
    scopes: Annotated[tuple[Permission, ...], Field(max_length=4)] = ()
    for_s: Annotated[float, Field(gt=0, le=verbs.LONGEST_TOKEN_S)] = 30 * verbs.DAY_S


class TokenView(Noun):
    """A token as people see it. `id`: how its digest begins, which ends it."""

    id: str
    kind: TokenKind
    label: str
    scopes: tuple[Permission, ...]
    made_wall_s: float
    expires_wall_s: float


class NewDelegation(Sent):
    """Who answers in one's place, from when until when (Unix seconds); from now on if not said."""

    to: AccountId
    ends_wall_s: Moment
    begins_wall_s: Moment | None = None
    reason: Text = ""


@router.get("/accounts", openapi_extra=does("accounts list"))
def list_accounts(directory: Directory, _: Admin) -> tuple[verbs.AccountView, ...]:
    """Every account with its role, and what it signs in as."""
    return verbs.accounts(directory)


@router.post("/accounts", status_code=201, openapi_extra=does("accounts add"))
def add_account(directory: Directory, by: Admin, new: NewAccount) -> verbs.AccountView:
    """Make an account."""
    return verbs.add_account(
        directory,
        by,
        new.id,
        new.role,
        name=new.name,
        identities=new.identities,
        password=new.password or None,
    )


@router.patch("/accounts/{account}", openapi_extra=does("accounts change"))
def change_account(
    directory: Directory, by: Admin, account: str, new: AccountChange
) -> verbs.AccountView:
    """Change an account's role, name or identities, from the next request on."""
    return verbs.change_account(
        directory, by, account, role=new.role, name=new.name, add=new.add, remove=new.remove
    )


@router.put("/accounts/{account}/password", openapi_extra=does("accounts password"))
def set_password(
    directory: Directory, by: Keeper, account: str, new: NewPassword
) -> verbs.AccountView:
    """Set one's own password, or as an admin anybody's."""
    return verbs.set_password(directory, by, account, new.password)


@router.delete("/accounts/{account}", openapi_extra=does("accounts end"))
def end_account(directory: Directory, by: Admin, account: str) -> verbs.AccountView:
    """End an account with all its tokens, at once."""
    return verbs.end_account(directory, by, account)


@router.get("/accounts/{account}/tokens", openapi_extra=does("accounts tokens"))
def list_tokens(directory: Directory, _: Admin, account: str) -> tuple[TokenView, ...]:
    """What proves an account now, never the secrets."""
    return tuple(
        TokenView(
            id=one.digest[:12],
            kind=one.kind,
            label=one.label,
            scopes=tuple(sorted(one.scopes)),
            made_wall_s=one.made_wall_s,
            expires_wall_s=one.expires_wall_s,
        )
        for one in verbs.tokens(directory, account)
    )


@router.post("/accounts/{account}/tokens", status_code=201, openapi_extra=does("accounts token"))
def make_token(directory: Directory, by: Keeper, account: str, new: NewToken) -> verbs.TokenMade:
    """Make a token for a program; its secret is shown once."""
    return verbs.make_token(directory, by, account, new.label, new.scopes, new.for_s)


@router.delete(
    "/accounts/{account}/tokens/{token}",
    status_code=204,
    openapi_extra=does("accounts end-token"),
)
def end_token(directory: Directory, by: Keeper, account: str, token: str) -> None:
    """End a token before its time."""
    verbs.end_token(directory, by, account, token)


@router.get("/delegations", openapi_extra=does("accounts delegations"))
def list_delegations(directory: Directory, _: Reader) -> tuple[Delegation, ...]:
    """Who may answer in whose place, and when."""
    return verbs.delegations(directory)


@router.post("/delegations", status_code=201, openapi_extra=does("accounts delegate"))
def delegate(directory: Directory, by: Approver, new: NewDelegation) -> Delegation:
    """Let somebody answer plans in one's place for a time."""
    begins_s = time.time() if new.begins_wall_s is None else new.begins_wall_s
    return verbs.delegate(directory, by, new.to, begins_s, new.ends_wall_s, new.reason)


@router.delete("/delegations/{delegation}", openapi_extra=does("accounts end-delegation"))
def end_delegation(directory: Directory, by: Approver, delegation: str) -> Delegation:
    """End a delegation at once."""
    return verbs.end_delegation(directory, by, delegation)
