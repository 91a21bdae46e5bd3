"""Answers through Slack by whoever may not give them: how many had an effect, and what held them.

    python -m evals.hostile.slack_answers --attempts 2000

Exits with 1 where an attempt had an effect that nobody was entitled to, or where a control that is
switched off was not missed.
"""

import copy
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

from slack_sdk.signature import SignatureVerifier

from channels.access.accounts import add_account
from channels.access.sign_in import SignedIn
from channels.chat.doing import Doing
from channels.chat.room import Room
from channels.chat.thread import card_key, head_key
from channels.slack.app import bolt_app
from channels.slack.client import SlackService, web_client
from channels.slack.http import serving
from channels.slack.settings import load_slack
from evals.chat.scene import ERIN, TEAM, speak_with, stage_waiting
from evals.chat.slack_workspace import Person, SlackWorkspace, form_of
from evals.hostile.chat_answers import Attack, play_and_tell
from graphs.state_directory import StateDirectory
from tools.journal.account_rows import AccountRows
from tools.journal.chat_rows import ChatRows
from twin.nouns.account import Identity
from twin.nouns.principal import Principal

OMAR = Person("U0OMAR", "omar", TEAM)
VERA = Person("U0VERA", "vera", TEAM)
NOBODY = Person("U0NOBODY", "nobody", TEAM)
ABROAD = Person(ERIN.id, "erin", "T0OTHERS")
"""Of another workspace, where erin's id is somebody else's."""

BUTTONS = ("approve", "reject")


@dataclass
class World:
    """A desk in Slack at which a card waits, as long as nobody has answered it."""

    folder: Path
    plan: str
    workspace: SlackWorkspace
    room: Room

    @property
    def incident(self) -> str:
        """Whose plan waits."""
        return self.plan.rpartition(".")[0]

    @property
    def card(self) -> str:
        """The card, by its timestamp."""
        return str(self.workspace.marked(card_key(self.incident, self.plan))[0]["ts"])

    @property
    def head(self) -> str:
        """The first message of the thread."""
        return str(self.workspace.marked(head_key(self.incident))[0]["ts"])

    def send(self, body: bytes, **changed: str) -> None:
        """Post a request that Slack has signed, but for what is `changed` of its headers."""
        headers = self.workspace.signed(body, is_form=body.startswith(b"payload"))
        self.workspace.send(body, headers | changed)

    def press(self, random: Random, person: Person, button: str = "") -> bytes:
        """The request of pressing a button of the card."""
        chosen = button or random.choice(BUTTONS)
        return form_of(self.workspace.click(person, self.card, chosen, "it looks right"))

    def words(self, person: Person, words: str) -> bytes:
        """The request of saying something in the thread."""
        return form_of(self.workspace.mention(person, words, self.head))


Send = Callable[[World, Random], None]


def _forged(world: World, random: Random) -> None:
    made = f"v0={random.getrandbits(256):064x}"
    world.send(world.press(random, ERIN), **{"x-slack-signature": made})


def _of_another_body(world: World, random: Random) -> None:
    body = world.press(random, VERA, "approve")
    signed = world.workspace.signed(body, is_form=True)
    world.workspace.send(body.replace(VERA.id.encode(), ERIN.id.encode()), signed)


def _strange_time(world: World, random: Random) -> None:
    body = world.press(random, ERIN)
    said = random.choice(["NaN", "inf", "-1", "", "1e9", "٣٣", " 17", "9" * 400])
    with_it = world.workspace.signed(body, is_form=True) | {
        "x-slack-request-timestamp": said.encode("utf-8").decode("latin-1")
    }
    world.workspace.send(body, with_it)


def _late(world: World, random: Random) -> None:
    body = world.press(random, ERIN)
    at_s = time.time() + random.choice((-1, 1)) * random.uniform(301.0, 10 * 86_400.0)
    world.workspace.send(body, world.workspace.signed(body, is_form=True, at_s=at_s))


def _replayed(world: World, random: Random) -> None:
    body = world.words(ERIN, "note the crew is on site")
    for _ in range(random.randint(2, 4)):
        world.send(body)
        if random.random() < 0.5:
            world.room.step()


def _presses(*people: Person) -> Send:
    return lambda world, random: world.send(world.press(random, random.choice(people)))


def _says(*people: Person) -> Send:
    def send(world: World, random: Random) -> None:
        said = random.choice(["take", "note it is mine", "reopen why not", "close unknown"])
        world.send(world.words(random.choice(people), said))

    return send


def _misplaced(world: World, random: Random) -> None:
    click: dict[str, Any] = world.workspace.click(ERIN, world.card, random.choice(BUTTONS))
    click["container"]["message_ts"] = random.choice([world.head, "1.0", ""])
    world.send(form_of(click))


ATTACKS: tuple[Attack[World], ...] = (
    Attack("a signature made up", "forged", _forged, ("signature",)),
    Attack("the signature of another body", "forged", _of_another_body, ("signature",)),
    Attack("a timestamp that is no number", "forged", _strange_time, ("signature",)),
    Attack("signed long ago or ahead", "late", _late, ("time",)),
    Attack("the same request again", "replayed", _replayed, ("ids",), honest=1),
    Attack("a button, without the role", "role-less", _presses(OMAR, VERA), ("role", "entitled")),
    Attack("words, without the role", "role-less", _says(VERA), ("role",)),
    Attack("a button, without an account", "role-less", _presses(NOBODY), ("account",)),
    Attack(
        "a button, from another workspace", "cross-tenant", _presses(ABROAD), ("team", "tenant")
    ),
    Attack("words, from another workspace", "cross-tenant", _says(ABROAD), ("team", "tenant")),
    Attack("a button of another message", "misplaced", _misplaced, ("card",)),
)


def _anybody(self: AccountRows, _: Identity) -> Any:
    return self.account("erin")


def _by_subject(self: AccountRows, identity: Identity) -> Any:
    every = (
        one for a in self.accounts() for one in a.identities if one.subject == identity.subject
    )
    found = next(every, None)
    return _ACCOUNT_OF(self, found) if found else None


_ACCOUNT_OF = AccountRows.account_of
_RECEIVE = ChatRows.receive_chat_event

OFF: dict[str, tuple[tuple[Any, str, Any], ...]] = {
    "signature": (
        (SignatureVerifier, "is_valid", lambda *_, **__: True),
        (sys.modules["channels.slack.http"], "has_signed_form", lambda *_: True),
    ),
    "time": ((SignatureVerifier, "is_valid", lambda self, body, timestamp, signature: (
        self.generate_signature(timestamp=timestamp, body=body) == signature
    )),),
    "ids": ((ChatRows, "receive_chat_event", lambda self, service, event_id, body, wall_s: (
        _RECEIVE(self, service, f"{event_id}/{uuid.uuid4()}", body, wall_s)
    )),),
    "role": ((SignedIn, "require", lambda self, _: self.principal),),
    "entitled": ((AccountRows, "objection", lambda *_: ""),),
    "account": ((AccountRows, "account_of", _anybody),),
    "team": ((Doing, "is_ours", lambda *_: True),),
    "tenant": ((AccountRows, "account_of", _by_subject),),
    "card": ((Doing, "_card", lambda _, act: act.plan_id),),
}  # fmt: skip
"""What is put in the place of a control to switch it off."""


@dataclass
class Scene:
    """A state directory and the messages in Slack, from which worlds are copied."""

    folder: Path
    plan: str
    messages: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def world(self, folder: Path) -> Iterator[World]:
        """A copy of its own, with everything open."""
        shutil.copytree(self.folder, folder)
        with ExitStack() as opened:
            workspace = opened.enter_context(SlackWorkspace(paced=False).serving())
            workspace.messages = copy.deepcopy(self.messages)
            speak_with(folder, workspace)
            state = StateDirectory(folder)
            settings = load_slack(state.slack_file)
            client = web_client(settings, workspace.bot_token)
            service = SlackService(settings, client, every_s=0.0)
            room = opened.enter_context(Room(state, service, TEAM))
            app = bolt_app(room, client, workspace.signing_secret)
            workspace.request_url = opened.enter_context(serving(app, "127.0.0.1", 0))
            room.step()
            yield World(folder, self.plan, workspace, room)
        shutil.rmtree(folder)


def build_scene(folder: Path) -> Scene:
    """The demonstration's incident, whose card waits in Slack, with people of every role."""
    plan = stage_waiting(folder / "state", 1)
    by = Principal(name="root", provider="os-user", account="root")
    state = StateDirectory(folder / "state")
    for person, role in ((OMAR, "operator"), (VERA, "viewer")):
        named = Identity(provider="slack", subject=person.id, tenant=TEAM)
        add_account(state, by, person.name, role, identities=(named,))  # type: ignore[arg-type]
    scene = Scene(folder / "state", plan)
    with scene.world(folder / "first") as world:
        messages = world.workspace.messages
        shutil.copytree(folder / "first", folder / "posted")
    return Scene(folder / "posted", plan, messages)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, and print what came of it."""
    return play_and_tell(__doc__, build_scene, ATTACKS, OFF, arguments)


if __name__ == "__main__":
    sys.exit(main())
