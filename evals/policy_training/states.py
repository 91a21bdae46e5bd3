"""States to learn from: evenings that are played, each state with what every choice saves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.errors import BadInput
from twin.physics.twin import Twin
from twin.remediation.choices import WAIT, count
from twin.remediation.evening import Evening, draw_evening
from twin.remediation.ranking.seen import Seen, seen
from twin.remediation.situation import Situation

WORTH_A_CHANGE = 0.05
"""There is something to gain where the best choice saves so much of what waiting costs."""

LEAST_SAVED = 0.03
"""And so many service-hours: what one device costs."""

TRIES = 40
"""Evenings of a network that are drawn until one has enough at stake."""

GOOD = 40
"""Choices among which a player who wanders takes one, mostly."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A state and its labels. `saved`: service-hours that each number saves against waiting, NaN
    where the mask forbids it, float32. `waiting`: what waiting costs.
    """

    network: str
    seen: Seen
    saved: NDArray[np.float32]
    waiting: float

    @property
    def at_stake(self) -> bool:
        """Whether there is something to gain."""
        return float(np.nanmax(self.saved)) > max(WORTH_A_CHANGE * self.waiting, LEAST_SAVED)


Player = Callable[[Labelled, np.random.Generator], int]
"""Chooses a number."""


def labelled(network: str, situation: Situation) -> Labelled:
    """`situation` with one sweep of every choice."""
    allowed = situation.allowed
    costs = situation.costs(allowed)
    waiting = float(costs[allowed == WAIT][0])
    saved = np.full(count(situation.twin.compiled.n_arcs), np.nan, dtype=np.float32)
    saved[allowed] = waiting - costs
    return Labelled(network, seen(situation), saved, waiting)


def played(
    network: str, evening: Evening, player: Player, rng: np.random.Generator
) -> Iterator[tuple[Situation, Labelled]]:
    """Every state of `evening` as `player` plays it."""
    running = evening.twin.inventory.intended
    for quarter in range(evening.quarters):
        situation = evening.situation(quarter, running)
        state = labelled(network, situation)
        yield situation, state
        running = situation.running_after(player(state, rng))


def wait(_: Labelled, __: np.random.Generator) -> int:
    """Does nothing."""
    return WAIT


def cheapest(state: Labelled, _: np.random.Generator) -> int:
    """What saves most."""
    return int(np.nanargmax(state.saved))


def wanders(state: Labelled, rng: np.random.Generator) -> int:
    """Something good, anything or nothing: so that mistakes are seen, and how to mend them."""
    allowed = np.flatnonzero(~np.isnan(state.saved))
    good = allowed[np.argsort(-state.saved[allowed], kind="stable")[:GOOD]]
    which = rng.random()
    if which < 0.2:
        return WAIT
    return int(rng.choice(good if which < 0.8 else allowed))


def states_of(
    twins: Mapping[str, Twin],
    players: Sequence[Player],
    rng: np.random.Generator,
    least_stake: float,
    idle_kept: float,
    tell: Callable[[str], None],
) -> Iterator[Labelled]:
    """States of evenings on networks drawn from `twins`, each played by one of `players`, for ever.

    `idle_kept`: of states with nothing to gain, the share that is kept. A network on which in TRIES
    evenings less than `least_stake` is at stake is told of, and left out from then on.

    Raises:
        BadInput: no network is left.
    """
    names = sorted(twins)
    while names:
        name = names[int(rng.integers(len(names)))]
        player = players[int(rng.integers(len(players)))]
        evening = evening_at_stake(twins[name], rng, least_stake)
        if evening is None:
            tell(f"left out: {name}, where {least_stake:g} service-hours are hardly ever at stake")
            names.remove(name)
            continue
        for _, state in played(name, evening, player, rng):
            if state.at_stake or rng.random() < idle_kept:
                yield state
    raise BadInput(
        f"on none of the networks {least_stake:g} service-hours are ever at stake; lower the stake"
    )


def evening_at_stake(twin: Twin, rng: np.random.Generator, least_stake: float) -> Evening | None:
    """An evening with so much at stake; None where in TRIES there is none."""
    for _ in range(TRIES):
        try:
            evening = draw_evening(twin, rng, least_stake=0.0)
        except BadInput:
            # Every failure parts it.
            return None
        if evening.situation(0, twin.inventory.intended).search.nothing.cost >= least_stake:
            return evening
    return None


def save_states(path: Path, states: Sequence[Labelled]) -> None:
    """Write them to an .npz file, whole or not at all."""
    arrays: dict[str, NDArray[np.generic]] = {
        "networks": np.array([state.network for state in states]),
        "waiting": np.array([state.waiting for state in states]),
    }
    for i, state in enumerate(states):
        arrays[f"{i}.saved"] = state.saved
        for field in fields(Seen):
            arrays[f"{i}.{field.name}"] = getattr(state.seen, field.name)
    being_written = path.with_suffix(".part.npz")
    np.savez_compressed(being_written, **arrays)  # type: ignore[arg-type]  # its stub knows no **
    being_written.rename(path)


def load_states(path: Path) -> list[Labelled]:
    """What `save_states` has written."""
    with np.load(path, allow_pickle=False) as file:
        return [
            Labelled(
                str(name),
                Seen(**{field.name: file[f"{i}.{field.name}"] for field in fields(Seen)}),
                file[f"{i}.saved"],
                float(waiting),
            )
            for i, (name, waiting) in enumerate(zip(file["networks"], file["waiting"], strict=True))
        ]
