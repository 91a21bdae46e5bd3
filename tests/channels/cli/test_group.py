from importlib.metadata import EntryPoint

import pytest
import typer
from typer.testing import CliRunner

from channels.cli.group import GROUP, NoctuaGroup, add_foreign_commands
from twin.errors import BadInput


def _app() -> typer.Typer:
    return typer.Typer(cls=NoctuaGroup)


def register_greeting(app: typer.Typer) -> None:
    """What another package would offer."""
    app.command("greet")(lambda: typer.echo("good evening"))
    app.command("fail")(_fail)


def _fail() -> None:
    raise BadInput("two\nlines \x1b[31mand a colour")


def _entry(value: str) -> EntryPoint:
    return EntryPoint("x", value, GROUP)


def test_commands_of_another_package_are_added_and_a_missing_one_is_silent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = _app()
    here = f"{__name__}:register_greeting"
    add_foreign_commands(app, [_entry("channels.no_such_module:register"), _entry(here)])
    assert capsys.readouterr().err == ""
    assert CliRunner().invoke(app, ["greet"]).stdout == "good evening\n"


def test_a_package_that_cannot_be_loaded_is_told_and_the_others_go_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = _app()
    here = f"{__name__}:register_greeting"
    add_foreign_commands(app, [_entry("channels.cli.group:no_such_function"), _entry(here)])
    assert "channels.cli.group:no_such_function" in capsys.readouterr().err
    assert CliRunner().invoke(app, ["greet"]).exit_code == 0


def test_an_error_for_people_is_one_line_without_control_characters() -> None:
    app = _app()
    register_greeting(app)
    result = CliRunner().invoke(app, ["fail"])
    assert result.exit_code == 2
    assert result.stderr == "noctua: two lines [31mand a colour\n"
