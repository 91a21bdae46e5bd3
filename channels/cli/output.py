"""What every command shares: its options, its state directory, and how it prints."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.table import Table
from rich.text import Text

from graphs.state_directory import StateDirectory

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
By = Annotated[str, typer.Option("--by", help="Who answers.", show_default="the user's name")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the report.")]

_PIPE_WIDTH = 200


def directory_of(context: typer.Context) -> StateDirectory:
    """The state directory that `--state` names."""
    path = context.obj
    assert isinstance(path, Path)
    return StateDirectory(path)


def new_console() -> Console:
    """Standard output; a pipe gets no colours."""
    # A pipe has no width, and rich would cut tables at 80 columns.
    return Console() if sys.stdout.isatty() else Console(width=_PIPE_WIDTH)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `whole`: cells stay on one line.

    `goes`: how early it is left out where not all columns fit, the highest first; 0 for never.
    """

    name: str
    cells: Sequence[Text]
    whole: bool = False
    goes: int = 0


_BOUNDLESS = 10_000


def fitted(console: Console, columns: Sequence[Column]) -> Table:
    """A table of those columns that `console` has room for; no word of them is cut."""
    kept = list(columns)
    while True:
        table = Table(box=None)
        for column in kept:
            table.add_column(column.name, no_wrap=column.whole, overflow="fold")
        for row in zip(*(column.cells for column in kept), strict=True):
            table.add_row(*row)
        needed = console.measure(table, options=console.options.update(width=_BOUNDLESS)).minimum
        leaving = max(kept, key=lambda column: column.goes)
        if needed <= console.width or not leaving.goes:
            return table
        kept.remove(leaving)


def print_json(document: JsonValue) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False))
