"""Who is hit, what is still seen and what was found, in words: the same in every channel."""

from collections.abc import Sequence

from channels.report.wording import clock_time, plain, quoted, utc
from twin.nouns.counted import counted
from twin.nouns.finding import Finding
from twin.nouns.impact import Impact
from twin.nouns.incident import Symptom
from twin.nouns.service_impact import NOBODY, ServiceImpact, service_impact_lines, step_lines

_MOST_NAMES = 4


def hit_text(impact: Impact | None) -> str:
    """3 services in breach at 18:11 UTC: gold-17 (Acme, 12 min), ...; 41 service-minutes so far.

    The services are all that are in breach in the network; "nobody that probes see" where none is.
    """
    if impact is None or not (impact.hit_now or impact.minutes_lost):
        return "nobody that probes see"
    so_far = f"{impact.total_minutes:.0f} service-minutes so far"
    if not impact.hit_now:
        return f"nobody that probes see any more; {so_far}"
    count = len(impact.hit_now)
    seen = f"{clock_time(impact.as_of_s)[:5]} UTC"
    return f"{counted(count, 'service')} in breach at {seen}: {_names(impact)}; {so_far}"


def _names(impact: Impact) -> str:
    """Those that have lost most first."""
    lost = impact.minutes_lost
    worst = sorted(impact.hit_now, key=lambda hit: -lost.get(hit.service, 0.0))
    named = [
        f"{plain(hit.service)} ({plain(hit.customer)}, {lost.get(hit.service, 0.0):.0f} min)"
        for hit in worst[:_MOST_NAMES]
    ]
    more = len(worst) - _MOST_NAMES
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def minutes_text(impact: Impact | None) -> str:
    """41 service-minutes as of 2026-03-03 18:11 UTC; that nobody was counted where that is so."""
    if impact is None:
        return "no service that probes see has lost a minute"
    return f"{impact.total_minutes:.0f} service-minutes as of {utc(impact.as_of_s)[:16]} UTC"


def dependents_lines(impact: ServiceImpact | None) -> list[str]:
    """Who is hit or at risk by the knowledge graph; nothing where it was not asked."""
    if impact is None:
        return []
    return [plain(line, 400) for line in service_impact_lines(impact) or [NOBODY]]


def steps_lines(impact: ServiceImpact) -> list[str]:
    """The part of the causal graph that leads to who is hit or at risk, an arrow a line."""
    return [plain(line, 400) for line in step_lines(impact, len(impact.steps))]


def seen_lines(symptoms: Sequence[Symptom]) -> list[str]:
    """One line for each kind of symptom that goes on, or that nothing can show any more."""
    found: dict[tuple[str, str], list[str]] = {}
    for symptom in symptoms:
        if symptom.active:
            found.setdefault((symptom.kind, symptom.state), []).append(symptom.resource)
    return [
        f"{kind.replace('_', ' ')} {_SEEN.get(state, state)} at {_few(resources)}"
        for (kind, state), resources in found.items()
    ]


_SEEN = {"active": "is still seen"}


def _few(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(map(plain, names[:_MOST_NAMES])) + (f" and {more} more" if more > 0 else "")


def found_text(finding: Finding) -> str:
    """What people found to be the cause, and whether the diagnosis had named it."""
    beside = {
        None: "",
        True: "; the diagnosis had named it",
        False: f"; diagnosed was {plain(' & '.join(finding.diagnosed)) or 'nothing'}",
    }[finding.agrees]
    return f"found by {quoted(finding.by.name)}: {quoted(finding.said)}{beside}"
