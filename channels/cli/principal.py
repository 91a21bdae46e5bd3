"""Who uses the command line.

Where nobody has an account, it is whom `--by` names, or the user of the process, and the audit log
says that one person uses this alone. Where people have accounts, it is who has signed in.
"""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from channels.access.errors import NotPermitted, NotSignedIn
from channels.access.sign_in import uses_accounts
from channels.cli.output import directory_of
from twin.errors import BadInput
from twin.nouns.account import Identity, Permission
from twin.nouns.principal import COMMAND_LINE, FLAG, OS_USER, SINGLE_USER, Principal
from twin.nouns.way import Way

TOKEN = "NOCTUA_TOKEN"
"""The environment variable that holds a token, in place of what `noctua login` keeps."""


def os_user() -> Principal:
    """The user whom this process runs as; the environment cannot name another."""
    return _alone(user_name(os.getuid()), OS_USER)


def typed(named: str) -> Principal:
    """The person whom `--by` names, or the user of this process where it names nobody."""
    return _alone(named, FLAG) if named.strip() else os_user()


def principal(context: typer.Context, named: str, permission: Permission = "operate") -> Principal:
    """Who acts, if it may do what takes `permission`.

    Raises:
        NotSignedIn: people have accounts here, and nobody has signed in.
        NotPermitted: who has signed in may not do that.
        BadInput: `--by` names somebody although people have accounts.
    """
    state = directory_of(context)
    if not uses_accounts(state):
        return typed(named)
    from channels.cli.login import signed_in

    signed = signed_in(state, named)
    with refusals_recorded(context, signed.principal):
        return signed.require(permission)


def answerer(context: typer.Context, named: str, in_place: str) -> Principal:
    """Who answers a plan, in the place of the account `in_place` unless that is "".

    Raises:
        BadInput: `in_place` names an account, and nobody has one here.
        NotPermitted: that account has delegated nothing to who has signed in.
        NotSignedIn: people have accounts here, and nobody has signed in.
    """
    state = directory_of(context)
    if not in_place:
        return principal(context, named, "approve")
    if not uses_accounts(state):
        raise BadInput(
            "nobody has an account here, so that nobody answers in the place of another",
            way=Way("accounts add", "ID", role="ROLE"),
        )
    from channels.access.sign_in import in_place_of
    from channels.cli.login import signed_in

    signed = signed_in(state, named)
    with refusals_recorded(context, signed.principal):
        return in_place_of(state, signed, in_place).require("approve")


def keeper(context: typer.Context, account: str) -> Principal:
    """Who acts, if it may change what proves the account. Raises as `principal` does."""
    state = directory_of(context)
    if not uses_accounts(state):
        return os_user()
    from channels.cli.login import signed_in

    signed = signed_in(state, "")
    with refusals_recorded(context, signed.principal):
        return signed.require_keeper(account)


@contextmanager
def refusals_recorded(context: typer.Context, by: Principal) -> Iterator[None]:
    """Put into the audit log which command was refused to whom, and why."""
    try:
        yield
    except (NotSignedIn, NotPermitted) as refused:
        from channels.access.refusals import record_refusal

        _, _, command = context.command_path.partition(" ")
        what = ("command_refused", command)
        record_refusal(directory_of(context), by, what, refused.rule, str(refused))
        raise


def os_identity() -> Identity:
    """What this process is to the operating system."""
    return Identity(provider=OS_USER, subject=user_name(os.getuid()))


def user_name(uid: int) -> str:
    """The name of a user, "user 1000" where the system has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _alone(name: str, provider: str) -> Principal:
    return Principal(name=name, provider=provider, role=SINGLE_USER, channel=COMMAND_LINE)
