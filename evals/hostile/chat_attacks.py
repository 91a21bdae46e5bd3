"""What is tried in any chat by whoever may not, and what holds it: late, replayed, raced, from
another tenant, and without a role. What only one service can be told stands with that service.
"""

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Generic, Literal, TypeVar
from unittest.mock import patch

from channels import verbs
from channels.access.sign_in import SignedIn
from channels.chat.doing import Doing
from evals.chat.scene import NETWORK, ROOT
from evals.chat.stub import ChatStub
from evals.hostile.chat_scene import World
from graphs.state_directory import StateDirectory
from tools.journal import approval_rows
from tools.journal.account_rows import AccountRows
from tools.journal.chat_rows import ChatRows
from twin.errors import NoctuaError
from twin.nouns.account import Account, Identity

Family = Literal["forged", "late", "replayed", "raced", "role-less", "cross-tenant", "misplaced"]

S_contra = TypeVar("S_contra", bound=ChatStub, contravariant=True)


@dataclass(frozen=True)
class Attack(Generic[S_contra]):
    """`honest`: effects that it may have. `held_by`: as `Tried` has it. `alters`: it changes
    something honestly, so that it needs a world of its own.
    """

    name: str
    family: Family
    send: Callable[[World[S_contra], Random], None]
    held_by: tuple[str, ...] = ()
    honest: int = 0
    alters: bool = False


Send = Callable[[World[ChatStub], Random], None]

Controls = Mapping[str, tuple[tuple[Any, str, Any], ...]]
"""What is put in the place of each control to switch it off: owner, attribute, substitute."""


@contextmanager
def switched_off(off: Controls, names: Sequence[str]) -> Iterator[None]:
    """Those controls are off inside."""
    with ExitStack() as switched:
        for name in names:
            for owner, attribute, instead in off[name]:
                switched.enter_context(patch.object(owner, attribute, instead))
        yield


def _replayed(world: World[ChatStub], random: Random) -> None:
    said = world.say("note the crew is on site", "erin")
    for _ in range(random.randint(2, 4)):
        world.chat.deliver(said)
        if random.random() < 0.5:
            world.room.step()


def _presses(*names: str) -> Send:
    def send(world: World[ChatStub], random: Random) -> None:
        world.chat.deliver(world.press(random, random.choice(names) if names else world.abroad))

    return send


def _says(*names: str) -> Send:
    def send(world: World[ChatStub], random: Random) -> None:
        who = random.choice(names) if names else world.abroad
        # Whoever may would bring something about with any three of them.
        for said in random.sample(["take", "note mine", "reopen why not", "close unknown"], 3):
            world.chat.deliver(world.say(said, who))

    return send


def _expired(world: World[ChatStub], random: Random) -> None:
    click, state = world.press(random, "erin"), StateDirectory(world.folder)
    state.network_file(NETWORK).unlink()  # The clock is the journal's last entry.
    with state.journal() as journal:
        expires_s = journal.approval_request(world.plan, 0.0).expires_s
        after_s = expires_s + random.uniform(1.0, 86_400.0)
        journal.add_event(world.incident, after_s, "routed", "supervisor", "time passes")
    world.chat.deliver(click)


def _at_once(*names: str) -> Send:
    def send(world: World[ChatStub], random: Random) -> None:
        clicks = [world.press(random, name) for name in names for _ in range(3)]
        _together([partial(world.chat.deliver, click) for click in clicks])

    return send


def _beside_the_terminal(world: World[ChatStub], random: Random) -> None:
    answer = random.choice([verbs.approve, verbs.reject])

    def in_the_terminal() -> None:
        with suppress(NoctuaError):  # Whoever is late is told so.
            answer(StateDirectory(world.folder), world.plan, ROOT)

    for name in ("erin", "frank"):
        world.chat.deliver(world.press(random, name))
    _together([in_the_terminal, world.room.step])


def _together(calls: Sequence[Callable[[], object]]) -> None:
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        start.wait()
        call()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


_ROLE, _TENANT = ("role", "entitled"), ("team", "tenant")

IN_ANY_CHAT: tuple[Attack[ChatStub], ...] = (
    Attack("a button, after it has expired", "late", _expired, ("refusals",), alters=True),
    Attack("a button, of an account that has ended", "late", _presses("zed"), ("end", "entitled")),
    Attack("the same words again", "replayed", _replayed, ("ids",), honest=1),
    Attack("one person three times at once", "raced", _at_once("erin"), honest=1, alters=True),
    Attack("two people at once", "raced", _at_once("erin", "frank"), ("first",), 1, alters=True),
    Attack("beside the terminal", "raced", _beside_the_terminal, ("first",), 1, alters=True),
    Attack("a button, without the role", "role-less", _presses("omar", "vera"), _ROLE),
    Attack("words, without the role", "role-less", _says("vera"), ("role",)),
    Attack("a button, without an account", "role-less", _presses("nobody"), ("account",)),
    Attack("words, without an account", "role-less", _says("nobody"), ("account",)),
    Attack("a button, from another tenant", "cross-tenant", _presses(), _TENANT),
    Attack("words, from another tenant", "cross-tenant", _says(), _TENANT),
)


_ACCOUNT_OF = AccountRows.account_of
_RECEIVE = ChatRows.receive_chat_event


def _by_subject(self: AccountRows, identity: Identity) -> Account | None:
    every = (one for account in self.accounts() for one in account.identities)
    found = next((one for one in every if one.subject == identity.subject), None)
    return _ACCOUNT_OF(self, found) if found else None


def _unended(self: AccountRows, identity: Identity) -> Account | None:
    found = _ACCOUNT_OF(self, identity)
    return found and found.model_copy(update={"ended_wall_s": None})


def _anew(self: ChatRows, service: str, event_id: str, body: str, wall_s: float) -> bool:
    return _RECEIVE(self, service, f"{event_id}/{uuid.uuid4()}", body, wall_s)


OFF_IN_ANY_CHAT: Controls = {
    "refusals": ((approval_rows, "_refusal", lambda *_: None),),
    "end": ((AccountRows, "account_of", _unended),),
    "first": ((approval_rows, "_standing", lambda *_: None),),
    "ids": ((ChatRows, "receive_chat_event", _anew),),
    "role": ((SignedIn, "require", lambda self, _: self.principal),),
    "entitled": ((AccountRows, "objection", lambda *_: ""),),
    "account": ((AccountRows, "account_of", lambda self, _: self.account("erin")),),
    "team": ((Doing, "is_ours", lambda *_: True),),
    "tenant": ((AccountRows, "account_of", _by_subject),),
    "card": ((Doing, "_card", lambda _, act: act.plan_id),),
}
