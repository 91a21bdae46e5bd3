"""The figures of a situation, as arrays. No choice is simulated for them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.nouns.configuration import LAST_RESORT_WEIGHTS
from twin.physics.compiled import (
    NO_ARC,
    FloatArray,
    IntArray,
    egress_loss_of,
)
from twin.remediation.choices import SLOTS, Slot
from twin.remediation.ranking.arrays import Arcs, Moved, Ways, scratch
from twin.remediation.ranking.kernels import COLUMNS, look_at_moves, offered, write_figures
from twin.remediation.ranking.table import MOVES
from twin.remediation.situation import Situation
from twin.remedies.moves import level_weights
from twin.remedies.objective import LOST_SHARE_WEIGHT

Figures = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """`arcs` (n_arcs, figures), `moves` (n_arcs, SLOTS, figures), `nodes` (n, figures), `network`
    (figures,), in the order of `table`. `tail`, `head` (n_arcs,). `leaving`, `entering` (n, most
    links of a node): the arcs of each node, n_arcs where there are no more.
    """

    arcs: Figures
    moves: Figures
    nodes: Figures
    network: Figures
    tail: IntArray
    head: IntArray
    leaving: IntArray
    entering: IntArray


def seen(situation: Situation) -> Seen:
    """What is seen of `situation`."""
    look = _Look.at(situation)
    compiled = situation.twin.compiled
    return Seen(
        arcs=np.stack(_of_arcs(look), axis=1, dtype=np.float32, casting="unsafe"),
        moves=look.moves,
        nodes=np.stack(_of_nodes(look), axis=1, dtype=np.float32, casting="unsafe"),
        network=np.array(_of_network(look), dtype=np.float32),
        tail=compiled.tail,
        head=compiled.head,
        leaving=look.leaving,
        entering=_padded(compiled.in_offsets, compiled.in_arcs),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What the figures are made of. By arc, (n_arcs,): `weights`, `intended`; `loads`; `price`,
    hours in which one more bit/s is lost; `lost`, bit/s times hours; `meets`, `has_met`: see
    `look_at_moves`. `highest`: load / capacity at the highest demand ahead. `moves`: their figures.
    """

    situation: Situation
    weights: IntArray
    intended: IntArray
    demand: FloatArray
    silent: FloatArray
    loads: FloatArray
    highest: FloatArray
    price: FloatArray
    lost: FloatArray
    meets: FloatArray
    has_met: FloatArray
    moves: Figures
    leaving: IntArray

    @classmethod
    def at(cls, situation: Situation) -> "_Look":
        """What there is to see."""
        twin, state, outlook = situation.twin, situation.state, situation.outlook
        compiled, routing = twin.compiled, twin.route(state)
        weights = situation.search.nothing.weights
        intended = intended_weights(situation, weights)
        tried = tried_weights(situation, weights, intended)
        capacity, level, hours = compiled.capacity_bps, outlook.levels, outlook.hours
        demand = state.traffic.rates_bps.sum(axis=0)
        silent = egress_loss_of(state.topology, state.egress_loss)
        loads = np.zeros(compiled.n_arcs)
        ways = Ways(
            routing.order, routing.settled, routing.hop_offsets, routing.hop_arcs,
            routing.distance, np.array(demand.T, order="C"),
        )  # fmt: skip
        offered(ways, compiled.head, loads)
        beyond = loads[:, None] - capacity[:, None] / level
        price = (beyond > 0.0) @ hours + silent * hours.sum()
        overload = np.maximum(beyond, 0.0) @ hours
        lost = overload + silent * loads * hours.sum()
        leaving = _padded(compiled.out_offsets, compiled.out_arcs)
        arcs = Arcs(
            compiled.tail, compiled.head, compiled.out_offsets, compiled.out_arcs,
            compiled.in_offsets, compiled.in_arcs, weights, price, capacity / level[0] - loads,
        )  # fmt: skip
        moved = Moved(
            tried, np.zeros((*tried.shape, COLUMNS)), np.zeros((*tried.shape, leaving.shape[1]))
        )
        meets, has_met = np.zeros_like(loads), np.zeros_like(loads)
        to, by = scratch(compiled.n_nodes, compiled.n_arcs, leaving.shape[1])
        look_at_moves(ways, arcs, to, by, moved, meets, has_met)
        moves = np.zeros((*tried.shape, len(MOVES)), dtype=np.float32)
        write_figures(
            arcs, moved, capacity, level, hours, loads, overload, _all_lost(lost, demand), moves
        )
        _share_links(moves)
        highest = loads / capacity * level[0]
        return cls(
            situation, weights, intended, demand, silent, loads, highest, price, lost, meets,
            has_met, moves, leaving,
        )  # fmt: skip

    @property
    def every_hour(self) -> float:
        """That is expected until the repair."""
        return float(self.situation.outlook.hours.sum())

    @property
    def offered_bps(self) -> float:
        """All traffic, 1 at least."""
        return max(float(self.demand.sum()), 1.0)

    @property
    def all_lost(self) -> float:
        """Bit/s times hours, and never 0."""
        return _all_lost(self.lost, self.demand)

    @property
    def differs(self) -> NDArray[np.bool_]:
        """Which devices run something else than is intended, (n,)."""
        compiled = self.situation.twin.compiled
        differs = np.zeros(compiled.n_nodes, dtype=np.bool_)
        differs[compiled.tail[self.situation.differing.differs]] = True
        return differs


def _all_lost(lost: FloatArray, demand: FloatArray) -> float:
    return max(float(lost.sum()), 1e-9 * max(float(demand.sum()), 1.0))


def _of_arcs(look: _Look) -> list[NDArray[np.generic]]:
    """In the order of `table.ARCS`."""
    compiled, weights = look.situation.twin.compiled, look.weights
    capacity, loads, highest, lost = compiled.capacity_bps, look.loads, look.highest, look.all_lost
    up, drained = weights != NO_ARC, np.isin(weights, LAST_RESORT_WEIGHTS)
    usual = float(np.median(weights[up & ~drained])) if (up & ~drained).any() else 1.0
    overloaded, differs, every_hour = look.price > 0.0, look.differs, look.every_hour
    return [
        up, drained, _ln(weights / usual), _ln(look.intended / usual),
        look.situation.differing.differs, look.silent, np.minimum(loads / capacity, 3.0),
        np.minimum(highest, 3.0), np.clip(highest - 1.0, 0.0, 2.0), look.price / every_hour,
        _bent(look.lost / lost), _ln(capacity / np.median(capacity)), loads / look.offered_bps,
        _bent(look.meets / lost), _bent(look.has_met * every_hour / lost),
        _bent(overloaded * loads * every_hour / lost), np.clip(1.0 - highest, -1.0, 1.0),
        differs[compiled.tail], differs[compiled.head],
    ]  # fmt: skip


def _of_nodes(look: _Look) -> list[NDArray[np.generic]]:
    """In the order of `table.NODES`."""
    compiled, offered_bps = look.situation.twin.compiled, look.offered_bps
    return [
        _ln(np.diff(compiled.out_offsets) / 3.0), look.demand.sum(axis=1) / offered_bps,
        look.demand.sum(axis=0) / offered_bps,
        np.bincount(compiled.tail, look.loads, compiled.n_nodes) / offered_bps, look.differs,
        np.bincount(compiled.tail, look.lost, compiled.n_nodes) / look.all_lost,
    ]  # fmt: skip


def _of_network(look: _Look) -> list[float]:
    """In the order of `table.NETWORK`."""
    compiled = look.situation.twin.compiled
    cost = LOST_SHARE_WEIGHT * float(look.lost.sum()) / look.offered_bps
    return [
        math.log(compiled.n_nodes / 50.0), math.log(compiled.n_arcs / (3.5 * compiled.n_nodes)),
        math.log1p(cost), math.log(cost + 1e-3) / 5.0, look.every_hour / 4.0,
        float(look.situation.outlook.levels[0]) - 1.0, min(float(look.highest.max()), 4.0),
        10.0 * float((look.price > 0.0).mean()), 10.0 * float(look.differs.mean()),
    ]  # fmt: skip


def intended_weights(situation: Situation, weights: IntArray) -> IntArray:
    """What each arc would advertise if it ran what is intended, (n_arcs,); as now where it does."""
    intended, topology = weights.copy(), situation.state.topology
    for arc in np.flatnonzero(situation.differing.differs & (weights != NO_ARC)).tolist():
        egress = topology.egress_of(arc)
        meant = situation.twin.inventory.intended.device(egress.node).interface(egress.link)
        intended[arc] = meant.advertised_weight
    return intended


def tried_weights(situation: Situation, weights: IntArray, intended: IntArray) -> IntArray:
    """What each choice that the mask allows has its arc advertise, (n_arcs, SLOTS); 0: none.

    What drains or undrains a link stands at both its arcs. A limit leaves the weight as it is.
    """
    running, topology = situation.state.running, situation.state.topology
    allowed = situation.mask[1:].reshape(-1, SLOTS).copy()
    for slot in (Slot.DRAIN, Slot.UNDRAIN):
        allowed[1::2, slot] = allowed[::2, slot]
    tried = np.zeros(allowed.shape, dtype=np.int64)
    tried[:, : Slot.DRAIN] = level_weights(weights)
    tried[:, Slot.DRAIN] = running.last_resort_weight
    for arc in np.flatnonzero(allowed[:, Slot.UNDRAIN]).tolist():
        egress = topology.egress_of(arc)
        tried[arc, Slot.UNDRAIN] = running.device(egress.node).interface(egress.link).igp_weight
    tried[:, Slot.REVERT] = intended
    tried[:, Slot.LIMIT] = weights
    return np.where(allowed, tried, NO_ARC)


def _share_links(moves: Figures) -> None:
    """What is done to a link is done at both its ends."""
    links = moves.reshape(-1, 2, *moves.shape[1:])
    for slot in (Slot.DRAIN, Slot.UNDRAIN):
        links[:, :, slot] = links[:, :, slot].mean(axis=1, keepdims=True)


def _padded(offsets: IntArray, arcs: IntArray) -> IntArray:
    counts = np.diff(offsets)
    padded = np.full((len(counts), int(counts.max(initial=1))), len(arcs), dtype=np.int64)
    places = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
    padded[np.repeat(np.arange(len(counts)), counts), places] = arcs
    return padded


def _ln(ratio: FloatArray) -> FloatArray:
    return np.asarray(np.clip(np.log(np.maximum(ratio, 1e-3)), -4.0, 4.0))


def _bent(values: FloatArray) -> FloatArray:
    """-4..4, the finer the nearer to 0: rare large values do not drown what is usual."""
    return np.asarray(np.clip(np.sign(values) * np.log1p(4.0 * np.abs(values)), -4.0, 4.0))
