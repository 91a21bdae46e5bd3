"""What-if loads, thousands per second: a base state, and what scenarios change of it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from twin.errors import BadInput
from twin.physics.changes import Changes
from twin.physics.compiled import NO_ARC, CompiledTopology, FloatArray, IntArray
from twin.physics.kernels.arrays import FAR, Graph, IndexArray, Rows, Scratch
from twin.physics.kernels.base import fill_rows
from twin.physics.kernels.cascades import Shares, Standing, cascade, fill_shares
from twin.physics.kernels.delays import Pairs, correct_delays, pair_delays, trace_row
from twin.physics.kernels.event_pairs import Singles, add_pairs, record_row
from twin.physics.kernels.lanes import LINE, spread_lanes
from twin.physics.kernels.readings import NOISE, finish_loads, read_loads
from twin.physics.kernels.scenarios import add_differences
from twin.physics.routing import UNREACHABLE, Routing, route

CHUNK_BYTES = 1 << 20
"""Loads that are worked on at a time: what a second-level cache holds."""

MIN_CHUNK = 64
"""Scenarios that are worked on at a time at least: each chunk goes through every destination."""

ROUNDING = 1e-9
"""A load beyond its limit by less than this fraction is at its limit."""

TOGETHER_UP_TO = 256
"""Nodes up to which the flow of many scenarios is pushed down a DAG together. Beyond, a scenario
reaches too small a part of it."""

TOGETHER_FROM = 8
"""Scenarios from which that pays."""

HOPS_HELD = 64
"""Next hops of a node that scenarios which are pushed together can tell apart: bits of a word."""

PAIR_BYTES = 512 << 20
"""Memory up to which the effects of single events are kept to add up pairs of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """What is read of each scenario, one entry each.

    `max_utilisation`: offered load / capacity of the busiest arc, which is `busiest`.
    `unserved_bps`: traffic of pairs without a path. `over_limit`: arcs above the limit.
    `excess_bps`: what arcs are offered beyond their capacity, all arcs together. No less than what
    a network without queues loses there, and the same where no way leads over two such arcs.
    """

    max_utilisation: FloatArray
    busiest: IntArray
    unserved_bps: FloatArray
    over_limit: IntArray
    excess_bps: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Cascades:
    """How scenarios end in which overloaded links trip.

    `tripped`: int64 (S, n_links), the round from 1 in which the link tripped, 0 if it did not.
    `loads`: (S, n_arcs, K), bit/s, and `unserved_bps`: (S, K), both after the last round.
    """

    tripped: IntArray
    loads: FloatArray
    unserved_bps: FloatArray

    def rounds(self, s: int) -> tuple[tuple[int, ...], ...]:
        """The links that trip in each round of scenario `s`."""
        return tuple(
            tuple(np.flatnonzero(self.tripped[s] == turn).tolist())
            for turn in range(1, int(self.tripped[s].max(initial=0)) + 1)
        )


class Bench(NamedTuple):
    """What one thread works on: scratch arrays, and differences (n_arcs, S * K), else zero."""

    scratch: Scratch
    lanes: FloatArray


class Incremental:
    """The base, and what scenarios make of it. Nothing in it changes, so threads may share it.

    `loads`: (n_arcs, K), offered bit/s per class in the base. `unserved_bps`: (K,), of pairs that
    have no path there.
    """

    def __init__(
        self,
        compiled: CompiledTopology,
        weights: IntArray,
        traffic_bps: FloatArray,
        routing: Routing | None = None,
    ) -> None:
        """`traffic_bps`: (K, n, n), [class, source, target]. `routing`: of all destinations, if
        known.

        Raises BadInput: wrong shape, or a weight that is neither NO_ARC nor positive.
        """
        _check(compiled, weights, traffic_bps)
        self.compiled = compiled
        self.weights = np.ascontiguousarray(weights, dtype=np.int64)
        self.routing = route(compiled, self.weights) if routing is None else routing
        self.classes = len(traffic_bps)
        self._zeros = (0.0,) * self.classes
        self._graph = _graph(compiled, self.weights)
        self._rows = _empty_rows(compiled, self.routing, traffic_bps)
        self.loads = np.zeros((compiled.n_arcs, self.classes))
        self.unserved_bps = np.zeros(self.classes)
        fill_rows(self._graph, self._rows, self.loads, self.unserved_bps)

    def loads_after(self, changes: Changes) -> FloatArray:
        """Offered bit/s of all classes, (S, n_arcs)."""
        loads, _ = self.class_loads_after(changes)
        return loads[:, :, 0] if self.classes == 1 else np.asarray(loads.sum(axis=2))

    def class_loads_after(self, changes: Changes) -> tuple[FloatArray, FloatArray]:
        """Offered bit/s per class (S, n_arcs, K), and what has no path (S, K)."""
        self._check_changes(changes)
        loads = np.zeros((len(changes), *self.loads.shape))
        unserved = np.tile(self.unserved_bps, (len(changes), 1))
        bench = self._bench(len(changes))
        for begin, end in self._chunks(len(changes)):
            self._work(changes.part(begin, end), bench, loads[begin:end], unserved[begin:end])
        return loads, unserved

    def sent_over(self, arcs: IntArray) -> FloatArray:
        """What the tail of each of `arcs` sends on to each destination whose ways lead over it,
        bit/s of all classes (n, A).
        """
        used = self._rows.used[:, arcs]
        rank = np.where(used, self._rows.rank[:, self.compiled.tail[arcs]], 0)
        flow = self._rows.flow[np.arange(len(rank))[:, None], rank].sum(axis=2)
        return np.where(used, flow, 0.0)

    def parts_after(self, changes: Changes) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
        """What `class_loads_after` gives, in parts that a cache holds: which scenarios, their loads
        and what is unserved. The next part is written over the loads.
        """
        self._check_changes(changes)
        bench = self._bench(len(changes))
        loads = np.empty((self._chunk, *self.loads.shape))
        for begin, end in self._chunks(len(changes)):
            unserved = np.tile(self.unserved_bps, (end - begin, 1))
            self._work(changes.part(begin, end), bench, loads[: end - begin], unserved)
            yield slice(begin, end), loads[: end - begin], unserved

    def sweep(
        self, changes: Changes, capacity_bps: FloatArray, limit: float = 1.0, threads: int = 1
    ) -> Sweep:
        """Only what is read of each scenario, in memory that does not grow with their loads.

        `capacity_bps`: (n_arcs,). `limit`: the utilisation above which an arc is counted.
        """
        self._check_changes(changes)

        def work(begin: int, end: int, bench: Bench, loads: FloatArray) -> FloatArray:
            unserved = np.tile(self.unserved_bps, (end - begin, 1))
            self._work(changes.part(begin, end), bench, loads[: end - begin], unserved)
            return unserved

        return self._read(len(changes), work, capacity_bps, limit, threads)

    def sweep_pairs(
        self,
        events: Changes,
        pairs: IntArray,
        capacity_bps: FloatArray,
        limit: float = 1.0,
        threads: int = 1,
    ) -> Sweep:
        """The same where two of `events` happen at once: `pairs` (P, 2), indices of events.

        Events that do not meet for a destination add up; only where they meet is it worked out
        anew. The events must only weaken arcs: that is what makes them independent elsewhere.

        Raises BadInput: an event makes an arc stronger.
        """
        self._check_changes(events)
        if self._strengthens(events):
            raise BadInput("pairs are of events that only weaken arcs; one lowers a weight")
        singles = self._singles(events)
        if singles is None:
            return self.sweep(events.combined(pairs), capacity_bps, limit, threads)
        totals, stranded = self._totals(events)
        longest = 2 * int(np.diff(events.first).max(initial=0))

        def work(begin: int, end: int, bench: Bench, loads: FloatArray) -> FloatArray:
            some = pairs[begin:end]
            part = loads[: end - begin]
            np.add(totals[some[:, 0]], totals[some[:, 1]], out=part)
            unserved = self.unserved_bps + stranded[some[:, 0]] + stranded[some[:, 1]]
            add_pairs(
                self._graph, self._rows, bench.scratch, events.first, events.arcs, events.weights,
                singles, some, np.zeros(2 * longest, dtype=np.int64), self._zeros, part, unserved,
            )  # fmt: skip
            finish_loads(
                self.loads, events.first, events.arcs, events.weights, some, self._zeros, part
            )
            return unserved

        return self._read(len(pairs), work, capacity_bps, limit, threads)

    def cascades(self, changes: Changes, limit_bps: FloatArray) -> Cascades:
        """Play each scenario on: links beyond `limit_bps` (n_arcs,) trip all at once, the load
        moves, and so on until none is.
        """
        self._check_changes(changes)
        loads = np.zeros((len(changes), *self.loads.shape))
        unserved = np.zeros((len(changes), self.classes))
        tripped = np.zeros((len(changes), self.compiled.n_arcs // 2), dtype=np.int64)
        arcs = self.compiled.n_arcs
        standing = Standing(
            arcs=np.zeros(arcs, dtype=np.int64),
            weights=np.zeros(arcs, dtype=np.int64),
            tripping=np.zeros(arcs, dtype=np.int64),
            stirred=np.zeros(len(self._rows.order), dtype=np.bool_),
            shares=self._no_shares(),
        )
        # What is at its limit is not beyond it by rounding.
        beyond = limit_bps * (1.0 + ROUNDING) + NOISE * self.loads.sum(axis=1).max(initial=0.0)
        cascade(
            self._graph, self._rows, self._scratch(), self._shares, standing, beyond,
            changes.first, changes.arcs, changes.weights, self._zeros, loads, unserved, tripped,
        )  # fmt: skip
        return Cascades(tripped, loads, unserved)

    def ways(self, classes: IntArray, sources: IntArray, targets: IntArray) -> Pairs:
        """The ways in the base of P pairs, one class each, for `delays_after`."""
        order = np.lexsort((classes, targets))
        bounds = np.searchsorted(targets[order], np.arange(self.compiled.n_nodes + 1))
        scratch = self._scratch()
        pairs = Pairs(
            of_row=bounds.astype(np.int64),
            source=sources[order].astype(np.uint32),
            group=classes[order].astype(np.uint32),
            place=order.astype(np.int64),
            start=np.zeros(len(order) + 1, dtype=np.int64),
            where=np.zeros(0, dtype=np.uint32),
            part=np.zeros(0),
            crossed=np.zeros((len(order), self.compiled.n_arcs // 64 + 1), dtype=np.uint64),
            used=np.zeros((self.compiled.n_nodes, self.compiled.n_arcs), dtype=np.bool_),
        )
        filled = 0
        for r in range(self.compiled.n_nodes):
            needed = filled + int(bounds[r + 1] - bounds[r]) * self.compiled.n_arcs
            if needed > len(pairs.part):
                where, part = np.zeros(2 * needed, dtype=np.uint32), np.zeros(2 * needed)
                where[:filled], part[:filled] = pairs.where[:filled], pairs.part[:filled]
                pairs = pairs._replace(where=where, part=part)
            filled = trace_row(self._rows, scratch, r, self.classes, pairs, filled)
        return pairs._replace(where=pairs.where[:filled].copy(), part=pairs.part[:filled].copy())

    def delays_after(self, changes: Changes, pairs: Pairs, hop_delay_s: FloatArray) -> FloatArray:
        """Mean one-way delay of each of `pairs`, (S, P); inf where it has no path.

        `hop_delay_s`: (S, n_arcs, K), what each arc takes in each scenario. Nothing is lost on the
        way: what arrives is weighted by what is sent.
        """
        self._check_changes(changes)
        flat = np.ascontiguousarray(hop_delay_s).reshape(len(changes), -1)
        delay = np.empty((len(changes), len(pairs.source)))
        total = np.empty(len(changes))
        pair_delays(self._rows, pairs, np.ascontiguousarray(flat.T), total, delay)
        scratch, n = self._scratch(), self.compiled.n_nodes
        late, known = np.zeros(n), np.zeros(n, dtype=np.uint32)
        for begin, end in self._chunks(len(changes)):
            part = changes.part(begin, end)
            known[:] = 0
            correct_delays(
                self._graph, self._rows, scratch, pairs, part.first, part.arcs, part.weights,
                late, known, self._zeros, flat[begin:end], delay[begin:end],
            )  # fmt: skip
        return delay

    def _read(
        self, count: int, work: "_Work", capacity_bps: FloatArray, limit: float, threads: int
    ) -> Sweep:
        result = Sweep(
            np.zeros(count), np.zeros(count, dtype=np.int64), np.zeros(count),
            np.zeros(count, dtype=np.int64), np.zeros(count),
        )  # fmt: skip

        def share(chunks: Sequence[tuple[int, int]]) -> None:
            bench = self._bench(count)
            loads = np.empty((self._chunk, *self.loads.shape))
            for begin, end in chunks:
                unserved = work(begin, end, bench, loads)
                read_loads(
                    loads[: end - begin], capacity_bps, limit, result.max_utilisation[begin:end],
                    result.busiest[begin:end], result.over_limit[begin:end],
                    result.excess_bps[begin:end],
                )  # fmt: skip
                result.unserved_bps[begin:end] = unserved.sum(axis=1)

        chunks = self._chunks(count)
        if threads == 1:
            share(chunks)
            return result
        with ThreadPoolExecutor(threads) as pool:
            # The kernels let go of the interpreter's lock. Listing the results raises what failed.
            list(pool.map(share, [chunks[i::threads] for i in range(threads)]))
        return result

    def _work(
        self, changes: Changes, bench: Bench, loads: FloatArray, unserved: FloatArray
    ) -> None:
        self._differences(changes, bench, loads, unserved)
        members = np.arange(len(changes))[:, None]
        finish_loads(
            self.loads, changes.first, changes.arcs, changes.weights, members, self._zeros, loads
        )

    def _differences(
        self, changes: Changes, bench: Bench, loads: FloatArray, unserved: FloatArray
    ) -> None:
        """Write the differences into `loads` (S, n_arcs, K), add them to `unserved` (S, K)."""
        together = self._together and len(changes) >= TOGETHER_FROM
        add_differences(
            self._graph, self._rows, bench.scratch, changes.first, changes.arcs, changes.weights,
            together, self._zeros, bench.lanes, unserved,
        )  # fmt: skip
        spread_lanes(bench.lanes, self._zeros, loads)

    def _singles(self, events: Changes) -> Singles | None:
        """None if they would take more than PAIR_BYTES."""
        rows, count, words = len(self._rows.order), len(events), self._scratch().bits.shape[0]
        if rows * count * 4 * words * 8 > PAIR_BYTES:
            return None
        scratch, stranded = self._scratch(), np.zeros((rows, count, self.classes))
        sets = np.zeros((rows, count, 4, words), dtype=np.uint64)
        found = np.zeros(count * self.compiled.n_arcs, dtype=np.uint32)
        values = np.zeros((len(found), self.classes))
        loads = np.zeros_like(self.loads)
        sizes = np.zeros((rows, count), dtype=np.int64)
        kept: list[tuple[IndexArray, FloatArray]] = []
        total = 0
        for r in range(rows):
            record_row(
                self._graph, self._rows, scratch, r, events.first, events.arcs, events.weights,
                self._zeros, loads, stranded[r], sets[r], found, values, sizes[r],
            )  # fmt: skip
            size = int(sizes[r].sum())
            total += size * (4 + 8 * self.classes)
            if total > PAIR_BYTES:
                return None
            kept.append((found[:size].copy(), values[:size].copy()))
        start = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        return Singles(
            start, np.concatenate([a for a, _ in kept]), np.concatenate([v for _, v in kept]),
            stranded, sets,
        )  # fmt: skip

    def _totals(self, events: Changes) -> tuple[FloatArray, FloatArray]:
        loads = np.empty((len(events), *self.loads.shape))
        stranded = np.zeros((len(events), self.classes))
        bench = self._bench(len(events))
        for begin, end in self._chunks(len(events)):
            part = events.part(begin, end)
            self._differences(part, bench, loads[begin:end], stranded[begin:end])
        return loads, stranded

    def _strengthens(self, changes: Changes) -> bool:
        before = self.weights[changes.arcs]
        after = changes.weights
        return bool(((after != NO_ARC) & ((before == NO_ARC) | (after < before))).any())

    @cached_property
    def _shares(self) -> Shares:
        shares = self._no_shares()
        fill_shares(self._rows, shares)
        return shares

    def _no_shares(self) -> Shares:
        rows = len(self._rows.order)
        return Shares(np.zeros((rows, *self.loads.shape)), np.zeros((rows, self.classes)))

    @cached_property
    def _chunk(self) -> int:
        per_scenario = self.loads.nbytes + 8 * self.compiled.n_nodes * self.classes
        return max(MIN_CHUNK, CHUNK_BYTES // per_scenario)

    def _chunks(self, count: int) -> list[tuple[int, int]]:
        return [(begin, min(begin + self._chunk, count)) for begin in range(0, count, self._chunk)]

    @cached_property
    def _together(self) -> bool:
        """Do the scenarios of a chunk push their flow down a DAG together."""
        widest = int(np.diff(self.compiled.out_offsets).max(initial=0))
        return self.compiled.n_nodes <= TOGETHER_UP_TO and widest <= HOPS_HELD

    def _bench(self, count: int) -> Bench:
        """Where chunks of up to `count` scenarios are worked on."""
        scenarios = max(1, min(count, self._chunk))
        lanes = scenarios if self._together else 1
        return Bench(self._scratch(lanes), _lanes(self.compiled.n_arcs, scenarios * self.classes))

    def _scratch(self, lanes: int = 1) -> Scratch:
        n, arcs, k = self.compiled.n_nodes, self.compiled.n_arcs, self.classes

        def integers(size: int) -> IndexArray:
            return np.zeros(size, dtype=np.uint32)

        return Scratch(
            weights=self.weights.copy(),
            near=np.zeros(n, dtype=np.int64),
            dead=integers(n),
            lifted=np.zeros(n, dtype=np.bool_),
            touched_list=integers(n),
            lifted_list=integers(n),
            settled_list=integers(n),
            queue=np.zeros(n + 2 * arcs, dtype=np.int64),
            hops=integers(arcs),
            waiting=_lanes(n, lanes * k),
            bits=np.zeros(n // 64 + 1, dtype=np.uint64),
            reached=np.zeros(n // 64 + 1, dtype=np.uint64),
            held=integers(n),
            held_next=integers(lanes * n + 1),
            held_lane=integers(lanes * n + 1),
            held_kept=np.zeros(lanes * n + 1, dtype=np.uint64),
            marks=integers(n),
            listed=integers(n),
            moving=np.zeros((n, k)),
        )

    def _check_changes(self, changes: Changes) -> None:
        if ((changes.arcs < 0) | (changes.arcs >= self.compiled.n_arcs)).any():
            raise BadInput(f"a scenario names an arc outside 0..{self.compiled.n_arcs - 1}")
        if ((changes.weights != NO_ARC) & (changes.weights < 1)).any():
            raise BadInput("a scenario gives an arc a weight below 1")


_Work = Callable[[int, int, Bench, FloatArray], FloatArray]
"""Computes the loads of scenarios begin..end-1; returns what is unserved (S, K)."""


def _lanes(rows: int, columns: int) -> FloatArray:
    """Zeros (rows, columns or more), each row on whole cache lines and as many of them that columns
    of the same place do not crowd into a few sets of the cache.
    """
    if columns < LINE:
        return np.zeros((rows, columns))
    lines = -(-columns // LINE) | 1
    room = np.zeros((rows * lines + 1) * LINE)
    begin = -(room.ctypes.data // room.itemsize) % LINE
    return room[begin : begin + rows * lines * LINE].reshape(rows, lines * LINE)


def _check(compiled: CompiledTopology, weights: IntArray, traffic_bps: FloatArray) -> None:
    n = compiled.n_nodes
    if traffic_bps.ndim != 3 or traffic_bps.shape[1:] != (n, n):
        raise BadInput(f"traffic has shape {traffic_bps.shape}, expected (classes, {n}, {n})")
    if weights.shape != (compiled.n_arcs,) or ((weights != NO_ARC) & (weights < 1)).any():
        raise BadInput("weights must be positive or NO_ARC, one per arc")


def _graph(compiled: CompiledTopology, weights: IntArray) -> Graph:
    out_arcs, in_arcs = compiled.out_arcs, compiled.in_arcs
    return Graph(
        tail=compiled.tail.astype(np.uint32),
        head=compiled.head.astype(np.uint32),
        out_offsets=compiled.out_offsets.astype(np.uint32),
        out_arcs=out_arcs.astype(np.uint32),
        out_heads=compiled.head[out_arcs].astype(np.uint32),
        in_offsets=compiled.in_offsets.astype(np.uint32),
        in_arcs=in_arcs.astype(np.uint32),
        in_tails=compiled.tail[in_arcs].astype(np.uint32),
        weights=weights,
    )


def _empty_rows(compiled: CompiledTopology, routing: Routing, traffic_bps: FloatArray) -> Rows:
    n, arcs, classes = compiled.n_nodes, compiled.n_arcs, len(traffic_bps)
    distance = np.where(routing.distance == UNREACHABLE, FAR, routing.distance)
    return Rows(
        distance=distance,
        order=routing.order.view(np.uint32),
        rank=np.zeros((n, n), dtype=np.uint32),
        settled=routing.settled,
        hop_offsets=routing.hop_offsets.view(np.uint32),
        hop_arcs=routing.hop_arcs.view(np.uint32),
        beyond=np.zeros((n, arcs), dtype=np.uint32),
        used=np.zeros((n, arcs), dtype=np.bool_),
        demand=np.ascontiguousarray(traffic_bps.transpose(2, 1, 0), dtype=np.float64),
        flow=np.zeros((n, n, classes)),
    )
