"""What the first screen of a report says, in sentences."""

from channels.impact import found_text
from channels.report.contents import PlanFacts, ReportFacts, ServiceFacts
from channels.report.timing import ending_text
from channels.report.wording import clock_time, duration, plain, probability, quoted
from twin.nouns.base import Noun
from twin.nouns.counted import counted
from twin.nouns.incident import Phase


class Tile(Noun):
    """A key figure. `note`: what it is of."""

    name: str
    value: str
    note: str


class Summary(Noun):
    """`tone`: "good", "bad" or "open", which colours the status."""

    title: str
    status: str
    tone: str
    tiles: tuple[Tile, ...]
    happened: str
    cause: str
    done: str
    remains: str


def summarise(facts: ReportFacts) -> Summary:
    """The header of the report."""
    ending, incident = facts.milestones.ending, facts.incident
    escalated = incident.phase is Phase.ESCALATED
    return Summary(
        title=quoted(incident.title, 200),
        status=ending or incident.phase.value.replace("_", " "),
        tone="good" if ending else "bad" if escalated else "open",
        tiles=_tiles(facts),
        happened=_happened(facts),
        cause=_cause(facts),
        done=_done(facts),
        remains=_remains(facts),
    )


def _tiles(facts: ReportFacts) -> tuple[Tile, ...]:
    times, services = facts.milestones, facts.services
    onset = times.onset_s
    minutes = f"{services.minutes_lost:.0f}" if services.measured else "–"
    hit = str(len(services.hit)) if services.measured else "–"
    handed_over = times.closed_s is None and times.handed_s is not None
    return (
        Tile(
            name="Detected after",
            value=duration(times.detected_s - onset),
            note="from the onset",
        ),
        Tile(
            name="Mitigated after", value=_since(onset, times.mitigated_s), note="change in force"
        ),
        Tile(
            name="Handed over after" if handed_over else f"{ending_text(times.ending)} after",
            value=_since(onset, times.handed_s if handed_over else times.closed_s),
            note="from the onset",
        ),
        Tile(name="SLO minutes lost", value=minutes, note=_counted_until(services)),
        Tile(
            name="Services hit",
            value=hit,
            note=f"of {counted(len(services.customers), 'customer')}",
        ),
        Tile(
            name="Alarms folded",
            value=f"{facts.alarms.alarms} → {len(facts.alarms.symptoms)} → 1",
            note="raw alarms, symptoms, incident",
        ),
    )


def _counted_until(services: ServiceFacts) -> str:
    if services.final or services.as_of_s is None:
        return "summed over services"
    return f"summed over services, so far, as of {clock_time(services.as_of_s)}"


def _since(onset_s: float, time_s: float | None) -> str:
    return duration(None if time_s is None else time_s - onset_s)


def _happened(facts: ReportFacts) -> str:
    times, incident = facts.milestones, facts.incident
    parts = [
        f"It began at {clock_time(times.onset_s)}; the incident was opened at "
        f"{clock_time(times.detected_s)} as {incident.severity.value}"
    ]
    if facts.services.measured and facts.services.hit:
        count, customers = len(facts.services.hit), len(facts.services.customers)
        parts.append(
            f"{counted(count, 'service')} of {counted(customers, 'customer')} fell outside their "
            "objectives"
        )
    elif facts.services.measured:
        parts.append("no service fell outside its objective")
    return "; ".join(parts) + "."


def _cause(facts: ReportFacts) -> str:
    if facts.incident.finding is not None:
        text = found_text(facts.incident.finding)
        return f"{_capital(text)}."
    found = facts.diagnosis
    if found is None:
        return "No diagnosis was made."
    if found.verdict in ("found", "ambiguous") and found.causes:
        best = found.causes[0]
        text = f"{'; '.join(best.faults)} ({probability(best.probability)})"
        if found.verdict == "ambiguous":
            text += f"; {len(found.indistinguishable)} causes cannot be told apart"
        return text[0].upper() + text[1:] + "."
    where = ", ".join(found.suspected_location)
    return f"Unknown{f', suspected at {where}' if where else ''}: {quoted(found.statement)}"


def _done(facts: ReportFacts) -> str:
    tried = [p for p in facts.plans if p.purpose == "mitigate"]
    if not tried:
        return "No plan was made, and nothing was changed."
    return " Then: ".join(_done_by(plan) for plan in tried)


def _done_by(plan: PlanFacts) -> str:
    if not plan.actions:
        return "No change, because doing nothing was forecast to be best."
    what = _capital("; ".join(plan.actions))
    return f"{what}: {_where_it_stands(plan)}."


def _approved_by(plan: PlanFacts) -> str:
    if plan.approval is None or plan.approval.decision != "approve":
        return "with no recorded approval"
    signed = f" ({plan.approval.signed})" if plan.approval.signed else ""
    return f"approved by {plan.approval.by} at {clock_time(plan.approval.decided_s)}{signed}"


def _where_it_stands(plan: PlanFacts) -> str:
    if plan.course.confirmed_s is not None:
        return f"confirmed at {clock_time(plan.course.confirmed_s)}, {_approved_by(plan)}"
    if plan.course.rolled_back_s is not None:
        return f"tried, and rolled back at {clock_time(plan.course.rolled_back_s)}"
    if plan.course.committed_s is not None:
        return "committed, not yet confirmed"
    if plan.course.refused_s is not None:
        return "refused by the gate"
    if plan.approval is not None:
        return f"approval {plan.approval.state}"
    return "proposed"


def _remains(facts: ReportFacts) -> str:
    if not facts.remaining.broken and not facts.remaining.temporary:
        return "Nothing is left broken or temporary."
    lines = [*facts.remaining.broken, *facts.remaining.temporary]
    more = f" (and {len(lines) - 1} more, see What remains)" if len(lines) > 1 else ""
    return f"{plain(_capital(lines[0]), 300)}{more}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
