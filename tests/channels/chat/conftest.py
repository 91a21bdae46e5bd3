"""A plan that waits for an answer, and people who are known in every chat; each test has each."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from channels.access.accounts import add_account
from channels.chat.thread import card_key
from channels.cli.principal import os_identity
from evals.chat.chats import CHATS
from evals.chat.scene import ROOT
from evals.chat.stub import ChatName, ChatStub, Json
from evals.hostile.chat_scene import Scene, World
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN
from tests.made_once import made_once
from tools.journal.journal import Journal
from tools.journal.records import AuditLine
from twin.nouns.account import Identity, Role

ROLES: Mapping[str, Role] = {
    "erin": "approver",
    "frank": "approver",
    "omar": "operator",
    "vera": "viewer",
}
"""Others in the channel have no account."""


@pytest.fixture(scope="session")
def peopled(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory in which everybody has an account."""
    return made_once(tmp_path_factory, "in-every-chat", lambda folder: _people(played, folder))


def _people(played: Path, folder: Path) -> None:
    state = StateDirectory(Path(shutil.copytree(played, folder)))
    add_account(state, ROOT, "root", "admin", identities=(os_identity(),))
    for name, role in ROLES.items():
        people = [chat.stub().person(name) for chat in CHATS.values()]
        known = tuple(
            Identity(provider=chat, subject=person.id, tenant=person.tenant)
            for chat, person in zip(CHATS, people, strict=True)
        )
        add_account(state, ROOT, name, role, identities=known)


@pytest.fixture(scope="module", params=CHATS)
def scene(
    request: pytest.FixtureRequest, peopled: Path, tmp_path_factory: pytest.TempPathFactory
) -> Scene[Any]:
    """A state directory whose card is posted, in each chat."""
    name: ChatName = request.param
    folder = tmp_path_factory.mktemp(f"posted-{name}")
    with Scene(CHATS[name], peopled, PLAN).world(folder / "first") as world:
        messages = tuple(world.chat.messages)
        assert not world.chat.refusals
        shutil.copytree(folder / "first", folder / "posted")
    return Scene(CHATS[name], folder / "posted", PLAN, messages)


@dataclass(frozen=True)
class Desk:
    """A state directory, the chat that it speaks with, and the room between them."""

    world: World[Any]

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.world.folder

    @property
    def chat(self) -> ChatStub:
        """The chat on loopback."""
        chat: ChatStub = self.world.chat
        return chat

    def click(
        self,
        name: str,
        button: str = "approve",
        reason: str = "",
        choice: str = "",
        key: str = card_key(INCIDENT, PLAN),
    ) -> Json:
        """What is sent when somebody presses a button of a card."""
        return self.chat.press(self.chat.person(name), key, button, reason, choice)

    def press(self, name: str, button: str = "approve", **typed: str) -> str:
        """Press a button, and what that person is told."""
        return self.told(self.click(name, button, **typed), name)

    def say(self, name: str, words: str) -> str:
        """Say something in the incident's thread, and what that person is told."""
        return self.told(self.world.say(words, name), name)

    def told(self, payload: Json, name: str = "erin") -> str:
        """What somebody is told once what they have sent is done."""
        before = len(self.chat.whispers)
        assert self.chat.deliver(payload) == 200
        self.step()
        new = self.chat.whispers[before:]
        assert {whisper.user for whisper in new} <= {self.chat.person(name).id}
        return "\n".join(whisper.text for whisper in new)

    def step(self) -> None:
        """Have the room do what there is to do."""
        self.world.room.step()

    def journal(self) -> Journal:
        """The journal, open."""
        return Journal.open(self.state / "journal.sqlite")

    def audit(self, action: str) -> list[AuditLine]:
        """Lines of the audit log of one kind."""
        with self.journal() as journal:
            return [line for line in journal.audit_lines() if line.action == action]


@pytest.fixture
def desk(scene: Scene[Any], tmp_path: Path) -> Iterator[Desk]:
    """A desk of its own, at which a card waits in a chat."""
    with scene.world(tmp_path / "desk") as world:
        yield Desk(world)


@pytest.fixture(params=CHATS)
def unposted(
    request: pytest.FixtureRequest, peopled: Path, tmp_path: Path
) -> Iterator[tuple[StateDirectory, ChatStub]]:
    """A state directory and a chat that knows nothing yet."""
    name: ChatName = request.param
    state = Path(shutil.copytree(peopled, tmp_path / "unposted"))
    with CHATS[name].stub(paced=False).serving() as stub:
        stub.set_up(state)
        yield StateDirectory(state), stub
