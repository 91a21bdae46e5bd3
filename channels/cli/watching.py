"""Carrying incidents on from the command line: `resume`."""

import signal
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.console import Console

from channels.asking import how_to_answer, still_wanted, unanswered
from channels.cli.durations import parse_duration_s
from channels.cli.ending import stopping
from channels.cli.output import AsJson, directory_of, new_console, print_json
from channels.cli.timeline import LiveTimeline
from channels.networks import network_names, open_network
from channels.report.wording import utc
from graphs.state_directory import StateDirectory
from graphs.workplace import Workplace
from tools.clock import SystemClock, never
from tools.journal.journal import Journal
from tools.journal.records import ApprovalRequest, TimelineEvent
from tools.journal.standing import with_people
from twin.errors import BadInput
from twin.nouns.base import Noun
from twin.nouns.incident import TERMINAL_PHASES

_VERY_LONG_S = 7 * 86_400.0
"""Where no duration is given: every wait of an incident is shorter than a week."""


def resume(
    context: typer.Context,
    incident: Annotated[str | None, typer.Argument()] = None,
    duration: Annotated[
        str | None, typer.Option("--for", help="Of network time, like 90s, 15m or 2h30m.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Watch on until nothing is open any more, or until a person has to answer."""
    for_s = parse_duration_s(duration) if duration is not None else None
    console = Console(stderr=True, quiet=True) if as_json else new_console()
    with stopping(threading.Event(), (signal.SIGTERM, signal.SIGHUP)) as stop:
        watched = watch_on(
            directory_of(context),
            incident_id=incident,
            for_s=for_s,
            console=console,
            stop=stop.is_set,
        )
    if as_json:
        waiting: list[JsonValue] = [request.plan_id for request in watched.waiting]
        print_json({**watched.model_dump(mode="json"), "waiting": waiting})
        return
    typer.echo(f"network time {utc(watched.now_s)} UTC")
    for request in watched.waiting:
        wanted = still_wanted(request)
        by = f" by {wanted}" if wanted else ""
        typer.echo(f"waiting for approval{by}: {how_to_answer(request)}")
    if watched.waiting:
        typer.echo(f"then: noctua resume {watched.open_incidents[0]}")
    elif watched.with_people:
        typer.echo(
            f"with people, and not known to be over: {', '.join(watched.with_people)}; "
            "to watch on: noctua resume --for 1h"
        )
    elif not watched.open_incidents:
        typer.echo("no incident is open")


class Watched(Noun):
    """What came of watching. `open_incidents`: in work. `with_people`: handed over, and not known
    to be over. `waiting`: what a person has to answer before time goes on.
    """

    network: str
    now_s: float
    events: tuple[TimelineEvent, ...]
    open_incidents: tuple[str, ...]
    with_people: tuple[str, ...]
    waiting: tuple[ApprovalRequest, ...]


class _Stop(Exception):
    """Ends the watch between two steps."""


def _network_to_watch(state: StateDirectory, journal: Journal, incident_id: str | None) -> str:
    """The network of the incident; without one, that of the open incidents, or the only one.

    What is in work comes before what people have.
    """
    if incident_id is not None:
        return journal.incident(incident_id).incident.network
    still_open = [r.incident for r in journal.incidents() if r.phase not in TERMINAL_PHASES]
    if not still_open:
        known = network_names(state)
        still_open = [r.incident for name in known for r in with_people(journal, name)]
    names = sorted({i.network for i in still_open}) or list(network_names(state))
    if len(names) == 1:
        return names[0]
    if still_open:
        listed = ", ".join(i.id for i in still_open)
        raise BadInput(f"several networks have open incidents; name one of {listed}")
    raise BadInput("no incident is open, and there is not just one network to watch")


def watch_on(
    state: StateDirectory,
    *,
    incident_id: str | None,
    for_s: float | None,
    console: Console,
    stop: Callable[[], bool] = never,
) -> Watched:
    """Watch a network until nothing is open on it (or the incident is closed).

    It is that of the incident; without one, that of the open incidents, or the only one. `for_s`:
    at most so long, by the network's clock; with it, a network without an open incident is watched
    as well. `stop`: asked between two steps. A simulated clock stands still for a person: watching
    ends when an approval is waited for, since the request would expire at once.

    Raises:
        UnknownIncident: there is no such incident.
        BadInput: several networks come into question, or none.
        BadInput, NetworkError: the network cannot be opened.
    """
    with state.journal() as journal:
        name = _network_to_watch(state, journal, incident_id)
        network, clock = open_network(state, name)
        stands_still = not isinstance(clock, SystemClock)
        with closing(network), LiveTimeline(journal, console) as timeline:

            def on_step(now_s: float) -> None:
                timeline(now_s)
                if stands_still and unanswered(journal, name, now_s):
                    raise _Stop
                if incident_id is not None and _is_closed(journal, incident_id):
                    raise _Stop

            anything_open = bool(_open(journal, name))
            if anything_open or for_s is not None:
                until_s = clock.now_s() + (_VERY_LONG_S if for_s is None else for_s)
                # The workplace keeps what was learned when it is closed.
                with (
                    suppress(_Stop),
                    Workplace(state.path, network, clock, on_step=on_step, stop=stop) as workplace,
                ):
                    workplace.watch.run(until_s, stop_when_quiet=anything_open)
            now_s = clock.now_s()
            timeline.catch_up()
            return Watched(
                network=name,
                now_s=now_s,
                events=tuple(timeline.shown),
                open_incidents=_open(journal, name),
                with_people=tuple(r.incident.id for r in with_people(journal, name)),
                waiting=unanswered(journal, name, now_s),
            )


def _open(journal: Journal, network: str) -> tuple[str, ...]:
    records = journal.incidents(network=network)
    return tuple(r.incident.id for r in records if r.phase not in TERMINAL_PHASES)


def _is_closed(journal: Journal, incident_id: str) -> bool:
    return journal.incident(incident_id).phase in TERMINAL_PHASES
