"""Answers through a chat by whoever may not give them: how they are played, in any chat."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path
from random import Random

from evals.chat.chats import Chat, S
from evals.hostile.chat_attacks import (
    IN_ANY_CHAT,
    OFF_IN_ANY_CHAT,
    Attack,
    Controls,
    switched_off,
)
from evals.hostile.chat_scene import Scene, World, build_scene
from evals.hostile.tally import Played, attempts_of, print_tally, tracked

WITHOUT = 3
"""Attempts with a control off, to see whether it is the one that holds."""


def effects_of(world: World[S], attack: Attack[S], seed: int) -> int:
    """How many effects one attempt had that it may not have."""
    before = world.effects()
    attack.send(world, Random(f"{attack.name}/{seed}"))
    world.room.step()
    return max(0, world.effects() - before - attack.honest)


def play(
    scene: Scene[S],
    attacks: Sequence[Attack[S]],
    off: Controls,
    folder: Path,
    attempts: int,
    told: Callable[[range], Iterable[int]] = iter,
) -> list[Played[Attack[S]]]:
    """Play so many attempts, every attack in turn, and some of each with its controls off."""
    played, places = [Played(attack) for attack in attacks], map(str, count())

    def alone(attack: Attack[S], number: int) -> int:
        with scene.world(folder / next(places)) as world:
            return effects_of(world, attack, number)

    for one in played:
        held_by = one.attack.held_by
        for place in range(len(held_by)):
            with switched_off(off, held_by[: place + 1]):
                one.without.append(sum(alone(one.attack, number) for number in range(WITHOUT)))
    with scene.world(folder / "shared") as shared:
        for number in told(range(attempts)):
            one = played[number % len(played)]
            one.attempts += 1
            if one.attack.alters:
                one.effects += alone(one.attack, number)
            else:
                one.effects += effects_of(shared, one.attack, number)
    return played


def play_and_tell(
    about: str,
    chat: Chat[S],
    own: Sequence[Attack[S]],
    off: Controls,
    arguments: Sequence[str] | None,
) -> int:
    """Play what the command line says, print what came of it, and return the exit code.

    `own`, `off`: attacks and controls of that chat alone.
    """
    attempts = attempts_of(about, arguments)
    attacks: tuple[Attack[S], ...] = (*own, *IN_ANY_CHAT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene = build_scene(chat, folder)
        played = play(scene, attacks, {**OFF_IN_ANY_CHAT, **off}, folder, attempts, tracked)
    return int(not print_tally(played, WITHOUT))
