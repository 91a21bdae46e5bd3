"""Whether promises were kept, counted from what was witnessed: measures and the lines that say so.

All of it is of plays that have ended; nothing is played here.
"""

import math
from collections.abc import Iterable, Sequence

from evals.arm import NamedCause
from evals.intervals import poisson_upper, share_interval
from evals.truth import parts_of
from evals.witness import Made, Spell, Told, Witnessed

GRACE_S = 300.0
"""A service may be in breach for so long before it has to be in an incident."""

HARM_MINUTES = 1.0
"""A service was harmed by so many minutes in breach more than with nothing done."""

ENDED_SHARE = 0.1
"""A change that leaves at most this share of what was lost has ended the loss."""

_CONTROL_FACTOR, _CONTROL_MORE_S = 2.0, 120.0
_TICK_S = 30.0
_SIGN_S = 60.0
"""A first sign may be older than the tick at which a breach of the same beginning is seen."""


def uncovered_minutes(spells: Iterable[Spell], incidents: Iterable[Told]) -> float:
    """Service-minutes in breach for longer than GRACE_S at a time, outside every incident."""
    spans = sorted(
        (since_s, math.inf if until_s is None else until_s)
        for told in incidents
        for since_s, until_s in told.open
    )
    seconds = 0.0
    for spell in spells:
        from_s = spell.from_s + GRACE_S
        for since_s, until_s in spans:
            seconds += max(0.0, min(since_s, spell.until_s) - from_s)
            from_s = max(from_s, until_s)
        seconds += max(0.0, spell.until_s - from_s)
    return seconds / 60.0


def long_minutes(spells: Iterable[Spell]) -> float:
    """Service-minutes in breach for longer than GRACE_S at a time."""
    return uncovered_minutes(spells, ())


def in_breach(told: Told, spells: Iterable[Spell]) -> bool:
    """Whether a service was in breach between the first sign of an incident and its detection."""
    onset_s = told.open[0][0] - _SIGN_S
    return any(s.from_s <= told.detected_s and s.until_s >= onset_s for s in spells)


def harmed(ours: Witnessed, nothing: Witnessed) -> dict[str, float]:
    """Services that lost more than HARM_MINUTES more than with nothing done, and how many more."""
    alone = nothing.result.slo_minutes
    more = {s: m - alone.get(s, 0.0) for s, m in ours.result.slo_minutes.items()}
    return {service: m for service, m in more.items() if m > HARM_MINUTES}


def under_a_change(ours: Witnessed, services: Iterable[str]) -> list[str]:
    """Those of `services` that were in breach at any time after Noctua's first change.

    The others are worse for when the field came, which is not when it comes with nothing done.
    """
    first_s = min((c.at_s for c in ours.changes), default=math.inf)
    late = {spell.service for spell in ours.spells if spell.until_s > first_s}
    return [service for service in services if service in late]


def harm_lines(pairs: Iterable[tuple[Witnessed, Witnessed]]) -> str:
    """In how many plays a service was harmed, and in how many of these under a change of ours.

    `pairs`: Noctua's play, and the same with nothing done.
    """
    found = [(ours, harmed(ours, nothing)) for ours, nothing in pairs]
    hurt = [(ours, more) for ours, more in found if more]
    changed = sum(bool(under_a_change(ours, more)) for ours, more in hurt)
    what = f"a service more than {HARM_MINUTES:.0f} min worse than with nothing done"
    return count_line(what, len(hurt), len(found)) + count_line(
        "of these, in breach after a change of ours", changed, len(found)
    )


def unannounced(changes: Iterable[Made]) -> list[Made]:
    """Changes that broke an objective or took a link down, of which the plan did not say so."""
    return [c for c in changes if c.shut or set(c.broken) - set(c.announced)]


def announced(changes: Iterable[Made]) -> list[Made]:
    """Commits that broke objectives as their plan had said: a trade, of which people knew."""
    return [
        c
        for c in changes
        if c.what == "committed" and c.broken and not c.shut and set(c.broken) <= set(c.announced)
    ]


def helped(change: Made) -> bool:
    """Whether services healed by it, or nearly all loss ended, and none was broken."""
    less = change.lost_after_bps <= ENDED_SHARE * change.lost_before_bps
    return not change.broken and (bool(change.healed) or (change.lost_before_bps > 0.0 and less))


def good_taken_back(changes: Sequence[Made]) -> list[Made]:
    """Commits that helped, broke nothing, and went back unconfirmed."""
    back = {c.plan for c in changes if c.what != "committed"}
    return [c for c in changes if c.what == "committed" and c.plan in back and helped(c)]


def extent(causes: Iterable[NamedCause]) -> frozenset[tuple[str, str]]:
    """What causes take in, so that a cut and the links that it takes down are the same."""
    down = ("fiber_cut", "link_down")
    return frozenset(
        ("down" if cause.kind in down else cause.kind, resource)
        for cause in causes
        for resource in cause.resources
    )


def diagnosed_s(
    incidents: Iterable[Told],
    wanted: Sequence[NamedCause],
    from_s: float,
    beside: Sequence[NamedCause] = (),
) -> float | None:
    """When `wanted` was first named after `from_s`, with nothing that is not in `beside`."""
    least, most = extent(wanted), extent([*wanted, *beside])
    times = [
        said.at_s
        for told in incidents
        for said in told.diagnoses
        if said.at_s >= from_s - _TICK_S and least <= extent(said.causes) <= most
    ]
    return min(times, default=None)


def located(
    incidents: Iterable[Told], place: str, from_s: float
) -> tuple[float, frozenset[str]] | None:
    """When a cause at `place` (a link or node) was first named after `from_s`, and the kinds of the
    causes that were named there; None if never.
    """
    found = [
        (said.at_s, "down" if cause.kind in ("fiber_cut", "link_down") else cause.kind)
        for told in incidents
        for said in told.diagnoses
        if said.at_s >= from_s - _TICK_S
        for cause in said.causes
        if any(place in parts_of(resource) for resource in cause.resources)
    ]
    if not found:
        return None
    return min(at_s for at_s, _ in found), frozenset(kind for _, kind in found)


def in_time(after_s: float, control_after_s: float) -> bool:
    """Whether that is within twice the control's time and two minutes."""
    return after_s <= _CONTROL_FACTOR * control_after_s + _CONTROL_MORE_S


def share_line(what: str, part: int, whole: int) -> str:
    """A line of a table: a share with its interval."""
    if not whole:
        return f"- {what}: none to count\n"
    low, high = share_interval(part, whole)
    return f"- {what}: {part} of {whole} ({part / whole:.3f}; {low:.3f} to {high:.3f})\n"


def count_line(what: str, count: int, plays: int) -> str:
    """A line of a table: how often, and the 95 % upper bound per play (3/N where never)."""
    if not plays:
        return f"- {what}: no play to count in\n"
    bound = "3/N" if count == 0 else "upper bound"
    upper = 3.0 / plays if count == 0 else poisson_upper(count) / plays
    return f"- {what}: {count} in {plays} plays ({bound} {upper:.3f} per play)\n"
