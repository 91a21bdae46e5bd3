"""How names, figures and lists are written in answers."""

from collections.abc import Sequence

from agents.conversation.queries.history import IncidentsResult, TrialShown
from agents.conversation.queries.state import AgedResult, EgressReading
from agents.conversation.queries.topology import ServiceName
from agents.conversation.queries.whatif import EgressLoad

_MOST_NAMED = 12
"""Names that a sentence lists; the rest are others."""


def joined(items: Sequence[str], most: int = _MOST_NAMED, of: int = 0) -> str:
    """a, b and others; with semicolons where an item has a comma itself.

    `of`: how many there are, where not all of them are `items`.
    """
    shown = list(items[:most])
    if max(of, len(items)) > len(shown):
        shown.append("and others")
    return ("; " if any("," in i for i in shown) else ", ").join(shown)


def rate(bps: float) -> str:
    """12.5 Gbit/s."""
    for unit, size in (("Tbit/s", 1e12), ("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)):
        if abs(bps) >= size:
            return f"{bps / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{round(bps)} bit/s"


def percent(share: float) -> str:
    """63 %, and 6.3 % below ten."""
    return f"{100 * share:.{0 if share >= 0.1 else 1}f} %"


def percent_of(share: float) -> str:
    """As it was promised: 99.95 %."""
    return f"{100 * share:g} %"


def milliseconds(seconds: float) -> str:
    """3.21 ms."""
    return f"{1e3 * seconds:.2f} ms"


def duration(seconds: float) -> str:
    """12 min 05 s, or 3 h 20 min."""
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(whole / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def begun(text: str) -> str:
    """`text` as a sentence begins; `capitalize` would spoil names."""
    return text[:1].upper() + text[1:]


def plain(name: str) -> str:
    """The value of an enum in words: best_effort is best effort."""
    return name.replace("_", " ")


def aged(now: AgedResult) -> str:
    """How old what was seen is."""
    if now.data_utc is None:
        return "(No telemetry has been received yet.)"
    notes = [f"Telemetry until {now.data_utc}"]
    notes += [f"Not read: {now.unread}"] if now.unread else []
    notes += [begun(sentence) for sentence in now.put_right]
    return f"({'. '.join(notes)}.)"


def as_read(now: AgedResult, claim: str) -> str:
    """A claim about the present; about when it was read last where nothing is read any more."""
    return f"That is unknown now. When it was read last: {claim}" if now.blind else claim


def journalled(found: IncidentsResult) -> str:
    """As of when the journal was read."""
    return f"(Journal as of {found.journal_utc}.)" if found.journal_utc else ""


def services(rows: Sequence[ServiceName]) -> list[str]:
    """Services with customer and class."""
    return [f"{s.service} ({s.customer}, {plain(s.traffic_class)})" for s in rows]


def egresses(rows: Sequence[EgressReading | EgressLoad]) -> list[str]:
    """Egresses with their load, those that were read."""
    return [
        f"{e.node} on {e.link} at {percent(e.utilisation)}"
        for e in rows
        if e.utilisation is not None
    ]


def trials(rows: Sequence[TrialShown]) -> list[str]:
    """Simulated remedies with their forecast."""
    return [
        f"{' and '.join(t.actions)} (cost {t.cost:g}, highest utilisation "
        f"{percent(t.max_utilisation)})"
        for t in rows
    ]
