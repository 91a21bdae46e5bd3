"""The server of an application, in a thread of its own: bound before anything says that it is."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import uvicorn
from fastapi import FastAPI

from channels.http.settings import ServeSettings
from twin.errors import BadInput

_ENDS_S = 5
"""How long requests that are under way may take once it was told to end."""

_LOOK_S = 0.05


@contextmanager
def serving(app: FastAPI, settings: ServeSettings) -> Iterator[str]:
    """Serve `app` while inside; the address that it is served at.

    Raises:
        BadInput: nothing can be bound there.
    """
    bound = _bound(settings)
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
    thread = threading.Thread(target=server.run, args=([bound],), name="http", daemon=True)
    with closing(bound):
        thread.start()
        while not server.started and thread.is_alive():
            thread.join(_LOOK_S)
        try:
            host, port = bound.getsockname()[:2]
            yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
        finally:
            app.state.served.ending.set()
            server.should_exit = True
            thread.join()


def _bound(settings: ServeSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"nothing can be bound at {settings.host} port {settings.port} ({error}); name another "
            "with --host and --port, or in serve.yaml"
        ) from error
