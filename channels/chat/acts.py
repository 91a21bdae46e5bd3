"""What a person does in a chat: a button of a card, or words to us in a thread."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from twin.nouns.account import Identity
from twin.nouns.base import Noun

LONGEST_SAID = 4000
"""Characters that are read of what somebody writes."""

Button = Literal["approve", "reject", "instead", "acknowledge"]
BUTTONS: tuple[Button, ...] = get_args(Button)
"""What the buttons of a card stand for."""


class _Act(Noun):
    """`who`: as the chat has proved it, with its tenant. `place`, `thread`: where it was done."""

    who: Identity
    place: str
    thread: str


class Pressed(_Act):
    """A button of the message `message_id`, which says to be the card of `plan_id`.

    `reason`, `choice`: what stood in the fields beside the buttons.
    """

    kind: Literal["pressed"] = "pressed"
    button: Button
    plan_id: str
    message_id: str
    reason: str = ""
    choice: str = ""


class Said(_Act):
    """Words that were meant for us."""

    kind: Literal["said"] = "said"
    words: str


class Strange(_Act):
    """Something that we do not offer, such as a button of an earlier version."""

    kind: Literal["strange"] = "strange"
    what: str


AnyAct = Annotated[Pressed | Said | Strange, Field(discriminator="kind")]
"""One of them."""
