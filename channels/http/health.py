"""Whether the server is there, for whatever looks after it."""

from fastapi import APIRouter

from channels.chat.room import RoomState
from channels.http.served import Serving
from twin.nouns.base import Noun

router = APIRouter(tags=["server"])


class Alive(Noun):
    """The server answers. `journal`: whether the state directory has a journal. `chats`: how each
    stands that is spoken with from here.
    """

    status: str
    journal: bool
    chats: dict[str, RoomState]


@router.get("/health")
def health(served: Serving) -> Alive:
    """Whether the server answers; it says nothing about a network, and needs no sign-in."""
    return Alive(
        status="ok",
        journal=served.directory.journal_file.is_file(),
        chats={chat.name: chat.state for chat in served.chats},
    )
