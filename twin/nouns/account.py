"""Who may do what here: accounts with their roles, what proves who they are, and delegations."""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field

from twin.nouns.base import Noun
from twin.nouns.principal import IfAny, Principal

Role = Literal["viewer", "operator", "approver", "admin"]
"""What somebody is here; each may do what the one before may, and more."""

Permission = Literal["read", "operate", "approve", "administer"]
"""What somebody may do: look; work on incidents and the register; answer plans; say who may."""

ROLES: tuple[Role, ...] = get_args(Role)
EVERY_PERMISSION: tuple[Permission, ...] = get_args(Permission)

PERMISSIONS: Mapping[str, frozenset[Permission]] = {
    role: frozenset(EVERY_PERMISSION[: place + 1]) for place, role in enumerate(ROLES)
}
"""By role."""

AccountId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Identity(Noun):
    """How a provider calls one person for good.

    `provider`: "local", "os-user", the issuer of an OIDC provider, or a chat service. `tenant`:
    within which `subject` means somebody, "" where a subject alone does.
    """

    provider: str
    subject: str
    tenant: IfAny = ""

    def __str__(self) -> str:
        """As it is written at the command line: `slack@T0123=U0456`."""
        tenant = f"@{self.tenant}" if self.tenant else ""
        return f"{self.provider}{tenant}={self.subject}"


class Account(Noun):
    """A person who is known here. `id`: what is counted where two people are needed.

    `password`: its Argon2 hash, "" for none. `follows_claims`: the provider says at each sign-in
    which role it is. `ended_wall_s`: since when it may do nothing any more, None while it may.
    """

    id: AccountId
    name: str
    role: Role
    identities: tuple[Identity, ...] = ()
    password: str = ""
    follows_claims: bool = False
    ended_wall_s: float | None = None

    def may(self, permission: Permission) -> bool:
        """Whether its role allows that, and it has not ended."""
        return self.ended_wall_s is None and permission in PERMISSIONS[self.role]

    def principal(self, identity: Identity, channel: str, on_behalf_of: str = "") -> Principal:
        """Who acts when it has signed in as `identity`, through `channel`."""
        return Principal(
            name=self.name,
            provider=identity.provider,
            subject=identity.subject,
            tenant=identity.tenant,
            account=self.id,
            role=self.role,
            channel=channel,
            on_behalf_of=on_behalf_of,
        )


TokenKind = Literal["session", "login", "api"]


class Token(Noun):
    """What proves an account to a channel, as it is kept: by the digest of the secret alone.

    `kind`: "session" of a browser, "login" of a command line, or "api" for programs. `scopes`: what
    it may be used for, at most what the account may. Times are the machine's, Unix seconds.
    """

    digest: str
    account: str
    identity: Identity
    kind: TokenKind
    label: str
    scopes: frozenset[Permission]
    made_wall_s: float
    expires_wall_s: float


class Delegation(Noun):
    """From `begins_wall_s` until `ends_wall_s`, `to` may answer plans in place of `giver`."""

    id: str
    giver: str
    to: str
    begins_wall_s: float
    ends_wall_s: float
    reason: str
    ended_wall_s: float | None = None

    def holds(self, wall_s: float) -> bool:
        """Whether it stands at that time."""
        return self.ended_wall_s is None and self.begins_wall_s <= wall_s < self.ends_wall_s
