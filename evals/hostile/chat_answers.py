"""Answers through a chat by whoever may not give them: how they are played, whichever chat it is.

Judged from the journal's rows, whatever was answered.
"""

import argparse
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Generic, Literal, Protocol, TypeVar
from unittest.mock import patch

from rich.console import Console
from rich.progress import track
from rich.table import Table

from channels.chat.room import Room
from channels.provenance import code_version
from graphs.state_directory import StateDirectory
from tools.journal.journal import Journal

WITHOUT = 3
"""Attempts with the control off, to see whether it is the one that holds."""

Family = Literal["forged", "late", "replayed", "role-less", "cross-tenant", "misplaced"]

Controls = Mapping[str, tuple[tuple[Any, str, Any], ...]]
"""What is put in the place of each control to switch it off: owner, attribute, substitute."""


class World(Protocol):
    """A desk in a chat at which a card waits, as long as nobody has answered it."""

    @property
    def folder(self) -> Path:
        """The state directory."""
        ...

    @property
    def plan(self) -> str:
        """What waits."""
        ...

    @property
    def room(self) -> Room:
        """What does what people ask for."""
        ...


W = TypeVar("W", bound=World)
W_co = TypeVar("W_co", bound=World, covariant=True)


class Scene(Protocol[W_co]):
    """What worlds are copied from."""

    def world(self, folder: Path) -> AbstractContextManager[W_co]:
        """A copy of its own, with everything open."""
        ...


@dataclass(frozen=True)
class Attack(Generic[W]):
    """`honest`: effects that it may have. `held_by`: controls that hold it, each beneath the one
    before.
    """

    name: str
    family: Family
    send: Callable[[W, Random], None]
    held_by: tuple[str, ...]
    honest: int = 0


@dataclass
class Played(Generic[W]):
    """What came of one attack. `without`: effects without the first control that holds it, without
    the first two, and so on.
    """

    attack: Attack[W]
    attempts: int = 0
    effects: int = 0
    without: list[int] = field(default_factory=list)

    @property
    def is_missed(self) -> bool:
        """Whether the controls that hold it are missed where all are off, and not before."""
        return self.without[-1] > 0 and not any(self.without[:-1])


@contextmanager
def switched_off(off: Controls, names: Sequence[str]) -> Iterator[None]:
    """Those controls are off inside."""
    with ExitStack() as switched:
        for name in names:
            for owner, attribute, instead in off[name]:
                switched.enter_context(patch.object(owner, attribute, instead))
        yield


def effects(world: World) -> int:
    """How much people have done there: answers, acknowledgements, events of persons."""
    kinds = ("taken", "noted", "closed", "reopened")
    with Journal.open(StateDirectory(world.folder).journal_file) as journal:
        request = journal.approval_request(world.plan, 0.0)
        events = journal.events_of(world.plan.rpartition(".")[0], kinds)
    return len(request.answers) + len(request.acknowledged) + len(events)


def effects_of(world: W, attack: Attack[W], seed: int) -> int:
    """How many effects one attempt had that it may not have."""
    before = effects(world)
    attack.send(world, Random(f"{attack.name}/{seed}"))
    world.room.step()
    return max(0, effects(world) - before - attack.honest)


def play(
    scene: Scene[W],
    attacks: Sequence[Attack[W]],
    off: Controls,
    folder: Path,
    attempts: int,
    told: Callable[[range], Iterable[int]] = iter,
) -> list[Played[W]]:
    """Play so many attempts, every attack in turn, and some of each with its controls off."""
    played = [Played(attack) for attack in attacks]
    for one in played:
        held_by = one.attack.held_by
        for names in (held_by[: place + 1] for place in range(len(held_by))):
            had = 0
            for number in range(WITHOUT):
                where = folder / f"without{uuid.uuid4().hex}"
                with scene.world(where) as world, switched_off(off, names):
                    had += effects_of(world, one.attack, number)
            one.without.append(had)
    with scene.world(folder / "world") as world:
        for number in told(range(attempts)):
            one = played[number % len(played)]
            one.attempts += 1
            one.effects += effects_of(world, one.attack, number)
    return played


def play_and_tell(
    about: str,
    build: Callable[[Path], Scene[W]],
    attacks: Sequence[Attack[W]],
    off: Controls,
    arguments: Sequence[str] | None,
) -> int:
    """Play what the command line says, print what came of it, and return the exit code."""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--attempts", type=int, default=2000)
    attempts = parser.parse_args(arguments).attempts
    with tempfile.TemporaryDirectory() as name:
        played = play(build(Path(name)), attacks, off, Path(name), attempts, _tracked)
    table = Table("attack", "family", "attempts", "effects", f"effects in {WITHOUT} without")
    for one in played:
        held = zip(one.attack.held_by, one.without, strict=True)
        told = ", and ".join(f"{control}: {had}" for control, had in held)
        attack = one.attack
        table.add_row(attack.name, attack.family, str(one.attempts), str(one.effects), told)
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    tried, had = sum(p.attempts for p in played), sum(p.effects for p in played)
    bound = f"; 3/N = {3 / tried:.4f}" if not had else ""
    console.print(f"code {code_version()}: {had} unauthorised effects in {tried} attempts{bound}")
    return int(bool(had) or not all(p.is_missed for p in played))


def _tracked(numbers: range) -> Iterable[int]:
    return track(numbers, "attempts", console=Console(stderr=True))
