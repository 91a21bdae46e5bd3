"""A plan that waits for an answer, people with accounts, and their Teams tenant."""

import copy
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from channels.chat.room import Room
from channels.chat.thread import card_key
from evals.chat.chats import TEAMS
from evals.chat.stub import Person
from evals.chat.teams_tenant import TeamsTenant, buttons_of, text_of
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN, with_accounts
from tests.made_once import made_once
from tools.journal.journal import Journal
from tools.journal.records import AuditLine

TENANT = "8f1c1f0e-2f4b-4d0a-9c57-0d6d1a3c5e11"
OTHERS = "11111111-2222-3333-4444-555555555555"
ERIN = Person("e0000000-0000-0000-0000-000000000001", "erin", TENANT)
FRANK = Person("e0000000-0000-0000-0000-000000000002", "frank", TENANT)
OMAR = Person("e0000000-0000-0000-0000-000000000003", "omar", TENANT)
VERA = Person("e0000000-0000-0000-0000-000000000004", "vera", TENANT)
NOBODY = Person("e0000000-0000-0000-0000-000000000005", "nobody", TENANT)
ABROAD = Person(ERIN.id, "erin", OTHERS)
"""Of another tenant, in which the same id means somebody else."""

ROLES = {ERIN: "approver", FRANK: "approver", OMAR: "operator", VERA: "viewer"}
MEMBERS = (*ROLES, NOBODY)


@pytest.fixture(scope="session")
def peopled(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory with accounts."""
    return made_once(tmp_path_factory, "in-teams", lambda state: _people(played, state))


def _people(played: Path, state: Path) -> None:
    shutil.copytree(played, state)
    known_as = {person.name: (role, person.id) for person, role in ROLES.items()}
    with_accounts(state, f"teams@{TENANT}", known_as)


@dataclass
class Desk:
    """A state directory, the tenant that it speaks with, and the room between them."""

    state: Path
    tenant: TeamsTenant
    room: Room = field(init=False)

    @contextmanager
    def open(self) -> Iterator["Desk"]:
        """The room, open; it works when told to (`step`)."""
        opened = TEAMS.step(StateDirectory(self.state), self.tenant)
        with opened as (self.room, self.tenant.endpoint):
            yield self

    def step(self) -> None:
        """Have the room do what there is to do."""
        self.room.step()

    @property
    def head(self) -> str:
        """The first message of the incident's thread, by its id."""
        [head] = self.tenant.marked(INCIDENT)
        return str(head["id"])

    def card(self, plan: str = PLAN, incident: str = INCIDENT) -> dict[str, Any]:
        """The one card of a plan."""
        [card] = self.tenant.marked(card_key(incident, plan))
        return card

    def click(self, person: Person, button: str = "approve", **typed: str) -> dict[str, Any]:
        """What is sent when somebody presses a button of the card."""
        return self.tenant.click(person, self.card()["id"], button, **typed)

    def has_buttons(self, plan: str = PLAN) -> bool:
        """Whether the card of a plan can be answered."""
        return bool(buttons_of(self.card(plan)))

    def press(
        self, person: Person, button: str, reason: str = "", choice: str = "", plan: str = PLAN
    ) -> str:
        """Press a button of the card, and what that person is told."""
        click = self.tenant.click(person, self.card(plan)["id"], button, reason, choice)
        assert self.tenant.deliver(click) == 200
        return self.told(person)

    def say(self, person: Person, words: str) -> str:
        """Say something to the bot in the incident's thread, and what is answered."""
        assert self.tenant.deliver(self.tenant.mention(person, words, self.head)) == 200
        return self.told(person)

    def told(self, person: Person) -> str:
        """What a person is told once the room has done what there is to do."""
        before = len(self.tenant.whispers)
        self.step()
        new = self.tenant.whispers[before:]
        assert all(whisper.user == person.id for whisper in new)
        return "\n".join(whisper.text for whisper in new)

    def shown(self, plan: str = PLAN, incident: str = INCIDENT) -> str:
        """What the card of a plan says."""
        return text_of(self.card(plan, incident)["activity"])

    def journal(self) -> Journal:
        """The journal, open."""
        return Journal.open(self.state / "journal.sqlite")

    def audit(self, action: str) -> list[AuditLine]:
        """Lines of the audit log of one kind."""
        with self.journal() as journal:
            return [line for line in journal.audit_lines() if line.action == action]


@pytest.fixture
def tenant() -> Iterator[TeamsTenant]:
    """A tenant that takes messages as fast as they come."""
    with TeamsTenant(paced=False, members=MEMBERS).serving() as served:
        yield served


@pytest.fixture
def unposted(peopled: Path, tmp_path: Path, tenant: TeamsTenant) -> Desk:
    """A desk whose tenant knows nothing yet."""
    state = Path(shutil.copytree(peopled, tmp_path / "in-teams"))
    tenant.set_up(state)
    return Desk(state, tenant)


@pytest.fixture(scope="session")
def posted(
    peopled: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[dict[str, Any]]]:
    """A state directory whose thread stands in Teams, with the messages there."""
    state = Path(shutil.copytree(peopled, tmp_path_factory.mktemp("posted") / "state"))
    with TeamsTenant(paced=False, members=MEMBERS).serving() as tenant:
        tenant.set_up(state)
        with Desk(state, tenant).open() as desk:
            desk.step()
        assert not tenant.refusals
        return state, tenant.messages


@pytest.fixture
def desk(
    posted: tuple[Path, list[dict[str, Any]]], tmp_path: Path, tenant: TeamsTenant
) -> Iterator[Desk]:
    """A desk of its own, at which a card waits in Teams."""
    state = Path(shutil.copytree(posted[0], tmp_path / "posted"))
    tenant.messages = copy.deepcopy(posted[1])
    tenant.set_up(state)
    with Desk(state, tenant).open() as opened:
        yield opened


def body_of(activity: dict[str, Any]) -> bytes:
    """An activity as it is posted."""
    return json.dumps(activity).encode()
