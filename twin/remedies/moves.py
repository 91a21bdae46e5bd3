"""Every single change that can be made to what runs, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.set_igp_weight import AVOIDED, SetIgpWeight
from twin.events.actions.undrain_link import UndrainLink
from twin.nouns.configuration import LAST_RESORT_WEIGHTS, MAX_IGP_WEIGHT, NetworkConfiguration
from twin.nouns.state import NetworkState
from twin.nouns.topology import Topology
from twin.physics.changes import Changes
from twin.physics.compiled import NO_ARC, IntArray, egress_loss_of, link_weights

WEIGHT_LEVELS = (0.4, 0.7, 1.0, 1.4, 2.0, 3.0, 6.0)
"""Weights that are tried on every egress, relative to the network's usual one: with the default of
10 these are 4 to 60."""


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """M changes. `changes`: what each does to the arcs. `nodes`: (M, 2), the nodes that it
    configures, one of them twice where it is one. `drains`: (M,), the link that it drains, else -1.
    """

    changes: Changes
    nodes: IntArray
    drains: IntArray
    _topology: Topology
    _others: tuple[Action, ...]

    def __len__(self) -> int:
        return len(self.changes)

    @property
    def first_other(self) -> int:
        """From here on stands what is neither a weight nor a drain."""
        return len(self) - len(self._others)

    def action(self, i: int) -> Action:
        """What move `i` is as an action."""
        if i >= self.first_other:
            return self._others[i - self.first_other]
        if self.drains[i] >= 0:
            return DrainLink(link=self._topology.links[self.drains[i]].id)
        place = self.changes.first[i]
        egress = self._topology.egress_of(int(self.changes.arcs[place]))
        weight = int(self.changes.weights[place])
        return SetIgpWeight(node=egress.node, link=egress.link, weight=weight)

    def within(self, places: NDArray[np.bool_]) -> "Moves":
        """The moves whose arcs are all among `places` (n_arcs,), and what is neither a weight nor a
        drain.
        """
        inside = np.minimum.reduceat(places[self.changes.arcs], self.changes.first[:-1])
        inside[self.first_other :] = True
        return self.chosen(np.flatnonzero(inside))

    def chosen(self, which: IntArray) -> "Moves":
        """The moves `which` alone, in their order here: ascending."""
        others = which[which >= self.first_other] - self.first_other
        return replace(
            self,
            changes=self.changes.chosen(which),
            nodes=self.nodes[which],
            drains=self.drains[which],
            _others=tuple(self._others[i] for i in others.tolist()),
        )

    def place(self, i: int) -> tuple[int, ...]:
        """What it changes, whatever the weight: moves of one place are hardly two remedies."""
        if i >= self.first_other:
            return (-1, i)
        first, last = self.changes.first[i : i + 2]
        found: list[int] = self.changes.arcs[first:last].tolist()
        return tuple(found)


def moves_from(
    state: NetworkState,
    weights: IntArray,
    intended: NetworkConfiguration,
    extra: Sequence[Action] = (),
) -> Moves:
    """Every egress at every level, every drain that leaves the network whole, every undrain, and
    of `extra` what changes a weight.

    `weights`: what `state` advertises, (n_arcs,). Links that are down are left alone, and so are
    the weights of drained interfaces, which nobody sees. Raises UnknownNode, UnknownLink: `extra`
    names what does not exist.
    """
    topology = state.topology
    arcs, levels = _weight_moves(state, weights)
    whole = carries(weights)
    drained = np.flatnonzero(whole & ~bridges(topology, whole))
    others, changed = _other_moves(state, weights, intended, extra)
    rest = Changes.of(changed)
    index = topology.node_index
    ends = [action.devices(topology) for action in others]
    both = np.stack([2 * drained, 2 * drained + 1], axis=1)
    tails = np.array([index[end] for x in topology.links for end in (x.a, x.b)], dtype=np.int64)
    weighted, last = len(arcs), len(arcs) + 2 * len(drained)
    return Moves(
        changes=Changes(
            np.concatenate(
                [np.arange(weighted), np.arange(weighted, last, 2), last + rest.first]
            ).astype(np.int64),
            np.concatenate([arcs, both.ravel(), rest.arcs]),
            np.concatenate(
                [levels, np.full(both.size, state.running.last_resort_weight), rest.weights]
            ),
        ),
        nodes=np.concatenate(
            [
                np.stack([tails[arcs], tails[arcs]], axis=1),
                tails[both],
                np.array([(index[e[0]], index[e[-1]]) for e in ends], np.int64).reshape(-1, 2),
            ]
        ),
        drains=np.concatenate([np.full(weighted, -1), drained, np.full(len(others), -1)]),
        _topology=topology,
        _others=tuple(others),
    )


def bridges(topology: Topology, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which links are the only way between two parts of what is `usable`, both (n_links,)."""
    return _bridges(tuple((link.a, link.b) for link in topology.links), usable.tobytes())


@lru_cache(maxsize=256)
def _bridges(links: tuple[tuple[str, str], ...], usable: bytes) -> NDArray[np.bool_]:
    # Kept, since most states of a network that are asked about have the same links up.
    only: dict[tuple[str, str], int] = {}
    graph: nx.Graph[str] = nx.Graph()
    for i in np.flatnonzero(np.frombuffer(usable, dtype=np.bool_)).tolist():
        ends = links[i]
        key = (min(ends), max(ends))
        # Of parallel links each has another way.
        only[key] = -1 if key in only else i
        graph.add_edge(*key)
    found = np.zeros(len(links), dtype=np.bool_)
    # The stubs say that bridges are nodes.
    for a, b in nx.bridges(graph):  # type: ignore[str-unpack]
        if (i := only[min(a, b), max(a, b)]) >= 0:
            found[i] = True
    found.setflags(write=False)
    return found


def carries(weights: IntArray) -> NDArray[np.bool_]:
    """Which links, (n_links,), are up and drained at neither end."""
    ends = weights.reshape(-1, 2)
    return np.asarray(((ends != NO_ARC) & ~np.isin(ends, LAST_RESORT_WEIGHTS)).all(axis=1))


def level_weights(weights: IntArray) -> IntArray:
    """The weight of each of WEIGHT_LEVELS where `weights` (n_arcs,) are advertised, (7,)."""
    tried = weights[(weights != NO_ARC) & ~np.isin(weights, LAST_RESORT_WEIGHTS)]
    usual = float(np.median(tried))
    return np.maximum(1, np.round(usual * np.array(WEIGHT_LEVELS))).astype(np.int64)


def _weight_moves(state: NetworkState, weights: IntArray) -> tuple[IntArray, IntArray]:
    tried = (weights != NO_ARC) & ~np.isin(weights, LAST_RESORT_WEIGHTS)
    arcs = np.flatnonzero(tried)
    # Among wide metrics that large, a weight that may be set would draw traffic to the egress.
    if not arcs.size or weights[arcs].max() > MAX_IGP_WEIGHT:
        return arcs[:0], arcs[:0]
    levels = np.unique(level_weights(weights))
    levels = levels[levels < AVOIDED]
    lossy = np.flatnonzero(tried & (egress_loss_of(state.topology, state.egress_loss) > 0.0))
    where = np.concatenate([np.repeat(arcs, len(levels)), lossy])
    what = np.concatenate([np.tile(levels, len(arcs)), np.full(len(lossy), AVOIDED)])
    other = what != weights[where]
    return where[other], what[other]


def _other_moves(
    state: NetworkState,
    weights: IntArray,
    intended: NetworkConfiguration,
    extra: Sequence[Action],
) -> tuple[list[Action], list[dict[int, int]]]:
    topology = state.topology
    drained = np.isin(weights.reshape(-1, 2), LAST_RESORT_WEIGHTS).any(axis=1)
    undrains = [UndrainLink(link=topology.links[i].id) for i in np.flatnonzero(drained).tolist()]
    actions, changed = list[Action](), list[dict[int, int]]()
    for action in (*undrains, *extra):
        running = action.configured(state.running, intended, topology)
        after = link_weights(topology, running, _links_changed(state.running, running))
        where = {
            arc: weight
            for arc, weight in after.items()
            if weight != weights[arc] and topology.links[arc // 2].id not in state.down_links
        }
        if where:
            actions.append(action)
            changed.append(where)
    return actions, changed


def _links_changed(before: NetworkConfiguration, after: NetworkConfiguration) -> set[str]:
    """Those of which an interface is configured otherwise."""
    return {
        now.link
        for then, device in zip(before.devices, after.devices, strict=True)
        if device is not then
        for was, now in zip(then.interfaces, device.interfaces, strict=True)
        if now is not was
    }
