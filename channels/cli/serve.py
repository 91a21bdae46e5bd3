"""`serve`: the HTTP API, beside a watch or with one."""

import threading
from typing import TYPE_CHECKING, Annotated

import typer

from channels.access.passwords import INSTALL
from channels.access.sign_in import has_admin
from channels.cli.ending import stopping
from channels.cli.output import directory_of, new_console
from graphs.state_directory import StateDirectory
from twin.errors import BadInput

if TYPE_CHECKING:
    from fastapi import FastAPI

    from channels.http.settings import ServeSettings


def serve(
    context: typer.Context,
    host: Annotated[
        str | None,
        typer.Option("--host", help="Where it is bound.", show_default="127.0.0.1"),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="0 is any.", show_default="8473"),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Watch every network too, as `noctua watch` does.")
    ] = False,
    speed: Annotated[
        float,
        typer.Option(
            "--speed", min=0.1, max=10_000, help="Emulated seconds to one of the wall clock."
        ),
    ] = 1.0,
) -> None:
    """Serve the HTTP API, on this machine alone unless told otherwise, until stopped."""
    state = directory_of(context)
    app, settings = _application(state, host, port)
    from channels.http.server import serving

    with serving(app, settings) as address:
        typer.echo(f"serving at {address}; its document is {address}/openapi.json")
        if watch:
            from channels.cli.standing_watch import watch_networks

            watch_networks(state, (), for_s=None, speed=speed, console=new_console())
            return
        with stopping(threading.Event()) as stop:
            stop.wait()


def _application(
    state: StateDirectory, host: str | None, port: int | None
) -> "tuple[FastAPI, ServeSettings]":
    """The application, and how it is served.

    Raises:
        BadInput: the extra is missing, the settings are wrong, or nobody could sign in.
    """
    try:
        from channels.http.app import create_app
        from channels.http.settings import load_serve_settings
    except ImportError as error:
        raise BadInput(f"serving needs packages that are not installed ({error}): {INSTALL}") from (
            error
        )
    settings = load_serve_settings(state.serve_file)
    named = {"host": host, "port": port}
    changed = {key: value for key, value in named.items() if value is not None}
    settings = settings.model_copy(update=changed)
    if not has_admin(state):
        raise BadInput(
            "nobody could sign in: make an account first, with "
            "`noctua accounts add NAME --role admin --password`"
        )
    return create_app(state, settings=settings), settings
