"""The demonstration's incident, whose card waits in a chat on loopback, with people of every role.

What somebody has brought about is read from the journal's rows, whatever was answered.
"""

import copy
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Generic, TypeVar

from channels.access.accounts import end_account
from channels.chat.room import Room
from channels.chat.thread import card_key, head_key
from evals.chat.chats import Chat, S
from evals.chat.scene import ROOT, stage_waiting
from evals.chat.stub import ChatStub, Json, Person
from graphs.state_directory import StateDirectory
from tools.journal.journal import Journal
from twin.nouns.account import Role

ROLES: Mapping[str, Role] = {
    "erin": "approver",
    "frank": "approver",
    "omar": "operator",
    "vera": "viewer",
    "zed": "approver",
}
"""Zed's account has ended; others in the channel have none."""

BUTTONS = ("approve", "reject")

S_co = TypeVar("S_co", bound=ChatStub, covariant=True)


@dataclass(frozen=True)
class World(Generic[S_co]):
    """A state directory with everything open, where a card waits in `chat` until it is answered."""

    folder: Path
    plan: str
    chat: S_co
    room: Room

    @property
    def incident(self) -> str:
        """Whose plan waits."""
        return self.plan.rpartition(".")[0]

    @property
    def card(self) -> str:
        """What the card is marked with."""
        return card_key(self.incident, self.plan)

    @property
    def head(self) -> str:
        """What the first message of the thread is marked with."""
        return head_key(self.incident)

    @property
    def abroad(self) -> Person:
        """Somebody of another tenant, where erin's id is theirs."""
        return replace(self.chat.person("erin"), tenant="T0OTHERS")

    def press(self, random: Random, who: Person | str) -> Json:
        """What is sent when somebody presses a button of the card."""
        person = self.chat.person(who) if isinstance(who, str) else who
        return self.chat.press(person, self.card, random.choice(BUTTONS), "it looks right")

    def say(self, words: str, who: Person | str) -> Json:
        """What is sent when somebody says something in the thread."""
        person = self.chat.person(who) if isinstance(who, str) else who
        return self.chat.say(person, words, self.head)

    def effects(self) -> int:
        """How much people have done: answers, acknowledgements, events of persons."""
        kinds = ("taken", "noted", "closed", "reopened")
        with Journal.open(StateDirectory(self.folder).journal_file) as journal:
            request = journal.approval_request(self.plan, 0.0)
            events = journal.events_of(self.incident, kinds)
        return len(request.answers) + len(request.acknowledged) + len(events)


@dataclass(frozen=True)
class Scene(Generic[S]):
    """A state directory and the messages in the chat, from which worlds are copied."""

    chat: Chat[S]
    folder: Path
    plan: str
    messages: tuple[Json, ...] = ()

    @contextmanager
    def world(self, folder: Path) -> Iterator[World[S]]:
        """A copy of its own."""
        shutil.copytree(self.folder, folder)
        with self.chat.stub(paced=False).serving() as stub:
            stub.messages = [*copy.deepcopy(self.messages)]
            stub.set_up(folder)
            with self.chat.step(StateDirectory(folder), stub) as (room, stub.endpoint):
                room.step()
                yield World(folder, self.plan, stub, room)
        shutil.rmtree(folder)


def build_scene(chat: Chat[S], folder: Path) -> Scene[S]:
    """The plan waits, its card is posted, and everybody has an account."""
    plan = stage_waiting(folder / "state", 1, chat.stub(), ROLES)
    end_account(StateDirectory(folder / "state"), ROOT, "zed")
    with Scene(chat, folder / "state", plan).world(folder / "first") as world:
        messages = tuple(world.chat.messages)
        shutil.copytree(folder / "first", folder / "posted")
    return Scene(chat, folder / "posted", plan, messages)
