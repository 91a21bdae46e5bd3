"""`teams`: incidents as threads and plans as cards in a Microsoft Teams tenant."""

import os
import threading
from typing import Annotated

import typer

from channels.cli.ending import stopping
from channels.cli.output import directory_of, print_json
from channels.teams.settings import load_teams
from twin.errors import BadInput, installing

INSTALL = installing("teams")


def teams(
    context: typer.Context,
    port: Annotated[
        int,
        typer.Option(
            "--port", min=0, max=65535, help="Where the Bot Connector posts to; 0 is any."
        ),
    ] = 3978,
    host: Annotated[str, typer.Option("--host", help="Where --port is bound.")] = "127.0.0.1",
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Print what the app is made of in Teams, and end.")
    ] = False,
) -> None:
    """Show incidents and plans in Teams, and take answers from there, until stopped."""
    directory = directory_of(context)
    if manifest:
        from channels.teams.manifest import manifest as made

        print_json(made(load_teams(directory.teams_file)))
        return
    try:
        from channels.teams.opening import open_teams
    except ImportError as error:
        raise BadInput(
            f"Teams needs packages that are not installed ({error}): {INSTALL}"
        ) from error
    with (
        stopping(threading.Event()) as stop,
        open_teams(directory, os.environ, host, port) as address,
    ):
        typer.echo(f"Teams: at {address}; Ctrl-C ends it")
        stop.wait()
