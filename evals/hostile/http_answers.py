"""Answers over HTTP by whoever may not give them: how many had an effect, and what held the rest.

    python -m evals.hostile.http_answers --attempts 2000

Exits with 1 where an attempt had an effect that nobody was entitled to, or where a control that is
switched off was not missed.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random

from channels.http.settings import ServeSettings
from evals.hostile.http_attacks import ATTACKS, Attack
from evals.hostile.http_scene import PASSWORD, World, build_world, removed
from evals.hostile.tally import Played, attempts_of, print_tally, tracked

WITHOUT = 4
"""Attempts with the control off, to see whether it is the one that holds."""


def play(
    base: World, folder: Path, attempts: int, told: Callable[[range], Iterable[int]] = iter
) -> list[Played[Attack]]:
    """Play so many attempts, every attack in turn, and some of each with its control off."""
    played, numbers = [Played(attack) for attack in ATTACKS], count()
    for one in played:
        held_by, alone = one.attack.held_by, replace(one.attack, alters=True)
        for off in (held_by[: place + 1] for place in range(len(held_by))):
            world = World(base.scene, off)
            places = (folder / str(next(numbers)) for _ in range(WITHOUT))
            one.without.append(
                sum(_effects(world, alone, where, number) for number, where in enumerate(places))
            )
    for number in told(range(attempts)):
        one = played[number % len(played)]
        one.attempts += 1
        one.effects += _effects(base, one.attack, folder / str(next(numbers)), number)
    return played


def _effects(base: World, attack: Attack, folder: Path, seed: int) -> int:
    """How many effects one attempt had that it may not have."""
    # What changes nothing where all controls are on needs no copy of its own.
    world = base.copy(folder) if attack.alters else base
    try:
        return attack.do(world, Random(f"{attack.name}/{seed}"))
    finally:
        removed(folder)


def guessed(base: World, folder: Path, guesses: int) -> tuple[int, int]:
    """How many guesses of a password were looked at, with the limit and without it."""
    looked: list[int] = []
    for off in ((), ("rate",)):
        scene = base.scene.copy(folder / f"guesses{len(off)}")
        client = World(scene, off, ServeSettings()).client()
        sent = [
            client.post("/session", json={"account": "ann", "password": f"{PASSWORD} {i}"})
            for i in range(guesses)
        ]
        looked.append(sum(answer.status_code == 401 for answer in sent))
    return looked[0], looked[1]


def honest(base: World, folder: Path) -> tuple[int, int]:
    """Two people approve, with everything on: answers that stand, and commits."""
    world = base.copy(folder)
    before = world.scene.commits()
    for name in ("ann", "ben"):
        world.approve(world.client(world.token(name)))
    world.scene.attempt()
    return len(world.answered_by()), world.scene.commits() - before


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, and print what came of it."""
    attempts = attempts_of(__doc__, arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = build_world(folder / "base")
        played = play(base, folder, attempts, tracked)
        answers, commits = honest(base, folder / "honest")
        limited, unlimited = guessed(base, folder, 15)
    holds = print_tally(played, WITHOUT)
    print(f"two honest approvals: {answers} answers, {commits} commit (have to be 2 and 1)")
    print(
        f"of 15 guesses of a password in a minute {limited} are looked at, {unlimited} "
        "without the limit"
    )
    return int(not holds or (answers, commits) != (2, 1))


if __name__ == "__main__":
    sys.exit(main())
