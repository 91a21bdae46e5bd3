"""What every command shares: its options, its state directory, and how it prints."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.console import Console

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


def print_json(document: JsonValue) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False))
