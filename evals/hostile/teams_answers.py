"""Answers through Teams by whoever may not give them: how many had an effect, and what held them.

    python -m evals.hostile.teams_answers --attempts 2000

Exits with 1 where an attempt had an effect that nobody was entitled to, or where a control that is
switched off was not missed.
"""

import copy
import json
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import jwt

from channels.access.accounts import add_account
from channels.access.sign_in import SignedIn
from channels.chat.doing import Doing
from channels.chat.room import Room
from channels.chat.thread import card_key, head_key
from channels.teams import http as teams_http
from channels.teams.client import TeamsService
from channels.teams.settings import TeamsSettings, load_teams
from channels.teams.tokens import Tokens
from evals.chat.scene import stage_waiting
from evals.chat.teams_tenant import Person, TeamsTenant
from evals.hostile.chat_answers import Attack, play_and_tell
from graphs.state_directory import StateDirectory
from tools.journal.account_rows import AccountRows
from tools.journal.chat_rows import ChatRows
from twin.nouns.account import Identity, Role
from twin.nouns.principal import Principal

TENANT = TeamsTenant().tenant
OTHERS = "11111111-2222-3333-4444-555555555555"
FRANK = Person("f0000000-0000-0000-0000-000000000001", "frank", TENANT)
OMAR = Person("f0000000-0000-0000-0000-000000000002", "omar", TENANT)
VERA = Person("f0000000-0000-0000-0000-000000000003", "vera", TENANT)
NOBODY = Person("f0000000-0000-0000-0000-000000000004", "nobody", TENANT)
ABROAD = Person(FRANK.id, "frank", OTHERS)
"""Of another tenant, where frank's id is somebody else's."""

ROLES: dict[Person, Role] = {FRANK: "approver", OMAR: "operator", VERA: "viewer"}
BUTTONS = ("approve", "reject")


@dataclass
class World:
    """A desk in Teams at which a card waits, as long as nobody has answered it."""

    folder: Path
    plan: str
    tenant: TeamsTenant
    room: Room

    @property
    def incident(self) -> str:
        """Whose plan waits."""
        return self.plan.rpartition(".")[0]

    @property
    def head(self) -> str:
        """The first message of the thread."""
        return str(self.tenant.marked(head_key(self.incident))[0]["id"])

    def press(self, random: Random, person: Person) -> dict[str, Any]:
        """The activity of pressing a button of the card."""
        card = self.tenant.marked(card_key(self.incident, self.plan))[0]["id"]
        return self.tenant.click(person, card, random.choice(BUTTONS), "it looks right")

    def send(self, activity: dict[str, Any], token: str) -> None:
        """Post an activity with a token, whoever has made it."""
        self.tenant.send(json.dumps(activity).encode(), f"Bearer {token}")


def _forged(world: World, random: Random) -> None:
    tenant = world.tenant
    said = jwt.decode(tenant.token(), options={"verify_signature": False})
    kid = {"kid": random.choice([tenant.key_id, "another"])}
    head, claims, signature = tenant.token().split(".")
    world.send(
        world.press(random, FRANK),
        random.choice(
            [
                jwt.encode(said, "", "none", headers=kid),
                jwt.encode(said, "k" * 64, "HS256", headers=kid),
                f"{head}.{claims}.{signature[::-1]}",
                f"{head}.{claims}.",
                "",
            ]
        ),
    )


def _with_claims(*claims: dict[str, Any]) -> Callable[[World, Random], None]:
    def send(world: World, random: Random) -> None:
        world.send(world.press(random, FRANK), world.tenant.token(**random.choice(claims)))

    return send


def _late(world: World, random: Random) -> None:
    ended_s = int(time.time() - random.uniform(301.0, 10 * 86_400.0))
    world.send(world.press(random, FRANK), world.tenant.token(exp=ended_s))


def _elsewhere(world: World, random: Random) -> None:
    url = random.choice(["https://evil.example/", "https://smba.trafficmanager.net.evil.example/"])
    activity = {**world.press(random, FRANK), "serviceUrl": url}
    world.send(activity, world.tenant.token(serviceurl=url))


def _foreign(world: World, random: Random) -> None:
    activity = world.press(random, FRANK)
    activity["conversation"]["tenantId"] = OTHERS
    activity["channelData"]["tenant"]["id"] = random.choice([OTHERS, TENANT])
    world.tenant.deliver(activity)


def _replayed(world: World, random: Random) -> None:
    said = world.tenant.mention(FRANK, "note the crew is on site", world.head)
    for _ in range(random.randint(2, 4)):
        world.tenant.deliver(said)
        if random.random() < 0.5:
            world.room.step()


def _presses(*people: Person) -> Callable[[World, Random], None]:
    def send(world: World, random: Random) -> None:
        world.tenant.deliver(world.press(random, random.choice(people)))

    return send


def _says(*people: Person) -> Callable[[World, Random], None]:
    def send(world: World, random: Random) -> None:
        said = random.choice(["take", "note it is mine", "reopen why not", "close unknown"])
        world.tenant.deliver(world.tenant.mention(random.choice(people), said, world.head))

    return send


def _misplaced(world: World, random: Random) -> None:
    where = random.choice([world.head, "1", ""])
    world.tenant.deliver({**world.press(random, FRANK), "replyToId": where})


ATTACKS: tuple[Attack[World], ...] = (
    Attack("a token made up", "forged", _forged, ("token",)),
    Attack(
        "a token of another issuer", "forged", _with_claims({"iss": "https://x/"}), ("token",)
    ),
    Attack("a token for another app", "forged", _with_claims({"aud": "x"}), ("token",)),
    Attack(
        "a token for another service", "forged", _with_claims({"serviceurl": "https://x/"}),
        ("token",),
    ),
    Attack("a token that has ended", "late", _late, ("token",)),
    Attack("a service that is not listed", "forged", _elsewhere, ("service",)),
    Attack("an activity of another tenant", "cross-tenant", _foreign, ("tenants",)),
    Attack("the same activity again", "replayed", _replayed, ("ids",), honest=1),
    Attack("a button, without the role", "role-less", _presses(OMAR, VERA), ("role", "entitled")),
    Attack("words, without the role", "role-less", _says(VERA), ("role",)),
    Attack("a button, without an account", "role-less", _presses(NOBODY), ("account",)),
    Attack("a button, from another tenant", "cross-tenant", _presses(ABROAD), ("team", "tenant")),
    Attack("words, from another tenant", "cross-tenant", _says(ABROAD), ("team", "tenant")),
    Attack("a button of another message", "misplaced", _misplaced, ("card",)),
)  # fmt: skip


_ACCOUNT_OF = AccountRows.account_of
_RECEIVE = ChatRows.receive_chat_event


def _by_subject(self: AccountRows, identity: Identity) -> Any:
    every = (
        one for a in self.accounts() for one in a.identities if one.subject == identity.subject
    )
    found = next(every, None)
    return _ACCOUNT_OF(self, found) if found else None


OFF = {
    "token": ((Tokens, "require", lambda *_: None),),
    "service": ((TeamsSettings, "is_known_service", lambda *_: True),),
    "tenants": ((teams_http, "tenants_of", lambda _: {TENANT}),),
    "ids": ((ChatRows, "receive_chat_event", lambda self, service, event_id, body, wall_s: (
        _RECEIVE(self, service, f"{event_id}/{uuid.uuid4()}", body, wall_s)
    )),),
    "role": ((SignedIn, "require", lambda self, _: self.principal),),
    "entitled": ((AccountRows, "objection", lambda *_: ""),),
    "account": ((AccountRows, "account_of", lambda self, _: self.account("frank")),),
    "team": ((Doing, "is_ours", lambda *_: True),),
    "tenant": ((AccountRows, "account_of", _by_subject),),
    "card": ((Doing, "_card", lambda _, act: act.plan_id),),
}  # fmt: skip
"""What is put in the place of a control to switch it off."""


@dataclass
class Scene:
    """A state directory and the messages in Teams, from which worlds are copied."""

    folder: Path
    plan: str
    messages: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def world(self, folder: Path) -> Iterator[World]:
        """A copy of its own, with everything open."""
        shutil.copytree(self.folder, folder)
        with ExitStack() as opened:
            members = (*ROLES, NOBODY)
            tenant = opened.enter_context(TeamsTenant(paced=False, members=members).serving())
            tenant.messages = copy.deepcopy(self.messages)
            (folder / "teams.yaml").write_text(tenant.ids + tenant.settings, encoding="utf-8")
            state = StateDirectory(folder)
            settings = load_teams(state.teams_file)
            service = TeamsService(settings, tenant.secret, every_s=0.0)
            room = opened.enter_context(Room(state, service, TENANT))
            served = teams_http.serving(room, settings, "127.0.0.1", 0)
            tenant.endpoint = opened.enter_context(served)
            room.step()
            yield World(folder, self.plan, tenant, room)
        shutil.rmtree(folder)


def build_scene(folder: Path) -> Scene:
    """The demonstration's incident, whose card waits in Teams, with people of every role."""
    plan = stage_waiting(folder / "state", 1)
    by = Principal(name="root", provider="os-user", account="root")
    state = StateDirectory(folder / "state")
    for person, role in ROLES.items():
        named = Identity(provider="teams", subject=person.id, tenant=TENANT)
        add_account(state, by, person.name, role, identities=(named,))
    scene = Scene(folder / "state", plan)
    with scene.world(folder / "first") as world:
        messages = world.tenant.messages
        shutil.copytree(folder / "first", folder / "posted")
    return Scene(folder / "posted", plan, messages)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, and print what came of it."""
    return play_and_tell(__doc__, build_scene, ATTACKS, OFF, arguments)


if __name__ == "__main__":
    sys.exit(main())
