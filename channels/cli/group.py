"""How the command line finds its commands, how it fails, and how other packages add to it."""

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from inspect import cleandoc
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from twin.errors import NoctuaError

GROUP = "noctua.commands"
"""Entry points of this group are functions `register(app: typer.Typer) -> None`."""

REFUSED_EXIT = 2
"""Also what a wrong option gives."""


def defer(app: typer.Typer, name: str, where: str, help_line: str) -> None:
    """Add the command `name` to `app`; its module is imported when the command is used.

    `where`: "module:function", or "module:app" for a Typer of several commands. `help_line`: what
    `--help` says of it beside the others, the first line of its own help.
    """

    class Deferred(TyperCommand):
        def make_context(
            self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
        ) -> Any:
            # The context belongs to the command that was imported, and so do parsing and running.
            return load_command(name, where).make_context(info_name, args, parent, **extra)

    app.command(name, cls=Deferred, help=help_line)(_not_imported)


def _not_imported() -> None:
    """Stands for a command whose module is not imported yet; it is never called."""


def load_command(name: str, where: str) -> Any:
    """The command that `where` names, imported now."""
    module, _, attribute = where.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        return _with_flowing_help(typer.main.get_group(found))
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return _with_flowing_help(typer.main.get_command(alone))


def _with_flowing_help(command: Any) -> Any:
    """`command`, with its help and that of its parts without the line breaks of the source.

    Rich keeps them, and breaks lines once more where the terminal ends. Lines that are set in, as
    of an example, stay as they are.
    """
    paragraphs = cleandoc(command.help or "").split("\n\n")
    command.help = "\n\n".join(p if "\n " in p else p.replace("\n", " ") for p in paragraphs)
    for part in getattr(command, "commands", {}).values():
        _with_flowing_help(part)
    return command


def tell_refusal(error: NoctuaError) -> None:
    """Say on standard error why nothing was done."""
    # Only now: the words need pydantic, which takes as long as all else of `--help`.
    from channels.report.wording import plain

    typer.echo(f"noctua: {plain(str(error), 2000)}", err=True)


class NoctuaGroup(TyperGroup):
    """Commands whose errors for people are one line, without a traceback.

    The commands of other packages are looked up where `app` has none of that name, and to list them
    all: a package that is slow to import costs the commands of others nothing.
    """

    _complete = False

    refuse: Callable[[NoctuaError], None] = staticmethod(tell_refusal)

    def entries(self) -> Iterable[EntryPoint]:
        """Where other packages register their commands."""
        return entry_points(group=GROUP)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, None where there is none."""
        if cmd_name not in self.commands:
            self._add_foreign()
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, those of other packages last."""
        self._add_foreign()
        return super().list_commands(ctx)

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        Raises:
            typer.Exit: with REFUSED_EXIT after a NoctuaError, whose text is on standard error.
        """
        try:
            return super().invoke(ctx)
        except NoctuaError as error:
            self.refuse(error)
            raise typer.Exit(REFUSED_EXIT) from error

    def _add_foreign(self) -> None:
        """Let every entry point register its commands, once; one that is missing is left out.

        One that exists and cannot be loaded is told on standard error, and the others go on.
        """
        if self._complete:
            return
        self._complete = True
        for entry in self.entries():
            app = typer.Typer(add_completion=False)
            try:
                entry.load()(app)
                added = typer.main.get_group(app).commands
            except Exception as error:  # whatever a foreign module raises must not stop the others
                if not _is_missing(entry, error):
                    typer.echo(
                        f"noctua: commands of {entry.value} are missing: {error!r}", err=True
                    )
            else:
                for name, command in added.items():
                    self.commands.setdefault(name, command)


def _is_missing(entry: EntryPoint, error: Exception) -> bool:
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return False
    return entry.module == error.name or entry.module.startswith(f"{error.name}.")
