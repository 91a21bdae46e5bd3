"""Days in an order that somebody could think of without a search."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from twin.imagination.days import BEGIN, DEMANDS, NOTHING, point_of, timed
from twin.imagination.generators.generator import Point
from twin.imagination.regimes import REGIMES
from twin.imagination.strikes import Strikes
from twin.nouns.rates import HOURS_A_YEAR
from twin.nouns.risk_scenario import MOST_EVENTS
from twin.nouns.traffic import DailyProfile

_YEAR_S = 3600.0 * HOURS_A_YEAR


def most_loaded(strikes: Strikes, profile: DailyProfile) -> Iterator[Point]:
    """Under the worst of all conditions, what carries most for longest strikes at once, one kind at
    each place; the sets of the fewest different ranks first.
    """
    first: dict[str, int] = {}
    for i in np.argsort(-strikes.exposures, kind="stable").tolist():
        first.setdefault(strikes.all[i].place, i)
    ranked = list(first.values())
    surge = max(strikes.surges, key=lambda i: (len(strikes.all[i].nodes), strikes.all[i].load, i))
    work = max(strikes.works, key=lambda i: (strikes.all[i].load, i), default=NOTHING)
    conditions = (_busiest(profile)[0], len(DEMANDS) - 1, surge, work)
    for last in range(MOST_EVENTS - 1, len(ranked)):
        for others in combinations(ranked[:last], MOST_EVENTS - 1):
            yield point_of(conditions, [(i, 0) for i in (*others, ranked[last])])


def likeliest(strikes: Strikes, profile: DailyProfile) -> Iterator[Point]:
    """Failures alone at an hour of each regime, then one beside planned work and two at once at the
    busiest; what is likeliest first.
    """
    every, hours = strikes.all, _busiest(profile)
    failures = [i for i, one in enumerate(every) if one.per_year > 0.0]
    failures.sort(key=lambda i: (-every[i].per_year, i))
    for hour in hours:
        yield from (point_of((hour, 0, NOTHING, NOTHING), [(i, 0)]) for i in failures)
    found: list[tuple[float, int, tuple[int, ...]]] = [
        (every[i].per_year * every[work].share_in_work, work, (i,))
        for work in strikes.works
        for i in failures
    ]
    for i, j in combinations(failures, 2):
        lasting = (every[i].lasts_s + every[j].lasts_s) / _YEAR_S
        found.append((every[i].per_year * every[j].per_year * lasting, NOTHING, (i, j)))
    for _, work, together in sorted(found, key=lambda one: -one[0]):
        yield point_of((hours[0], 0, NOTHING, work), [(i, 0) for i in together])


def elsewhere(strikes: Strikes, point: Point) -> Iterator[Point]:
    """`point` with one event after the other at the place of its kind through which about as much
    passes, and then at the next like it.
    """
    events = timed(point)
    ranked = [strikes.by_load[strikes.all[event].fault.kind] for event, _ in events]
    for step in range(1, max(map(len, ranked))):
        for place, (event, delay) in enumerate(events):
            at = ranked[place].index(event)
            for there in (at - step, at + step):
                if 0 <= there < len(ranked[place]):
                    moved = [*events]
                    moved[place] = ranked[place][there], delay
                    yield point_of(point[:BEGIN], moved)


def _busiest(profile: DailyProfile) -> tuple[int, ...]:
    """Of each of a few groups of like demand the busiest hour, the busiest first."""
    hours = np.argsort(-np.asarray(profile.hourly), kind="stable")
    return tuple(int(part[0]) for part in np.array_split(hours, REGIMES))
