"""Remedies of several changes: greedy, or a beam, over every single move, on offered loads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.events.action import Action
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.state import NetworkState
from twin.physics.compiled import FloatArray, IntArray, arc_weights, egress_loss_of
from twin.physics.incremental import Incremental
from twin.physics.twin import Twin
from twin.remedies.moves import Moves, moves_from
from twin.remedies.objective import (
    DEVICE_WEIGHT,
    LOST_SHARE_WEIGHT,
    Outlook,
    Overload,
    devices_touched,
)
from twin.remedies.untouched import leaving_alone

MOST_CHANGES = 4

BETTER = 1e-9
"""Service-hours by which a change has to help at least: less is rounding."""

PLACES = 64
"""Egresses and links in which a second change and more are looked for."""

BESIDE = 2
"""How many others of each depth are looked at beside the best."""


@dataclass(frozen=True, slots=True, eq=False)
class Position:
    """What runs after some actions, and what is made of it.

    `weights`: advertised, (n_arcs,). `cost`: service-hours until the repair as far as offered loads
    tell, devices included; see Overload. `max_utilisation`: at the highest level of demand.
    """

    actions: tuple[Action, ...]
    running: NetworkConfiguration
    weights: IntArray
    devices: frozenset[str]
    cost: float
    max_utilisation: float


@dataclass(frozen=True, slots=True, eq=False)
class Expansion:
    """Every move from a position, (M,): the cost with it, inf where it is refused."""

    moves: Moves
    cost: FloatArray
    max_utilisation: FloatArray

    def best(self, most: int, below: float) -> list[int]:
        """The `most` cheapest moves that cost less than `below`, each place in the network once."""
        # Rounded, so that of moves that are equal but for rounding the one with more room is first.
        order = np.lexsort((self.max_utilisation, self.cost.round(9)))
        found: list[int] = []
        places: set[tuple[int, ...]] = set()
        for i in order[self.cost[order] < below - BETTER].tolist():
            place = self.moves.place(i)
            if place not in places:
                places.add(place)
                found.append(i)
            if len(found) == most:
                break
        return found


class RemedySearch:
    """Searches changes to what runs in `state`. Refused are drains that leave nodes with no other
    way, and drains that load a link beyond its capacity and beyond what it is anyway.
    """

    def __init__(
        self,
        twin: Twin,
        state: NetworkState,
        outlook: Outlook,
        *,
        extra: Sequence[Action] = (),
        draws: FloatArray | None = None,
        places: int = PLACES,
        untouched: Collection[str] = (),
    ) -> None:
        """`extra`: more actions to try, such as reverts. `untouched`: nodes and links that are not
        to be configured. `draws`: factors on the demand of each
        pair (K, n, n), over which costs are the mean; none: the demand as expected. `places`: in
        how many places, those where a single change helps most, further changes are looked for.
        """
        self.twin = twin
        self.state = state
        self.outlook = outlook
        self._extra = tuple(extra)
        self._places = places
        self._untouched = frozenset(untouched)
        totals = state.traffic.rates_bps.sum(axis=0)[None]
        self._traffic = totals if draws is None else np.ascontiguousarray(draws * totals)
        self._overload = Overload(
            outlook,
            twin.compiled.capacity_bps,
            egress_loss_of(state.topology, state.egress_loss),
            np.maximum(self._traffic.sum(axis=(1, 2)), 1.0),
        )

    @cached_property
    def nothing(self) -> Position:
        """Where no action is taken."""
        return self.after(())

    @cached_property
    def base(self) -> Incremental:
        """What is offered there."""
        return self._based(self.state.running)

    @cached_property
    def moves(self) -> Moves:
        """Every single move from there, those that are refused among them."""
        return self._moves(self.nothing)

    @cached_property
    def refused(self) -> NDArray[np.bool_]:
        """Which of `moves` are refused, (M,). Only drains can be, so only they are priced."""
        refused = np.zeros(len(self.moves), dtype=np.bool_)
        drains = np.flatnonzero(self.moves.drains >= 0)
        refused[drains] = self._overloads(self.priced(drains))
        return refused

    def priced(self, which: IntArray) -> Expansion:
        """Those of `moves` alone, and what they cost; that one is refused is not looked at."""
        return self._priced(self.nothing, self.moves.chosen(which))

    def after(self, actions: Sequence[Action]) -> Position:
        """What `actions` lead to. Raises UnknownNode, UnknownLink."""
        running, topology = self.state.running, self.state.topology
        for action in actions:
            running = action.configured(running, self.twin.inventory.intended, topology)
        base = self._base(running)
        lost, highest = self._overload.lost_share_hours(base.loads[None], base.unserved_bps[None])
        devices = devices_touched(actions, topology)
        cost = LOST_SHARE_WEIGHT * float(lost[0]) + DEVICE_WEIGHT * len(devices)
        return Position(tuple(actions), running, base.weights, devices, cost, float(highest[0]))

    def search(self, changes: int = MOST_CHANGES, width: int = 1) -> list[Position]:
        """The best of up to `changes` changes and, beside it, what else looked good at each depth;
        the cheapest first. Empty where nothing helps.

        `width`: how many positions of each depth are gone on from; 1 is greedy.
        """
        frontier, kept = [self.nothing], list[Position]()
        for _ in range(changes):
            found: dict[bytes, Position] = {}
            for position in frontier:
                for child in self._children(position, width + BESIDE):
                    # Two ways to the same weights are one; the first has no more devices to touch.
                    found.setdefault(child.weights.tobytes(), child)
            if not found:
                break
            ranked = sorted(found.values(), key=_rank)
            kept += ranked[: width + BESIDE]
            frontier = ranked[:width]
        return sorted(kept, key=_rank)

    def expand(self, position: Position) -> Expansion:
        """Every single move from `position`, and what it costs."""
        if position is self.nothing:
            return self._from_nothing
        expansion = self._priced(position, self._moves(position).within(self._shortlist))
        return self._without_refused(expansion, self._drainable)

    def child(self, position: Position, expansion: Expansion, move: int) -> Position:
        """`position` with `move` of its `expansion`.

        A weight that is set anew takes the place of the one that was set before.
        """
        action = expansion.moves.action(move)
        actions = tuple(a for a in position.actions if not _superseded(a, action))
        running = action.configured(
            position.running, self.twin.inventory.intended, self.state.topology
        )
        weights, span = position.weights.copy(), expansion.moves.changes.part(move, move + 1)
        weights[span.arcs] = span.weights
        return Position(
            (*actions, action),
            running,
            weights,
            position.devices | devices_touched((action,), self.state.topology),
            float(expansion.cost[move]),
            float(expansion.max_utilisation[move]),
        )

    def _children(self, position: Position, most: int) -> list[Position]:
        expansion = self.expand(position)
        best = expansion.best(most, position.cost)
        return [self.child(position, expansion, move) for move in best]

    @cached_property
    def _from_nothing(self) -> Expansion:
        return self._without_refused(self._priced(self.nothing, self.moves), None)

    @cached_property
    def _shortlist(self) -> NDArray[np.bool_]:
        """Arcs (n_arcs,) in the places where a single change costs least."""
        alone = self._from_nothing
        arcs = np.zeros(self.state.topology.n_arcs, dtype=np.bool_)
        for i in alone.best(self._places, np.inf):
            arcs[alone.moves.changes.part(i, i + 1).arcs] = True
        return arcs

    @cached_property
    def _drainable(self) -> frozenset[int]:
        """Links whose drain alone is not refused."""
        alone = self._from_nothing
        return frozenset(alone.moves.drains[np.isfinite(alone.cost)].tolist())

    def _moves(self, position: Position) -> Moves:
        running, intended = position.running, self.twin.inventory.intended
        state = replace(self.state, running=running)
        moves = moves_from(state, position.weights, intended, self._extra)
        return leaving_alone(moves, self._untouched, running, intended, state.topology)

    def _priced(self, position: Position, moves: Moves) -> Expansion:
        topology = self.state.topology
        base = self._base(position.running)
        cost, highest = np.empty(len(moves)), np.empty(len(moves))
        for span, loads, unserved in base.parts_after(moves.changes):
            cost[span], highest[span] = self._overload.lost_share_hours(loads, unserved)
        touched = np.array([node.id in position.devices for node in topology.nodes])
        new = (~touched[moves.nodes]).sum(axis=1)
        # A node that stands twice is one.
        new[moves.nodes[:, 0] == moves.nodes[:, 1]] //= 2
        cost = LOST_SHARE_WEIGHT * cost + DEVICE_WEIGHT * (len(position.devices) + new)
        return Expansion(moves, cost, highest)

    def _without_refused(self, expansion: Expansion, drainable: frozenset[int] | None) -> Expansion:
        drains = expansion.moves.drains
        refused = self._overloads(expansion)
        if drainable is not None:
            refused |= (drains >= 0) & ~np.isin(drains, list(drainable))
        return replace(expansion, cost=np.where(refused, np.inf, expansion.cost))

    def _overloads(self, expansion: Expansion) -> NDArray[np.bool_]:
        """Which moves are drains that load a link beyond its capacity and what it is anyway."""
        most = max(1.0, self.nothing.max_utilisation) * (1.0 + BETTER)
        return (expansion.moves.drains >= 0) & (expansion.max_utilisation > most)

    def _base(self, running: NetworkConfiguration) -> Incremental:
        return self.base if running is self.state.running else self._based(running)

    def _based(self, running: NetworkConfiguration) -> Incremental:
        state = replace(self.state, running=running)
        weights = arc_weights(state.topology, running, state.down_links)
        return Incremental(self.twin.compiled, weights, self._traffic, self.twin.route(state))


def _rank(position: Position) -> tuple[float, float]:
    return round(position.cost, 9), position.max_utilisation


def _superseded(earlier: Action, action: Action) -> bool:
    return (
        isinstance(earlier, SetIgpWeight)
        and isinstance(action, SetIgpWeight)
        and (earlier.node, earlier.link) == (action.node, action.link)
    )
