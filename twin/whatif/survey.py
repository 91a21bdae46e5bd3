"""Every failure of one kind, swept in parts and ranked by what it costs."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from twin.errors import BadInput
from twin.events.what_if import WhatIf
from twin.nouns.state import NetworkState
from twin.nouns.topology import Topology
from twin.nouns.way import Way
from twin.physics.compiled import FloatArray, IntArray
from twin.physics.incremental import Sweep
from twin.physics.twin import Twin
from twin.whatif.arcs import single_groups, single_links, single_nodes
from twin.whatif.comparison import above, assess_after, lost_on_the_way_bps
from twin.whatif.engine import WhatIfEngine

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

ASSESSED = 2000
"""Scenarios that are assessed whole unless told otherwise; a 200-node network takes 6 ms each."""

ASSESSED_AT_ONCE = 64

DROPS_FROM = 0.95
"""Below this utilisation the queues of links of 1 Gbit/s or more drop less than a millionth."""


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What came of each scenario, in the order of the topology.

    `events`: single events; a scenario is one of them, or where `double` two in order (0 and 1, 0
    and 2, ...). `offered_bps`: all traffic. `reference`: nothing fails (one scenario). `lost_bps`:
    per scenario, what has a path and does not arrive: where `assessed`, as the twin finds with
    queues, else what egresses are offered beyond capacity, which a network without queues does not
    exceed. `breaches`: services in breach per scenario, `reference_breaches` without any failure;
    None if not asked.
    """

    depth: Depth
    events: tuple[WhatIf, ...]
    double: bool
    offered_bps: float
    limit: float
    reference: Sweep
    sweep: Sweep
    lost_bps: FloatArray
    assessed: NDArray[np.bool_]
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
    def unserved_bps(self) -> FloatArray:
        """Per scenario, what does not arrive: it has no path, or is lost on the way."""
        return np.asarray(self.sweep.unserved_bps + self.lost_bps)

    @property
    def served_share(self) -> FloatArray:
        """Per scenario, the share of all traffic that arrives, 0..1; at least, if not assessed."""
        return np.clip(1.0 - self.unserved_bps / max(self.offered_bps, 1.0), 0.0, 1.0)

    def ranking(self, by: RankedBy = "traffic") -> IntArray:
        """All scenarios, worst first.

        `traffic`: by what does not arrive, then by the highest utilisation. `utilisation`: the
        other way round. `services`: by services in breach, then as `traffic`. Equals stay in the
        order of the topology; differences in the tenth digit do not count.

        Raises:
            BadInput: `services`, and they were not asked for.
        """
        traffic = _rounded(self.unserved_bps / max(self.offered_bps, 1.0))
        highest = _rounded(self.sweep.max_utilisation)
        keys = [traffic, highest] if by != "utilisation" else [highest, traffic]
        if by == "services":
            if self.breaches is None:
                raise BadInput(
                    "a ranking by services needs their verdicts; ask for them",
                    way=Way(services=True),
                )
            keys.insert(0, self.breaches.astype(np.float64))
        # The last key counts first; lexsort leaves equals where they are.
        return np.lexsort([-key for key in reversed(keys)]).astype(np.int64)


def survey(
    twin: Twin,
    state: NetworkState,
    depth: Depth,
    *,
    limit: float = 1.0,
    threads: int = 1,
    assess: int = ASSESSED,
    services: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Survey:
    """Sweep all failures of `depth`. `limit`: the utilisation above which egresses are counted.

    Of the scenarios in which queues may drop anything, the worst `assess` are assessed whole.
    `progress` is told how many steps are done of how many. Memory grows by some 50 bytes for each
    scenario, whatever the network's size.

    Raises:
        BadInput: the topology has none of them.
    """
    engine = WhatIfEngine(state, twin.services, twin.parameters, twin.compiled, twin.route(state))
    events = events_of(depth, state.topology)
    double = depth == "2"
    count = len(events) * (len(events) - 1) // 2 if double else len(events)
    if not count:
        raise BadInput(f"{state.topology.name} has nothing that could fail at depth {depth}")
    known = 2 * count if services else count
    counted = above(limit)
    parts = []
    for begin, end in _parts(count, max(PART, PART_PER_EVENT * len(events)) if double else PART):
        parts.append(
            engine.sweep_pairs(events, pairs_between(begin, end, len(events)), counted, threads)
            if double
            else engine.sweep(events[begin:end], counted, threads)
        )
        progress(end, known)
    swept = joined(parts)
    found = Survey(
        depth=depth,
        events=events,
        double=double,
        offered_bps=float(state.traffic.rates_bps.sum()),
        limit=limit,
        reference=engine.sweep([()], counted),
        sweep=swept,
        lost_bps=swept.excess_bps,
        assessed=swept.max_utilisation < DROPS_FROM,
    )
    chosen = _doubtful(found, assess)
    total = known + len(chosen)
    found = _with_losses(found, twin, state, chosen, threads, lambda n: progress(count + n, total))
    if not services:
        return found
    done = count + len(chosen)
    return _with_breaches(found, engine, lambda n: progress(done + n, total))


def _doubtful(found: Survey, most: int) -> IntArray:
    """Up to `most` scenarios that are not assessed, those with most beyond capacity first."""
    order = found.ranking("traffic")
    return order[~found.assessed[order]][:most]


def _with_losses(
    found: Survey,
    twin: Twin,
    state: NetworkState,
    chosen: IntArray,
    threads: int,
    progress: Callable[[int], None],
) -> Survey:
    lost, assessed = found.lost_bps.copy(), found.assessed.copy()

    def look(what_if: WhatIf) -> float:
        return lost_on_the_way_bps(assess_after(state, what_if, twin))

    with ThreadPoolExecutor(threads) as pool:
        for begin, end in _parts(len(chosen), ASSESSED_AT_ONCE):
            some = chosen[begin:end]
            lost[some] = list(pool.map(look, found.what_ifs(some)))
            assessed[some] = True
            progress(end)
    return replace(found, lost_bps=lost, assessed=assessed)


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
