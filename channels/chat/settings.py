"""What the settings of all chats have in common: how a file is read, and where secrets stand.

Secrets never stand in a file: it names the environment variables that hold them.
"""

from pathlib import Path
from typing import Annotated, Generic, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from tools.strict_yaml import read_yaml, settings_text
from twin.errors import BadInput
from twin.nouns.base import Noun

_LOOPBACK = ("127.0.0.1", "::1", "localhost")

N = TypeVar("N", bound=Noun)
C = TypeVar("C", bound=str)
"""An id of a channel."""


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError("must be https, since the token goes there")
    return f"{value.rstrip('/')}/"


def _variable(value: object) -> object:
    # Whoever pastes the secret itself here should not read it again in an error.
    if isinstance(value, str) and not value.isidentifier():
        raise ValueError("must be the name of an environment variable, never the secret itself")
    return value


Address = Annotated[str, AfterValidator(_address)]
"""Where a service is called, with a slash at its end."""

Variable = Annotated[str, BeforeValidator(_variable)]
"""The name of an environment variable."""


class ChatSettings(Noun, Generic[C]):
    """`channel`: where every network's incidents go; `channels`: by network, in place of that."""

    channel: C | None = None
    channels: Annotated[dict[str, C], Field(default_factory=dict)]

    @model_validator(mode="after")
    def _some_channel(self) -> Self:
        if self.channel is None and not self.channels:
            raise ValueError("needs a channel, or channels by network")
        return self

    def channel_of(self, network: str) -> str:
        """Where the incidents of `network` go, "" for nowhere."""
        return self.channels.get(network, self.channel or "")


def read_settings(path: Path, kind: type[N], what: str, example: str, page: str) -> N:
    """What the file at `path` says. `example`: what is missing where there is none.

    Raises:
        BadInput: it names file, key and remedy.
    """
    if not path.exists():
        raise BadInput(f"{path}: is missing; write {example} ({page})")
    data = read_yaml(settings_text(path, what), str(path))
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        wrong = error.errors()[0]
        key = ".".join(map(str, wrong["loc"])) or "the file"
        said = str(wrong["msg"]).removeprefix("Value error, ")
        raise BadInput(f"{path}: {key}: {said} ({page})") from error
