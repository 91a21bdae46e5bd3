"""What every command shares: its options, its state directory, and how it prints."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
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
    """A column of a table. `whole`: cells stay on one line. `right`: they are set to the right.

    `goes`: how early it is left out where not all columns fit, the highest first; 0 for never.
    """

    name: str
    cells: Sequence[Text | str]
    whole: bool = False
    goes: int = 0
    right: bool = False

    @property
    def texts(self) -> list[Text]:
        """The cells, as rich has them; what is no Text is no markup either."""
        return [Text(cell) if isinstance(cell, str) else cell for cell in self.cells]

    @property
    def needs(self) -> int:
        """Cells that it takes not to cut a word."""
        lines = [cell.plain for cell in self.texts]
        words = lines if self.whole else [word for line in lines for word in line.split()]
        return max((cell_len(word) for word in (*words, *self.name.split())), default=0)

    @property
    def wants(self) -> int:
        """Cells that it takes to have every cell on one line."""
        return max(cell_len(self.name), *(cell.cell_len for cell in self.texts), 0)


def figures(name: str, cells: Iterable[str], *, goes: int = 0) -> Column:
    """A column of figures with their units, none of which is broken."""
    return Column(name, list(cells), whole=True, goes=goes, right=True)


def words(name: str, cells: Iterable[str], *, goes: int = 0) -> Column:
    """A column of texts, of which no word is broken while there is room for it."""
    return Column(name, list(cells), goes=goes)


_BETWEEN = 2
"""Cells between two columns."""


def fitted(console: Console, columns: Sequence[Column], title: str = "") -> RenderableType:
    """A table of those columns that `console` has room for, below `title`; no word of it is cut.

    Where one word alone is wider than there is room, it goes on in the next line.
    """
    kept = list(columns)
    while (room := _room(console, kept)) < 0:
        leaving = max(kept, key=lambda column: column.goes)
        if not leaving.goes:
            break
        kept.remove(leaving)
    table = Table(box=None, padding=(0, _BETWEEN, 0, 0), pad_edge=False)
    widest = max(kept, key=lambda column: column.needs)
    for column in kept:
        more = min(max(room, 0), column.wants - column.needs)
        room -= more
        # Rich would rather cut a word than wrap another column once more, so that only the widest
        # has to give way where nothing else helps.
        width = None if room < 0 and column is widest else column.needs + more
        table.add_column(
            column.name,
            width=width,
            overflow="fold",
            justify="right" if column.right else "left",
        )
    for row in zip(*(column.texts for column in kept), strict=True):
        table.add_row(*row)
    # A title of the table itself would be broken at the table's width.
    return Group(Text(title), table) if title else table


def _room(console: Console, columns: Sequence[Column]) -> int:
    needed = sum(column.needs for column in columns) + _BETWEEN * (len(columns) - 1)
    return console.width - needed


def print_json(document: JsonValue) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False))
