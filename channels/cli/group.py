"""How the command line fails, and how other packages add to it."""

import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup

from channels.report.wording import plain
from twin.errors import NoctuaError

GROUP = "noctua.commands"
"""Entry points of this group are functions `register(app: typer.Typer) -> None`."""

REFUSED_EXIT = 2
"""Also what a wrong option gives."""


class NoctuaGroup(TyperGroup):
    """Commands whose errors for people are one line, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        Raises:
            typer.Exit: with REFUSED_EXIT after a NoctuaError, whose text is on standard error.
        """
        try:
            return super().invoke(ctx)
        except NoctuaError as error:
            typer.echo(f"noctua: {plain(str(error), 2000)}", err=True)
            raise typer.Exit(REFUSED_EXIT) from error


def add_foreign_commands(app: typer.Typer, found: Iterable[EntryPoint] | None = None) -> None:
    """Let every entry point of GROUP register its commands; one that is missing is left out.

    One that exists and cannot be loaded is told on standard error, and the others go on.
    """
    for entry in entry_points(group=GROUP) if found is None else found:
        try:
            entry.load()(app)
        except Exception as error:  # whatever a foreign module raises must not stop the others
            if not _is_missing(entry, error):
                print(f"noctua: commands of {entry.value} are missing: {error!r}", file=sys.stderr)


def _is_missing(entry: EntryPoint, error: Exception) -> bool:
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return False
    return entry.module == error.name or entry.module.startswith(f"{error.name}.")
