"""Accounts in the journal, what proves them, and delegations.

A row is believed only with its seal, so that nobody becomes somebody by writing into the file.
"""

import time
from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel, JsonValue

from tools.journal.audit_rows import AuditRows
from tools.journal.database import read
from tools.journal.errors import AlreadyRecorded, JournalFailed
from twin.nouns.account import Account, Delegation, Identity, Permission, Token
from twin.nouns.principal import Principal

N = TypeVar("N", bound=BaseModel)


class AccountRows(AuditRows):
    """Tables accounts, identities, tokens, delegations."""

    def has_accounts(self) -> bool:
        """Whether anybody has, or had, an account: if not, one person uses this alone."""
        return bool(self._rows("SELECT 1 FROM accounts LIMIT 1"))

    def accounts(self) -> tuple[Account, ...]:
        """Every account, in order of id."""
        return tuple(self._bodies(Account, "accounts", "1 ORDER BY id"))

    def account(self, account_id: str) -> Account | None:
        """The account of that id, None where there is none."""
        return next(self._bodies(Account, "accounts", "id = ?", account_id), None)

    def account_of(self, identity: Identity) -> Account | None:
        """Whose identity it is, None where it is nobody's."""
        row = "provider = ? AND tenant = ? AND subject = ?"
        query = f"SELECT rowid, account FROM identities WHERE {row}"
        for found in self._rows(query, identity.provider, identity.tenant, identity.subject):
            self._require_seal("identities", found["rowid"])
            return self.account(found["account"])
        return None

    def put_account(self, account: Account, by: Principal, action: str) -> None:
        """Record an account as it stands from now on; `action`: what the audit log calls it.

        Raises:
            AlreadyRecorded: one of its identities is another account's.
        """
        with self.transaction():
            for identity in account.identities:
                other = self.account_of(identity)
                if other is not None and other.id != account.id:
                    raise AlreadyRecorded(
                        f'"{identity.subject}" of {identity.provider} is account "{other.id}"; an '
                        "identity is one account's"
                    )
            self._execute(
                "INSERT INTO accounts VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET "
                "body = excluded.body",
                account.id,
                account.model_dump_json(),
            )
            self._execute("DELETE FROM identities WHERE account = ?", account.id)
            for one in account.identities:
                row = (one.provider, one.tenant, one.subject, account.id)
                self._execute("INSERT INTO identities VALUES (?, ?, ?, ?)", *row)
            if account.ended_wall_s is not None:
                self._execute("DELETE FROM tokens WHERE account = ?", account.id)
            told = account.model_dump(mode="json", exclude={"password"})
            self._audit_by(by, action, account.id, {"account": told})

    # Tokens

    def put_token(self, token: Token, by: Principal) -> None:
        """Record a token; the audit log says whose it is, and never the secret."""
        with self.transaction():
            self._execute("DELETE FROM tokens WHERE expires_wall_s <= ?", time.time())
            row = (token.digest, token.account, token.expires_wall_s, token.model_dump_json())
            self._execute("INSERT INTO tokens VALUES (?, ?, ?, ?)", *row)
            told = token.model_dump(mode="json", exclude={"digest"})
            told["scopes"] = sorted(token.scopes)
            action = "token_made" if token.kind == "api" else "signed_in"
            self._audit_by(by, action, token.account, {"token": told})

    def token(self, digest: str, wall_s: float) -> Token | None:
        """The token of that digest, None where there is none, or where it has run out."""
        found = next(self._bodies(Token, "tokens", "digest = ?", digest), None)
        return found if found and wall_s < found.expires_wall_s else None

    def tokens(self, account_id: str) -> tuple[Token, ...]:
        """The tokens of an account, those that run out first first."""
        of_account = "account = ? ORDER BY expires_wall_s, digest"
        return tuple(self._bodies(Token, "tokens", of_account, account_id))

    def end_token(self, digest: str, by: Principal) -> bool:
        """End a token before its time. False: there is none of that digest."""
        with self.transaction():
            for row in self._rows("SELECT account FROM tokens WHERE digest = ?", digest):
                self._execute("DELETE FROM tokens WHERE digest = ?", digest)
                self._audit_by(by, "signed_out", row["account"], {"token": digest[:12]})
                return True
            return False

    # Delegations

    def put_delegation(self, delegation: Delegation, by: Principal) -> None:
        """Record a delegation, or that it has ended."""
        with self.transaction():
            self._execute(
                "INSERT INTO delegations VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "body = excluded.body",
                delegation.id,
                delegation.to,
                delegation.model_dump_json(),
            )
            action = "delegated" if delegation.ended_wall_s is None else "delegation_ended"
            self._audit_by(by, action, delegation.id, delegation.model_dump(mode="json"))

    def delegations(self) -> tuple[Delegation, ...]:
        """Every delegation, in order of id."""
        return tuple(self._bodies(Delegation, "delegations", "1 ORDER BY id"))

    # Who may

    def objection(self, by: Principal, permission: Permission, wall_s: float | None) -> str:
        """Why `by` may not do what takes `permission`, "" where it may.

        Where nobody has an account, one person uses this alone, and may do everything. `wall_s`:
        when a delegation has to stand; None for whenever it stood, since it was looked at then.
        """
        if not self.has_accounts():
            return ""
        own = self.account(by.account) if by.account else None
        if own is None:
            return (
                "people have accounts here, and this is nobody's; sign in (`noctua login`), or "
                "have an account made (`noctua accounts add`)"
            )
        if own.ended_wall_s is not None:
            return f'the account "{own.id}" has ended'
        if by.on_behalf_of:
            return self._objection_to_delegate(by, permission, wall_s)
        if not own.may(permission):
            return f'"{own.id}" is {own.role} here, which does not allow to {permission}'
        return ""

    def _objection_to_delegate(
        self, by: Principal, permission: Permission, wall_s: float | None
    ) -> str:
        giver = self.account(by.on_behalf_of)
        if permission != "approve" or giver is None or not giver.may(permission):
            return f'"{by.on_behalf_of}" has nothing to delegate that allows to {permission}'
        stands = any(
            one.giver == giver.id and (wall_s is None or one.holds(wall_s))
            for one in self._bodies(Delegation, "delegations", "taker = ?", by.account)
        )
        return "" if stands else f'"{giver.id}" has delegated nothing to "{by.account}" now'

    # Reading and writing

    def _bodies(self, kind: type[N], table: str, where: str, *values: object) -> Iterator[N]:
        for row in self._rows(f"SELECT rowid, body FROM {table} WHERE {where}", *values):
            self._require_seal(table, row["rowid"])
            yield read(kind, row["body"])

    def _require_seal(self, table: str, row_id: int) -> None:
        if not self._row_holds(table, row_id):
            raise JournalFailed(
                f"{self.path}: row {row_id} of {table} is not what was written, so nobody is "
                "believed by it: run `noctua audit verify`"
            )

    def _audit_by(
        self, by: Principal, action: str, subject: str, data: dict[str, JsonValue]
    ) -> None:
        told: dict[str, JsonValue] = {**data, "by": by.model_dump(mode="json")}
        self.append_audit(time.time(), by.name, action, subject, told)
