"""What a chat on loopback is, whichever service it stands for: its people, and what they do.

People press only what a message shows. Messages are named by what they are marked with.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

ChatName = Literal["slack", "teams"]

Json = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """Somebody in a chat. `tenant`: whose they are, which may share a channel with ours."""

    id: str
    name: str
    tenant: str


@dataclass
class Whisper:
    """What one person was told."""

    user: str
    text: str
    thread: str


class ChatStub(Protocol):
    """One workspace or tenant with one channel, which refuses what the service refuses.

    `first_call`: how we begin, which writes nothing anywhere. `paced`: it takes no more messages
    than the service. `busy_for`: so many calls are told to come later. `endpoint`: where what
    people do is posted to. `before_call`, `before_answer`: who is told of each call, before it is
    done and before it is answered.
    """

    name: ClassVar[ChatName]
    first_call: ClassVar[str]
    paced: bool
    busy_for: int
    endpoint: str
    messages: list[Json]
    whispers: list[Whisper]
    refusals: list[str]
    before_call: list[Callable[[str], None]]
    before_answer: list[Callable[[str], None]]

    @property
    def tenant(self) -> str:
        """Whose people are heard."""
        ...

    @property
    def environ(self) -> dict[str, str]:
        """The secrets, by the variables that have to hold them."""
        ...

    def serving(self) -> AbstractContextManager[Self]:
        """Listen on a free port of loopback until the end."""
        ...

    def set_up(self, folder: Path) -> None:
        """Have the state directory there speak with this chat."""
        ...

    def person(self, name: str) -> Person:
        """Somebody who is in the channel, the same at each call."""
        ...

    def marked(self, key: str) -> list[Json]:
        """Messages that are marked with a key: more than one would be a double."""
        ...

    def marks(self) -> list[str]:
        """What our messages are marked with, in order."""
        ...

    def replies(self, key: str) -> list[str]:
        """What our replies to a message are marked with, in order."""
        ...

    def shown(self, key: str) -> str:
        """All that a message says."""
        ...

    def has_buttons(self, key: str) -> bool:
        """Whether a message that is marked so can be answered."""
        ...

    def press(
        self, person: Person, key: str, button: str, reason: str = "", choice: str = ""
    ) -> Json:
        """What is sent when somebody presses a button of a message. KeyError: it shows none."""
        ...

    def say(self, person: Person, words: str, key: str) -> Json:
        """What is sent when somebody speaks to us in the thread of a message."""
        ...

    def deliver(self, payload: Json, /) -> int:
        """Send it as the service does; the status that is answered."""
        ...
