"""`noctua model-server`: the server on a port of one's choice, for a person to point Noctua at.

What it needs is imported when it runs: the other commands do without.
"""

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.errors import BadInput

if TYPE_CHECKING:
    from evals.model_server.recording import Replay, Upstream
    from evals.model_server.script import Script
    from evals.model_server.server import ModelServer

_LOOK_EVERY_S = 0.2


def model_server(
    script: Annotated[
        str | None, typer.Option(help="What it says: the name of a shipped script, or a file.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Keep every reply in this new file.", dir_okay=False)
    ] = None,
    upstream: Annotated[
        str | None, typer.Option(help="Ask the server at this base URL instead of a script.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Say what is recorded in this file.", dir_okay=False)
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
) -> None:
    """Serve a scripted, recorded or replayed model on loopback, until Ctrl-C (or SIGTERM).

    Point NOCTUA_MODEL_URL at it, and set NOCTUA_MODEL=openai:scripted.
    """
    from evals.model_server.recording import Recorder
    from evals.model_server.server import MODEL, ModelServer

    source = _source(script, upstream, replay)
    recorder = Recorder(record) if record is not None else None
    try:
        server = ModelServer(source, recorder=recorder, port=port)
    except OSError as exc:
        raise BadInput(
            f"port {port} cannot be served ({exc.strerror}); give another --port"
        ) from exc
    # Shells start what runs in the background with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    with server:
        _tell_until_stopped(server, f"NOCTUA_MODEL=openai:{MODEL} NOCTUA_MODEL_URL={server.url}")
    _require_clean(server, source)


def _source(
    script: str | None, upstream: str | None, replay: Path | None
) -> "Script | Upstream | Replay":
    from evals.model_server.recording import Replay, Upstream, load_recording
    from evals.model_server.script import load_script

    if sum(given is not None for given in (script, upstream, replay)) > 1:
        raise BadInput("give one of --script, --upstream and --replay")
    if replay is not None:
        return Replay(load_recording(replay))
    if upstream is not None:
        return Upstream(upstream)
    return load_script(script or "good")


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def _tell_until_stopped(server: "ModelServer", settings: str) -> None:
    """The settings, then one line for each request."""
    told = 0
    try:
        typer.echo(settings)
        while True:
            told = _tell(server, told)
            time.sleep(_LOOK_EVERY_S)
    except KeyboardInterrupt:
        _tell(server, told)
        typer.echo(f"{len(server.requests)} requests, {len(server.refused)} refused")


def _tell(server: "ModelServer", told: int) -> int:
    """Tell of the requests after the first `told`; how many are told now."""
    for served in server.requests[told:]:
        told += 1
        typer.echo(f"{served.role or 'no role'}: {served.problem or served.did}")
    return told


def _require_clean(server: "ModelServer", source: object) -> None:
    """Exit with 1 where the run was not what it should have been."""
    from evals.model_server.recording import Replay

    missing = source.missing if isinstance(source, Replay) else []
    broken = [f"a request broke a rule of the API: {r.problem}" for r in server.refused]
    if problems := [*missing, *broken]:
        more = f" ({len(problems)} such requests)" if len(problems) > 1 else ""
        typer.echo(f"noctua: {problems[0]}{more}", err=True)
        raise typer.Exit(1)
