"""A situation in figures: arcs, nodes, and what is of the whole; any size, as a graph or padded."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.nouns.configuration import LAST_RESORT_WEIGHTS
from twin.physics.compiled import NO_ARC, FloatArray, IntArray, policer_rates
from twin.remediation.choices import count
from twin.remediation.situation import Situation
from twin.remedies.guided import growth, said_repair
from twin.remedies.moves import level_weights
from twin.remedies.objective import LOST_SHARE_WEIGHT, STEP_S

MOST = 1000.0
"""Figures without a natural bound end here: nothing that is worth telling apart is beyond."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of an observation, `low` to `high`, in `unit`, and what it says."""

    name: str
    low: float
    high: float
    unit: str
    says: str


ARC_FIGURES = (
    Figure("load now", 0.0, MOST, "of capacity", "offered by all classes in this quarter"),
    Figure("load ahead", 0.0, MOST, "of capacity", "the same at the highest demand ahead"),
    Figure("capacity", 0.0, 1.0, "of the largest", "of the arc"),
    Figure("weight", 0.0, 10.0, "of the usual", "that is advertised; 0 where the arc is down"),
    Figure("up", 0.0, 1.0, "0 or 1", "it can be used"),
    Figure("drained", 0.0, 1.0, "0 or 1", "it is a last resort"),
    Figure("differs", 0.0, 1.0, "0 or 1", "the egress runs what is not intended"),
    Figure("limited", 0.0, 1.0, "0 or 1", "a class is limited there"),
    Figure("overload ahead", 0.0, MOST, "service-hours", "what it is offered beyond its capacity"),
)

NODE_FIGURES = (
    Figure("sends", 0.0, 1.0, "of all traffic", "what enters the network there"),
    Figure("receives", 0.0, 1.0, "of all traffic", "what leaves it there"),
    Figure("neighbours", 0.0, 1.0, "of the most of a node", "arcs that leave it and are up"),
    Figure("differs", 0.0, 1.0, "0 or 1", "the device runs what is not intended"),
)

WHOLE_FIGURES = (
    Figure("hour, sine", -1.0, 1.0, "", "the hour of the day (UTC) as an angle"),
    Figure("hour, cosine", -1.0, 1.0, "", "the same"),
    Figure("lasted", 0.0, 24.0, "hours", "since the latest failure"),
    Figure("left", 0.0, 24.0, "hours", "that count, this quarter among them"),
    Figure("highest ahead", 0.0, MOST, "of the demand now", "the demand before the repair"),
    Figure("expected", 0.0, 24.0, "hours", "of them, until the repair"),
    Figure("waiting costs", 0.0, MOST, "service-hours", "expected if nothing is done any more"),
)

GUIDANCE_FIGURES = (
    Figure("repair said", 0.0, 24.0, "hours", "until the repair, as people say; 0: nobody says"),
    Figure("growth said", 1.0, MOST, "of the usual", "that demand has still to grow; 1: none"),
    Figure(
        "left alone", 0.0, 1.0, "of all links", "that are not to be configured, at one end or both"
    ),
)

USUAL_LEVEL = 2
"""The level that is the usual weight itself."""


Padded = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """A situation as a graph. `arcs`: (n_arcs, 9), `nodes`: (n, 4), `whole`: (7,) and `guidance`:
    (3,), float32, in the order of ARC_FIGURES, NODE_FIGURES, WHOLE_FIGURES and GUIDANCE_FIGURES.
    `tail`, `head`: node of each arc. `mask`: which choices are allowed, by number.
    """

    arcs: NDArray[np.float32]
    nodes: NDArray[np.float32]
    whole: NDArray[np.float32]
    guidance: NDArray[np.float32]
    tail: IntArray
    head: IntArray
    mask: NDArray[np.bool_]

    def padded(
        self, n_nodes: int, n_arcs: int
    ) -> dict[str, NDArray[np.float32 | np.int64 | np.int8]]:
        """The same with zeros behind, as if of `n_nodes` nodes and `n_arcs` arcs."""
        more_arcs, more_nodes = n_arcs - len(self.arcs), n_nodes - len(self.nodes)
        return {
            "arcs": np.pad(self.arcs, ((0, more_arcs), (0, 0))),
            "nodes": np.pad(self.nodes, ((0, more_nodes), (0, 0))),
            "whole": self.whole,
            "guidance": self.guidance,
            "tail": np.pad(self.tail, (0, more_arcs)),
            "head": np.pad(self.head, (0, more_arcs)),
            "mask": np.pad(self.mask, (0, count(n_arcs) - len(self.mask))).astype(np.int8),
        }


def observe(situation: Situation) -> Observation:
    """The figures of `situation`; nothing of them is hidden from whoever operates the network."""
    compiled = situation.twin.compiled
    return Observation(
        arcs=_within(ARC_FIGURES, _arcs(situation)),
        nodes=_within(NODE_FIGURES, _nodes(situation)),
        whole=_within(WHOLE_FIGURES, _whole(situation)),
        guidance=_within(GUIDANCE_FIGURES, _guidance(situation)),
        tail=compiled.tail,
        head=compiled.head,
        mask=situation.mask,
    )


def bounds(figures: Sequence[Figure]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The lowest and the highest that each of `figures` may be."""
    low, high = ([f.low for f in figures], [f.high for f in figures])
    return np.array(low, dtype=np.float32), np.array(high, dtype=np.float32)


def _within(figures: Sequence[Figure], values: FloatArray) -> NDArray[np.float32]:
    return np.clip(values.astype(np.float32), *bounds(figures))


def _arcs(situation: Situation) -> FloatArray:
    state, outlook = situation.state, situation.outlook
    capacity = situation.twin.compiled.capacity_bps
    loads, offered = situation.loads_bps, max(float(state.traffic.rates_bps.sum()), 1.0)
    weights = situation.search.nothing.weights
    drained, up = np.isin(weights, LAST_RESORT_WEIGHTS), weights != NO_ARC
    usual = level_weights(weights)[USUAL_LEVEL] if (up & ~drained).any() else 1
    beyond = np.maximum(loads[:, None] - capacity[:, None] / outlook.levels, 0.0) @ outlook.hours
    return np.stack(
        [
            loads / capacity,
            outlook.levels[0] * loads / capacity,
            capacity / capacity.max(),
            weights / usual,
            up,
            drained,
            situation.differing.differs,
            np.isfinite(policer_rates(state.topology, state.running)).any(axis=1),
            LOST_SHARE_WEIGHT * beyond / offered,
        ],
        axis=1,
    )


def _nodes(situation: Situation) -> FloatArray:
    compiled, rates = situation.twin.compiled, situation.state.traffic.rates_bps
    n, offered = compiled.n_nodes, max(float(rates.sum()), 1.0)
    up = situation.search.nothing.weights != NO_ARC
    every = np.bincount(compiled.tail, minlength=n)
    differs = np.zeros(n)
    differs[compiled.tail[situation.differing.differs]] = 1.0
    return np.stack(
        [
            rates.sum(axis=(0, 2)) / offered,
            rates.sum(axis=(0, 1)) / offered,
            np.bincount(compiled.tail[up], minlength=n) / every.max(),
            differs,
        ],
        axis=1,
    )


def _whole(situation: Situation) -> FloatArray:
    angle = 2.0 * math.pi * (situation.now_s % 86_400.0) / 86_400.0
    return np.array(
        [
            math.sin(angle),
            math.cos(angle),
            situation.lasted_s / 3600.0,
            situation.quarters_left * STEP_S / 3600.0,
            situation.outlook.levels[0],
            situation.outlook.hours.sum(),
            situation.waiting,
        ]
    )


def _guidance(situation: Situation) -> FloatArray:
    guidance, now_s = situation.guidance, situation.now_s
    repair = said_repair(guidance, now_s, situation.lasted_s)
    more = growth(guidance, now_s)
    alone, links = situation.untouched, situation.state.topology.links
    return np.array(
        [
            repair.left_s / 3600.0 if repair else 0.0,
            more.left if more else 1.0,
            sum(not alone.isdisjoint((link.id, link.a, link.b)) for link in links) / len(links),
        ]
    )
