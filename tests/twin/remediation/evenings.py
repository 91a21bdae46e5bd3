"""Evenings that are worked out by hand, and situations that choices at random lead to.

A --- B        as in `tests.twin.tracking.square`, with B-D besides, which is down all evening:
|   / |        A sends B 8 Gbit/s, and D sends B 5, half over A and half over C
D --- C        so that A-B is offered 10.5 of its 10: of 13 Gbit/s, 0.5 are lost
"""

from collections.abc import Iterator
from functools import cache

import numpy as np

from tests.twin.tracking.square import ENDS, inventory, topology
from twin.physics.twin import Twin
from twin.remediation.choices import choice
from twin.remediation.episode import Episode
from twin.remediation.evening import QUARTERS, Evening, Outage
from twin.remediation.playing import evening_of, twin_of
from twin.remediation.situation import Priced, Situation
from twin.remedies.objective import RepairTime

LOST = 0.5 / 13.0
"""The share of all traffic that is lost if nothing is done."""

WORKED_OUT_S = 1_800_000_000.0

NETWORK = "sndlib/polska"


@cache
def square() -> Twin:
    built = topology((*ENDS, ("B", "D")))
    return Twin(inventory(built, demands=(("A", "B", 8e9), ("D", "B", 5e9))))


def worked_out(quarters: int = 4, priced: Priced = "loads", *more: Outage) -> Evening:
    """B-D is repaired after so many quarters."""
    twin = square()
    return Evening(
        twin=twin,
        begins_s=WORKED_OUT_S,
        demand=twin.inventory.peak_traffic,
        common=np.ones(QUARTERS),
        outages=(Outage(frozenset({"B-D"}), 0, quarters), *more),
        repair=RepairTime(),
        priced=priced,
    )


def over_c(level: int) -> int:
    """The number of a weight of D towards A, with which D sends all over C."""
    arc = square().inventory.topology.link_index["A-D"] * 2 + 1
    return choice(arc, level)


def wandered(count: int, priced: Priced = "loads") -> Iterator[Situation]:
    """Situations that choices at random lead to, one after the other."""
    seed = 0
    while True:
        rng = np.random.default_rng((7, seed))
        episode = Episode(evening_of(twin_of(NETWORK), seed, priced))
        seed += 1
        while not episode.ended:
            if not count:
                return
            count -= 1
            yield episode.situation
            episode.take(int(rng.choice(episode.situation.allowed)))
