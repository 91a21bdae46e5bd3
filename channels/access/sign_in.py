"""Signing in: from what proves somebody to a principal with its permissions.

What proves somebody is looked at anew at every request: an account that has ended, or whose role
was changed, is so at once.
"""

import hashlib
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from channels.access.errors import NotPermitted, NotSignedIn
from channels.access.passwords import holds
from graphs.state_directory import StateDirectory
from tools.journal.journal import Journal
from twin.nouns.account import (
    EVERY_PERMISSION,
    PERMISSIONS,
    Account,
    Identity,
    Permission,
    Token,
    TokenKind,
)
from twin.nouns.principal import LOCAL, Principal
from twin.nouns.way import Way

PREFIX = "noctua_"
"""Of every secret, so that whoever finds one knows what it is."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody is proved to be `principal`, and may do what `permissions` say.

    `digest`: of the token that proved it, "" where none did.
    """

    principal: Principal
    permissions: frozenset[Permission]
    digest: str = ""
    kind: str = ""

    def require(self, permission: Permission) -> Principal:
        """The principal, if it may do that. Raises NotPermitted."""
        if permission in self.permissions:
            return self.principal
        role, name = self.principal.role, self.principal.name
        within = permission in PERMISSIONS.get(role, ())
        why = "its token is not for that" if within else f"its role is {role}"
        raise NotPermitted(f"{name} may not {permission} here: {why}; ask an admin")

    def require_keeper(self, account_id: str) -> Principal:
        """The principal, if it may change what proves the account: an admin, or its own with all
        that its role allows, so that a narrow token makes no wider one. Raises NotPermitted.
        """
        if self.principal.account != account_id:
            return self.require("administer")
        for permission in EVERY_PERMISSION:
            if permission in PERMISSIONS[self.principal.role]:
                self.require(permission)
        return self.principal


def by_token(journal: Journal, secret: str, channel: str) -> SignedIn:
    """Who holds the token. Raises NotSignedIn: it is none, has run out, or was ended."""
    digest = digest_of(secret)
    token = journal.token(digest, time.time())
    account = journal.account(token.account) if token else None
    if token is None or account is None or account.ended_wall_s is not None:
        raise NotSignedIn(
            "what was given to prove who asks is not known here, has run out or was ended"
        )
    may = PERMISSIONS[account.role] & token.scopes
    return SignedIn(account.principal(token.identity, channel), may, digest, token.kind)


def by_identity(journal: Journal, identity: Identity, channel: str) -> SignedIn:
    """Whose identity it is, which the channel has proved. Raises NotSignedIn: it is nobody's."""
    account = journal.account_of(identity)
    if account is None or account.ended_wall_s is not None:
        raise NotSignedIn(
            f'"{identity.subject}" of {identity.provider} has no account here; an admin gives one',
            way=Way("accounts add", "ID", role="ROLE", identity=str(identity)),
        )
    return SignedIn(account.principal(identity, channel), PERMISSIONS[account.role])


def in_place_of(state: StateDirectory, signed: SignedIn, giver: str) -> SignedIn:
    """`signed`, who answers for `giver`. Raises NotPermitted: that is not delegated to it now."""
    who = signed.principal.model_copy(update={"on_behalf_of": giver})
    with state.read_only_journal() as journal:
        objection = journal.objection(who, "approve", time.time())
    if objection:
        raise NotPermitted(objection)
    return replace(signed, principal=who, permissions=signed.permissions | {"approve"})


def by_password(journal: Journal, account_id: str, password: str) -> Account:
    """The account of that id, whose password it is. Raises NotSignedIn, which says no more."""
    account = journal.account(account_id)
    if not holds(account, password) or account is None or account.ended_wall_s is not None:
        raise NotSignedIn("no account has that name and password")
    return account


def issue_token(
    journal: Journal,
    account: Account,
    identity: Identity,
    *,
    kind: TokenKind,
    label: str,
    for_s: float,
    scopes: Iterable[Permission] = EVERY_PERMISSION,
    by: Principal | None = None,
    channel: str = "",
) -> str:
    """A new secret that proves the account for `for_s` seconds; only its digest is kept."""
    secret, now_s = f"{PREFIX}{secrets.token_urlsafe(32)}", time.time()
    token = Token(
        digest=digest_of(secret),
        account=account.id,
        identity=identity,
        kind=kind,
        label=label,
        scopes=frozenset(scopes),
        made_wall_s=now_s,
        expires_wall_s=now_s + for_s,
    )
    journal.put_token(token, by or account.principal(identity, channel))
    return secret


def uses_accounts(state: StateDirectory) -> bool:
    """Whether people have accounts here; where not, one person uses it alone."""
    if not state.journal_file.is_file():
        return False
    with state.read_only_journal() as journal:
        return journal.has_accounts()


def has_admin(state: StateDirectory) -> bool:
    """Whether somebody may say who may do what here."""
    if not state.journal_file.is_file():
        return False
    with state.read_only_journal() as journal:
        return any(account.may("administer") for account in journal.accounts())


def who_holds(state: StateDirectory, secret: str, channel: str) -> SignedIn:
    """As `by_token`, of a state directory."""
    with state.read_only_journal() as journal:
        return by_token(journal, secret, channel)


def whose_is(state: StateDirectory, identity: Identity, channel: str) -> SignedIn:
    """As `by_identity`, of a state directory."""
    with state.read_only_journal() as journal:
        return by_identity(journal, identity, channel)


def sign_in(
    state: StateDirectory,
    account_id: str,
    password: str,
    *,
    kind: TokenKind,
    label: str,
    for_s: float,
    channel: str,
) -> str:
    """The secret of a new sign-in with a password. Raises NotSignedIn."""
    with state.journal() as journal:
        account = by_password(journal, account_id, password)
        identity = local_identity(account)
        return issue_token(
            journal, account, identity, kind=kind, label=label, for_s=for_s, channel=channel
        )


def sign_out(state: StateDirectory, secret: str, channel: str) -> None:
    """End what the secret proves. Raises NotSignedIn: it proves nothing any more."""
    with state.journal() as journal:
        who = by_token(journal, secret, channel)
        journal.end_token(who.digest, who.principal)


def local_identity(account: Account) -> Identity:
    """What an account is that signs in with its password."""
    return Identity(provider=LOCAL, subject=account.id)


def digest_of(secret: str) -> str:
    """What is kept of a secret of 256 random bits: nobody finds it by trying."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
