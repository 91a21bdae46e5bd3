"""The server of an application, in a thread of its own: bound before anything says that it is."""

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import uvicorn
from fastapi import FastAPI

from channels.http.settings import ServeSettings
from twin.errors import BadInput
from twin.nouns.way import Way

_ENDS_S = 5
"""How long requests that are under way may take once it was told to end."""

_LOOK_S = 0.05


def bind(settings: ServeSettings) -> socket.socket:
    """What listens where `settings` say; who asks there waits until it is served.

    Raises:
        BadInput: nothing can be bound there.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    at = (settings.host, settings.port)
    try:
        return socket.create_server(at, family=family, backlog=128)
    except (OSError, OverflowError) as error:
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise BadInput(
            f"nothing can be bound at {settings.host} port {settings.port} ({why}); name another "
            "in serve.yaml, or at once",
            way=Way(host="ADDRESS", port="PORT"),
        ) from error


def address_of(bound: socket.socket) -> str:
    """The address that it is called at."""
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


@contextmanager
def serving(
    app: FastAPI, settings: ServeSettings, bound: socket.socket | None = None
) -> Iterator[str]:
    """Serve `app` while inside; the address that it is served at.

    `bound`: what listens already; None has it bound here.

    Raises:
        BadInput: nothing can be bound there.
    """
    config = uvicorn.Config(
        app,
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        timeout_graceful_shutdown=_ENDS_S,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    with closing(bound or bind(settings)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],), name="http", daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            thread.join(_LOOK_S)
        try:
            yield address_of(listening)
        finally:
            app.state.served.ending.set()
            server.should_exit = True
            thread.join()
