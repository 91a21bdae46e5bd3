"""`accounts`: who may do what here, what proves them, and who answers in whose place."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, cast, get_args

import typer
from pydantic import JsonValue
from rich.console import RenderableType

from channels.access import accounts as verbs
from channels.cli.durations import parse_duration_s
from channels.cli.login import read_password
from channels.cli.moments import parse_moment_s
from channels.cli.output import (
    AsJson,
    Reason,
    directory_of,
    fitted,
    new_console,
    print_json,
    words,
)
from channels.cli.principal import keeper, os_identity, principal
from channels.report.wording import plain, utc
from twin.errors import BadInput
from twin.nouns.account import EVERY_PERMISSION, Delegation, Identity, Permission, Role, Token

app = typer.Typer(
    help="Who may do what here: accounts, tokens, and who answers in whose place.",
    no_args_is_help=True,
)

AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT")]
RoleOption = Annotated[
    str, typer.Option("--role", help="viewer, operator, approver or admin.", metavar="ROLE")
]
Identities = Annotated[
    list[str] | None,
    typer.Option(
        "--identity",
        metavar="PROVIDER[@TENANT]=SUBJECT",
        help="What it signs in as, like https://idp.example=00u1 or slack@T0123=U0456.",
    ),
]


@app.command("list")
def list_accounts(context: typer.Context, as_json: AsJson = False) -> None:
    """List the accounts with their roles, and what each signs in as."""
    found = verbs.accounts(directory_of(context))
    if as_json:
        print_json([account.model_dump(mode="json") for account in found])
    elif found:
        console = new_console()
        console.print(_table(found))
    else:
        typer.echo("Nobody has an account: whoever uses this state directory may do everything.")


@app.command()
def add(
    context: typer.Context,
    account: AccountArgument,
    role: RoleOption,
    name: Annotated[str, typer.Option("--name", help="As people read it.")] = "",
    identity: Identities = None,
    os_user: Annotated[
        bool, typer.Option("--os-user", help="It is the user who runs this command.")
    ] = False,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password, or read it from a pipe.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make an account; from the first one on, only accounts are heard here."""
    state = directory_of(context)
    by = principal(context, "", "administer")
    is_first = not state.journal_file.is_file() or not verbs.accounts(state)
    # Whoever has made the first account has to be able to make the second.
    own = (os_identity(),) if os_user or (is_first and not password) else ()
    made = verbs.add_account(
        state,
        by,
        account,
        _role(role),
        name=name,
        identities=(*map(_identity, identity or ()), *own),
        password=read_password("Password") if password else None,
    )
    _tell(made, as_json)


@app.command()
def change(
    context: typer.Context,
    account: AccountArgument,
    role: RoleOption = "",
    name: Annotated[str, typer.Option("--name", help="As people read it.")] = "",
    identity: Identities = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="PROVIDER[@TENANT]=SUBJECT", help="Not that any more."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change an account's role, name or identities, from the next request on."""
    changed = verbs.change_account(
        directory_of(context),
        principal(context, "", "administer"),
        account,
        role=_role(role) if role else None,
        name=name or None,
        add=tuple(map(_identity, identity or ())),
        remove=tuple(map(_identity, without or ())),
    )
    _tell(changed, as_json)


@app.command()
def end(context: typer.Context, account: AccountArgument, as_json: AsJson = False) -> None:
    """End an account with all its tokens; what it approved and was not used yet is void."""
    by = principal(context, "", "administer")
    _tell(verbs.end_account(directory_of(context), by, account), as_json)


@app.command()
def password(context: typer.Context, account: AccountArgument, as_json: AsJson = False) -> None:
    """Set an account's password, and end what was signed in with the old one."""
    by = keeper(context, account)
    new = read_password("New password")
    _tell(verbs.set_password(directory_of(context), by, account, new), as_json)


@app.command()
def token(
    context: typer.Context,
    account: AccountArgument,
    label: Annotated[str, typer.Option("--label", help="What it is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="read, operate, approve, administer; all of its role's."),
    ] = None,
    duration: Annotated[str, typer.Option("--for", help="Like 12h or 30d.")] = "30d",
    as_json: AsJson = False,
) -> None:
    """Make a token for a program that acts as an account; its secret is shown once."""
    made = verbs.make_token(
        directory_of(context),
        keeper(context, account),
        account,
        label,
        tuple(map(_permission, scope or ())),
        parse_duration_s(duration),
    )
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        typer.echo(made.secret)


@app.command()
def tokens(context: typer.Context, account: AccountArgument, as_json: AsJson = False) -> None:
    """List what proves an account now: sessions, sign-ins and tokens, never their secrets."""
    found = verbs.tokens(directory_of(context), account)
    if as_json:
        print_json([_without_secret(one) for one in found])
    else:
        for one in found:
            until = utc(one.expires_wall_s)
            scopes = ", ".join(sorted(one.scopes))
            typer.echo(
                f"{one.digest[:12]}  {one.kind}  {plain(one.label)}  until {until} UTC  {scopes}"
            )


@app.command("end-token")
def end_token(
    context: typer.Context,
    account: AccountArgument,
    beginning: Annotated[str, typer.Argument(metavar="TOKEN", help="As `tokens` lists it.")],
) -> None:
    """End a token before its time."""
    by = keeper(context, account)
    ended = verbs.end_token(directory_of(context), by, account, beginning)
    typer.echo(f"{ended.digest[:12]} ({plain(ended.label)}) is worth nothing any more")


@app.command()
def delegate(
    context: typer.Context,
    to: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Who answers in your place.")],
    until: Annotated[str, typer.Option("--until", help="Like +8h or 2026-03-04 06:00 (UTC).")],
    begins: Annotated[str, typer.Option("--from", help="Now, if not given.")] = "now",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Let somebody answer plans in your place for a time; where two are needed, you are one."""
    now_s = time.time()
    made = verbs.delegate(
        directory_of(context),
        principal(context, "", "approve"),
        to,
        parse_moment_s(begins, now_s),
        parse_moment_s(until, now_s),
        reason,
    )
    _tell_delegation(made, as_json)


@app.command()
def delegations(context: typer.Context, as_json: AsJson = False) -> None:
    """List who may answer in whose place, and when."""
    found = verbs.delegations(directory_of(context))
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    for one in found:
        _tell_delegation(one, as_json=False)


@app.command("end-delegation")
def end_delegation(
    context: typer.Context,
    delegation: Annotated[str, typer.Argument(metavar="DELEGATION")],
    as_json: AsJson = False,
) -> None:
    """End a delegation at once."""
    by = principal(context, "", "approve")
    _tell_delegation(verbs.end_delegation(directory_of(context), by, delegation), as_json)


def _role(text: str) -> Role:
    if text not in get_args(Role):
        raise BadInput(f'"{text}" is no role; take one of {", ".join(get_args(Role))}')
    return cast(Role, text)


def _permission(text: str) -> Permission:
    if text not in EVERY_PERMISSION:
        raise BadInput(f'"{text}" is no scope; take some of {", ".join(EVERY_PERMISSION)}')
    return text


def _identity(text: str) -> Identity:
    # An issuer may hold an "=", and a subject hardly does.
    where, equals, subject = text.rpartition("=")
    provider, _, tenant = where.partition("@") if "://" not in where else (where, "", "")
    if not (equals and provider and subject):
        raise BadInput(f'"{text}" is no identity; write it like https://idp.example=00u1')
    return Identity(provider=provider, subject=subject, tenant=tenant)


def _tell(account: verbs.AccountView, as_json: bool) -> None:
    if as_json:
        print_json(account.model_dump(mode="json"))
    else:
        ended = ", and has ended" if account.ended_wall_s is not None else ""
        typer.echo(f"{account.id}: {plain(account.name)}, {account.role}{ended}")


def _tell_delegation(one: Delegation, as_json: bool) -> None:
    if as_json:
        print_json(one.model_dump(mode="json"))
        return
    ended = "; ended" if one.ended_wall_s is not None else ""
    typer.echo(
        f"{one.id}: {one.to} answers for {one.giver} from {utc(one.begins_wall_s)} until "
        f"{utc(one.ends_wall_s)} UTC{ended}"
    )


def _without_secret(token: Token) -> JsonValue:
    told: dict[str, JsonValue] = token.model_dump(mode="json")
    return {**told, "digest": token.digest[:12], "scopes": [*sorted(token.scopes)]}


def _table(found: Sequence[verbs.AccountView]) -> RenderableType:
    ended = [
        "" if one.ended_wall_s is None else datetime.fromtimestamp(one.ended_wall_s, UTC).date()
        for one in found
    ]
    signs_in = [
        ", ".join([*map(str, one.identities), *(["a password"] * one.has_password)])
        for one in found
    ]
    columns = [
        words("account", [one.id for one in found]),
        words("name", [plain(one.name) for one in found], goes=1),
        words("role", [one.role for one in found]),
        words("signs in as", map(plain, signs_in), goes=2),
        words("ended", map(str, ended), goes=3),
    ]
    return fitted(new_console(), columns)
