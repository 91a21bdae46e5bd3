"""Two or more things set side by side, each computed, and which is the better by what."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.conversation.queries.state import SHOW_HEALTH
from agents.conversation.queries.topology import SHOW_PATH, Ends, NoArguments, PathResult
from agents.conversation.queries.whatif import WHAT_IF, WORST_FAILURES, Sweep
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import NotUnderstood
from agents.playbook.conversation.sentences import (
    MOST_EVENTS,
    WORST,
    promise,
    rows_of,
    taken,
    way,
)
from agents.playbook.conversation.supposing import ask, effect_of, factor
from agents.playbook.conversation.topic_story import bought, with_more
from agents.playbook.conversation.whatif_answers import events_in_words
from agents.playbook.conversation.words import aged, joined, milliseconds
from twin.events.growth.add_link import AddLink
from twin.events.growth.resize_link import ResizeLink


@dataclass(frozen=True, slots=True)
class _Option:
    """One of what is compared. `measures`: by what, the first before the others; less is better."""

    name: str
    measures: tuple[tuple[str, float], ...]


def compared(gist: Gist) -> str:
    """What is supposed, one by one, and which is the better."""
    groups = _groups(gist)
    gist.tell("aspect each", "aspect safe", "failure", "extreme", "upgrade")
    if all(issubclass(e.kind, AddLink | ResizeLink) for e in gist.events) and gist.events:
        return _built(gist, groups)
    times: list[tuple[str | None, int]] = [(w.at, w.hours) for w in gist.compared]
    if times:
        gist.tell("time")
    said, options = [], []
    for events in groups:
        for at, hours in times or [(None, 0)]:
            said.append(effect_of(gist, events, at, hours))
            then = ask(gist, events, at, hours)
            at_time = f" with the demand of {then.demand_of_utc}" if times else ""
            options.append(
                _Option(
                    f"{events_in_words(then)}{at_time}",
                    (
                        ("services newly in breach", then.newly_in_breach_count),
                        ("traffic lost", then.after.lost_bps),
                        ("egresses overloaded", then.after.overloaded_count),
                        ("the fullest egress", then.after.busiest.utilisation),
                    ),
                )
            )
    return f"{_ranked(options)} {' '.join(said)}"


def _groups(gist: Gist) -> list[list[str]]:
    """What is supposed in each case: what is said to happen, or that each named thing fails."""
    events = list(dict.fromkeys(p for e in gist.events for p in e.phrases))
    if not events:
        if not gist.says(_LOSING):
            raise NotUnderstood("I cannot tell what is to happen to what you compare.")
        named = [(k, n) for k, n in gist.marks.values() if k in ("link", "node", "group")]
        events = [f"{k} {n} down" for k, n in dict.fromkeys(named)]
        gist.tell("event")
    cases = len(events) * max(1, len(gist.compared))
    if not 2 <= cases <= MOST_EVENTS:
        raise NotUnderstood("I compare two to six things.")
    return [[e] for e in events]


_LOSING = (
    r"los(?:e|es|ing|s|t)|cuts?|cutting|fail\w*|outage|break\w*|critical|danger\w*|hurts?|die|dies"
    r"|without|goes|matters?|important|pain\w*"
)


def _built(gist: Gist, groups: Sequence[list[str]]) -> str:
    at = gist.when.at if gist.when and gist.when.at else "peak"
    times = factor(gist)
    said = [bought(gist, "", at, times)]
    options = []
    for events in groups:
        text = "; ".join(events)
        said.append(bought(gist, text, at, times))
        swept = gist.asked.look_up(
            WORST_FAILURES, Sweep(of="link", at=at, most=WORST, events=text, demand_factor=times)
        )
        then = gist.asked.look_up(WHAT_IF, with_more(gist, text, at, times))
        options.append(
            _Option(
                text,
                (
                    ("egresses overloaded after single failures", swept.overloaded_count),
                    ("the fullest egress after a failure", swept.fullest[0].utilisation),
                    (
                        "the fullest of the links that are named, with everything up",
                        max((e.utilisation for e in then.after.watched), default=0.0),
                    ),
                ),
            )
        )
    what = "what each upgrade buys, with everything up and after any single link failure"
    return taken(what, f"{_ranked(options)} {' '.join(said)} Costs are not on record.")


def _ranked(options: Sequence[_Option]) -> str:
    """Which is the best and the worst, and by what, in words."""
    order = sorted(options, key=lambda one: [x for _, x in one.measures])
    best, worst = order[0], order[-1]
    for (what, least), (_, most) in zip(best.measures, worst.measures, strict=True):
        if most - least > 1e-4 * max(abs(most), 1.0):
            return f"The better one is «{best.name}», the worse one «{worst.name}», by {what}."
    return "By what is computed here they are alike."


def worst_of(gist: Gist) -> str:
    """Which of several customers fares worst now."""
    rows = rows_of(gist)
    names = list(dict.fromkeys(row.customer for row in rows))
    if len(names) < 2:
        raise NotUnderstood("I compare two customers or more.")
    gist.tell(
        "aspect each",
        "extreme",
        "delay",
        "path",
        "breach",
        "state",
        *(r.traffic_class for r in rows),
    )
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    breached = {s.service for s in now.services_in_breach}
    said, options = [], []
    for name in names:
        mine = [row for row in rows if row.customer == name]
        left = [x for row in mine for x in _left(gist, row.service, row.pairs)]
        said.append(
            joined(
                [
                    f"{row.service} ({row.customer}) is "
                    f"{'in breach' if row.service in breached else 'not in breach'}, promised "
                    f"{promise(row)}"
                    for row in mine
                ],
                len(mine),
            )
            + (f", of the delay {milliseconds(min(left))} are left" if left else "")
        )
        options.append(
            _Option(
                name,
                (
                    ("services in breach", sum(row.service in breached for row in mine)),
                    ("time in breach that incidents count", sum(row.lost_s for row in mine)),
                    ("the delay that is left of what is promised", -min(left, default=1.0)),
                ),
            )
        )
    return taken(
        f"which of {joined(names)} fares worst now: by services in breach, then by time in breach, "
        "then by delay that is left",
        f"{_ranked(options)} {joined(said, len(said))}. {aged(now)}",
    )


def _left(gist: Gist, service: str, pairs: Sequence[tuple[str, str]]) -> list[float]:
    found = []
    for a, b in pairs[:2]:
        path = gist.asked.look_up(SHOW_PATH, Ends(source=a, target=b))
        found += [p.left_s for p in path.promised or () if p.service == service]
    return found


def ways_compared(gist: Gist) -> str:
    """The ways between two nodes over one node and over another."""
    nodes = gist.nodes
    over = [m for m in nodes if gist.says(rf"(?:via|over|through|by) {gist.marked(m)}")]
    ends = [n for n in nodes if n not in over]
    if len(over) != 2 or len(ends) != 2:
        raise NotUnderstood("Name the two ends, and the two nodes over which to go.")
    gist.tell("path", "delay", "length", "aspect each", "extreme", "links")
    said, options = [], []
    for middle in over:
        legs = [
            gist.asked.look_up(SHOW_PATH, Ends(source=a, target=b))
            for a, b in ((ends[0], middle), (middle, ends[1]))
        ]
        said.append(f"Over {middle}: {way(legs[0])}; then {way(legs[1])}")
        options.append(_Option(middle, (("the length in km", sum(map(_km, legs))),)))
    return taken(
        f"the way from {ends[0]} to {ends[1]} over {over[0]}, and over {over[1]}",
        f"{_ranked(options)} {'. '.join(said)}.",
    )


def _km(path: PathResult) -> float:
    return min((w.length_km for w in path.ways), default=float("inf"))
