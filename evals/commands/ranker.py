"""The commands of `noctua policy` that train the ranker and say what it is worth."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels.cli.output import figures, fitted, new_console, words
from channels.cli.sweep import progress_bar
from evals.commands.options import Seed
from twin.errors import BadInput, installing

if TYPE_CHECKING:
    from evals.policy_training.measure import Held, Taken
    from twin.physics.compiled import FloatArray

Card = Annotated[
    Path | None,
    typer.Option("--card", help="The card of another ranker, beside its weights.",
                 show_default="the one that ships"),
]  # fmt: skip

States = Annotated[
    int, typer.Option("--states", min=10, help="In which there is something to gain.")
]

HELD_OUT_SEED = 7

IMITATION = "imitation"


def train(
    directory: Annotated[
        Path, typer.Argument(help="Where the run is kept; what lies there is gone on with.")
    ],
    seed: Seed = 0,
) -> None:
    """Train the ranker from sweeps of the twin, then on its own states.

    The weights (ONNX) and their card are written beside the run; TensorBoard reads
    its curve. Stopped anywhere, the same command goes on after the last whole round.
    """
    _needs_torch()
    from evals.policy_training.run import CURVE, train_in
    from evals.policy_training.ship import ship

    with progress_bar("training") as progress:
        trained = train_in(directory, seed, typer.echo, progress)
    card = ship(trained, seed, directory)
    typer.echo(f"written: {card} and its weights; curve: tensorboard --logdir {directory / CURVE}")


def refine(
    directory: Annotated[Path, typer.Argument(help="Where `train` keeps its run.")],
    steps: Annotated[int, typer.Option("--steps", min=1, help="In the environment.")] = 200_000,
    states: States = 350,
    evenings: Annotated[
        int, typer.Option("--evenings", min=2, help="In which each acts alone.")
    ] = 210,
    seeds: Annotated[
        list[int] | None,
        typer.Option("--seed", min=0, help="Of one run; several times.", show_default="0"),
    ] = None,
) -> None:
    """Have PPO go on from what `train` has learned, and say what that changes.

    Kept in DIRECTORY, by seed; stopped anywhere, the same command goes on. What ships
    is not touched.
    """
    _needs_torch()
    from channels.provenance import code_version
    from evals.policy_training.alone import returns_of
    from evals.policy_training.export import onnx_bytes
    from evals.policy_training.measure import example_of, held_by
    from evals.policy_training.ppo import improved
    from evals.policy_training.run import trained_ranker
    from tools.ranker.opening import OnnxScorer
    from twin.remediation.policies.ranked import Ranked

    rankers = {IMITATION: trained_ranker(directory)}
    for seed in seeds or [0]:
        rankers[f"PPO, seed {seed}"] = improved(
            rankers[IMITATION], directory / f"ppo-{seed}", steps, seed
        )
    scorers = {name: OnnxScorer(onnx_bytes(r, example_of())) for name, r in rankers.items()}
    with progress_bar("states") as tell:
        orders = {name: Ranked(scorer).order for name, scorer in scorers.items()}
        held = held_by(orders, states, HELD_OUT_SEED, tell=lambda done: tell(done, states))
    with progress_bar("evenings") as tell:
        returns = returns_of(
            scorers, evenings, HELD_OUT_SEED, tell=lambda done: tell(done, evenings)
        )
    print_refined(held, returns)
    each = ", ".join(str(seed) for seed in seeds or [0])
    typer.echo(f"Run: noctua policy refine, {steps} steps, seed {each}, code {code_version()}.")


def shortlist(
    states: States = 350,
    seed: Seed = HELD_OUT_SEED,
    larger: Annotated[
        bool, typer.Option("--larger", help="Networks of 90 to 200 nodes instead; slow.")
    ] = False,
    card: Card = None,
) -> None:
    """Say what the first 1 to 256 choices of each order hold of what can be saved, on networks
    that the ranker has not learned from; and how long the ranker takes.
    """
    from channels.provenance import code_version
    from evals.policy_training.measure import NAMED, RANKER, TIMED, UNLEARNED, held_by, time_taken
    from evals.policy_training.networks import MEASURED, MEASURED_LARGER
    from tools.ranker.card import SHIPPED
    from tools.ranker.opening import open_ranker
    from twin.remediation.policies.ranked import Ranked

    scorer = open_ranker(SHIPPED if card is None else card)
    networks = MEASURED_LARGER if larger else MEASURED
    with progress_bar("states") as tell:
        orders = {**UNLEARNED, RANKER: Ranked(scorer).order}
        held = held_by(orders, states, seed, networks, lambda done: tell(done, states))
    taken = [time_taken(scorer, name, seed) for name in TIMED]
    print_held(held, RANKER, (NAMED,))
    print_taken(taken)
    typer.echo(f"Run: noctua policy shortlist, seed {seed}, code {code_version()}.")


def print_held(held: "Held", best: str, firsts: Sequence[int]) -> None:
    """What each order holds, and by how much `best` holds more than the others."""
    print_shares(held)
    for name in held.shares:
        for first in firsts if name != best else ():
            more, low, high = held.difference(best, name, first)
            typer.echo(f"first {first}: {best} - {name} {more:+.3f} [{low:.3f}, {high:.3f}]")


def print_shares(held: "Held") -> None:
    """What each order holds."""
    from evals.policy_training.order import FIRST

    names = list(held.shares)
    columns = [
        words("order", names),
        *(
            figures(str(first), (f"{held.mean(name)[place]:.2f}" for name in names))
            for place, first in enumerate(FIRST)
        ),
    ]
    title = f"share of what can be saved that the first hold, {len(held.evening)} states"
    new_console().print(fitted(new_console(), columns, title))


def print_refined(held: "Held", returns: "Mapping[str, FloatArray]") -> None:
    """What each run of PPO changes, and all together: of the first 1, 8 and 32, with the twin; and
    of what the environment rewards, alone.
    """
    import numpy as np

    from evals.policy_training.measure import Held, mean_of

    runs = [name for name in returns if name != IMITATION]
    groups = {name: [name] for name in runs} | ({"PPO, every seed": runs} if runs[1:] else {})
    shares = {name: np.mean([held.shares[n] for n in of], axis=0) for name, of in groups.items()}
    together = Held({IMITATION: held.shares[IMITATION], **shares}, held.evening)
    print_shares(together)
    for name, of in groups.items():
        for first in (1, 8, 32):
            more, low, high = together.difference(name, IMITATION, first)
            typer.echo(f"first {first}: {name} - {IMITATION} {more:+.3f} [{low:.3f}, {high:.3f}]")
        gained = np.mean([returns[n] for n in of], axis=0) - returns[IMITATION]
        more, low, high = mean_of(gained, np.arange(len(gained), dtype=np.float64))
        typer.echo(f"alone: {name} - {IMITATION} {more:+.3f} [{low:.3f}, {high:.3f}]")
    for name, alone in returns.items():
        typer.echo(f"alone: {name} is rewarded {alone.mean():.3f} an evening, of {len(alone)}")


def print_taken(taken: "list[Taken]") -> None:
    """How long the figures and the model take."""
    import numpy as np

    console = new_console()
    parts = (("figures", [t.seeing for t in taken]), ("model", [t.scoring for t in taken]),
             ("both", [t.both for t in taken]))  # fmt: skip
    columns = [
        words("network", (t.network for t in taken)),
        figures("nodes", (str(t.nodes) for t in taken)),
        figures("arcs", (str(t.arcs) for t in taken)),
        *(
            figures(f"{name}, p{percent}", (f"{np.percentile(ms, percent):.2f}" for ms in each))
            for name, each in parts
            for percent in (50, 99)
        ),
    ]
    console.print(fitted(console, columns, "CPU milliseconds, one thread"))


def _needs_torch() -> None:
    if find_spec("torch") is None:
        raise BadInput("training needs PyTorch, which is not installed: " + installing("train"))
