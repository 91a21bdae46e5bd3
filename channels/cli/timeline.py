"""The live timeline: what the agents do, line by line, while the network's time passes."""

from contextlib import AbstractContextManager
from types import TracebackType

from rich.console import Console
from rich.status import Status
from rich.text import Text

from channels.report.timing import fold_symptoms
from channels.report.wording import plain, utc
from tools.journal.journal import Journal
from tools.journal.records import TimelineEvent
from twin.nouns.incident import TERMINAL_PHASES, Phase

COLOURS = {
    "detected": "bold yellow",
    "symptom": "yellow",
    "acknowledged": "cyan",
    "paged": "bold yellow",
    "page": "bold red",
    "unanswered": "bold yellow",
    "unseen": "bold yellow",
    "blocked": "bold red",
    "unblocked": "green",
    "returned": "bold red",
    "quarantined": "bold red",
    "routed": "bright_black",
    "diagnosed": "bold magenta",
    "disagreed": "bold yellow",
    "mind_lost": "bold yellow",
    "person_needed": "bold yellow",
    "log_read": "magenta",
    "log_unread": "yellow",
    "suspicious": "bold red",
    "dispatched": "blue",
    "field": "blue",
    "guided": "cyan",
    "unguided": "yellow",
    "proposed": "cyan",
    "imagined": "magenta",
    "foretold": "magenta",
    "simulated": "cyan",
    "planned": "bold cyan",
    "asked": "bold yellow",
    "answered": "bold",
    "committed": "bold blue",
    "confirmed": "bold green",
    "rolled_back": "bold red",
    "refused": "bold red",
    "failed": "bold red",
    "repaired": "green",
    "resolved": "bold green",
    "escalated": "bold red",
    "over": "green",
    "taken": "cyan",
    "noted": "cyan",
    "closed": "bold green",
    "reopened": "bold yellow",
}
"""By kind of event; another kind has the terminal's own colour. The kind is written out as well."""


class LiveTimeline(AbstractContextManager["LiveTimeline"]):
    """Prints every event that the journal gets, of all incidents; an `on_step` of a Watch.

    On a terminal a last line shows the network's clock, and it is cleared on exit; elsewhere there
    are only the lines. `journal`: any connection to the journal that is written. `past`: whether
    to begin with what is there already. `shown` holds what was printed, in order.
    """

    def __init__(
        self, journal: Journal, console: Console | None = None, *, past: bool = False
    ) -> None:
        self._journal = journal
        self._console = console or Console()
        self._status: Status | None = None
        self.shown: list[TimelineEvent] = []
        self._last_seq = 0 if past else journal.last_event_seq()

    def __enter__(self) -> "LiveTimeline":
        if self._console.is_terminal:
            self._status = self._console.status("the network's clock is about to start")
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.catch_up()
        if self._status is not None:
            self._status.stop()
            self._status = None

    def __call__(self, now_s: float) -> None:
        """Print what is new; `now_s` is the network's clock."""
        self.catch_up()
        if self._status is not None:
            self._status.update(f"network time {utc(now_s)} UTC · {self._open_text()}")

    def catch_up(self) -> None:
        """Print the events that were not printed yet, in order of writing."""
        fresh = list(self._journal.events(self._last_seq))
        for event in fold_symptoms(fresh):
            self._console.print(event_line(event), soft_wrap=True)
        self.shown += fresh
        self._last_seq = max([self._last_seq, *(event.seq for event in fresh)])

    def _open_text(self) -> str:
        phases = [
            f"{r.incident.id} {r.phase.value.replace('_', ' ')}"
            for r in self._journal.incidents(phases=set(Phase) - TERMINAL_PHASES)
        ]
        return ", ".join(phases) or "no open incident"


def event_line(event: TimelineEvent) -> Text:
    """One event on one line without control characters: time (UTC), incident, actor, kind, text."""
    colour = COLOURS.get(event.kind, "")
    return Text.assemble(
        (utc(event.time_s), "bright_black"),
        "  ",
        (plain(event.incident_id), "bright_black"),
        "  ",
        f"{plain(event.actor, 14):<11} ",
        (f"{plain(event.kind, 16).replace('_', ' '):<12} ", colour),
        plain(event.text),
    )
