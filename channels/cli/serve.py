"""`serve`: the HTTP API, beside a watch or with one."""

import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from channels.access.passwords import INSTALL
from channels.access.sign_in import has_admin
from channels.cli.ending import stopping
from channels.cli.output import directory_of, new_console
from channels.http.settings import ServeSettings, load_serve_settings
from graphs.state_directory import StateDirectory
from twin.errors import BadInput

if TYPE_CHECKING:
    from channels.chat.connection import ChatConnection


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
    """Serve the HTTP API, on this machine alone unless told otherwise, until stopped.

    The chats that serve.yaml names are spoken with from here, too.
    """
    state = directory_of(context)
    settings = _settings(state, host, port)
    with stopping(threading.Event()) as stop, _served(state, settings) as lines:
        for line in lines:
            typer.echo(line)
        if watch and not stop.is_set():
            from channels.cli.standing_watch import watch_networks

            watch_networks(state, (), for_s=None, speed=speed, console=new_console())
            return
        stop.wait()


def _settings(state: StateDirectory, host: str | None, port: int | None) -> ServeSettings:
    """How it is served.

    Raises:
        BadInput: the settings are wrong, or nobody could sign in.
    """
    named = {"host": host, "port": port}
    changed = {key: value for key, value in named.items() if value is not None}
    settings = load_serve_settings(state.serve_file).model_copy(update=changed)
    if not has_admin(state):
        raise BadInput(
            "nobody could sign in: make an account first, with "
            "`noctua accounts add NAME --role admin --password`"
        )
    return settings


@contextmanager
def _served(state: StateDirectory, settings: ServeSettings) -> Iterator[list[str]]:
    """Serve while inside, with the chats that are named; the lines that say where.

    Raises:
        BadInput: an extra is missing, nothing can be bound there, or a chat is set up wrong.
    """
    with _extra():
        from channels.http.server import bind, serving
    # A port that is taken is told before the rest is imported, which takes seconds.
    with closing(bind(settings)) as bound:
        with _extra():
            from channels.http.app import create_app
            from channels.http.chats import open_chats
        with (
            open_chats(state, settings, os.environ) as chats,
            serving(create_app(state, settings=settings, chats=chats), settings, bound) as address,
        ):
            served = f"serving at {address}; its document is {address}/openapi.json"
            yield [served, *_beyond(settings), *(_line(chat, address) for chat in chats)]


@contextmanager
def _extra() -> Iterator[None]:
    """What is imported here is of the extra. Raises BadInput: it is not installed."""
    try:
        yield
    except ImportError as error:
        raise BadInput(f"serving needs packages that are not installed ({error}): {INSTALL}") from (
            error
        )


def _beyond(settings: ServeSettings) -> list[str]:
    """What is said where it is bound to more than this machine, and nobody reaches it by https."""
    if settings.is_local or settings.is_secure:
        return []
    names = ", ".join(settings.known_hosts)
    return [
        f"{settings.host} is more than this machine: passwords and tokens go there in the clear, "
        f"unless a proxy with TLS stands before it; it answers to the names {names} alone "
        "(`public_url` and `hosts` of serve.yaml)"
    ]


def _line(chat: "ChatConnection", address: str) -> str:
    if chat.trouble:
        return f"{chat.name}: not connected yet ({chat.trouble}); it is tried again"
    return f"{chat.name}: posts to {address}{chat.path}" if chat.path else f"{chat.name}: connected"
