"""Questions in plain language, answered from files, changing nothing."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from agents.conversation.role import LONGEST_QUESTION
from channels import verbs
from channels.http.commands import does
from channels.http.sent import Sent
from channels.http.served import Directory
from channels.http.who import Reader
from graphs.conversation import Reply

router = APIRouter(prefix="/questions", tags=["questions"])

Words = Annotated[str, Field(max_length=LONGEST_QUESTION)]


class Asking(Sent):
    """A question, the network that it is about (the only one, if none), and those before it."""

    question: Words
    network: Annotated[str | None, Field(max_length=200)] = None
    before: Annotated[tuple[Words, ...], Field(max_length=3)] = ()


@router.post("", openapi_extra=does("ask"))
def ask(directory: Directory, _: Reader, asking: Asking) -> Reply:
    """Ask about a network; questions before it are answered first, so that it may refer to them."""
    conversation = verbs.converse(directory, asking.network)
    for earlier in asking.before:
        conversation.ask(earlier)
    return conversation.ask(asking.question)
