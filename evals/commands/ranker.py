"""The commands of `noctua policy` that train the ranker and say what it is worth."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels.cli.output import figures, fitted, new_console, words
from channels.cli.sweep import progress_bar
from evals.commands.options import Seed
from twin.errors import BadInput

if TYPE_CHECKING:
    from evals.policy_training.measure import Held, Taken

Card = Annotated[
    Path | None,
    typer.Option("--card", help="The card of another ranker, beside its weights.",
                 show_default="the one that ships"),
]  # fmt: skip


def train(
    directory: Annotated[
        Path, typer.Argument(help="Where the run is kept; what lies there is gone on with.")
    ],
    seed: Seed = 0,
) -> None:
    """Train the ranker from sweeps of the twin, then on its own states. About half an hour.

    The weights (ONNX) and their card are written beside the run; TensorBoard reads
    its curve. Stopped anywhere, the same command goes on after the last whole round.
    """
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError as exc:
        raise BadInput(
            "training needs PyTorch, which is not installed; install it with "
            "pip install -c constraints.txt -e '.[train]'"
        ) from exc
    from evals.policy_training.run import CURVE, train_in
    from evals.policy_training.ship import ship

    trained = train_in(directory, seed, lambda line: typer.echo(line))
    card = ship(trained, seed, directory)
    typer.echo(f"written: {card} and its weights; curve: tensorboard --logdir {directory / CURVE}")


def shortlist(
    states: Annotated[
        int, typer.Option("--states", min=10, help="In which there is something to gain.")
    ] = 350,
    seed: Seed = 7,
    larger: Annotated[
        bool, typer.Option("--larger", help="Networks of 90 to 200 nodes instead; slow.")
    ] = False,
    card: Card = None,
) -> None:
    """Say what the first 1 to 256 choices of each order hold of what can be saved, on networks
    that the ranker has not learned from; and how long the ranker takes.
    """
    from channels.provenance import code_version
    from evals.policy_training.measure import TIMED, held_by, time_taken
    from evals.policy_training.networks import HELD_OUT, HELD_OUT_LARGER
    from tools.ranker.card import SHIPPED
    from tools.ranker.opening import open_ranker

    scorer = open_ranker(SHIPPED if card is None else card)
    networks = HELD_OUT_LARGER if larger else HELD_OUT
    with progress_bar("states") as tell:
        held = held_by(scorer, states, seed, networks, lambda done: tell(done, states))
    taken = [time_taken(scorer, name, seed) for name in TIMED]
    print_held(held)
    print_taken(taken)
    typer.echo(f"Run: noctua policy shortlist, seed {seed}, code {code_version()}.")


def print_held(held: "Held") -> None:
    """What each order holds, and by how much the ranker holds more."""
    from evals.policy_training.measure import NAMED, RANKER
    from evals.policy_training.order import FIRST

    names = list(held.shares)
    columns = [words("order", names)]
    for place, first in enumerate(FIRST):
        columns.append(figures(str(first), (f"{held.mean(name)[place]:.2f}" for name in names)))
    console = new_console()
    title = f"share held by the first, {len(held.evening)} states"
    console.print(fitted(console, columns, title))
    for name in names:
        if name != RANKER:
            more, low, high = held.difference(RANKER, name, NAMED)
            typer.echo(f"first {NAMED}: {RANKER} - {name} {more:+.3f} [{low:.3f}, {high:.3f}]")


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
