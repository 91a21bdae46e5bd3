"""One alert as a monitoring system sent it: whose it is, what it says, since when and until when.

Names, labels and annotations are what others wrote: data, never instructions, and cut where they
are too long.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from twin.errors import BadInput
from twin.nouns.alert import AlertClaim
from twin.nouns.untrusted import UntrustedText

MOST_ALERTS = 10_000
"""Of one post; Alertmanager groups a hundred or so."""

MOST_LABELS, LONGEST_NAME, LONGEST_VALUE = 64, 128, 1024

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Whatever ends before it, such as 0001-01-01, has no end: Go's zero time."""

_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Received:
    """One alert. `fingerprint`: as the sender names it, or made of the labels where it does not.

    `content`: the same for what is the same alert, through whatever door it comes.
    `starts_wall_s`: None where it is not said. `ends_wall_s`: when it was over; None while it is
    firing. `expires_wall_s`: when it is over unless it is sent again. `odd`: what of it could not
    be read, "" for nothing.
    """

    fingerprint: str
    content: str
    labels: Mapping[str, UntrustedText]
    annotations: Mapping[str, UntrustedText] = field(default_factory=dict)
    starts_wall_s: float | None = None
    ends_wall_s: float | None = None
    expires_wall_s: float | None = None
    odd: str = ""

    @property
    def name(self) -> UntrustedText:
        """What the sender calls it."""
        return self.labels.get("alertname", UntrustedText(""))


class Mapped(NamedTuple):
    """What an alert says of what part of the network, and the rule that says so.

    One that no rule maps has an empty `rule` and an empty `resource`.
    """

    rule: str
    claims: AlertClaim
    resource: str


UNMAPPED = Mapped("", "trouble", "")


@dataclass(frozen=True, slots=True)
class Post:
    """What one request brought. `withheld`: alerts that the sender says it has cut off."""

    alerts: Sequence[Received]
    withheld: int = 0


class Door(Protocol):
    """Reads what one kind of monitoring system posts."""

    def read(self, body: Any, now_wall_s: float) -> Post:
        """The alerts in a decoded JSON body. Raises BadInput: it is not what that system sends."""
        ...


def content_of(labels: Mapping[str, UntrustedText], besides: str = "") -> str:
    """SHA-256 (hex) of labels, whatever their order, and of what else tells an alert apart."""
    named = {name: value.raw for name, value in labels.items()}
    text = json.dumps([named, besides], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def decoded(body: bytes) -> Any:
    """A body as JSON. Raises BadInput: it is none, or not finite."""
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the body is not JSON ({error})") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def texts(given: Any, what: str) -> dict[str, UntrustedText]:
    """A JSON object of texts; numbers and the like are taken as they are written.

    Raises:
        BadInput: it is no object, or has more than MOST_LABELS.
    """
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise BadInput(f"{what} must be an object of names and texts")
    if len(given) > MOST_LABELS:
        raise BadInput(f"{what}: has {len(given)} entries; up to {MOST_LABELS} are read")
    return {
        str(name)[:LONGEST_NAME]: UntrustedText(text_of(value)) for name, value in given.items()
    }


def text_of(value: Any) -> str:
    """A JSON value as text, cut at LONGEST_VALUE."""
    text = value if isinstance(value, str) else json.dumps(value)
    # A lone half of a pair can be written in JSON, and nowhere else.
    return text[:LONGEST_VALUE].encode("utf-8", "replace").decode("utf-8")


def wall_s_of(value: Any) -> float | None:
    """Unix seconds of an RFC 3339 time, or of a number of seconds or milliseconds.

    None where there is none: absent, empty, or before 1970 (Go's zero time is 0001-01-01).

    Raises:
        ValueError: it is no time.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        raise ValueError("a truth value is no time")  # noqa: TRY004  (one kind of error to map)
    if isinstance(value, int | float):
        return _in_seconds(float(value))
    if not isinstance(value, str):
        raise ValueError("it is no time")  # noqa: TRY004
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return _in_seconds(float(value))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    # Near either end of the calendar a zone leads out of it.
    if moment.replace(tzinfo=UTC) < _EPOCH:
        return None
    if moment.replace(tzinfo=UTC) > _LATEST:
        raise ValueError("it is after the year 9998")
    return moment.timestamp()


_MILLISECONDS_FROM = 1e11
"""As seconds, a number beyond it is after the year 5138."""


def _in_seconds(number: float) -> float | None:
    seconds = number / 1000.0 if number > _MILLISECONDS_FROM else number
    if not 0.0 <= seconds < _LATEST.timestamp():
        raise ValueError(f"{number:g} is no time")
    return seconds or None
