"""What a watch shows in a terminal: one table that is kept up to date in its place."""

from collections import deque
from contextlib import AbstractContextManager
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from channels.asking import asking_parts, unanswered
from channels.cli.timeline import COLOURS, event_line
from channels.impact import hit_text
from channels.report.timing import fold_symptoms
from channels.report.wording import plain, utc
from channels.views import IncidentView, NetworkView, network_view
from tools.journal.journal import Journal
from tools.journal.records import ApprovalRequest, TimelineEvent
from tools.journal.watch_notes import condition_lines

_LAST_EVENTS = 6


class LiveTable(AbstractContextManager["LiveTable"]):
    """Shows the networks `names`: their incidents, who is hit, what is asked, and what came last.

    Lines wrap and are never cut. The newest event comes first: of what is higher than the terminal,
    the end is left out.
    """

    def __init__(self, journal: Journal, console: Console, names: tuple[str, ...]) -> None:
        self._journal = journal
        self._names = names
        self._last_seq = journal.last_event_seq()
        self._last: deque[TimelineEvent] = deque(maxlen=_LAST_EVENTS)
        self._live = Live(console=console, auto_refresh=False)

    def __enter__(self) -> "LiveTable":
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def catch_up(self) -> None:
        """Show how it is now."""
        fresh = list(self._journal.events(self._last_seq))
        self._last_seq = max([self._last_seq, *(event.seq for event in fresh)])
        self._last.extend(fold_symptoms(fresh))
        self._live.update(self._shown(), refresh=True)

    def _shown(self) -> RenderableType:
        stepped_s = {w.network: w.stepped_s for w in self._journal.watches()}
        parts: list[RenderableType] = []
        for name in self._names:
            view = network_view(self._journal, name, stepped_s.get(name, 0.0))
            asked = unanswered(self._journal, name, view.now_s)
            parts += [*_network(view), *map(_question, asked)]
        return Group(*parts, *map(event_line, reversed(self._last)))


def _network(view: NetworkView) -> list[RenderableType]:
    """A line on the watch, a row for each incident, and below it who is hit."""
    head = Text.assemble((plain(view.network), "bold"), "  ", _how(view))
    for line in condition_lines(view.health):
        head.append(f"\n  {plain(line)}", style="bold red")
    rows = [*view.incidents, *view.with_people]
    if not rows:
        return [head, Text("  no incident is open")]
    table = Table("incident", "severity", "where it stands", box=None, padding=(0, 2, 0, 2))
    table.columns[0].no_wrap = True
    for incident in rows:
        table.add_row(
            Text(plain(incident.id), style="bold"), incident.severity.value, _standing(incident)
        )
    return [head, table]


def _how(view: NetworkView) -> str:
    if view.watch is None:
        return "the watch is about to start"
    trouble = f"; {view.watch.failures} failed steps: {plain(view.watch.trouble)}"
    unknown = "" if view.health.is_covered else f"; not read: {plain(view.health.unread)}"
    return f"network time {utc(view.now_s)} UTC{trouble * bool(view.watch.trouble)}{unknown}"


def _standing(incident: IncidentView) -> Text:
    if incident.with_people:
        told = f"with people, not known to be over\nhit now: {hit_text(incident.impact)}"
        return Text(told, style=COLOURS["escalated"])
    return Text(f"waits for {incident.waiting_for}\nhit now: {hit_text(incident.impact)}")


def _question(request: ApprovalRequest) -> Text:
    # On lines of their own no time is broken, and the command can be copied.
    return Text("\n".join(asking_parts(request)), style="bold yellow")
