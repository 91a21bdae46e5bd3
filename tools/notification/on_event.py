"""How people are called when something happens: one YAML file of the state directory.

    command: [/usr/local/bin/page, --team, noc]

or

    webhook: https://alerts.example/noctua
    secret_env: NOCTUA_WEBHOOK_SECRET
    events: [awaiting, paged, escalated]

or several ways, each by a name of its own and each for its own events:

    ways:
      pager: {pagerduty: https://events.pagerduty.com/v2/enqueue, routing_key_env: PAGER_KEY}
      tickets:
        webhook: https://instance.service-now.com/api/now/import/u_noctua_incident
        template: servicenow_incident
        authorization_env: NOCTUA_SERVICENOW_AUTHORIZATION

Secrets never stand in the file: each `..._env` names the environment variable that holds one.
"""

import base64
import binascii
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Self, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from tools.journal.records import NoticeEvent
from tools.strict_yaml import read_yaml, settings_text
from twin.errors import BadInput
from twin.nouns.base import Noun

EVERY_EVENT: frozenset[NoticeEvent] = frozenset(get_args(NoticeEvent))

SECRET_PREFIX = "whsec_"
"""How Standard Webhooks marks a secret."""

_SHORTEST_SECRET = 24
_LONGEST_SECRET = 64
"""Bytes; as Standard Webhooks bounds them."""


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as https://alerts.example/noctua")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no user and password; the receiver checks the signature")
    parts.port  # noqa: B018  (raises ValueError where it is no number)
    return value


def _a_list(value: object) -> object:
    # Nothing goes through a shell, so that no text of a network is ever part of a command line.
    if isinstance(value, str):
        raise ValueError(  # noqa: TRY004  (pydantic turns no TypeError into a complaint)
            f"must be a list, such as [{', '.join(value.split()) or '/bin/page'}]"
        )
    return value


def _not_the_secret(value: object) -> object:
    # Whoever pastes the secret itself here should not read it again in an error.
    if isinstance(value, str) and not value.isidentifier():
        raise ValueError("must be the name of an environment variable, never the secret itself")
    return value


Address = Annotated[str, AfterValidator(_address)]
Variable = Annotated[str, BeforeValidator(_not_the_secret)]


class OnEvent(Noun):
    """One way: what is called, for which events, and how long an answer is waited for.

    `command`: a program and its arguments; it gets the notice as JSON on standard input. `webhook`:
    an address to which the notice is posted, signed with the secret that `secret_env` names, with
    the header `Authorization` that `authorization_env` holds, or both; as it is, or as `template`
    words it: one that ships, or the path of a Jinja template in the state directory. `pagerduty`:
    the address of PagerDuty's Events API v2, with the integration key in `routing_key_env`.
    """

    command: Annotated[tuple[str, ...], BeforeValidator(_a_list), Field(min_length=1)] | None = None
    webhook: Address | None = None
    secret_env: Variable | None = None
    authorization_env: Variable | None = None
    template: str | None = None
    pagerduty: Address | None = None
    routing_key_env: Variable | None = None
    events: Annotated[frozenset[NoticeEvent], Field(min_length=1)] = EVERY_EVENT
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 15.0

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.command, self.webhook, self.pagerduty)) != 1:
            raise ValueError("needs either a command or a webhook or pagerduty")
        proofs = (self.secret_env, self.authorization_env)
        if (self.webhook is None) != (proofs == (None, None)):
            raise ValueError("a webhook, and nothing else, needs secret_env or authorization_env")
        if self.template is not None and self.webhook is None:
            raise ValueError("a template words what a webhook posts, and nothing else")
        if (self.pagerduty is None) != (self.routing_key_env is None):
            raise ValueError("pagerduty, and nothing else, needs routing_key_env")
        return self

    @property
    def found(self) -> str:
        """What is called, in a word or two: the rest of an address may be as good as a password."""
        if self.command is not None:
            return self.command[0]
        kind, address = ("webhook", self.webhook) if self.webhook else ("PagerDuty", self.pagerduty)
        return f"{kind} at {urlsplit(address or '').hostname}"


class _Ways(Noun):
    """A file of several ways."""

    ways: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")], OnEvent],
        Field(min_length=1),
    ]


def load_ways(path: Path) -> dict[str, OnEvent]:
    """The ways in which the file at `path` says that people are called, by name; a file of a single
    way gives it none. Empty where there is no such file.

    Raises:
        BadInput: it cannot be read, or a key or value is wrong; names file, key and remedy.
    """
    if not path.exists():
        return {}
    data = read_yaml(settings_text(path, "a way to call people"), str(path))
    try:
        if isinstance(data, dict) and "ways" in data:
            return _Ways.model_validate(data).ways
        return {"": OnEvent.model_validate(data)}
    except ValidationError as error:
        raise BadInput(f"{path}: {'; '.join(map(_complaint, error.errors()))}") from error


def _complaint(problem: Mapping[str, object]) -> str:
    place = problem["loc"]
    key = ".".join(str(part) for part in place) if isinstance(place, tuple) else ""
    if problem["type"] == "extra_forbidden":
        known = list(OnEvent.model_fields)
        near = get_close_matches(key.rpartition(".")[2], known, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"use some of {', '.join(known)}"
        return f'unknown key "{key}"; {hint}'
    if problem["type"] == "model_type":
        return f"{key or 'the file'}: must be a mapping of keys to values"
    return f"{key or 'the file'}: {str(problem['msg']).removeprefix('Value error, ')}"


def secret_of(name: str | None, environ: Mapping[str, str], what: str) -> str:
    """What the environment variable `name` holds. Raises BadInput: it is not set; never repeats
    it.
    """
    given = environ.get(name or "", "").strip()
    if not given or not given.isascii() or not given.isprintable():
        raise BadInput(f"on_event.yaml: the environment has no {name}; set it to {what}")
    return given


def headers_of(settings: OnEvent, environ: Mapping[str, str]) -> dict[str, str]:
    """The headers by which a webhook's receiver knows us. Raises BadInput: one is not set."""
    if settings.authorization_env is None:
        return {}
    what = 'the whole value of the header Authorization, such as "Basic ..." or "Bearer ..."'
    return {"Authorization": secret_of(settings.authorization_env, environ, what)}


def signing_key(settings: OnEvent, environ: Mapping[str, str]) -> bytes:
    """The bytes that notices are signed with.

    Raises:
        BadInput: the environment lacks them, or they are none of Standard Webhooks; the secret
            itself is never repeated.
    """
    name = settings.secret_env or ""
    given = environ.get(name, "")
    remedy = (
        f'set {name} to "{SECRET_PREFIX}" and the base64 of {_SHORTEST_SECRET} to '
        f"{_LONGEST_SECRET} random bytes, as the receiver has it"
    )
    if not given:
        raise BadInput(f"on_event.yaml: the environment has no {name}; {remedy}")
    try:
        key = base64.b64decode(given.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise BadInput(f"on_event.yaml: what {name} holds is not base64; {remedy}") from error
    if not _SHORTEST_SECRET <= len(key) <= _LONGEST_SECRET:
        raise BadInput(f"on_event.yaml: {name} holds {len(key)} bytes; {remedy}")
    return key
