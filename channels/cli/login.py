"""`login`, `logout` and `whoami`: signing in at the command line, where people have accounts."""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from channels.access.accounts import DAY_S
from channels.access.errors import NotSignedIn
from channels.access.sign_in import (
    SignedIn,
    sign_in,
    sign_out,
    uses_accounts,
    who_holds,
    whose_is,
)
from channels.cli.output import AsJson, directory_of, print_json
from channels.cli.principal import TOKEN, os_identity, os_user, refusals_recorded
from graphs.state_directory import StateDirectory
from twin.errors import BadInput
from twin.nouns.principal import COMMAND_LINE
from twin.nouns.way import Way

LASTS_S = 0.5 * DAY_S
"""How long a sign-in at the command line holds: one shift."""


def login(
    context: typer.Context,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT")] = "",
    with_token: Annotated[
        bool, typer.Option("--with-token", help="Read a token from standard input.")
    ] = False,
) -> None:
    """Sign in with the password of an account, or with a token, for twelve hours."""
    state = directory_of(context)
    with refusals_recorded(context, os_user()):
        secret = sys.stdin.readline().strip() if with_token else _signed_in_anew(state, account)
        who = _who_holds(state, secret, "the token" if with_token else "the sign-in").principal
    _keep(state, secret)
    typer.echo(f"signed in as {who.account} ({who.role})")


def _signed_in_anew(state: StateDirectory, account: str) -> str:
    if not account:
        raise BadInput("name the account: noctua login ACCOUNT")
    return sign_in(
        state,
        account,
        read_password("Password"),
        kind="login",
        label=COMMAND_LINE,
        for_s=LASTS_S,
        channel=COMMAND_LINE,
    )


def logout(context: typer.Context) -> None:
    """Sign out: what was kept of the sign-in is forgotten here, and is worth nothing elsewhere."""
    state = directory_of(context)
    secret = _kept(state)
    if secret is None:
        raise BadInput("nobody has signed in here")
    # If it has run out, there is only something to forget.
    with suppress(NotSignedIn):
        sign_out(state, secret, COMMAND_LINE)
    _keep(state, None)
    typer.echo("signed out")


def whoami(context: typer.Context, as_json: AsJson = False) -> None:
    """Say who acts at this command line, and what they may do."""
    state = directory_of(context)
    alone = not uses_accounts(state)
    who = os_user() if alone else signed_in(state, "").principal
    if as_json:
        print_json(who.model_dump(mode="json"))
        return
    why = "nobody has an account here, so whoever uses it may do everything"
    typer.echo(f"{who.name}: {why}" if alone else f"{who.account}, {who.role}, as {who.provider}")


def _who_holds(state: StateDirectory, secret: str, held: str) -> SignedIn:
    """Who proves to be somebody with `secret`, which people call `held`. Raises NotSignedIn."""
    try:
        return who_holds(state, secret, COMMAND_LINE)
    except NotSignedIn as error:
        way, helps = Way("login", "ACCOUNT"), "sign in again"
        if held != "the sign-in":
            way, helps = Way("accounts token", "ACCOUNT", label="WHAT-FOR"), "have a new one made"
        raise NotSignedIn(
            f"{held} is not known here, has run out or was ended; {helps}", way=way
        ) from error


def signed_in(state: StateDirectory, named: str) -> SignedIn:
    """Who has signed in: by a token in the environment, by `noctua login`, or as the system's user.

    Raises:
        BadInput: `named` names somebody, which proves nothing.
        NotSignedIn: nobody has.
    """
    if named.strip():
        raise BadInput(
            "people have accounts here, so that --by proves nobody; leave it out, and sign in "
            "with `noctua login`"
        )
    if secret := os.environ.get(TOKEN):
        return _who_holds(state, secret, f"the token in {TOKEN}")
    if secret := _kept(state):
        return _who_holds(state, secret, "the sign-in")
    try:
        return whose_is(state, os_identity(), COMMAND_LINE)
    except NotSignedIn as error:
        raise NotSignedIn(
            "people have accounts here, and nobody has signed in: `noctua login ACCOUNT`, or a "
            f"token in {TOKEN}"
        ) from error


def read_password(prompt: str) -> str:
    """A password from the terminal, unseen, or the first line of what is piped in."""
    if sys.stdin.isatty():
        return str(typer.prompt(prompt, hide_input=True))
    return sys.stdin.readline().rstrip("\r\n")


def _file() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "noctua" / "logins.json"


def _kept(state: StateDirectory) -> str | None:
    return _read().get(str(state.path.resolve()))


def _keep(state: StateDirectory, secret: str | None) -> None:
    known = {**_read(), str(state.path.resolve()): secret}
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = json.dumps({path: kept for path, kept in known.items() if kept}, indent=2)
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8") as out:
        out.write(text)


def _read() -> Mapping[str, str]:
    """By state directory, what signs in there."""
    try:
        found = json.loads(_file().read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadInput(f"{_file()} cannot be read ({error}); remove it, and sign in") from error
    return found if isinstance(found, dict) else {}
