"""Accounts, tokens and delegations, as verbs: who may do what here, and who says so.

The first account is made by whoever uses the state directory alone, and has to be an admin's.
"""

import time
import uuid
from collections.abc import Iterable, Sequence

from pydantic import ValidationError

from channels.access.errors import NotPermitted
from channels.access.passwords import hashed
from channels.access.sign_in import issue_token, local_identity
from graphs.state_directory import StateDirectory
from tools.journal.journal import Journal
from twin.errors import BadInput
from twin.nouns.account import PERMISSIONS, Account, Delegation, Identity, Permission, Role, Token
from twin.nouns.base import Noun
from twin.nouns.principal import Principal
from twin.nouns.way import Way

DAY_S = 86_400.0
LONGEST_TOKEN_S = 366 * DAY_S
LONGEST_DELEGATION_S = 92 * DAY_S


class AccountView(Noun):
    """An account as people see it: whether it has a password, and never the password's hash."""

    id: str
    name: str
    role: Role
    identities: tuple[Identity, ...]
    has_password: bool
    follows_claims: bool
    ended_wall_s: float | None


class TokenMade(Noun):
    """A token, whose `secret` is shown once."""

    secret: str
    account: str
    label: str
    scopes: tuple[Permission, ...]
    expires_wall_s: float


def accounts(state: StateDirectory) -> tuple[AccountView, ...]:
    """Every account, in order of id."""
    with state.read_only_journal() as journal:
        return tuple(view(account) for account in journal.accounts())


def add_account(
    state: StateDirectory,
    by: Principal,
    account_id: str,
    role: Role,
    *,
    name: str = "",
    identities: Sequence[Identity] = (),
    password: str | None = None,
) -> AccountView:
    """Make an account. `password`: None for none.

    Raises:
        BadInput: the id is taken or cannot be one, the password is too short, an identity is
            another account's, or the first account is no admin's.
        NotPermitted: `by` is no admin.
    """
    with state.made_journal() as journal, journal.transaction():
        _require_admin(journal, by)
        if journal.account(account_id) is not None:
            raise BadInput(
                f'there is an account "{account_id}" already; change that, or take another id'
            )
        if not journal.has_accounts() and role != "admin":
            raise BadInput("the first account has to be an admin's: somebody must make the others")
        account = _account(
            id=account_id,
            name=name or account_id,
            role=role,
            identities=tuple(identities),
            password="" if password is None else hashed(password),
        )
        return _put(journal, account, by, "account_made")


def change_account(
    state: StateDirectory,
    by: Principal,
    account_id: str,
    *,
    role: Role | None = None,
    name: str | None = None,
    add: Sequence[Identity] = (),
    remove: Sequence[Identity] = (),
) -> AccountView:
    """Change an account's role, name or identities, from the next request on.

    Raises:
        BadInput: there is none of that id, or no admin would be left.
        NotPermitted: `by` is no admin.
    """
    with state.journal() as journal, journal.transaction():
        _require_admin(journal, by)
        old = _known(journal, account_id)
        kept = tuple(one for one in old.identities if one not in {*remove, *add})
        fields = {"role": role or old.role, "name": name or old.name, "identities": (*kept, *add)}
        new = _account(**{**dict(old), **fields})
        if new.role != "admin":
            _require_another_admin(journal, old)
        return _put(journal, new, by, "account_changed")


def set_password(
    state: StateDirectory, by: Principal, account_id: str, password: str
) -> AccountView:
    """Give an account another password, and end all that was signed in with the old one.

    Raises:
        BadInput: there is none of that id, or the password is too short.
        NotPermitted: `by` is neither an admin nor the account's own.
    """
    with state.journal() as journal, journal.transaction():
        old = _known(journal, account_id)
        if by.account != account_id:
            _require_admin(journal, by)
        for token in journal.tokens(account_id):
            if token.kind != "api":
                journal.end_token(token.digest, by)
        new = old.model_copy(update={"password": hashed(password)})
        return _put(journal, new, by, "password_set")


def end_account(state: StateDirectory, by: Principal, account_id: str) -> AccountView:
    """End an account with all its tokens, at once; what it answered and was not used is void.

    Raises:
        BadInput: there is none of that id, or no admin would be left.
        NotPermitted: `by` is no admin.
    """
    with state.journal() as journal, journal.transaction():
        _require_admin(journal, by)
        old = _known(journal, account_id)
        _require_another_admin(journal, old)
        new = old.model_copy(update={"ended_wall_s": time.time()})
        return _put(journal, new, by, "account_ended")


def make_token(
    state: StateDirectory,
    by: Principal,
    account_id: str,
    label: str,
    scopes: Iterable[Permission],
    for_s: float,
) -> TokenMade:
    """A token for a program that acts as the account.

    Raises:
        BadInput: there is no such account, it lasts too long, or a scope is more than the role.
        NotPermitted: `by` is neither an admin nor the account's own.
    """
    if not 0 < for_s <= LONGEST_TOKEN_S:
        raise BadInput(f"a token lasts up to {LONGEST_TOKEN_S / DAY_S:.0f} days")
    with state.journal() as journal, journal.transaction():
        account = _known(journal, account_id)
        if by.account != account_id:
            _require_admin(journal, by)
        wanted = frozenset(scopes) or PERMISSIONS[account.role]
        if more := wanted - PERMISSIONS[account.role]:
            raise BadInput(
                f'"{account_id}" is {account.role}, which does not allow to '
                f"{', '.join(sorted(more))}; leave that out"
            )
        secret = issue_token(
            journal,
            account,
            local_identity(account),
            kind="api",
            label=label,
            for_s=for_s,
            scopes=wanted,
            by=by,
        )
    return TokenMade(
        secret=secret,
        account=account_id,
        label=label,
        scopes=tuple(sorted(wanted)),
        expires_wall_s=time.time() + for_s,
    )


def tokens(state: StateDirectory, account_id: str) -> tuple[Token, ...]:
    """What proves an account now. Raises BadInput: there is none of that id."""
    with state.read_only_journal() as journal:
        _known(journal, account_id)
        return journal.tokens(account_id)


def end_token(state: StateDirectory, by: Principal, account_id: str, digest: str) -> Token:
    """End a token, which the beginning of its digest names.

    Raises:
        BadInput: the account has none that begins so, or several.
        NotPermitted: `by` is neither an admin nor the account's own.
    """
    with state.journal() as journal, journal.transaction():
        if by.account != account_id:
            _require_admin(journal, by)
        found = [t for t in journal.tokens(account_id) if digest and t.digest.startswith(digest)]
        if len(found) != 1:
            raise BadInput(
                f'{len(found)} tokens of "{account_id}" begin with "{digest}"; list them first',
                way=Way("accounts tokens", account_id),
            )
        journal.end_token(found[0].digest, by)
        return found[0]


def delegate(
    state: StateDirectory,
    by: Principal,
    to: str,
    begins_wall_s: float,
    ends_wall_s: float,
    reason: str,
) -> Delegation:
    """Let `to` answer plans in place of `by` for a time; in the two-person rule both are one.

    Raises:
        BadInput: there is no such account, it is `by`'s own, or the time is none or too long.
        NotPermitted: `by` may not answer plans itself.
    """
    if not 0 < ends_wall_s - begins_wall_s <= LONGEST_DELEGATION_S or ends_wall_s <= time.time():
        raise BadInput(
            "a delegation ends after it begins, in the future, and lasts at most "
            f"{LONGEST_DELEGATION_S / DAY_S:.0f} days"
        )
    with state.journal() as journal, journal.transaction():
        own = journal.account(by.account) if by.account else None
        if own is None or by.on_behalf_of or not own.may("approve"):
            raise NotPermitted("only who may answer plans has something to delegate")
        if _known(journal, to).id == own.id:
            raise BadInput("nobody delegates to themselves; name another account")
        made = Delegation(
            id=f"dlg_{uuid.uuid4().hex[:12]}",
            giver=own.id,
            to=to,
            begins_wall_s=begins_wall_s,
            ends_wall_s=ends_wall_s,
            reason=reason,
        )
        journal.put_delegation(made, by)
        return made


def end_delegation(state: StateDirectory, by: Principal, delegation_id: str) -> Delegation:
    """End a delegation at once.

    Raises:
        BadInput: there is none of that id.
        NotPermitted: `by` is neither an admin nor whoever gave it.
    """
    with state.journal() as journal, journal.transaction():
        found = [one for one in journal.delegations() if one.id == delegation_id]
        if not found:
            raise BadInput(f'there is no delegation "{delegation_id}"')
        if by.account != found[0].giver:
            _require_admin(journal, by)
        ended = found[0].model_copy(update={"ended_wall_s": time.time()})
        journal.put_delegation(ended, by)
        return ended


def delegations(state: StateDirectory) -> tuple[Delegation, ...]:
    """Every delegation, those that have ended too."""
    with state.read_only_journal() as journal:
        return journal.delegations()


def view(account: Account) -> AccountView:
    """The account as people see it."""
    return AccountView(
        has_password=bool(account.password), **account.model_dump(exclude={"password"})
    )


def _put(journal: Journal, account: Account, by: Principal, action: str) -> AccountView:
    journal.put_account(account, by, action)
    return view(account)


def _account(**fields: object) -> Account:
    try:
        account = Account.model_validate(fields)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(map(str, wrong["loc"]))
        raise BadInput(f"{where}: {wrong['msg']}; an id is a short name like erin.doe") from error
    as_person = account.principal(local_identity(account), "")
    if objection := as_person.objection or Principal(name=account.id, provider="").objection:
        raise BadInput(f"nobody can have that account: {objection}; take another name")
    return account


def _known(journal: Journal, account_id: str) -> Account:
    account = journal.account(account_id)
    if account is None:
        known = ", ".join(one.id for one in journal.accounts()) or "none"
        raise BadInput(f'there is no account "{account_id}" (known are {known})')
    return account


def _require_admin(journal: Journal, by: Principal) -> None:
    if objection := journal.objection(by, "administer", time.time()):
        raise NotPermitted(objection)


def _require_another_admin(journal: Journal, account: Account) -> None:
    admins = {one.id for one in journal.accounts() if one.may("administer")}
    if admins <= {account.id}:
        raise BadInput(f'"{account.id}" is the only admin; make another one first')
