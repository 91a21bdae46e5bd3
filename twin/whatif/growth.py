"""Which link is full when, if all demand grows alike, and what an upgrade buys.

Routes do not depend on load, so that every load grows as demand does, and a larger link takes
nothing from the others: when a link is full is exact for a given peak and growth.
"""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin.errors import BadInput
from twin.events.phrases import what_if_text
from twin.forecasting import DEFAULT_UNCERTAINTY, QUANTILES, Uncertainty, draw_samples
from twin.nouns.base import Noun
from twin.nouns.forecast import Interval
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.nouns.topology import Interface, Link
from twin.physics.compiled import IntArray
from twin.physics.loads import arriving_loads
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.whatif.arcs import single_links
from twin.whatif.engine import WhatIfEngine
from twin.whatif.window import ROLLOUTS, rollouts_for

FAILURES_AT_ONCE = 256
"""Failures whose loads are held at once: 50 MB where there are 25,000 arcs."""

MOST_UPGRADES = 100_000


class Years(Noun):
    """When something is full, in years from now: 0 is now, None never within sight.

    `earliest`, `latest`: at the 95 % and the 5 % quantile of the peak; `expected`: without draws.
    """

    earliest: float | None
    expected: float | None
    latest: float | None


class AfterFailure(Noun):
    """The single failure after which the link is fullest. `utilisation`: then, at today's peak."""

    what_if: str
    egress: Interface
    utilisation: float
    full_in_years: float | None


class LinkGrowth(Noun):
    """A link as demand grows. `egress`: its busier end, `utilisation` of which is expected at
    today's peak, and `forecast` (5 to 95 %) once what is not known of demand and hashing is drawn.

    `full_at_growth`: demand / today's when it is full, None where it carries nothing. `failure`:
    None where that was not asked, or no failure adds to it. `one_more_full_in_years`: when it would
    be full with one member more.
    """

    link: str
    egress: Interface
    capacity_bps: float
    members: int
    utilisation: float
    forecast: Interval
    full_at_growth: float | None
    full_in_years: Years
    failure: AfterFailure | None
    one_more_full_in_years: float | None


class Upgrade(Noun):
    """One more member of `link`, due `in_years`. Capacities in bit/s.

    `next_full_in_years`, `next_link`: which link is full next once it is made, None: none within
    the years looked at.
    """

    in_years: float
    link: str
    from_bps: float
    to_bps: float
    next_full_in_years: float | None
    next_link: str | None


class Growth(Noun):
    """All links, the first to be full first; upgrades in the order in which they are due.

    `per_year`: of all demand, 0.3 is 30 % more each year. `years`: looked at. `limit`: the
    utilisation at which a link is full.
    """

    per_year: float
    years: float
    limit: float
    with_failures: bool
    links: tuple[LinkGrowth, ...]
    upgrades: tuple[Upgrade, ...]
    rollouts: int
    seed: int


def grow(
    twin: Twin,
    state: NetworkState,
    per_year: float,
    years: float,
    *,
    limit: float = 1.0,
    failures: bool = False,
    uncertainty: Uncertainty = DEFAULT_UNCERTAINTY,
    seed: int = 1,
) -> Growth:
    """Let all demand of `state`, a peak, grow by `per_year` each year.

    `failures`: a link is full when it would be after the worst failure of a single other link.

    Raises:
        BadInput: growth or years are not above 0.
    """
    if not (per_year > 0 and years > 0 and limit > 0):
        raise BadInput("growth, years and the limit must be above 0")
    rollouts = rollouts_for(len(state.topology.nodes), ROLLOUTS)
    now = offered_totals(twin, state) / twin.compiled.capacity_bps
    drawn = _peaks(twin, state, uncertainty, rollouts, seed)
    worst = _worst_failures(twin, state) if failures else None
    pace = math.log1p(per_year)
    found = [
        _link_growth(link, i, twin, now, drawn, worst, pace, limit)
        for i, link in enumerate(state.topology.links)
    ]
    order = sorted(range(len(found)), key=lambda i: (_sooner(found[i]), -found[i].utilisation))
    return Growth(
        per_year=per_year,
        years=years,
        limit=limit,
        with_failures=failures,
        links=tuple(found[i] for i in order),
        upgrades=tuple(_upgrades(found, pace, years, limit)),
        rollouts=rollouts,
        seed=seed,
    )


def full_in(utilisation: float, pace: float, limit: float) -> float | None:
    """Years until what is at `utilisation` is at `limit`; `pace`: log of the growth in one."""
    if utilisation <= 0:
        return None
    return max(0.0, math.log(limit / utilisation) / pace)


def _sooner(link: LinkGrowth) -> float:
    """When it is expected to be full, with what was asked for taken together; inf: never."""
    times = [link.full_in_years.expected, link.failure.full_in_years if link.failure else None]
    return min((t for t in times if t is not None), default=math.inf)


def _peaks(
    twin: Twin, state: NetworkState, uncertainty: Uncertainty, rollouts: int, seed: int
) -> FloatArray:
    """Quantiles of what is offered to each arc / capacity on record, (3, n_arcs)."""
    draw = draw_samples(twin, uncertainty, rollouts, seed)
    totals = draw.demand * state.traffic.rates_bps.sum(axis=0)
    loads = arriving_loads(twin.compiled, twin.route(state), totals[:, None], split=draw.split)
    utilisation = loads[:, :, 0] / twin.compiled.capacity_bps[:, None]
    return np.asarray(np.quantile(utilisation, QUANTILES, axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class _Worst:
    """Per arc (n_arcs,): the highest utilisation over all single failures, and which one."""

    utilisation: FloatArray
    failure: IntArray


def _worst_failures(twin: Twin, state: NetworkState) -> _Worst:
    engine = WhatIfEngine(state, compiled=twin.compiled, routing=twin.route(state))
    failures = single_links(state.topology)
    highest = np.zeros(twin.compiled.n_arcs)
    which = np.full(twin.compiled.n_arcs, -1, dtype=np.int64)
    for begin in range(0, len(failures), FAILURES_AT_ONCE):
        loads = engine.loads(failures[begin : begin + FAILURES_AT_ONCE])
        most = loads.max(axis=0)
        more = most > highest
        which[more] = begin + loads.argmax(axis=0)[more]
        highest[more] = most[more]
    return _Worst(highest / twin.compiled.capacity_bps, which)


def _link_growth(
    link: Link,
    i: int,
    twin: Twin,
    now: FloatArray,
    drawn: FloatArray,
    worst: _Worst | None,
    pace: float,
    limit: float,
) -> LinkGrowth:
    topology = twin.inventory.topology
    arc = 2 * i + int(now[2 * i + 1] > now[2 * i])
    expected = float(now[arc])
    low, median, high = (float(q) for q in drawn[:, arc])
    one_more = link.members / (link.members + 1)
    failure = None
    fullest = expected
    if worst is not None:
        after = 2 * i + int(worst.utilisation[2 * i + 1] > worst.utilisation[2 * i])
        utilisation = float(worst.utilisation[after])
        if worst.failure[after] >= 0:
            failure = AfterFailure(
                what_if=what_if_text(single_links(topology)[worst.failure[after]]),
                egress=topology.egress_of(after),
                utilisation=utilisation,
                full_in_years=full_in(utilisation, pace, limit),
            )
            fullest = max(fullest, utilisation)
    return LinkGrowth(
        link=link.id,
        egress=topology.egress_of(arc),
        capacity_bps=link.capacity_bps,
        members=link.members,
        utilisation=expected,
        forecast=Interval(p05=low, median=median, p95=high),
        full_at_growth=limit / expected if expected > 0 else None,
        full_in_years=Years(
            earliest=full_in(high, pace, limit),
            expected=full_in(expected, pace, limit),
            latest=full_in(low, pace, limit),
        ),
        failure=failure,
        one_more_full_in_years=full_in(fullest * one_more, pace, limit),
    )


def _upgrades(
    links: list[LinkGrowth], pace: float, years: float, limit: float
) -> Iterator[Upgrade]:
    """One member more for whichever link is full next, up to `years` from now."""
    due = [(_sooner(link), i, link.members) for i, link in enumerate(links)]
    heapq.heapify(due)
    for _ in range(MOST_UPGRADES):
        in_years, i, members = due[0]
        if in_years > years:
            return
        link = links[i]
        fullest = link.utilisation
        if link.failure is not None:
            fullest = max(fullest, link.failure.utilisation)
        after = full_in(fullest * link.members / (members + 1), pace, limit)
        heapq.heapreplace(due, (math.inf if after is None else after, i, members + 1))
        following, who, _ = due[0]
        member_bps = link.capacity_bps / link.members
        yield Upgrade(
            in_years=in_years,
            link=link.link,
            from_bps=members * member_bps,
            to_bps=(members + 1) * member_bps,
            next_full_in_years=following if following <= years else None,
            next_link=links[who].link if following <= years else None,
        )
