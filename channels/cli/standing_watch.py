"""Watching networks for as long as the process lives: `watch`."""

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

from channels.cli.timeline import LiveTimeline
from channels.networks import network_names, open_network
from channels.report.wording import plain
from graphs.workplace import Workplace
from tools.journal.journal import Journal
from tools.journal.records import WatchRecord
from twin.errors import BadInput, NoctuaError
from twin.nouns.base import Noun
from twin.nouns.incident import TERMINAL_PHASES, Phase

HEALTH_EVERY_S = 60.0
"""Wall seconds between two lines about how the watch is."""

_LOOK_S = 0.5


class StandingWatch(Noun):
    """What came of watching: how each watch was at the end, and what is still open."""

    watches: tuple[WatchRecord, ...]
    open_incidents: tuple[str, ...]


def watch_networks(
    state: Path,
    names: Sequence[str],
    *,
    for_s: float | None,
    speed: float,
    console: Console,
    health_every_s: float = HEALTH_EVERY_S,
) -> StandingWatch:
    """Watch `names` (all networks of `state`, if empty) until SIGTERM or SIGINT, or for `for_s`.

    Each network has a thread, connections and a lease of its own. On a signal every network ends
    the step that it is in, keeps what it has learned, and lets its leases go. `for_s`: by the
    networks' clocks. `speed`: seconds of an emulated network to one of ours.

    Raises:
        BadInput, NetworkError: a network cannot be opened; none is watched then.
    """
    chosen = tuple(names) or network_names(state)
    if not chosen:
        raise BadInput(
            f"{state} has no network to watch; put one there with `noctua stage SCENARIO`"
        )
    stop = threading.Event()
    with (
        Journal.open(state / "journal.sqlite") as journal,
        LiveTimeline(journal, console) as timeline,
        ThreadPoolExecutor(len(chosen), thread_name_prefix="watch") as pool,
        _stopping(stop),
    ):
        running = [pool.submit(_watch_one, state, n, for_s, speed, stop) for n in chosen]
        try:
            _look_on(journal, timeline, running, stop, console, health_every_s)
        finally:
            stop.set()
        for future in running:
            future.result()
        timeline.catch_up()
        still_open = journal.incidents(phases=set(Phase) - TERMINAL_PHASES)
        return StandingWatch(
            watches=tuple(w for w in journal.watches() if w.network in chosen),
            open_incidents=tuple(r.incident.id for r in still_open),
        )


def _watch_one(
    state: Path, name: str, for_s: float | None, speed: float, stop: threading.Event
) -> None:
    network, clock = open_network(state, name, speed=speed)
    with (
        closing(network),
        Workplace(state, network, clock, stop=stop.is_set, tolerant=True) as workplace,
    ):
        until_s = clock.now_s() + for_s if for_s is not None else float("inf")
        workplace.watch.run(until_s)


@contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """Signals that ask to end set `stop`, once; the same signal again ends at once."""

    def handle(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[number])

    before = {int(n): signal.signal(n, handle) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _look_on(
    journal: Journal,
    timeline: LiveTimeline,
    running: Sequence[Future[None]],
    stop: threading.Event,
    console: Console,
    health_every_s: float,
) -> None:
    """Print what happens, until all have ended, one has failed, or `stop` is set."""
    said_s = time.monotonic()
    while not stop.wait(_LOOK_S):
        if all(f.done() for f in running) or any(f.done() and f.exception() for f in running):
            return
        try:
            timeline.catch_up()
            if time.monotonic() - said_s >= health_every_s:
                said_s = time.monotonic()
                for watch in journal.watches():
                    console.print(health_line(watch), highlight=False, markup=False)
        except NoctuaError as error:
            # The watches go on by themselves; a journal that cannot be read is their trouble too.
            console.print(f"noctua: {plain(str(error))}", highlight=False, markup=False)
            stop.wait(health_every_s)


def health_line(watch: WatchRecord) -> str:
    """How a watch is, in one line."""
    age_s = max(0.0, time.time() - watch.stepped_wall_s)
    how = f"{watch.failures} failed steps: {plain(watch.trouble)}" if watch.trouble else "well"
    return (
        f"watch of {plain(watch.network)}: {how}; step {watch.steps} {age_s:.0f} s ago, "
        f"{watch.alarms} alarms so far"
    )
