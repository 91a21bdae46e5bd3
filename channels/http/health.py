"""Whether the server is there, for whatever looks after it."""

from fastapi import APIRouter

from channels.http.served import Directory
from twin.nouns.base import Noun

router = APIRouter(tags=["server"])


class Alive(Noun):
    """The server answers. `journal`: whether the state directory has a journal."""

    status: str
    journal: bool


@router.get("/health")
def health(directory: Directory) -> Alive:
    """Whether the server answers; it says nothing about a network, and needs no sign-in."""
    return Alive(status="ok", journal=directory.journal_file.is_file())
