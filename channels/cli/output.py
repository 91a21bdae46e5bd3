"""What every command shares: its options, its state directory, and how it prints."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.cells import cell_len
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

    @property
    def needs(self) -> int:
        """Cells that it takes not to cut a word."""
        lines = [self.name, *(cell.plain for cell in self.cells)]
        words = lines if self.whole else [word for line in lines for word in line.split()]
        return max((cell_len(word) for word in words), default=0)

    @property
    def wants(self) -> int:
        """Cells that it takes to have every cell on one line."""
        return max(cell_len(self.name), *(cell.cell_len for cell in self.cells), 0)


_BETWEEN = 2
"""Cells between two columns."""


def fitted(console: Console, columns: Sequence[Column]) -> Table:
    """A table of those columns that `console` has room for; no word of them is cut."""
    kept = list(columns)
    while (room := _room(console, kept)) < 0:
        leaving = max(kept, key=lambda column: column.goes)
        if not leaving.goes:
            break
        kept.remove(leaving)
    table = Table(box=None, padding=(0, _BETWEEN, 0, 0), pad_edge=False)
    for column in kept:
        more = min(max(room, 0), column.wants - column.needs)
        room -= more
        # Rich would rather cut a word than wrap another column once more.
        width = column.needs + more if room >= 0 else None
        table.add_column(column.name, width=width, overflow="fold")
    for row in zip(*(column.cells for column in kept), strict=True):
        table.add_row(*row)
    return table


def _room(console: Console, columns: Sequence[Column]) -> int:
    needed = sum(column.needs for column in columns) + _BETWEEN * (len(columns) - 1)
    return console.width - needed


def print_json(document: JsonValue) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False))
