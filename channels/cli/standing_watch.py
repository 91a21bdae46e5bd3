"""Watching networks for as long as the process lives: `watch`."""

import logging
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from channels.asking import asking_line, unanswered
from channels.cli.durations import parse_duration_s
from channels.cli.event_lines import EndLine, EventLines, print_line
from channels.cli.live_table import LiveTable
from channels.cli.output import directory_of, new_console
from channels.cli.timeline import LiveTimeline
from channels.networks import network_names, open_network
from channels.report.wording import plain
from graphs.state_directory import StateDirectory
from graphs.workplace import Workplace
from tools.journal.health import unread_text
from tools.journal.journal import Journal
from tools.journal.lease_rows import network_subject
from tools.journal.records import WatchRecord
from tools.journal.standing import with_people
from tools.network.driver import network_entry
from tools.network.emulated import PacedClock
from twin.errors import BadInput, NetworkHeld, NoctuaError
from twin.nouns.base import Noun
from twin.nouns.incident import TERMINAL_PHASES, Phase

HEALTH_EVERY_S = 60.0
"""Wall seconds between two lines about how the watch is."""

_log = logging.getLogger(__name__)

_LOOK_S = 0.5

_AGAIN_S = 2.0
"""Wall seconds after which a network that could not be opened is tried again."""

_SILENT_S = 300.0
"""A watch that has not stepped for so long is not well; `doctor` warns after the same time."""


def watch(
    context: typer.Context,
    networks: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NETWORK]...", help="Names; all of the state directory, if none."),
    ] = None,
    duration: Annotated[
        str | None, typer.Option("--for", help="Of network time, like 90s, 15m or 2h30m.")
    ] = None,
    speed: Annotated[
        float,
        typer.Option(
            "--speed", min=0.1, max=10_000, help="Emulated seconds to one of the wall clock."
        ),
    ] = 1.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for every event as it happens.")
    ] = False,
) -> None:
    """Watch networks and operate their incidents until stopped (Ctrl-C or SIGTERM)."""
    for_s = parse_duration_s(duration) if duration is not None else None
    console = Console(stderr=True, quiet=True) if as_json else new_console()
    ended = watch_networks(
        directory_of(context),
        networks or (),
        for_s=for_s,
        speed=speed,
        console=console,
        as_lines=as_json,
    )
    if as_json:
        print_line(EndLine(**dict(ended)))
        return
    for record in ended.watches:
        typer.echo(health_line(record))
    typer.echo(f"still open: {', '.join(ended.open_incidents) or 'nothing'}")
    if ended.with_people:
        typer.echo(f"with people, not known to be over: {', '.join(ended.with_people)}")


class StandingWatch(Noun):
    """What came of watching: how each watch was at the end, what is still open, and with people."""

    watches: tuple[WatchRecord, ...]
    open_incidents: tuple[str, ...]
    with_people: tuple[str, ...]


def watch_networks(
    state: StateDirectory,
    names: Sequence[str],
    *,
    for_s: float | None,
    speed: float,
    console: Console,
    as_lines: bool = False,
    health_every_s: float = HEALTH_EVERY_S,
) -> StandingWatch:
    """Watch `names` (all networks of `state`, if empty) until SIGTERM or SIGINT, or for `for_s`.

    Each network has a thread, connections and a lease of its own. On a signal every network ends
    the step that it is in, keeps what it has learned, and lets its leases go. `for_s`: by the
    networks' clocks. `speed`: seconds of an emulated network to one of ours. `as_lines`: every
    event is a line of JSON on standard output, whatever `console` is.

    A network that cannot be opened stands blocked with the reason and is tried again; one that
    another process has is stood by for.

    Raises:
        NoctuaError: none of the networks can be opened.
    """
    chosen = tuple(names) or network_names(state)
    if not chosen:
        raise BadInput(
            f"{state.path} has no network to watch; put one there with `noctua stage SCENARIO`"
        )
    for name in names:
        # A slip of the pen is refused before anything is written down about it.
        network_entry(state.networks, name)
    state.require_journal()
    stop = threading.Event()
    with (
        state.made_journal() as journal,
        _display(journal, console, chosen, as_lines) as display,
        ThreadPoolExecutor(len(chosen), thread_name_prefix="watch") as pool,
        _stopping(stop),
    ):
        posts = [_Post(state, name, for_s, speed, stop) for name in chosen]
        running = [pool.submit(post.stand) for post in posts]
        try:
            _look_on(journal, display, posts, running, stop, console, health_every_s)
        finally:
            stop.set()
        for future in running:
            future.result()
        display.catch_up()
        still_open = journal.incidents(phases=set(Phase) - TERMINAL_PHASES)
        return StandingWatch(
            watches=tuple(w for w in journal.watches() if w.network in chosen),
            open_incidents=tuple(r.incident.id for r in still_open),
            with_people=tuple(r.incident.id for name in chosen for r in with_people(journal, name)),
        )


def _display(
    journal: Journal, console: Console, names: tuple[str, ...], as_lines: bool
) -> EventLines | LiveTable | LiveTimeline:
    """Lines for a program, one table in a terminal, and a line an event everywhere else."""
    if as_lines:
        return EventLines(journal, names)
    if console.is_terminal:
        return LiveTable(journal, console, names)
    return LiveTimeline(journal, console)


class _Post:
    """The watch of one network, in a thread of its own, for as long as `stop` is not set."""

    def __init__(
        self,
        state: StateDirectory,
        name: str,
        for_s: float | None,
        speed: float,
        stop: threading.Event,
    ) -> None:
        self._state = state
        self.name = name
        self._for_s = for_s
        self._speed = speed
        self._stop = stop
        self.has_begun = False
        self.trouble: NoctuaError | None = None
        self.news: list[str] = []

    def stand(self) -> None:
        """Watch; what cannot be opened, or is held by another process, is tried again."""
        while not self._stop.is_set():
            try:
                self._watch()
            except NetworkHeld as held:
                self._say(f"{self.name}: standing by ({held})")
                self.has_begun = True
            except NoctuaError as error:
                self._note(error)
            except Exception as error:
                # A bug on one network must not leave the others unwatched.
                _log.exception("%s", self.name)
                self._note(NoctuaError(f"internal error: {error!r}"))
            else:
                return
            self._stop.wait(_AGAIN_S)

    def _watch(self) -> None:
        network, clock = open_network(self._state, self.name, speed=self._speed)
        with (
            closing(network),
            Workplace(
                self._state.path, network, clock, stop=self._stop.is_set, tolerant=True
            ) as workplace,
        ):
            self.has_begun, self.trouble = True, None
            if isinstance(clock, PacedClock):
                clock.slow_while(lambda: _asks(workplace.journal, self.name, clock.now_s()))
            until_s = clock.now_s() + self._for_s if self._for_s is not None else float("inf")
            workplace.watch.run(until_s)

    def _note(self, error: NoctuaError) -> None:
        self.trouble = error
        self._say(f"{self.name}: not watched: {error}")
        # The next step that goes well takes the block away again.
        with suppress(NoctuaError), self._state.made_journal() as journal:
            journal.block(network_subject(self.name), str(error), time.time())

    def _say(self, line: str) -> None:
        if line not in self.news:
            self.news.append(line)


def _asks(journal: Journal, network: str, now_s: float) -> bool:
    """Whether people are asked about an incident of the network; unless it can be ruled out."""
    try:
        return bool(unanswered(journal, network, now_s))
    except NoctuaError:
        return True


class _Questions:
    """Says on the console what people are asked, once for each question and partial answer."""

    def __init__(self, journal: Journal, names: Sequence[str], console: Console) -> None:
        self._journal = journal
        self._names = names
        self._console = console
        self._told: set[tuple[str, int]] = set()

    def tell(self, now_s: Mapping[str, float]) -> None:
        """What is new. `now_s`: the clock of each network that has been watched."""
        for name in self._names:
            for request in unanswered(self._journal, name, now_s.get(name, 0.0)):
                question = (request.plan_id, len(request.answers))
                if question not in self._told:
                    self._told.add(question)
                    self._console.print(
                        asking_line(request),
                        style="bold yellow",
                        highlight=False,
                        markup=False,
                        soft_wrap=True,
                    )


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
    display: EventLines | LiveTable | LiveTimeline,
    posts: Sequence[_Post],
    running: Sequence[Future[None]],
    stop: threading.Event,
    console: Console,
    health_every_s: float,
) -> None:
    """Print what happens, until all have ended or `stop` is set.

    Raises:
        NoctuaError: no network could be opened at all.
    """
    said_s, told = time.monotonic(), dict.fromkeys(posts, 0)
    unread: dict[str, bool] = {}
    names = [post.name for post in posts]
    questions = _Questions(journal, names, console)
    while not stop.wait(_LOOK_S):
        if all(f.done() for f in running):
            return
        if all(post.trouble and not post.has_begun for post in posts):
            raise next(post.trouble for post in posts if post.trouble)
        for post in posts:
            for line in post.news[told[post] :]:
                console.print(plain(line, 2000), highlight=False, markup=False, soft_wrap=True)
            told[post] = len(post.news)
        try:
            display.catch_up()
            if isinstance(display, LiveTable):
                continue
            now_s = {w.network: w.stepped_s for w in journal.watches() if w.network in names}
            questions.tell(now_s)
            is_due = time.monotonic() - said_s >= health_every_s
            said_s = time.monotonic() if is_due else said_s
            for watch in journal.watches():
                # That it reads no more, or again, does not wait.
                blind = bool(unread_text(watch))
                news = unread.get(watch.network, blind) != blind
                unread[watch.network] = blind
                if watch.network in names and (is_due or news):
                    console.print(health_line(watch), highlight=False, markup=False)
        except NoctuaError as error:
            # The watches go on by themselves; a journal that cannot be read is their trouble too.
            console.print(f"noctua: {plain(str(error))}", highlight=False, markup=False)
            stop.wait(health_every_s)


def health_line(watch: WatchRecord) -> str:
    """How a watch is, in one line."""
    age_s = max(0.0, time.time() - watch.stepped_wall_s)
    if watch.trouble:
        how = f"{watch.failures} failed steps: {plain(watch.trouble)}"
    elif age_s >= _SILENT_S:
        how = "silent"
    else:
        unread = unread_text(watch)
        how = f"goes on; not read: {plain(unread)}" if unread else "well, reads everything"
    return (
        f"watch of {plain(watch.network)}: {how}; step {watch.steps} {age_s:.0f} s ago, "
        f"{watch.alarms} alarms so far"
    )
