"""`slack`: incidents as threads and plans as cards in a Slack workspace."""

import os
import threading
from contextlib import ExitStack
from importlib import resources
from typing import Annotated

import typer

from channels.cli.ending import stopping
from channels.cli.output import directory_of
from twin.errors import BadInput, installing

INSTALL = installing("slack")


def slack(
    context: typer.Context,
    http: Annotated[
        int | None,
        typer.Option(
            "--http",
            min=0,
            max=65535,
            metavar="PORT",
            help="Take signed requests there, in place of Socket Mode; 0 is any.",
        ),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Where --http is bound.")] = "127.0.0.1",
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Print what the app is made of in Slack, and end.")
    ] = False,
) -> None:
    """Show incidents and plans in Slack, and take answers from there, until stopped."""
    if manifest:
        text = resources.files("channels.slack").joinpath("manifest.yaml").read_text("utf-8")
        typer.echo(text, nl=False)
        return
    try:
        from channels.slack.opening import open_slack
    except ImportError as error:
        raise BadInput(
            f"Slack needs packages that are not installed ({error}): {INSTALL}"
        ) from error
    with stopping(threading.Event()) as stop, ExitStack() as opened:
        workspace = opened.enter_context(open_slack(directory_of(context), os.environ))
        taken = workspace.over_socket() if http is None else workspace.over_http(host, http)
        through = opened.enter_context(taken)
        typer.echo(f"Slack: {workspace.settings.team} through {through}; Ctrl-C ends it")
        stop.wait()
