"""Networks that something has struck, as predictors are fitted and measured on them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from twin.events.fault import AnyFault
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.imagination.prediction.departures import Departures
from twin.imagination.prediction.first_trips import FirstTrips
from twin.imagination.prediction.predictor import Question, Struck
from twin.nouns.state import NetworkState
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin, profile_at
from twin.remediation.evening import MOST_SCALE, PAIR_SIGMA
from twin.remedies.believed import REPAIR_HORIZON_S
from twin.remedies.objective import STEP_S
from twin.sources.world import WorldSpec, build_inventory

MOST_CUTS, MOST_ROUNDS, MOST_EVENTS = 3, 3, 2
NEARLY_FULL = 0.8
"""Evenings on which no egress is expected to be so full, up to the horizon, are drawn anew."""

NOTHING_TRIPS = 0.2
"""Of the cases in which nothing trips, so many are kept: there are far more of them."""

_TRIES = 200


@lru_cache(maxsize=1)
def twin_of(network: str) -> Twin:
    """The twin of the network by topohub's name, at its peak."""
    return Twin(build_inventory(WorldSpec(topology=network)))


@dataclass(frozen=True, slots=True)
class Case:
    """`rounds`: of trips that have been played before it is asked what is next."""

    struck: Struck
    rounds: int = 0


def trip_cases(twin: Twin, numbers: np.random.Generator) -> Iterator[Case]:
    """One to three links are cut, at 1 to 1.5 times the demand that is planned for; then what is
    beyond its capacity trips, for none to two rounds. Without end, or empty where nothing trips.
    """
    links = [link.id for link in twin.inventory.topology.links]
    without = 0
    while without < _TRIES:
        scale = float(numbers.uniform(1.0, MOST_SCALE))
        base = twin.state(traffic=twin.inventory.peak_traffic.scaled(scale))
        count = int(numbers.integers(1, MOST_CUTS + 1))
        down = set(numbers.choice(links, count, replace=False).tolist())
        more, rounds = _tripping(twin, base, down), int(numbers.integers(MOST_ROUNDS))
        played = 0
        while more and played < rounds:
            down, played = down | more, played + 1
            more = _tripping(twin, base, down)
        without += not more
        if more or numbers.random() < NOTHING_TRIPS:
            without = 0
            events = tuple(LinkDown(link=x) for x in sorted(down))
            yield Case(Struck(twin, base, events, np.ones(1)), played)


def _tripping(twin: Twin, base: NetworkState, down: set[str]) -> set[str]:
    state = replace(base, down_links=base.down_links | down)
    full = (offered_totals(twin, state) / twin.compiled.capacity_bps).reshape(-1, 2).max(axis=1)
    return {state.topology.links[i].id for i in np.flatnonzero(full > 1.0).tolist()} - down


def evening_cases(twin: Twin, numbers: np.random.Generator) -> Iterator[Case]:
    """At some hour one or two links or ducts fail, at 1 to 1.5 times the demand that is planned
    for, and pairs that differ; looked at up to the horizon of a repair. Without end, or empty where
    no egress is ever NEARLY_FULL.
    """
    inventory = twin.inventory
    nodes = len(inventory.topology.nodes)
    fates: list[AnyFault] = [LinkDown(link=link.id) for link in inventory.topology.links]
    fates += [FiberCut(duct=g.id, links=g.links) for g in inventory.topology.shared_risk_groups]
    without = 0
    while without < _TRIES:
        now_s = 3600.0 * float(numbers.uniform(0.0, 24.0))
        scale = profile_at(inventory.profile, now_s) * float(numbers.uniform(1.0, MOST_SCALE))
        pairs = np.exp(PAIR_SIGMA * numbers.standard_normal((nodes, nodes)))
        base = twin.state(traffic=inventory.peak_traffic.scaled(scale * pairs))
        count = int(numbers.integers(1, MOST_EVENTS + 1))
        chosen = numbers.choice(len(fates), count, replace=False).tolist()
        struck = Struck(twin, base, tuple(fates[i] for i in chosen), levels_ahead(twin, now_s))
        full = struck.highest * offered_totals(twin, struck.state) / twin.compiled.capacity_bps
        without += 1
        if full.max() >= NEARLY_FULL:
            without = 0
            yield Case(struck)


def levels_ahead(twin: Twin, now_s: float) -> np.ndarray:
    """(steps,) demand from now up to the horizon, relative to that of now."""
    profile = twin.inventory.profile
    times = np.arange(0.0, REPAIR_HORIZON_S, STEP_S)
    return np.array([profile_at(profile, now_s + t) for t in times]) / profile_at(profile, now_s)


@dataclass(frozen=True, slots=True)
class Task:
    """`cases`: of a network. `truth`: draws that say what comes true."""

    question: Question
    cases: Callable[[Twin, np.random.Generator], Iterator[Case]]
    truth: int


TASKS: Mapping[str, Task] = {
    "trips": Task(FirstTrips(), trip_cases, 1),
    "departures": Task(Departures(), evening_cases, 256),
}
