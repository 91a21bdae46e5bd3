"""Watching networks for as long as the process lives: `watch`."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from typing import Annotated, Literal

import typer
from rich.console import Console

from channels.asking import asking_line, unanswered
from channels.cli.durations import parse_duration_s
from channels.cli.ending import stopping
from channels.cli.event_lines import (
    ConditionLine,
    EndLine,
    EventLines,
    UnrecordedLine,
    print_line,
)
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
from tools.journal.watch_notes import WatchNote, note_lines
from tools.network.driver import network_entry
from tools.network.emulated import PacedClock
from tools.provided import DRIVERS, load
from twin.errors import BadInput, NetworkHeld, NoctuaError
from twin.nouns.base import Noun
from twin.nouns.condition import Condition
from twin.nouns.counted import counted
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
    """Watch networks and operate their incidents until stopped (Ctrl-C, SIGTERM or SIGHUP)."""
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
        typer.echo(
            health_line(record, [c for c in ended.conditions if c.network == record.network])
        )
    typer.echo(f"still open: {', '.join(ended.open_incidents) or 'nothing'}")
    if ended.with_people:
        typer.echo(f"with people, not known to be over: {', '.join(ended.with_people)}")


class StandingWatch(Noun):
    """What came of watching: how each watch was at the end, what was wrong with them, what is still
    open, and with people.
    """

    watches: tuple[WatchRecord, ...]
    conditions: tuple[Condition, ...]
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
    """Watch `names` (all networks of `state`, if empty) until told to end, or for `for_s`.

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
    _require_described(state, names, chosen)
    state.require_journal()
    stop = threading.Event()
    with (
        state.made_journal() as journal,
        _display(journal, console, chosen, as_lines) as display,
        ThreadPoolExecutor(len(chosen), thread_name_prefix="watch") as pool,
        stopping(stop),
    ):
        posts = [_Post(state, name, for_s, speed, stop) for name in chosen]
        running = [pool.submit(post.stand) for post in posts]
        try:
            _look_on(journal, display, posts, running, stop, console, health_every_s)
        finally:
            stop.set()
            wait(running)
            _forget_what_never_was(journal, posts)
        for future in running:
            future.result()
        display.catch_up()
        still_open = journal.incidents(phases=set(Phase) - TERMINAL_PHASES)
        written = {w.network: w for w in journal.watches() if w.network in chosen}
        # What they know of themselves may be newer than what could be written down.
        known = written | {record.network: record for record in _records(posts)}
        return StandingWatch(
            watches=tuple(known.values()),
            conditions=tuple(c for post in posts for c in post.note.conditions),
            open_incidents=tuple(r.incident.id for r in still_open),
            with_people=tuple(r.incident.id for name in chosen for r in with_people(journal, name)),
        )


def _require_described(state: StateDirectory, names: Sequence[str], chosen: Sequence[str]) -> None:
    """A slip of the pen is refused before anything is written down about it.

    Raises:
        BadInput: one of `names` is not known, or none of `chosen` has a driver.
    """
    for name in names:
        network_entry(state.networks, name)
    slips: list[BadInput] = []
    for name in chosen:
        try:
            load(DRIVERS, network_entry(state.networks, name).driver)
        except BadInput as error:
            slips.append(error)
    if len(slips) == len(chosen):
        raise slips[0]


def _forget_what_never_was(journal: Journal, posts: Sequence["_Post"]) -> None:
    """Where no network could be opened at all, no block is left behind: nothing was watched."""
    if any(post.has_begun for post in posts):
        return
    for post in posts:
        if post.has_blocked:
            with suppress(NoctuaError):
                journal.unblock(network_subject(post.name))


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
        self.has_begun = self.has_blocked = False
        self.trouble: NoctuaError | None = None
        self.news: list[str] = []
        self._workplace: Workplace | None = None

    @property
    def note(self) -> WatchNote:
        """What is wrong with the watch itself, which no disk has to take."""
        workplace = self._workplace
        return workplace.self_watch.note if workplace else WatchNote(network=self.name)

    @property
    def record(self) -> WatchRecord | None:
        """How the watch is, as of its last step, whether or not that was written down."""
        return self._workplace.watch.record if self._workplace else None

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
            self.has_begun, self.trouble, self._workplace = True, None, workplace
            if isinstance(clock, PacedClock):
                clock.slow_while(lambda: _asks(workplace.journal, self.name, clock.now_s()))
            until_s = clock.now_s() + self._for_s if self._for_s is not None else float("inf")
            workplace.watch.run(until_s)

    def _note(self, error: NoctuaError) -> None:
        self.trouble = error
        self._say(f"{self.name}: not watched: {error}")
        # The next step that goes well takes the block away again.
        subject = network_subject(self.name)
        with suppress(NoctuaError), self._state.made_journal() as journal:
            self.has_blocked |= subject not in {entry.subject for entry in journal.blocked()}
            journal.block(subject, str(error), time.time())

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


class _SelfReports:
    """Says what begins to be wrong with the watches themselves, what is seen meanwhile, and when it
    is over.
    """

    def __init__(self, posts: Sequence[_Post], console: Console, as_lines: bool) -> None:
        self._posts = posts
        self._console = console
        self._as_lines = as_lines
        self._told = {post.name: WatchNote(network=post.name) for post in posts}

    def tell(self) -> None:
        """What is new, and only that."""
        for post in self._posts:
            told, now = self._told[post.name], post.note
            if now == told:
                continue
            self._told[post.name] = now
            had = {c.kind: c for c in told.conditions}
            has = {c.kind: c for c in now.conditions}
            for kind in has.keys() - had.keys():
                self._say(has[kind], "begun")
            for kind in had.keys() - has.keys():
                self._say(had[kind], "over")
            if now.unrecorded != told.unrecorded:
                self._say_unrecorded(now)

    def _say(self, condition: Condition, state: Literal["begun", "over"]) -> None:
        if self._as_lines:
            print_line(ConditionLine(**dict(condition), state=state))
            return
        said = condition.text if state == "begun" else f"{condition.finding}: this is over"
        self._print(f"{condition.network}: {said}", "bold red" if state == "begun" else "green")

    def _say_unrecorded(self, note: WatchNote) -> None:
        if self._as_lines:
            print_line(UnrecordedLine(network=note.network, symptoms=note.unrecorded))
        elif note.unrecorded:
            self._print(f"{note.network}: {note_lines(note)[-1]}", "bold red")

    def _print(self, line: str, style: str) -> None:
        self._console.print(
            plain(line, 2000), style=style, highlight=False, markup=False, soft_wrap=True
        )


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

    How the watches are comes from themselves: the journal may be what has failed.

    Raises:
        NoctuaError: no network could be opened at all.
    """
    said_s, failed_s, told = time.monotonic(), -health_every_s, dict.fromkeys(posts, 0)
    unread: dict[str, bool] = {}
    names = [post.name for post in posts]
    questions = _Questions(journal, names, console)
    reports = _SelfReports(posts, console, as_lines=isinstance(display, EventLines))
    while not stop.wait(_LOOK_S):
        if all(f.done() for f in running):
            return
        if all(post.trouble and not post.has_begun for post in posts):
            raise next(post.trouble for post in posts if post.trouble)
        for post in posts:
            for line in post.news[told[post] :]:
                console.print(plain(line, 2000), highlight=False, markup=False, soft_wrap=True)
            told[post] = len(post.news)
        if not isinstance(display, LiveTable):
            reports.tell()
        try:
            display.catch_up()
            if isinstance(display, LiveTable):
                continue
            questions.tell({w.network: w.stepped_s for w in _records(posts)})
        except NoctuaError as error:
            # The watches go on by themselves; a journal that cannot be read is their trouble too.
            if time.monotonic() - failed_s >= health_every_s:
                failed_s = time.monotonic()
                console.print(f"noctua: {plain(str(error))}", highlight=False, markup=False)
        is_due = time.monotonic() - said_s >= health_every_s
        said_s = time.monotonic() if is_due else said_s
        notes = {post.name: post.note for post in posts}
        for watch in _records(posts):
            # That it reads no more, or again, does not wait.
            blind = bool(unread_text(watch))
            news = unread.get(watch.network, blind) != blind
            unread[watch.network] = blind
            if is_due or news:
                line = health_line(watch, notes[watch.network].conditions)
                console.print(line, highlight=False, markup=False, soft_wrap=True)


def _records(posts: Sequence[_Post]) -> list[WatchRecord]:
    return [post.record for post in posts if post.record is not None]


def health_line(watch: WatchRecord, conditions: Sequence[Condition] = ()) -> str:
    """How a watch is, in one line. `conditions`: what is wrong with it itself."""
    age_s = max(0.0, time.time() - watch.stepped_wall_s)
    named = ", ".join(condition.kind for condition in conditions)
    if watch.trouble:
        how = f"{watch.failures} failed steps: {plain(watch.trouble)}"
    elif age_s >= _SILENT_S:
        how = "silent"
    else:
        unread = unread_text(watch)
        how = f"goes on; not read: {plain(unread)}" if unread else "well, reads everything"
        how = "goes on" if named and not unread else how
    if named:
        how = f"{named}; {how}"
    return (
        f"watch of {plain(watch.network)}: {how}; step {watch.steps} {age_s:.0f} s ago, "
        f"{counted(watch.alarms, 'alarm')} so far"
    )
