"""The question of an incident: which service leaves its objective next, or which link goes down.

Draws are those of a forecast (demand of each pair and of all, how hashing splits, bundles that lack
a member), and of four things more that nobody knows: see Unknowns.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from twin.forecasting import DEFAULT_UNCERTAINTY, Draw, Uncertainty, draw_samples
from twin.imagination.chains.lost_hellos import chance_in_dead_interval, lost_hellos
from twin.imagination.prediction.predictor import (
    LINK,
    NONE,
    NOTHING,
    SERVICE,
    BoolArray,
    Struck,
)
from twin.nouns.base import Noun
from twin.nouns.chain import ChainRates, Share
from twin.nouns.state import NetworkState
from twin.physics.assessment import Flows, flows, service_levels
from twin.physics.compiled import (
    CompiledTopology,
    FloatArray,
    IntArray,
    arc_weights,
    egress_loss_of,
    entry_limits_of,
    policer_rates,
)
from twin.physics.twin import Twin
from twin.remedies.objective import STEP_S

_WRONG_BY = (0.5, 0.7, 1.4, 2.0)
"""A weight that is not the one on record is so many times it (assumed)."""

_COARSER = 1.01
"""Between two levels of demand that are looked at; a step in between is told by the one before."""


class Unknowns(Noun):
    """`hidden_weight`: of networks, those in which one egress has another weight than is known.
    `unknown_duct`: of failures of links, those that have a cause on no record, which takes down
    another link that ends where one is down, before the horizon. Both assumed.
    """

    hidden_weight: Share = 0.05
    unknown_duct: Share = 0.02


ASSUMED, _RATES = Unknowns(), ChainRates()


@dataclass(frozen=True, slots=True)
class Departures:
    """Answers are services, then links. A service that is outside its objective as the network is
    believed to be has left it already.

    A service leaves where, at some step, it is outside its objective, at a demand that grows; a
    link goes down where lasting loss takes the hellos of its adjacency (see LostHellos), or by a
    cause that is on no record. What follows from the first of them is not looked at.
    """

    uncertainty: Uncertainty = DEFAULT_UNCERTAINTY
    unknowns: Unknowns = ASSUMED
    rates: ChainRates = _RATES
    name: ClassVar[str] = "departures"
    exclusive: ClassVar[bool] = False

    def answers(self, twin: Twin) -> Sequence[str]:
        """See Question."""
        services = (service.id for service in twin.services.services)
        return (*services, *(link.id for link in twin.inventory.topology.links), NOTHING)

    def open(self, struck: Struck) -> BoolArray:
        """See Question: services within their objective now, and links that are up."""
        state = struck.state
        breach = struck.twin.levels(state, state.traffic.rates_bps[None]).in_breach[0]
        up = [state.is_usable(link.id) for link in state.topology.links]
        return np.concatenate([~breach, up, [True]])

    def relies_on(self, struck: Struck, ways: Sequence[NetworkState]) -> BoolArray:
        """See Question: a service on all that its pairs pass, a link on both of its egresses,
        NOTHING on all.
        """
        links = len(struck.state.topology.links)
        services = np.zeros((len(struck.twin.services.services), 2 * links), dtype=np.bool_)
        for state in ways:
            services |= _passed(struck.twin, state)
        own = np.repeat(np.eye(links, dtype=np.bool_), 2, axis=1)
        return np.vstack([services, own, np.ones((1, 2 * links), dtype=np.bool_)])

    def traits(self, struck: Struck) -> FloatArray:
        """See Question: the kind; the bounds of a service on loss and delay, as logarithms; and how
        much of the latter it has used up as expected before the events, at the highest demand.
        """
        services, base = struck.twin.services, struck.base
        rates = struck.highest * base.traffic.rates_bps[None]
        delay = struck.twin.levels(base, rates).delay_s[0]
        loss_bound = np.log10(np.minimum(services.loss_bound, 1.0))
        delay_bound = np.log10(np.minimum(services.delay_bound_s, 10.0))
        kind = np.full(len(delay), float(SERVICE))
        used = np.minimum(delay / services.delay_bound_s, 10.0)
        rows = np.stack([kind, loss_bound, delay_bound, used], axis=1)
        others = np.zeros((len(base.topology.links) + 1, rows.shape[1]))
        others[:, 0] = LINK
        others[-1, 0] = NONE
        return np.vstack([rows, others])

    def drawn(self, struck: Struck, count: int, seed: int) -> BoolArray:
        """See Question."""
        numbers = np.random.default_rng((seed, 2))
        draw = draw_samples(struck.twin, self.uncertainty, count, seed)
        is_open = self.open(struck)
        at = np.full((count, len(is_open)), np.inf)
        self._cut(struck, at, numbers)
        unprotected = numbers.random(count) < self.rates.unprotected
        for state, members in self._routed(struck, count, numbers):
            _Player(struck, state, draw, at, is_open, self.rates).play(
                members, unprotected, numbers
            )
        at[:, ~is_open] = np.inf
        first = at.min(axis=1, keepdims=True)
        found = (at == first) & np.isfinite(first)
        found[:, -1] = ~np.isfinite(first[:, 0])
        return np.asarray(found)

    def _cut(self, struck: Struck, at: FloatArray, numbers: np.random.Generator) -> None:
        """When a link that ends where one is down goes down as well."""
        near = _near(struck)
        cut = np.flatnonzero(numbers.random(len(at)) < self.unknowns.unknown_duct)
        steps = numbers.integers(len(struck.levels), size=len(cut))
        if near:
            which = numbers.choice(near, size=len(cut))
            at[cut, len(struck.twin.services.services) + which] = steps

    def _routed(
        self, struck: Struck, count: int, numbers: np.random.Generator
    ) -> Iterator[tuple[NetworkState, IntArray]]:
        """States that differ by a weight that nobody knows of, and the draws that have it."""
        odd = numbers.random(count) < self.unknowns.hidden_weight
        yield struck.state, np.flatnonzero(~odd)
        for member in np.flatnonzero(odd).tolist():
            yield _misweighted(struck, numbers), np.array([member])


@dataclass(slots=True)
class _Player:
    """Plays draws of one state on until something is first in each. `at`: (S, A) the step at which
    each answer comes true, filled in.
    """

    struck: Struck
    state: NetworkState
    draw: Draw
    at: FloatArray
    is_open: BoolArray
    rates: ChainRates

    def play(self, members: IntArray, unprotected: BoolArray, numbers: np.random.Generator) -> None:
        """`members`: the draws of this state."""
        services = len(self.struck.twin.services.services)
        looked = 0.0
        for step, level in enumerate(self.struck.levels.tolist()):
            # A draw is over once something has come first.
            members = members[self.at[members][:, self.is_open].min(axis=1) > step]
            grown = level > _COARSER * looked
            looked = level if grown else looked
            alive = members if grown else members[unprotected[members]]
            if not alive.size:
                continue
            found = self._flows(alive, level)
            breach = service_levels(self.struck.twin.services, found.delivered, found.delay_s)
            here = self.at[alive, :services]
            self.at[alive, :services] = np.where(breach.in_breach, np.minimum(here, step), here)
            shared = unprotected[alive]
            if shared.any():
                self._lose_hellos(alive[shared], found.sent[:, shared], step, numbers)

    def _lose_hellos(
        self, members: IntArray, sent: FloatArray, step: int, numbers: np.random.Generator
    ) -> None:
        silent = egress_loss_of(self.state.topology, self.state.egress_loss)
        each = lost_hellos(1.0 - sent, silent[:, None], is_protected=False)
        dead = chance_in_dead_interval(each, self.rates)
        intervals = STEP_S / (self.rates.hellos * self.rates.hello_s)
        lost = numbers.random(dead.shape) < 1.0 - (1.0 - dead) ** intervals
        links = slice(len(self.struck.twin.services.services), -1)
        here = self.at[members, links]
        self.at[members, links] = np.where(lost.T, np.minimum(here, step), here)

    def _flows(self, members: IntArray, level: float) -> Flows:
        state, twin, draw = self.state, self.struck.twin, self.draw
        return flows(
            twin.compiled,
            twin.route(state),
            level * draw.demand[members][:, None] * state.traffic.rates_bps,
            policed_bps=policer_rates(state.topology, state.running),
            silent_loss=egress_loss_of(state.topology, state.egress_loss),
            capacity_bps=draw.capacity_bps[:, members],
            split=draw.split[:, members],
            parameters=twin.parameters,
            entry_bps=entry_limits_of(state.topology, state.running),
        )


def _near(struck: Struck) -> list[int]:
    """Places of links that are up and end where one is down."""
    topology, down = struck.state.topology, struck.state.down_links
    ends = {end for x in down for end in (topology.link(x).a, topology.link(x).b)}
    return [
        i
        for i, link in enumerate(topology.links)
        if {link.a, link.b} & ends and struck.state.is_usable(link.id)
    ]


def _misweighted(struck: Struck, numbers: np.random.Generator) -> NetworkState:
    """One egress has another weight than is known."""
    topology, running = struck.state.topology, struck.state.running
    egress = topology.egress_of(int(numbers.integers(2 * len(topology.links))))
    before = running.device(egress.node).interface(egress.link)
    weight = max(1, round(before.igp_weight * numbers.choice(_WRONG_BY)))
    changed = before.model_copy(update={"igp_weight": weight})
    return replace(struck.state, running=running.with_interface(egress.node, changed))


def _passed(twin: Twin, state: NetworkState) -> BoolArray:
    """(services, n_arcs) the egresses on a shortest path of one of its pairs."""
    compiled, services = twin.compiled, twin.services
    weights = arc_weights(state.topology, state.running, state.down_links)
    distance = twin.route(state).distance
    passed = np.zeros((len(services.services), compiled.n_arcs), dtype=np.bool_)
    of = np.repeat(
        np.arange(len(services.first)), np.diff([*services.first, len(services.sources)])
    )
    on_way = _on_shortest(compiled, weights, distance, services.sources, services.targets)
    np.logical_or.at(passed, of, on_way)
    return passed


def _on_shortest(
    compiled: CompiledTopology,
    weights: IntArray,
    distance: IntArray,
    sources: IntArray,
    targets: IntArray,
) -> BoolArray:
    """(P, n_arcs) whether each egress is on a shortest path of each pair."""
    there = distance[targets][:, compiled.head]
    here = distance[compiled.tail][:, sources].T
    whole = distance[targets, sources][:, None]
    reached = (there >= 0) & (here >= 0) & (whole >= 0) & (weights > 0)
    return np.asarray(reached & (here + weights + there == whole))
