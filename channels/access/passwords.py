"""Passwords of local accounts: kept as Argon2id hashes, checked in the same time for everybody."""

from functools import cache
from typing import TYPE_CHECKING

from twin.errors import BadInput, installing
from twin.nouns.account import Account

if TYPE_CHECKING:
    from argon2 import PasswordHasher

INSTALL = installing("serve")

SHORTEST = 12
LONGEST = 1024
"""Characters. Source: OWASP ASVS 5.0, section 6.2 (12 for good measure beside its 8)."""


def hashed(password: str) -> str:
    """What is kept of a password. Raises BadInput: it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(
            f"the password has {len(password)} characters; it needs {SHORTEST} to {LONGEST}, and "
            "a sentence makes a good one"
        )
    return _hasher().hash(password)


def holds(account: Account | None, password: str) -> bool:
    """Whether it is the account's password; where there is no account, it takes as long."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    kept = account.password if account else ""
    try:
        _hasher().verify(kept or _nobodys(), password[: LONGEST + 1])
    except (Argon2Error, InvalidHashError):
        return False
    return bool(kept)


@cache
def _nobodys() -> str:
    return _hasher().hash("of nobody at all")


@cache
def _hasher() -> "PasswordHasher":
    try:
        from argon2 import PasswordHasher
    except ImportError as error:
        raise BadInput(f"passwords need argon2-cffi: {INSTALL}") from error
    return PasswordHasher()
