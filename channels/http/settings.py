"""How the HTTP API is served: one YAML file of the state directory, validated as a whole.

host: 127.0.0.1
port: 8473
public_url: https://noctua.example
oidc:
  - id: corp
    issuer: https://idp.example
    client_id: noctua
    client_secret_env: NOCTUA_OIDC_SECRET
    roles_claim: groups
    roles: {noc-leads: approver, noc: operator}
chats: {slack: socket, teams: http}
"""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator

from tools.strict_yaml import read_yaml, settings_text
from twin.errors import BadInput
from twin.nouns.account import Role
from twin.nouns.base import Noun

LOOPBACK = ("127.0.0.1", "localhost", "::1")

_HTTPS_OR_LOOPBACK = "must be https, or http on this machine"


def _address(value: str) -> str:
    parts = urlsplit(value)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not safe or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"{_HTTPS_OR_LOOPBACK}, such as https://noctua.example")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]


class OidcProvider(Noun):
    """Who proves people, by OpenID Connect with the authorization code flow and PKCE.

    `client_secret_env`: names the environment variable that holds the secret; None for a public
    client. `roles_claim`, `roles`: what the provider says of people it knows and we do not: which
    value of the claim is which role, the highest counts; without them, only accounts that an admin
    has made may sign in. `tenant_claim`: which claim names the tenant, "" for none.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    issuer: Address
    client_id: str
    client_secret_env: str | None = None
    scope: str = "openid profile email"
    roles_claim: str = ""
    roles: dict[str, Role] = Field(default_factory=dict)
    tenant_claim: str = ""

    @model_validator(mode="after")
    def _roles_of_a_claim(self) -> Self:
        if bool(self.roles_claim) != bool(self.roles):
            raise ValueError("roles_claim and roles say together who is what; set both or none")
        return self


ChatName = Literal["slack", "teams"]


class Limits(Noun):
    """How often somebody may ask, a minute; how large a request may be, and how long it may take.

    `sign_ins`: by one address, and for one account. `requests`: by one who has signed in, or one
    address. `planning_s`: for an answer that is computed.
    """

    sign_ins: Annotated[int, Field(ge=1)] = 10
    requests: Annotated[int, Field(ge=1)] = 600
    body_bytes: Annotated[int, Field(ge=1024)] = 8 * 2**20
    planning_s: Annotated[float, Field(gt=0, le=3600)] = 120.0
    planning_at_once: Annotated[int, Field(ge=1)] = 2
    streams: Annotated[int, Field(ge=1)] = 100


class ServeSettings(Noun):
    """Where the API is bound, what it is called from outside, and who proves people.

    `hosts`: further names by which it may be called. `proxies`: addresses of proxies before it,
    which are believed when they say where a request comes from. `session_s`: how long a sign-in
    holds.
    `open_metrics`: whether /metrics needs no sign-in. `chats`: which are spoken with from here, and
    whether they post to us or we keep a socket open.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8473
    public_url: Address | None = None
    hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    session_s: Annotated[float, Field(gt=0, le=7 * 86_400)] = 43_200.0
    open_metrics: bool = False
    oidc: tuple[OidcProvider, ...] = ()
    limits: Limits = Limits()
    chats: dict[ChatName, Literal["http", "socket"]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _no_id_twice(self) -> Self:
        ids = [provider.id for provider in self.oidc]
        if len(set(ids)) != len(ids):
            raise ValueError("two providers have one id; give each its own")
        return self

    @model_validator(mode="after")
    def _teams_posts(self) -> Self:
        if self.chats.get("teams") == "socket":
            raise ValueError("chats: Teams has no socket; write `teams: http`")
        return self

    @property
    def is_secure(self) -> bool:
        """Whether people reach it by https."""
        return (self.public_url or "").startswith("https://")

    @property
    def is_local(self) -> bool:
        """Whether it is bound to this machine alone."""
        return self.host in LOOPBACK

    @property
    def known_hosts(self) -> tuple[str, ...]:
        """By which names it may be called, so that no other site's name leads here."""
        public = urlsplit(self.public_url).hostname if self.public_url else None
        named = (*LOOPBACK, "[::1]", self.host, *self.hosts, *([public] if public else []))
        return tuple(dict.fromkeys(name for name in named if name not in ("0.0.0.0", "::")))

    def provider(self, provider_id: str) -> OidcProvider | None:
        """The provider of that id, None where there is none."""
        return next((one for one in self.oidc if one.id == provider_id), None)


def load_serve_settings(path: Path) -> ServeSettings:
    """What the file at `path` says; the defaults where there is no such file.

    Raises:
        BadInput: it cannot be read, or a key or value is wrong; names file, key and remedy.
    """
    if not path.exists():
        return ServeSettings()
    data = read_yaml(settings_text(path, "how to serve"), str(path))
    try:
        return ServeSettings.model_validate(data)
    except ValidationError as error:
        told = (
            f"{'.'.join(map(str, one['loc'])) or 'the file'}: "
            f"{str(one['msg']).removeprefix('Value error, ')}"
            for one in error.errors(include_url=False)
        )
        raise BadInput(f"{path}: {'; '.join(told)}") from error
