"""Where packets go: finite flows, looked up hop by hop in the tables that are installed."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tools.network.emulated.routing import Tables
from tools.network.emulated.wiring import BoolArray, FloatArray, IntArray, Wiring

HOP_LIMIT = 64
"""Initial TTL of most hosts (RFC 1700): packets in a loop die after so many hops."""

_MIX_A = np.uint64(0x9E3779B97F4A7C15)
_MIX_B = np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT = np.uint64(31)
_NO_STEP = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class FlowSet:
    """The flows of all pairs.

    `source`, `target`: node index of each pair, (n_pairs,). `sizes`: (3, n_pairs, k), the share of
    each flow in its pair's traffic, per class, summing to 1. `salt`: uint64 (n_nodes,), the hash
    seed of each router. `even`: flows are dealt to next hops in turn, in place of hashing.
    """

    source: IntArray
    target: IntArray
    sizes: FloatArray
    salt: NDArray[np.uint64]
    even: bool


@dataclass(frozen=True, eq=False)
class Paths:
    """What the flows take, flows of one pair on one path being one row; longest paths first.

    `pair`: (n_paths,). `share`: (3, n_paths) of the pair's traffic. `arrives`: whether the path
    ends at the target, and not in a router without a route or in a loop. `hops[h]`: the arcs that
    the first `len(hops[h])` paths take at hop h. `step_path`, `step_arc`: the same, all hops in one
    row, (n_steps,).
    """

    n_pairs: int
    pair: IntArray
    share: FloatArray
    arrives: BoolArray
    hops: tuple[IntArray, ...]

    @cached_property
    def step_path(self) -> IntArray:
        """Who takes each step."""
        return np.concatenate([np.arange(len(arcs)) for arcs in self.hops] or [_NO_STEP])

    @cached_property
    def step_arc(self) -> IntArray:
        """Over which arc."""
        return np.concatenate(self.hops or [_NO_STEP])


def trace(wiring: Wiring, tables: Tables, flows: FlowSet) -> Paths:
    """Follow every flow from its source until it arrives, finds no route, or meets HOP_LIMIT.

    Pairs that never meet a choice are followed once for all of their flows.
    """
    n_pairs, k = flows.sizes.shape[1:]
    single = _walk(wiring, tables, flows, np.arange(n_pairs), None)
    choosing = np.flatnonzero(single.met_choice)
    if len(choosing) == 0:
        share = np.ones((3, n_pairs))
        return _assemble(n_pairs, [single], [np.arange(n_pairs)], share)
    plain = np.flatnonzero(~single.met_choice)
    pair = np.repeat(choosing, k)
    walked = _walk(wiring, tables, flows, pair, np.tile(np.arange(k), len(choosing)))
    first, member = _same_path(walked, pair)
    sizes = flows.sizes[:, choosing].reshape(3, -1)
    share = np.stack([np.bincount(member, sizes[c], len(first)) for c in range(3)])
    return _assemble(
        n_pairs,
        [single, walked],
        [plain, first],
        np.concatenate([np.ones((3, len(plain))), share], axis=1),
        [plain, pair[first]],
    )


@dataclass(eq=False)
class _Walk:
    """Per walker: steps taken, whether it arrived, met a choice; per hop: who walked over what."""

    length: IntArray
    arrived: BoolArray
    met_choice: BoolArray
    walkers: list[IntArray]
    arcs: list[IntArray]


def _walk(
    wiring: Wiring, tables: Tables, flows: FlowSet, pair: IntArray, flow: IntArray | None
) -> _Walk:
    """Walk one walker per entry of `pair`; without `flow`, stop where there is a choice."""
    node, target = flows.source[pair].copy(), flows.target[pair]
    stride = np.ones(len(pair), np.int64)
    walk = _Walk(
        np.zeros(len(pair), np.int64), node == target, np.zeros(len(pair), np.bool_), [], []
    )
    active = np.flatnonzero(~walk.arrived)
    while len(active) and len(walk.arcs) < HOP_LIMIT:
        here, there = node[active], target[active]
        count = tables.count[here, there]
        walk.met_choice[active[count > 1]] = True
        goes = count >= 1 if flow is not None else count == 1
        active, here, there, count = active[goes], here[goes], there[goes], count[goes]
        choice = np.zeros(len(active), np.int64)
        if flow is not None:
            at = np.flatnonzero(count > 1)
            who = active[at]
            choice[at] = _choose(flows, pair[who], flow[who], here[at], count[at], stride[who])
            stride[who] *= count[at]
        arcs = tables.arcs[here, there, choice].astype(np.int64)
        walk.walkers.append(active)
        walk.arcs.append(arcs)
        walk.length[active] += 1
        node[active] = wiring.head[arcs]
        done = node[active] == target[active]
        walk.arrived[active[done]] = True
        active = active[~done]
    return walk


def _choose(
    flows: FlowSet,
    pair: IntArray,
    flow: IntArray,
    node: IntArray,
    count: NDArray[np.int32],
    stride: IntArray,
) -> IntArray:
    """Which of `count` next hops each flow takes at `node`."""
    ends = flows.source[pair] * len(flows.salt) + flows.target[pair]
    key = (ends * 1024 + flow).astype(np.uint64) * _MIX_A ^ flows.salt[node]
    key = (key ^ (key >> _SHIFT)) * _MIX_B
    key ^= key >> _SHIFT
    hashed = (key % count.astype(np.uint64)).astype(np.int64)
    if not flows.even:
        return hashed
    dealt: IntArray = np.where(stride < flows.sizes.shape[2], (flow // stride) % count, hashed)
    return dealt


def _same_path(walk: _Walk, pair: IntArray) -> tuple[IntArray, IntArray]:
    """First walker of each distinct (pair, path), and for every walker the number of its path."""
    key = pair.astype(np.uint64) * _MIX_B
    for walkers, arcs in zip(walk.walkers, walk.arcs, strict=True):
        key[walkers] = key[walkers] * _MIX_A + arcs.astype(np.uint64) + np.uint64(1)
    _, first, member = np.unique(key, return_index=True, return_inverse=True)
    return first, member


def _assemble(
    n_pairs: int,
    walks: list[_Walk],
    kept: list[IntArray],
    share: FloatArray,
    pairs: list[IntArray] | None = None,
) -> Paths:
    """Join the kept walkers of `walks`, longest first."""
    length = np.concatenate([w.length[k] for w, k in zip(walks, kept, strict=True)])
    arrives = np.concatenate([w.arrived[k] for w, k in zip(walks, kept, strict=True)])
    pair = np.concatenate(pairs if pairs is not None else kept)
    order = np.argsort(-length, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    hops = [np.zeros(int((length > h).sum()), np.int64) for h in range(int(length.max(initial=0)))]
    offset = 0
    for walk, keep in zip(walks, kept, strict=True):
        place = np.full(len(walk.length), -1)
        place[keep] = rank[offset : offset + len(keep)]
        offset += len(keep)
        for h, (walkers, arcs) in enumerate(zip(walk.walkers, walk.arcs, strict=True)):
            mine = place[walkers] >= 0
            if h < len(hops) and mine.any():
                hops[h][place[walkers[mine]]] = arcs[mine]
    return Paths(n_pairs, pair[order], share[:, order], arrives[order], tuple(hops))
