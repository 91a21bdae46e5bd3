"""Whose alerts are taken, and how they are mapped: one YAML file of the state directory.

    doors:
      prometheus: {reads: alertmanager, token_env: NOCTUA_PROMETHEUS_TOKEN}
    rules:
      - {name: link-down, when: {alertname: LinkDown}, claims: adjacency_down, link: [link]}
    aliases: {rtr-ber-1.example: BERL}

Secrets never stand in the file: `token_env` and `hmac_env` name environment variables.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from tools.alerts.authenticity import Hmac, Proof, Token
from tools.alerts.doors import DOORS
from tools.alerts.doors.generic import Fields, Generic
from tools.alerts.reading import Door
from tools.strict_yaml import read_yaml, settings_text
from twin.errors import BadInput
from twin.nouns.alert import AlertClaim, Chance
from twin.nouns.base import Noun

FALSE, MISSED = 0.02, 0.1
"""Of what a rule of others says, one alert in fifty is about nothing, and it does not say one thing
in ten (assumed, until it is seen)."""

SIGNATURE_HEADER = "X-Grafana-Alerting-Signature"

_SHORTEST_SECRET = 16

DoorName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


def _not_the_secret(value: object) -> object:
    # Whoever pastes the secret itself here should not read it again in an error.
    if isinstance(value, str) and not value.isidentifier():
        raise ValueError("must be the name of an environment variable, never the secret itself")
    return value


Variable = Annotated[str, BeforeValidator(_not_the_secret)]


class DoorSettings(Noun):
    """One system that may send alerts: what it `reads`, and by what it proves who it is.

    `network`: whose alerts they are, "" for the only one there is. `fields`: of a generic door.
    """

    reads: str
    network: str = ""
    token_env: Variable | None = None
    hmac_env: Variable | None = None
    signature_header: str = SIGNATURE_HEADER
    timestamp_header: str = ""
    fields: Fields | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.reads not in DOORS:
            near = get_close_matches(self.reads, DOORS, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"there is {', '.join(DOORS)}"
            raise ValueError(f'reads "{self.reads}", which no door does; {hint}')
        if (self.token_env is None) == (self.hmac_env is None):
            raise ValueError("needs either token_env or hmac_env: no door is open to everybody")
        if (self.fields is not None) != (self.reads == "generic"):
            raise ValueError("a generic door, and no other, needs fields")
        return self

    @property
    def door(self) -> Door:
        """What reads its posts."""
        return Generic(self.fields) if self.reads == "generic" else DOORS[self.reads]()

    def proof(self, environ: Mapping[str, str]) -> Proof:
        """What a post has to bring.

        Raises:
            BadInput: the environment lacks the secret, or it is too short to be one.
        """
        name = self.token_env or self.hmac_env or ""
        secret = environ.get(name, "").encode()
        if len(secret) < _SHORTEST_SECRET:
            raise BadInput(
                f"alerts.yaml: {name} holds {len(secret)} bytes; set it to at least "
                f"{_SHORTEST_SECRET} random characters, as the sender has them"
            )
        if self.token_env is not None:
            return Token(secret)
        return Hmac(secret, self.signature_header, self.timestamp_header)


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no pattern ({error})") from error
    return value


class Rule(Noun):
    """Alerts of which every label in `when` matches (a whole regular expression) say `claims`.

    `link`, `device`, `interface`, `service`: labels that name it, the first that is there.
    `false_rate`, `missed_rate`: how often it says so of nothing, and does not say it, until that is
    seen.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    when: Mapping[str, Annotated[str, AfterValidator(_pattern)]] = {}
    claims: AlertClaim = "trouble"
    link: tuple[str, ...] = ()
    device: tuple[str, ...] = ()
    interface: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    false_rate: Chance = FALSE
    missed_rate: Chance = MISSED


ANY = Rule(
    name="any",
    link=("link",),
    device=("device", "node", "host", "hostname", "instance"),
    interface=("interface", "ifName", "ifname"),
    service=("service", "service_id"),
)
"""Stands behind all rules: what it maps says that there is trouble, and no more."""


class AlertSettings(Noun):
    """The file. `aliases`: what others call a node, a link, "node|interface" or a service."""

    doors: Mapping[DoorName, DoorSettings] = {}
    rules: tuple[Rule, ...] = ()
    aliases: Mapping[str, str] = {}

    @model_validator(mode="after")
    def _no_name_twice(self) -> Self:
        names = [rule.name for rule in self.every_rule]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f'two rules are called "{twice[0]}"; rename one of them')
        return self

    @property
    def every_rule(self) -> tuple[Rule, ...]:
        """In the order in which they are tried."""
        return (*self.rules, ANY)

    def rates(self, rule: str) -> tuple[float, float]:
        """Both rates as the rule of that name states them; it may have gone meanwhile."""
        found = next((one for one in self.every_rule if one.name == rule), ANY)
        return found.false_rate, found.missed_rate


def load_alert_settings(path: Path) -> AlertSettings:
    """What the file at `path` says; that there are no doors where there is no such file.

    Raises:
        BadInput: it cannot be read, or a key or value is wrong; names file, key and remedy.
    """
    if not path.exists():
        return AlertSettings()
    data = read_yaml(settings_text(path, "a file of alerts"), str(path))
    try:
        return AlertSettings.model_validate(data if data is not None else {})
    except ValidationError as error:
        raise BadInput(f"{path}: {'; '.join(map(_complaint, error.errors()))}") from error


def _complaint(problem: Mapping[str, object]) -> str:
    place = problem["loc"]
    key = ".".join(str(part) for part in place) if isinstance(place, tuple) else ""
    said = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        said = "is no key that is known here (docs/alerts.md has all of them)"
    return f"{key or 'the file'}: {said}"
