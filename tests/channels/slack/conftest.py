"""A plan that waits for an answer, five people with accounts, and their Slack workspace."""

import copy
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from channels.chat.room import Room
from channels.chat.thread import card_key
from evals.chat.chats import SLACK
from evals.chat.slack_workspace import SlackWorkspace, buttons_of
from evals.chat.stub import Person
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN, with_accounts
from tests.made_once import made_once
from tools.journal.journal import Journal
from tools.journal.records import AuditLine

TEAM = "T0NOCTUA"
ERIN = Person("U0ERIN", "erin", TEAM)
FRANK = Person("U0FRANK", "frank", TEAM)
OMAR = Person("U0OMAR", "omar", TEAM)
VERA = Person("U0VERA", "vera", TEAM)
NOBODY = Person("U0NOBODY", "nobody", TEAM)
ABROAD = Person("U0ERIN", "erin", "T0OTHERS")
"""Of another workspace, in which the same id means somebody else."""

ROLES = {ERIN: "approver", FRANK: "approver", OMAR: "operator", VERA: "viewer"}


@pytest.fixture(scope="session")
def peopled(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory with accounts, and a workspace to speak with."""
    return made_once(tmp_path_factory, "in-slack", lambda state: _people(played, state))


def _people(played: Path, state: Path) -> None:
    shutil.copytree(played, state)
    known_as = {person.name: (role, person.id) for person, role in ROLES.items()}
    with_accounts(state, f"slack@{TEAM}", known_as)


@dataclass
class Desk:
    """A state directory, the workspace that it speaks with, and the room between them."""

    state: Path
    workspace: SlackWorkspace
    room: Room = field(init=False)

    @contextmanager
    def open(self) -> Iterator["Desk"]:
        """The room, open; it works when told to (`step`)."""
        opened = SLACK.step(StateDirectory(self.state), self.workspace)
        with opened as (self.room, self.workspace.endpoint):
            yield self

    def step(self) -> None:
        """Have the room do what there is to do."""
        self.room.step()

    @property
    def head(self) -> str:
        """The first message of the incident's thread, by its timestamp."""
        [head] = self.workspace.marked(INCIDENT)
        return str(head["ts"])

    def card(self, plan: str = PLAN, incident: str = INCIDENT) -> dict[str, object]:
        """The one card of a plan."""
        [card] = self.workspace.marked(card_key(incident, plan))
        return card

    def text_of(self, message: dict[str, object]) -> str:
        """All that a message shows, in one text."""
        return str(message["text"]) + str(message["blocks"])

    def has_buttons(self, plan: str = PLAN) -> bool:
        """Whether the card of a plan can be answered."""
        return bool(buttons_of(self.card(plan)))

    def press(
        self, person: Person, button: str, reason: str = "", choice: str = "", plan: str = PLAN
    ) -> str:
        """Press a button of the card, and what that person is told."""
        card = str(self.card(plan)["ts"])
        status = self.workspace.deliver(self.workspace.click(person, card, button, reason, choice))
        assert status == 200
        return self.told(person)

    def say(self, person: Person, words: str, thread: str | None = None) -> str:
        """Say something to the app in the incident's thread, and what is answered."""
        where = self.head if thread is None else thread
        assert self.workspace.deliver(self.workspace.mention(person, words, where)) == 200
        return self.told(person)

    def told(self, person: Person) -> str:
        """What a person is told once the room has done what there is to do."""
        before = len(self.workspace.whispers)
        self.step()
        new = self.workspace.whispers[before:]
        assert all(whisper.user == person.id for whisper in new)
        return "\n".join(whisper.text for whisper in new)

    def journal(self) -> Journal:
        """The journal, open."""
        return Journal.open(self.state / "journal.sqlite")

    def audit(self, action: str) -> list[AuditLine]:
        """Lines of the audit log of one kind."""
        with self.journal() as journal:
            return [line for line in journal.audit_lines() if line.action == action]


@pytest.fixture
def workspace() -> Iterator[SlackWorkspace]:
    """A workspace that takes messages as fast as they come."""
    with SlackWorkspace(paced=False).serving() as served:
        yield served


@pytest.fixture
def unposted(peopled: Path, tmp_path: Path, workspace: SlackWorkspace) -> Desk:
    """A desk whose workspace knows nothing yet."""
    state = Path(shutil.copytree(peopled, tmp_path / "in-slack"))
    workspace.set_up(state)
    return Desk(state, workspace)


@pytest.fixture(scope="session")
def posted(
    peopled: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[dict[str, object]], dict[str, dict[str, object]]]:
    """A state directory whose thread stands in Slack, with the messages there."""
    state = Path(shutil.copytree(peopled, tmp_path_factory.mktemp("posted") / "state"))
    with SlackWorkspace(paced=False).serving() as workspace:
        workspace.set_up(state)
        with Desk(state, workspace).open() as desk:
            desk.step()
        assert not workspace.refusals
        return state, workspace.messages, workspace.files


@pytest.fixture
def desk(
    posted: tuple[Path, list[dict[str, object]], dict[str, dict[str, object]]],
    tmp_path: Path,
    workspace: SlackWorkspace,
) -> Iterator[Desk]:
    """A desk of its own, at which a card waits in Slack."""
    state = Path(shutil.copytree(posted[0], tmp_path / "posted"))
    workspace.messages, workspace.files = copy.deepcopy(posted[1]), copy.deepcopy(posted[2])
    workspace.set_up(state)
    with Desk(state, workspace).open() as opened:
        yield opened
