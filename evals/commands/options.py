"""What the commands of this package share: options, and where things are put."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from channels.cli.state import StateDirectory

Seed = Annotated[int, typer.Option("--seed", min=0, help="Which hidden realisation.")]
Mismatch = Annotated[
    int, typer.Option("--mismatch", min=0, max=2, help="How far reality is from the inventory.")
]
Level = Literal[0, 1, 2]


def state_of(context: typer.Context) -> Path:
    """The state directory of the command line, or the default where there is none."""
    directory = context.obj
    return directory.path if isinstance(directory, StateDirectory) else Path(".noctua")


def fresh(prefix: Path) -> Path:
    """The first of prefix-1, prefix-2, ... that does not exist."""
    number = 1
    while (path := prefix.with_name(f"{prefix.name}-{number}")).exists():
        number += 1
    return path
