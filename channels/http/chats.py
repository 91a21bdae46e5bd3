"""The chats of `chats` in serve.yaml: connected beside the server, which takes what they post."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from channels.chat.connection import ChatConnection, Connected
from channels.chat.serving import posted_to
from channels.http.settings import ServeSettings
from graphs.state_directory import StateDirectory
from twin.errors import BadInput, installing

_Connect = Callable[[StateDirectory, Mapping[str, str]], AbstractContextManager[Connected]]


@contextmanager
def open_chats(
    state: StateDirectory, settings: ServeSettings, environ: Mapping[str, str]
) -> Iterator[tuple[ChatConnection, ...]]:
    """The connections that `settings` name, kept up until the end.

    Raises:
        BadInput: an extra is not installed, or what one is set up with is missing or wrong.
    """
    with ExitStack() as opened:
        found = tuple(
            _connection(name, state, environ, by_socket=how == "socket")
            for name, how in settings.chats.items()
        )
        for chat in found:
            opened.enter_context(chat.kept())
        yield found


def router_of(chats: tuple[ChatConnection, ...]) -> APIRouter:
    """The paths that chats post to. One that is not connected is told to come again."""
    router = APIRouter()
    for chat in chats:
        if chat.path:
            router.include_router(posted_to(chat.path, partial(_take, chat)))
    return router


async def _take(chat: ChatConnection, request: Request) -> Response:
    connected = chat.connected
    if connected is None or connected.take is None:
        raise HTTPException(503, f"{chat.name} is not connected yet", {"Retry-After": "10"})
    return await connected.take(request)


def _connection(
    name: str, state: StateDirectory, environ: Mapping[str, str], *, by_socket: bool
) -> ChatConnection:
    try:
        path, connect = _slack(by_socket) if name == "slack" else _teams()
    except ImportError as error:
        raise BadInput(
            f"serve.yaml: chats: {name} needs packages that are not installed ({error}): "
            + installing(name)
        ) from error
    return ChatConnection(name, path, lambda: connect(state, environ))


def _slack(by_socket: bool) -> tuple[str, _Connect]:
    from channels.slack.http import PATH
    from channels.slack.opening import connected

    return "" if by_socket else PATH, partial(connected, by_socket=by_socket)


def _teams() -> tuple[str, _Connect]:
    from channels.teams.http import PATH
    from channels.teams.opening import connected

    return PATH, connected
