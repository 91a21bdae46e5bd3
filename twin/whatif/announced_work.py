"""What announced work will do to services: one question to the twin for each."""

from collections.abc import Callable, Sequence

import numpy as np

from twin.nouns.foretold import Foretold
from twin.nouns.planned_work import PlannedWork
from twin.nouns.state import NetworkState
from twin.nouns.traffic import DailyProfile
from twin.physics.twin import Twin, profile_at

_STEP_S = 900.0
_LONGEST_S = 86_400.0
"""A day holds every hour of the profile."""

FULL = 0.97
"""From this utilisation on an egress drops bursts (assumed)."""


def busiest_s(profile: DailyProfile, from_s: float, until_s: float) -> float:
    """The first of the busiest moments between the two, to a quarter of an hour; Unix seconds."""
    last_s = max(from_s, min(until_s, from_s + _LONGEST_S))
    times = np.append(np.arange(from_s, last_s, _STEP_S), last_s)
    return float(times[int(np.argmax([profile_at(profile, t) for t in times.tolist()]))])


def foretell(
    twin: Twin,
    normal_at: Callable[[float], NetworkState],
    work: PlannedWork,
    planned: Sequence[PlannedWork],
    now_s: float,
) -> Foretold:
    """What `work` does, together with all else of `planned` that goes on at its busiest hour.

    `normal_at`: the network at a time with nobody at work. Of work that is under way, what is left
    of its time counts. Raises UnknownLink.
    """
    profile = twin.inventory.profile
    at_s = busiest_s(profile, max(now_s, work.starts_s), work.ends_s)
    beside = [w for w in planned if w.id != work.id and w.covers_time(at_s)]
    normal = normal_at(at_s)
    links = frozenset(link for w in (work, *beside) for link in w.links)
    for link in links:
        normal.topology.link(link)
    during = NetworkState(
        topology=normal.topology,
        running=normal.running,
        traffic=normal.traffic,
        down_links=normal.down_links | links,
        egress_loss=normal.egress_loss,
    )
    before, after = twin.assess(normal), twin.assess(during)
    hurt = after.levels.in_breach[0] & ~before.levels.in_breach[0]
    worst = int(after.utilisation.argmax())
    full = np.flatnonzero((after.utilisation >= FULL) & (before.utilisation < FULL))
    egress_of = normal.topology.egress_of
    return Foretold(
        work=work,
        busiest_s=at_s,
        beside=tuple(w.id for w in beside),
        max_utilisation=round(float(after.utilisation[worst]), 4),
        egress=str(egress_of(worst)),
        overloaded=tuple(str(egress_of(arc)) for arc in full.tolist()),
        in_breach=tuple(twin.services.services[i].id for i in np.flatnonzero(hurt).tolist()),
    )
