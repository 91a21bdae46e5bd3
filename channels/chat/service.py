"""What a chat service offers, and what a message of ours is, whichever service shows it."""

from typing import Protocol

from twin.errors import NoctuaError
from twin.nouns.base import Noun

LONGEST_CODE = 2400
"""Characters of a diff in a message; a longer one becomes a file."""

LONGEST_TEXT = 2400
"""Characters of a text in a message; a longer one becomes a file."""


class ChatUnavailable(NoctuaError):
    """The service did not take a message, or did not say that it has; it is tried again later."""


class MessageRefused(NoctuaError):
    """The service takes no such message, however often it is tried."""


class Fact(Noun):
    """A line of a message: what it is about, and what there is to say."""

    name: str
    value: str


class Choice(Noun):
    """One of several to choose from. `id`: what comes back when it is chosen."""

    id: str
    text: str


class Question(Noun):
    """What people can answer. `approve`: the words on the button. `choices`: what to do instead."""

    plan_id: str
    approve: str
    choices: tuple[Choice, ...]


class File(Noun):
    """What is too long for a message."""

    name: str
    content: str


class Message(Noun):
    """What a message says: plain text throughout, no markup of any service.

    `code`: shown as it is, line by line. `question`: with buttons, None where nothing can be
    answered. `file`: in place of all the rest but the title.
    """

    title: str = ""
    text: str = ""
    facts: tuple[Fact, ...] = ()
    code: str = ""
    question: Question | None = None
    file: File | None = None

    @property
    def plain(self) -> str:
        """All of it in lines, as a notification shows it."""
        facts = (f"{fact.name}: {fact.value}" for fact in self.facts)
        return "\n".join(filter(None, (self.title, self.text, *facts)))


class ChatService(Protocol):
    """A chat that messages are posted to. Each method raises ChatUnavailable or MessageRefused."""

    @property
    def name(self) -> str:
        """The provider of its people's identities, and the service of its posts."""
        ...

    def place_of(self, network: str) -> str:
        """The channel that is told of a network's incidents, "" for none."""
        ...

    def post(self, place: str, thread: str, key: str, message: Message) -> str:
        """Post a message, marked with `key`, and say how the service calls it.

        `thread`: the message that it replies to, "" for none.
        """
        ...

    def find(self, place: str, thread: str, key: str, since_wall_s: float) -> str:
        """How the service calls the message that is marked with `key`, "" where there is none."""
        ...

    def update(self, place: str, message_id: str, key: str, message: Message) -> None:
        """Have a message say something else from now on."""
        ...

    def whisper(self, place: str, thread: str, person: str, text: str) -> None:
        """Tell one person something in a thread that nobody else reads."""
        ...
