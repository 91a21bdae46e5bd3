"""What the commands of this package share: options, and where things are put."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Seed = Annotated[int, typer.Option("--seed", min=0, help="Which hidden realisation.")]
Mismatch = Annotated[
    int, typer.Option("--mismatch", min=0, max=2, help="How far reality is from the inventory.")
]
Level = Literal[0, 1, 2]

Out = Annotated[
    Path | None,
    typer.Option("--out", help="JSON lines, a record for each play; goes on with what is there."),
]
SpecFile = Annotated[
    Path | None, typer.Option("--spec", help="Cases, arms and seeds from another YAML file.")
]
SliceText = Annotated[
    str, typer.Option("--slice", metavar="I/N", help="Play only part I of N equal parts.")
]
TableOnly = Annotated[
    list[Path] | None,
    typer.Option("--table-only", help="Play nothing; the table of these record files."),
]


def state_of(context: typer.Context) -> Path:
    """The state directory of the command line, or the default where there is none."""
    path = context.obj
    return path if isinstance(path, Path) else Path(".noctua")


def fresh(prefix: Path) -> Path:
    """The first of prefix-1, prefix-2, ... that does not exist; an ending stays at the end."""
    number = 1
    while (path := prefix.with_name(f"{prefix.stem}-{number}{prefix.suffix}")).exists():
        number += 1
    return path
