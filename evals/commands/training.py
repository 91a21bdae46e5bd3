"""`train`: models of our own, from nothing."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from channels.cli.sweep import progress_bar
from evals.commands.options import Seed
from twin.errors import BadInput, installing

train = typer.Typer(help="Train a model that ships, from nothing.", no_args_is_help=True)


@train.callback()
def _group() -> None:
    """A command of its own for each model."""


@train.command("causal-lm")
def causal_lm(
    directory: Annotated[
        Path, typer.Argument(help="Where the run is kept; what lies there is gone on with.")
    ],
    seed: Seed = 0,
) -> None:
    """Train the causal language model on the worst days of many networks.

    The weights (safetensors), their configuration and their card are written beside
    the run after each round; TensorBoard reads its curve. Stopped anywhere, the same
    command goes on.
    """
    for package in ("torch", "tensorboard"):
        if find_spec(package) is None:
            raise BadInput("training needs PyTorch, which is not installed: " + installing("train"))
    from evals.language_training.run import CURVE, Run
    from evals.language_training.ship import ship

    with progress_bar("training") as progress:
        for trained in Run(directory, seed, typer.echo, progress).rounds():
            card = ship(trained, seed, directory)
    typer.echo(f"written: {card} and its weights; curve: tensorboard --logdir {directory / CURVE}")
