"""A command that runs as a process of its own for a request, and hands its refusal back whole."""

import json
import sys
from typing import Any

import typer
from typer.main import get_command

from twin.errors import BadInput, NoctuaError
from twin.nouns.way import Way

REFUSED = 2


def main() -> None:
    """Run a command as `noctua` does; a refusal is one line of JSON on standard error."""
    from channels.cli.app import app
    from channels.cli.group import NoctuaGroup

    command = get_command(app)
    assert isinstance(command, NoctuaGroup)
    command.refuse = _hand_back
    try:
        ended = command.main(standalone_mode=False)
    except typer.BadParameter as error:
        _hand_back(BadInput(_of_a_field(error)))
        ended = REFUSED
    sys.exit(ended)


def refusal_in(said: str) -> BadInput:
    """What a process that ended with REFUSED has said on standard error."""
    try:
        told = json.loads(said.strip().splitlines()[-1])
        way = told["way"]
        return BadInput(told["message"], way=way and Way(way["verb"], *way["to"], **_given(way)))
    except (IndexError, ValueError, KeyError, TypeError):
        return BadInput(said.strip() or "it was refused")


def _given(way: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in way["given"].items()}


def _hand_back(error: NoctuaError) -> None:
    way = error.way and {"verb": error.way.verb, "to": error.way.to, "given": error.way.given}
    print(json.dumps({"message": error.message, "way": way}), file=sys.stderr)


def _of_a_field(error: typer.BadParameter) -> str:
    """What is wrong with a parameter, which a request calls as the code does."""
    return f"{error.param.name}: {error.message}" if error.param else error.message
