"""`noctua policy serve`: the ranker on Ray Serve, until Ctrl-C (or SIGTERM)."""

import os
import signal
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from twin.errors import BadInput, installing

_PACKAGES = ("ray", "starlette", "prometheus_client", "onnxruntime")


def serve(
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="On loopback, where HTTP is served.")
    ] = 8474,
    replicas: Annotated[int, typer.Option(min=1, max=64, help="Processes with the model.")] = 1,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="HOST:PORT",
            help="The Ray cluster this machine belongs to; auto finds it.",
            show_default="one of its own, which ends with it",
        ),
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(
            "--card",
            help="The card of another ranker, beside its weights.",
            show_default="the one that ships",
        ),
    ] = None,
) -> None:
    """Serve the ranker on loopback with Ray Serve, until Ctrl-C (or SIGTERM).

    Clients and server share the secret NOCTUA_POLICY_TOKEN. Point NOCTUA_POLICY_URL
    at it, and set NOCTUA_POLICY=served.
    """
    from tools.policy_server.settings import token_from
    from tools.ranker.card import SHIPPED, read_card

    token, described = token_from(os.environ), SHIPPED if card is None else card
    digest = read_card(described).sha256
    _require_installed()
    _require_free(port)
    from tools.policy_server.serving import served

    # Shells start what runs in the background with SIGINT ignored, and Ray has a way of its own.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    typer.echo("Ray starts; on a busy machine that takes a minute or two.", err=True)
    try:
        with served(port, token, described, replicas, cluster) as (url, _):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, _stop)
            typer.echo(f"NOCTUA_POLICY=served NOCTUA_POLICY_URL={url}")
            typer.echo(f"weights {digest}")
            signal.pause()
    except KeyboardInterrupt:
        typer.echo("stopped")


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def _require_installed() -> None:
    if missing := [name for name in _PACKAGES if find_spec(name) is None]:
        raise BadInput(
            f"the policy server needs {', '.join(missing)}, which is not installed: "
            + installing("policy-server")
        )


def _require_free(port: int) -> None:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise BadInput(
            f"port {port} cannot be served ({error.strerror}); give another --port"
        ) from error
