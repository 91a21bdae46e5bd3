"""`handover`: for whoever takes over a shift."""

import time
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from channels import verbs
from channels.asking import how_to_answer, still_wanted
from channels.cli.durations import parse_duration_s
from channels.cli.output import AsJson, directory_of, print_json
from channels.handover import (
    ArmedTimer,
    FieldOrder,
    Handover,
    LostCall,
    NetworkHandover,
    TemporaryChange,
    UnsettledChange,
    WaitingApproval,
)
from channels.impact import found_text, hit_text, minutes_text
from channels.report.wording import duration, plain, quoted, utc
from channels.views import IncidentView
from tools.journal.records import Claim, Quarantine
from tools.journal.watch_notes import condition_lines
from twin.nouns.counted import counted
from twin.nouns.foretold import Foretold, breach_text
from twin.nouns.left_out import left_out_text

_MOST_LINES = 6
"""Lines of a diff that are shown; `noctua show` has all."""


def handover(
    context: typer.Context,
    since: Annotated[
        str, typer.Option("--since", help="How far back incidents that ended are named.")
    ] = "12h",
    as_json: AsJson = False,
) -> None:
    """What a shift takes over: what is open, in force, armed, waited for, and what has ended."""
    gathered = verbs.handover(directory_of(context), parse_duration_s(since))
    if as_json:
        print_json(gathered.model_dump(mode="json"))
    else:
        _print(gathered)


def _print(gathered: Handover) -> None:
    if not gathered.networks:
        typer.echo("No network is known here.")
    for number, network in enumerate(gathered.networks):
        if number:
            typer.echo()
        typer.secho(f"{plain(network.network)}, as of {utc(network.now_s)} UTC", bold=True)
        for line in _watch_lines(network):
            typer.echo(line)
        for title, lines in _sections(network, gathered.since_s):
            typer.echo()
            typer.secho(title, bold=True)
            for line in lines or ["none"]:
                typer.echo(f"  {line}")


def _sections(network: NetworkHandover, since_s: float) -> Iterable[tuple[str, list[str]]]:
    now = network.now_s
    yield "Open incidents", _lines(_incident(i, now) for i in network.incidents)
    yield "With people, not known to be over", _lines(_handed(i, now) for i in network.with_people)
    yield "Over, nobody has looked", _lines(_unattended(i, now) for i in network.unattended)
    yield "Waiting approvals", _lines(_approval(a, now) for a in network.approvals)
    yield "Temporary changes in force", _lines(_temporary(t, now) for t in network.temporary)
    yield "Armed return timers", _lines(_timer(t, now) for t in network.timers)
    yield "Changes whose outcome is unknown", _lines(_unsettled(u, now) for u in network.unsettled)
    yield "Devices in quarantine", _lines(_quarantine(q, now) for q in network.quarantined)
    yield "Devices that plans work on", _lines(_claim(c, now) for c in network.claims)
    yield "Open field orders", _lines(_order(o, now) for o in network.orders)
    yield "Calls to people that were not taken", _lines(map(_lost_call, network.lost_calls))
    yield "Announced work", _lines(_work(f, now) for f in network.work)
    ended = _lines(_ended(e, now) for e in network.ended)
    yield f"Ended in the last {duration(since_s)}", ended


def _lines(entries: Iterable[Sequence[str]]) -> list[str]:
    """The first line of every entry, and the others indented below it."""
    return [
        line if place == 0 else f"  {line}" for entry in entries for place, line in enumerate(entry)
    ]


def _watch_lines(network: NetworkHandover) -> list[str]:
    told = left_out_text(network.left_out)
    lines = [plain(network.health.sentence), plain(network.health.coverage_line)]
    lines += [plain(line) for line in condition_lines(network.health)]
    lines += [plain(told)] if told else []
    if network.blocked:
        lines.append(
            f"BLOCKED {_since(network.blocked.since_s, network.now_s)}: "
            f"{plain(network.blocked.reason)}"
        )
    if not network.held_by:
        return [*lines, "watch: nobody watches this network (noctua watch)"]
    lines.append(f"watch: held by {plain(network.held_by)}")
    if watch := network.watch:
        age = duration(max(0.0, time.time() - watch.stepped_wall_s))
        trouble = f"; {watch.failures} failed steps: {plain(watch.trouble)}" * bool(watch.trouble)
        lines[-1] += f", last step {age} ago{trouble}"
    return lines


def _incident(entry: IncidentView, now: float) -> list[str]:
    lines = [
        f"{plain(entry.id)}  {entry.severity}  {entry.phase.value.replace('_', ' ')}  "
        f"{_since(entry.opened_s, now)}",
        plain(entry.title),
        f"waits for {plain(entry.waiting_for)}",
        f"hit now: {hit_text(entry.impact)}",
        *_cause(entry.cause, entry.places),
    ]
    if entry.blocked:
        lines.append(f"BLOCKED {_since(entry.blocked.since_s, now)}: {plain(entry.blocked.reason)}")
    return [*lines, f"held by {plain(entry.held_by) or 'nobody'}"]


def _work(entry: Foretold, now: float) -> list[str]:
    work = entry.work
    begins = "under way" if work.covers_time(now) else f"from {utc(work.starts_s)}"
    return [
        f"{plain(work.id)}  {begins} until {utc(work.ends_s)} UTC",
        ", ".join(map(plain, work.links)),
        f"at its busiest hour, {utc(entry.busiest_s)}: {breach_text(entry.in_breach)}",
    ]


def _handed(entry: IncidentView, now: float) -> list[str]:
    stands = entry.standing
    has = "nobody has taken it"
    if stands.taken_s is not None:
        has = f"{quoted(stands.taken_by)} has it {_since(stands.taken_s, now)}"
    handed_s = entry.opened_s if stands.handed_s is None else stands.handed_s
    return [
        f"{plain(entry.id)}  {entry.severity}  {_since(entry.opened_s, now)}",
        plain(entry.title),
        f"with people {_since(handed_s, now)}; {has}",
        *(plain(line) for line in entry.still_seen),
        f"hit now: {hit_text(entry.impact)}",
        *_cause(entry.cause, entry.places),
        *_note(entry, now),
        _what_to_do(entry),
    ]


def _unattended(entry: IncidentView, now: float) -> list[str]:
    over_s = entry.standing.over_s
    over = "" if over_s is None else f"  over {_since(over_s, now)}"
    return [
        f"{plain(entry.id)}  {entry.severity}{over}",
        plain(entry.title),
        minutes_text(entry.impact),
        *_cause(entry.cause, entry.places),
        *_note(entry, now),
        f"noctua show {plain(entry.id)} says what was tried; {_how_to_close(entry)}",
    ]


def _note(entry: IncidentView, now: float) -> list[str]:
    stands = entry.standing
    if stands.noted_s is None:
        return []
    said = f"{quoted(stands.note)} by {quoted(stands.noted_by)}"
    return [f"last note {_ago(stands.noted_s, now)}: {said}"]


def _what_to_do(entry: IncidentView) -> str:
    shows = f"noctua show {plain(entry.id)} says what was tried"
    if not entry.standing.taken_by:
        return f"{shows}; noctua take {plain(entry.id)} says that you have it"
    return f"{shows}; {_how_to_close(entry)}"


def _how_to_close(entry: IncidentView) -> str:
    return f"noctua close {plain(entry.id)} --cause WHAT --reason WHY ends it"


def _lost_call(entry: LostCall) -> list[str]:
    what = "given up" if entry.given_up else "still tried"
    return [
        f"{plain(entry.incident_id or entry.work)} {entry.event.replace('_', ' ')}: {what} after "
        f"{counted(entry.attempts, 'attempt')}; {plain(entry.trouble)}"
    ]


def _approval(entry: WaitingApproval, now: float) -> list[str]:
    request = entry.request
    wanted = still_wanted(request)
    return [
        f"{plain(request.plan_id)} ({entry.purpose})  asked {_ago(request.requested_s, now)}, "
        f"expires {_in(request.expires_s, now)}",
        *([f"needs {wanted}"] if wanted else []),
        how_to_answer(request),
    ]


def _temporary(entry: TemporaryChange, now: float) -> list[str]:
    lines = [f"{plain(entry.plan_id)}  {_since(entry.since_s, now)}"]
    for device in entry.devices:
        more = len(device.changed) - _MOST_LINES
        shown = [plain(line, 100) for line in device.changed[:_MOST_LINES]]
        lines.append(f"{plain(device.node)} {_since(device.since_s, now)}:")
        lines += [f"  {line}" for line in shown]
        lines += [f"  and {counted(more, 'more line')}"] if more > 0 else []
    return [*lines, f"way back: {plain(entry.way_back)}", f"ends with {plain(entry.ends_with)}"]


def _timer(entry: ArmedTimer, now: float) -> list[str]:
    if entry.return_at_s < now:
        when = f"was to go back by itself {duration(now - entry.return_at_s)} ago; nobody looked"
    else:
        when = f"goes back by itself {_in(entry.return_at_s, now)}, unless it is confirmed"
    return [f"{plain(entry.node)} of {plain(entry.plan_id)}  {when}"]


def _unsettled(entry: UnsettledChange, now: float) -> list[str]:
    detail = f": {quoted(entry.detail)}" if entry.detail else ""
    return [
        f"{plain(entry.node)} of {plain(entry.plan_id)}  {entry.state} "
        f"{_since(entry.since_s, now)}{detail}"
    ]


def _quarantine(entry: Quarantine, now: float) -> list[str]:
    return [
        f"{plain(entry.node)}  {_since(entry.since_s, now)}: {plain(entry.reason)}",
        f"noctua quarantine lift {plain(entry.network)} {plain(entry.node)} --reason WHY",
    ]


def _claim(entry: Claim, now: float) -> list[str]:
    return [f"{plain(entry.node)}  {plain(entry.plan_id)}  {_since(entry.since_s, now)}"]


def _order(entry: FieldOrder, now: float) -> list[str]:
    order = entry.order
    return [
        f"{plain(order.id)}  {plain(order.place)}: {plain(', '.join(order.links))}  "
        f"{_since(order.requested_s, now)}; {plain(entry.state)} {_since(entry.updated_s, now)}"
    ]


def _ended(entry: IncidentView, now: float) -> list[str]:
    ended = "" if entry.ended_s is None else _ago(entry.ended_s, now)
    how = entry.standing.ending
    return [
        f"{plain(entry.id)}  {how} {ended}  {plain(entry.title)}",
        minutes_text(entry.impact),
        *([found_text(entry.finding)] if entry.finding else _cause(entry.cause, entry.places)),
    ]


def _cause(cause: str, places: Sequence[str]) -> list[str]:
    if not cause:
        return ["no diagnosis yet"]
    where = f"; look at {plain(', '.join(places))}" if places else ""
    return [f"cause: {plain(cause)}{where}"]


def _clock(time_s: float, now: float) -> str:
    full = utc(time_s)[:16]
    return f"{full[11:] if full[:10] == utc(now)[:10] else full} UTC"


def _since(time_s: float, now: float) -> str:
    """Since 14:02 UTC, 3 h 10 min."""
    return f"since {_clock(time_s, now)}, {_length(now - time_s)}"


def _ago(time_s: float, now: float) -> str:
    return f"at {_clock(time_s, now)}, {_length(now - time_s)} ago"


def _in(time_s: float, now: float) -> str:
    return f"at {_clock(time_s, now)}, in {_length(time_s - now)}"


def _length(seconds: float) -> str:
    return duration(max(0.0, seconds))
