"""Every failure of one kind, swept in parts and ranked by what it costs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from twin.errors import BadInput
from twin.nouns.topology import Topology
from twin.physics.compiled import FloatArray, IntArray
from twin.physics.incremental import Sweep
from twin.whatif.engine import WhatIfEngine
from twin.whatif.events import WhatIf, single_groups, single_links, single_nodes

Depth = Literal["1", "2", "srlg", "node"]
"""One link, two links at once, one shared-risk group, one node."""

DEPTHS: tuple[Depth, ...] = get_args(Depth)

RankedBy = Literal["traffic", "utilisation", "services"]

RANKED_BY: tuple[RankedBy, ...] = get_args(RankedBy)

PART = 4096
"""Scenarios between two reports of progress, at least."""

PART_PER_EVENT = 40
"""What two events come to together is prepared once for each part, at the cost of about seven
scenarios for each event."""

VERDICTS_AT_ONCE = 256


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What came of each scenario, in the order of the topology.

    `events`: single events; a scenario is one of them, or where `double` two in order (0 and 1, 0
    and 2, ...). `offered_bps`: all traffic. `reference`: nothing fails (one scenario). `breaches`:
    services in breach per scenario, `reference_breaches` without any failure; None if not asked.
    """

    depth: Depth
    events: tuple[WhatIf, ...]
    double: bool
    offered_bps: float
    limit: float
    reference: Sweep
    sweep: Sweep
    reference_breaches: int | None = None
    breaches: IntArray | None = None

    def __len__(self) -> int:
        return len(self.sweep.max_utilisation)

    def members(self, scenarios: IntArray) -> IntArray:
        """The events of each of `scenarios`, (S, 1), or (S, 2) where `double`."""
        if not self.double:
            return np.asarray(scenarios[:, None])
        return _pairs(scenarios, len(self.events))

    def what_ifs(self, scenarios: IntArray) -> Iterator[WhatIf]:
        """Each of `scenarios`, to be asked again."""
        for members in self.members(scenarios).tolist():
            yield sum((self.events[i] for i in members), ())

    @property
    def at_risk_bps(self) -> FloatArray:
        """Per scenario, what has no path and what exceeds capacity; see `Sweep`."""
        return np.asarray(self.sweep.unserved_bps + self.sweep.excess_bps)

    @property
    def served_share(self) -> FloatArray:
        """Per scenario, the share of all traffic that is served at least, 0..1."""
        return served_share(self.sweep, self.offered_bps)

    def ranking(self, by: RankedBy = "traffic") -> IntArray:
        """All scenarios, worst first.

        `traffic`: by traffic at risk, then by the highest utilisation. `utilisation`: the other way
        round. `services`: by services in breach, then as `traffic`. Equals stay in the order of the
        topology; differences in the tenth digit do not count.

        Raises:
            BadInput: `services`, and they were not asked for.
        """
        traffic = _rounded(self.at_risk_bps / max(self.offered_bps, 1.0))
        highest = _rounded(self.sweep.max_utilisation)
        keys = [traffic, highest] if by != "utilisation" else [highest, traffic]
        if by == "services":
            if self.breaches is None:
                raise BadInput("a ranking by services needs their verdicts; ask with --services")
            keys.insert(0, self.breaches.astype(np.float64))
        # The last key counts first; lexsort leaves equals where they are.
        return np.lexsort([-key for key in reversed(keys)]).astype(np.int64)


def survey(
    engine: WhatIfEngine,
    depth: Depth,
    *,
    limit: float = 1.0,
    threads: int = 1,
    services: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Survey:
    """Sweep all failures of `depth`. `limit`: the utilisation above which egresses are counted.

    `progress` is told how many scenarios are done of how many. Memory grows by some 40 bytes for
    each scenario, whatever the network's size.

    Raises:
        BadInput: the topology has none of them.
    """
    topology = engine.state.topology
    events = events_of(depth, topology)
    double = depth == "2"
    count = len(events) * (len(events) - 1) // 2 if double else len(events)
    if not count:
        raise BadInput(f"{topology.name} has nothing that could fail at depth {depth}")
    total = 2 * count if services else count
    parts = []
    for begin, end in _parts(count, max(PART, PART_PER_EVENT * len(events)) if double else PART):
        parts.append(
            engine.sweep_pairs(events, pairs_between(begin, end, len(events)), limit, threads)
            if double
            else engine.sweep(events[begin:end], limit, threads)
        )
        progress(end, total)
    found = Survey(
        depth=depth,
        events=events,
        double=double,
        offered_bps=float(engine.state.traffic.rates_bps.sum()),
        limit=limit,
        reference=engine.sweep([()], limit),
        sweep=joined(parts),
    )
    if not services:
        return found
    return _with_breaches(found, engine, lambda done: progress(count + done, total))


def _with_breaches(found: Survey, engine: WhatIfEngine, progress: Callable[[int], None]) -> Survey:
    breaches = np.empty(len(found), dtype=np.int64)
    for begin, end in _parts(len(found), VERDICTS_AT_ONCE):
        asked = found.what_ifs(np.arange(begin, end, dtype=np.int64))
        breaches[begin:end] = engine.verdicts(asked).levels.in_breach.sum(axis=1)
        progress(end)
    reference = int(engine.verdicts([()]).levels.in_breach.sum())
    return replace(found, reference_breaches=reference, breaches=breaches)


def _parts(count: int, size: int) -> Iterator[tuple[int, int]]:
    return ((begin, min(begin + size, count)) for begin in range(0, count, size))


def events_of(depth: Depth, topology: Topology) -> tuple[WhatIf, ...]:
    """The single events of `depth`, in the order of the topology; two of them make a double one."""
    match depth:
        case "node":
            return single_nodes(topology)
        case "srlg":
            return single_groups(topology)
        case "1" | "2":
            return single_links(topology)


def pairs_between(begin: int, end: int, count: int) -> IntArray:
    """Pairs `begin`..`end`-1 of `count` things as `all_pairs` orders them, without the others."""
    return _pairs(np.arange(begin, end, dtype=np.int64), count)


def _pairs(places: IntArray, count: int) -> IntArray:
    lower = np.arange(count, dtype=np.int64)
    first = lower * count - lower * (lower + 1) // 2
    a = np.searchsorted(first, places, side="right") - 1
    return np.stack([a, places - first[a] + a + 1], axis=1).astype(np.int64)


def served_share(sweep: Sweep, offered_bps: float) -> FloatArray:
    """Per scenario, the share 0..1 of all traffic that is served at least.

    A network without queues serves no less: what exceeds capacity on two egresses of one way is
    counted on both.
    """
    lost = sweep.unserved_bps + sweep.excess_bps
    return np.clip(1.0 - lost / max(offered_bps, 1.0), 0.0, 1.0)


def joined(parts: list[Sweep]) -> Sweep:
    """The scenarios of all parts in one."""
    return Sweep(
        max_utilisation=np.concatenate([p.max_utilisation for p in parts]),
        busiest=np.concatenate([p.busiest for p in parts]),
        unserved_bps=np.concatenate([p.unserved_bps for p in parts]),
        over_limit=np.concatenate([p.over_limit for p in parts]),
        excess_bps=np.concatenate([p.excess_bps for p in parts]),
    )


def _rounded(values: FloatArray) -> FloatArray:
    """Equal where only rounding differs, so that a ranking does not depend on it."""
    return np.asarray(values.round(10))
