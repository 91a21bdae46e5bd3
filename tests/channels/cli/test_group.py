import itertools
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from channels.cli import app as ours
from channels.cli.group import GROUP, NoctuaGroup, defer
from evals import commands as evals_commands
from tests.channels.conftest import INCIDENT
from twin.errors import BadInput


def register_greeting(app: typer.Typer) -> None:
    """What another package would offer."""
    app.command("greet")(lambda: typer.echo("good evening"))
    app.command("fail")(_fail)
    app.add_typer(_part, name="part")


def register_a_trap(app: typer.Typer) -> None:
    """What must not be asked for a command of ours."""
    raise AssertionError("another package was loaded")


def _fail() -> None:
    raise BadInput("two\nlines \x1b[31mand a colour")


_part = typer.Typer()


@_part.command()
def first() -> None:
    """Say one."""
    typer.echo("one")


@_part.command()
def second(number: int) -> None:
    """Say two.

    At length, and then some more of it, so that it takes more than one line of the
    source to say it.
    """
    typer.echo(f"two and {number}")


def greet() -> None:
    """Greet in our words.

    At length, with one word after another, in lines that end where those of the
    source do, which no terminal knows of.

    As in:
        noctua greet
        noctua part first
    """
    typer.echo("hello")


def _app(*values: str) -> typer.Typer:
    """A command line beside which there are these entry points."""

    class Group(NoctuaGroup):
        def entries(self) -> Iterable[EntryPoint]:
            return [EntryPoint("x", value, GROUP) for value in values]

    app = typer.Typer(cls=Group)
    app.callback()(lambda: None)
    return app


HERE = f"{__name__}:register_greeting"


def test_commands_of_another_package_are_added_and_a_missing_one_is_silent() -> None:
    app = _app("channels.no_such_module:register", HERE)
    result = CliRunner().invoke(app, ["greet"])
    assert (result.stdout, result.stderr) == ("good evening\n", "")
    assert CliRunner().invoke(app, ["part", "second", "3"]).stdout == "two and 3\n"
    listed = CliRunner().invoke(app, ["--help"]).stdout
    assert all(name in listed for name in ("greet", "fail", "part"))


def test_a_package_that_cannot_be_loaded_is_told_and_the_others_go_on() -> None:
    app = _app("channels.cli.group:no_such_function", HERE)
    result = CliRunner().invoke(app, ["greet"])
    assert result.exit_code == 0
    assert "channels.cli.group:no_such_function" in result.stderr


def test_an_error_for_people_is_one_line_without_control_characters() -> None:
    result = CliRunner().invoke(_app(HERE), ["fail"])
    assert result.exit_code == 2
    assert result.stderr == "noctua: two lines [31mand a colour\n"


def test_a_command_of_ours_holds_and_needs_no_other_package() -> None:
    app = _app(f"{__name__}:register_a_trap")
    defer(app, "greet", f"{__name__}:greet", "Greet in our words.")
    defer(app, "part", f"{__name__}:_part", "Count.")
    assert CliRunner().invoke(app, ["greet"]).stdout == "hello\n"
    assert CliRunner().invoke(app, ["part", "first"]).stdout == "one\n"
    assert "At length," in CliRunner().invoke(app, ["greet", "--help"]).stdout


@pytest.mark.parametrize("width", [50, 80, 120])
def test_help_fills_the_terminal_and_keeps_lines_that_are_set_in(width: int) -> None:
    app = _app()
    defer(app, "greet", f"{__name__}:greet", "Greet in our words.")
    defer(app, "part", f"{__name__}:_part", "Count.")
    for words in (["greet"], ["part", "second"]):
        ran = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": f"{width}"})
        lines = [line.strip() for line in ran.stdout.splitlines()]
        first = next(i for i, line in enumerate(lines) if line.startswith("At length"))
        last = lines.index("", first)
        for line, after in itertools.pairwise(lines[first:last]):
            assert len(f"{line} {after.split()[0]}") > width - 2
    lines = CliRunner().invoke(app, ["greet", "--help"]).stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if "noctua greet" in line)
    assert "noctua part first" in lines[at + 1]


def test_a_deferred_command_is_listed_without_its_module() -> None:
    app = _app()
    defer(app, "later", "channels.no_such_module:later", "Does it later.")
    assert "Does it later." in CliRunner().invoke(app, ["--help"]).stdout
    with pytest.raises(ModuleNotFoundError):
        CliRunner().invoke(app, ["later"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("package", "listed"),
    [("channels.cli", ours.COMMANDS), ("evals.commands", evals_commands.COMMANDS)],
)
def test_every_command_is_where_the_table_says_and_begins_its_help_as_listed(
    package: str, listed: Sequence[tuple[str, str, str]]
) -> None:
    for name, where, line in listed:
        alone = _app()
        defer(alone, name, f"{package}.{where}", line)
        told = CliRunner().invoke(alone, [name, "--help"], env={"COLUMNS": "300"}).stdout
        assert line in told, name


@pytest.mark.slow
def test_help_and_the_commands_of_a_shift_do_without_the_heavy_packages(state: Path) -> None:
    for commands in (
        [["--help"]],
        [
            ["--state", str(state), *words]
            for words in (["incidents"], ["show", INCIDENT], ["handover"], ["approve", INCIDENT])
        ],
    ):
        ran = subprocess.run(
            [sys.executable, "-c", _LOOK, json.dumps(commands)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(ran.stderr) == [0] * len(commands) + [[]]


_LOOK = """
import json, sys
from channels.cli.app import app
codes = []
for arguments in json.loads(sys.argv[1]):
    try:
        app(arguments)
    except SystemExit as ending:
        codes.append(ending.code)
heavy = {"langchain_core", "langgraph", "matplotlib", "networkx", "numba", "numpy", "openai"}
heavy |= {"pandas", "scipy", "topohub", "yaml"}
found = sorted(heavy & {name.partition(".")[0] for name in sys.modules})
print(json.dumps([*codes, found]), file=sys.stderr)
"""
