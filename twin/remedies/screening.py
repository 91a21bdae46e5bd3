"""Remedies for a state, screened: searched on offered loads, then judged with queues and services.

Offered loads tell what is overloaded and know nothing of delays, policers or which service loses.
So what a search keeps is judged by the whole objective, services that stay in breach are looked
after one change at a time, and rate limits are tried where an egress stays overloaded.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from twin.events.action import Action, in_words
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.edits import ends_of
from twin.events.actions.limit_target import LimitTarget
from twin.events.actions.rate_limit import RateLimit
from twin.forecasting import DEFAULT_UNCERTAINTY, Uncertainty, demand_factors
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.plan import Source
from twin.nouns.state import NetworkState
from twin.nouns.traffic import TRAFFIC_CLASSES, TrafficClass
from twin.physics.compiled import FloatArray, entering_bps, policer_rates
from twin.physics.loads import arriving_loads
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.remedies.limits import LIMITED_UTILISATION, best_effort_limits
from twin.remedies.moves import bridges, carries
from twin.remedies.objective import Cost, Outlook, expected_cost
from twin.remedies.search import BETTER, MOST_CHANGES, Expansion, Position, RemedySearch
from twin.remedies.untouched import touched
from twin.whatif.engine import WhatIfEngine

DRAWS = 4
"""Matrices that are searched over: what is best for the one that is expected is not best for those
that may come."""

MARGIN = 1.1
"""What is kept is judged at so many times the demand: over draws that would take DRAWS as long."""

WIDTH = 4
"""How many positions of each depth are gone on from."""

KEPT = 6
"""Remedies of a search that are judged by the whole objective."""

MOST_REMEDIES = 8

SERVICE_MOVES = 64
"""Moves near the ways of services in breach whose verdicts are asked for."""

SERVICE_MOVES_JUDGED = 2
"""Of these, those that are judged by the whole objective."""

UNLOADED = 0.95
"""Up to this utilisation the queues of links of 1 Gbit/s or more drop less than a millionth."""

MOST_ACTIONS = 100
"""Of one remedy, limits of all that is overloaded included. A surge of all demand fills most of a
network, and what is limited at four of its egresses is lost at the others."""

_HALVINGS = 10
"""Steps in which the rate of a limit is found: to a thousandth of the largest entry."""

_TELLS = 0.99
"""A limit above this share of the largest entry limits nothing."""

_BEST_EFFORT = TRAFFIC_CLASSES.index(TrafficClass.BEST_EFFORT)


@dataclass(frozen=True, slots=True)
class Screened:
    """A set of actions, what runs then, and what that is expected to cost until the repair.

    `max_utilisation`: offered load / capacity of the busiest egress at the highest demand ahead.
    `sources`: who proposed it.
    """

    actions: tuple[Action, ...]
    running: NetworkConfiguration
    cost: Cost
    max_utilisation: float
    sources: frozenset[Source] = frozenset()

    def by(self, *sources: Source) -> "Screened":
        """The same, proposed by these as well."""
        return replace(self, sources=self.sources.union(sources))


class Screening:
    """Screens remedies for `state`, searched over draws of the demand and judged at a margin."""

    def __init__(
        self,
        twin: Twin,
        state: NetworkState,
        outlook: Outlook,
        *,
        extra: Sequence[Action] = (),
        together: Sequence[tuple[Action, ...]] = (),
        advised: Sequence[tuple[Action, ...]] = (),
        without: Collection[Source] = (),
        at_work: Mapping[str, str] = MappingProxyType({}),
        limited_at: Sequence[str] = (),
        least_limit_share: float = 0.0,
        uncertainty: Uncertainty = DEFAULT_UNCERTAINTY,
        seed: int = 0,
        margin: float = MARGIN,
        untouched: Collection[str] = (),
    ) -> None:
        """`extra`: more actions to try, such as reverts; `together`: sets to try as a whole;
        `advised`: sets that a policy proposes. `without`: who is not asked.
        `limited_at`: nodes towards which best effort may be limited where it enters.
        `at_work`: links on which crews are at work, with the id of the work. `least_limit_share`:
        of a link's capacity, what a rate limit has to leave to a class. `uncertainty`, `seed`: of
        the draws. `untouched`: nodes and links that are not to be configured.
        """
        self._twin = twin
        self._state = state
        self._outlook = outlook
        self._margin = margin
        self._least_limit_share = least_limit_share
        self._extra = tuple(extra)
        self._together = tuple(together)
        self._advised = tuple(advised)
        self._asked = frozenset(get_args(Source)) - frozenset(without)
        self._at_work = at_work
        self._limited_at = tuple(limited_at)
        self._untouched = frozenset(untouched)
        draws = demand_factors(uncertainty, twin.compiled.n_nodes, DRAWS, seed)
        self._search = RemedySearch(
            twin, state, outlook, extra=extra, draws=draws, untouched=self._untouched
        )

    @cached_property
    def nothing(self) -> Screened:
        """Where no action is taken."""
        return self._judged(self._search.nothing)

    def measure(self, actions: Sequence[Action]) -> Screened:
        """What `actions` lead to. Raises UnknownNode, UnknownLink."""
        return self._judged(self._search.after(actions))

    def best(
        self, changes: int = MOST_CHANGES, width: int = WIDTH, most: int = MOST_REMEDIES
    ) -> list[Screened]:
        """Up to `most` remedies that cost less than doing nothing, the cheapest first."""
        # What the caller names is always judged: offered loads may not show what it is good for.
        named = [self.measure((a,)).by("rules") for a in self._extra if "rules" in self._asked]
        kept, leader = self._searched(changes, width)
        found = [*kept, *named, *self._by_rule(), *self._advice()]
        if "search" in self._asked:
            found += [one.by("search") for one in self._for_services(*leader, changes)]
        if "rules" in self._asked:
            # Beside the best of every size, and alone: what is best may be refused, or taken back.
            # Beside what the caller names: a drain that overloads may be good with a limit.
            leading = {s.actions: s for s in [*_best_of_each_size([self.nothing, *found]), *named]}
            found += [
                limited.by("rules", *beside.sources)
                for beside in leading.values()
                for limited in self.rate_limits(beside.actions, changes)
            ]
        better = [s for s in found if s.cost.total < self.nothing.cost.total - BETTER]
        allowed = (s for s in sorted(better, key=_rank) if self.refusal(s.actions) is None)
        unique = dict[tuple[Action, ...], Screened]()
        for screened in allowed:
            known = unique.get(screened.actions)
            unique[screened.actions] = screened.by(*known.sources) if known else screened
        ranked = [*_best_of_each_size(unique.values()), *unique.values()]
        chosen = list({s.actions: s for s in ranked}.values())[:most]
        return sorted(chosen, key=_rank)

    def _searched(
        self, changes: int, width: int
    ) -> tuple[list[Screened], tuple[Screened, Position]]:
        """What a search keeps, and the best of it, or nothing."""
        kept = _varied(self._search.search(changes, width)) if "search" in self._asked else []
        tried = [(self._judged(position).by("search"), position) for position in kept]
        leader = min([(self.nothing, self._search.nothing), *tried], key=lambda t: _rank(t[0]))
        return [screened for screened, _ in tried], leader

    def _by_rule(self) -> Iterator[Screened]:
        if "rules" in self._asked:
            yield from (self.measure(actions).by("rules") for actions in self._together)
            yield from (self.measure((limit,)).by("rules") for limit in self._target_limits())

    def _advice(self) -> Iterator[Screened]:
        if "policy" in self._asked:
            yield from (self.measure(actions).by("policy") for actions in self._advised)

    def rate_limits(
        self, beside: Sequence[Action] = (), changes: int = MOST_CHANGES
    ) -> list[Screened]:
        """Best effort limited beside the actions `beside`: on the worst egress that is overloaded
        at the highest demand, the worst two, and so on, up to `changes` in all; and on all of them,
        which counts as one.
        """
        limits = self._limits(self._search.after(beside).running)[: MOST_ACTIONS - len(beside)]
        limits = [limit for limit in limits if not self._touched((limit,))]
        few = min(len(limits), changes - len(beside))
        counts = dict.fromkeys([*range(1, few + 1), len(limits)] if limits else ())
        return [self.measure((*beside, *limits[:count])) for count in counts]

    def refusal(self, actions: Sequence[Action]) -> str | None:
        """Why a remedy may not be done, None if it may: it configures what is to be left alone, a
        drain would partition, all actions together, rate limits included, would overload, or a
        crew's drain would be lifted for a while.

        Raises UnknownLink.
        """
        if element := self._touched(actions):
            return f"{element} is not to be configured, as somebody says"
        for action in actions:
            if not action.lasting and (lifted := self._lifted(action)):
                return f"{self._at_work[lifted]} has drained {lifted}; to stop it, revert its ends"
        drains = [a for a in actions if isinstance(a, DrainLink)]
        if not drains:
            return None
        after = self._search.after(actions)
        whole = carries(self._search.nothing.weights)
        for drain in drains:
            link = self._state.topology.link_index[drain.link]
            if whole[link] and bridges(self._state.topology, whole)[link]:
                return f"{drain.describe()} would leave nodes with no other way"
        highest = after.max_utilisation
        if any(a.limit() for a in actions):
            highest = self._limited_utilisation(after.running)
        if highest > max(1.0, self._search.nothing.max_utilisation):
            told = " and ".join(in_words(actions))
            return f"{told} would load a link to {highest:.0%}"
        return None

    def _touched(self, actions: Sequence[Action]) -> str:
        """What is to be left alone and is not, "" for nothing."""
        if not self._untouched:
            return ""
        running = self._state.running
        after = self._search.after(actions).running
        return touched(self._state.topology, running, after, self._untouched)

    def _lifted(self, action: Action) -> str:
        """The link whose drain by a crew `action` would lift, "" for none."""
        state, topology = self._state, self._state.topology
        if not self._at_work:
            return ""
        after = action.configured(state.running, self._twin.inventory.intended, topology)
        for link in self._at_work:
            for end in ends_of(topology, link):
                was, runs = (c.device(end.node).interface(link) for c in (state.running, after))
                if was.drained and not runs.drained:
                    return link
        return ""

    def _limited_utilisation(self, running: NetworkConfiguration) -> float:
        """Of the busiest egress at the highest demand, each class as far as it is not limited."""
        state = replace(self._state, running=running)
        traffic = entering_bps(state)[None] * float(self._outlook.levels[0])
        loads: FloatArray = arriving_loads(self._twin.compiled, self._twin.route(state), traffic)
        passed = np.minimum(loads[:, 0], policer_rates(state.topology, running)).sum(axis=1)
        return float((passed / self._twin.compiled.capacity_bps).max())

    def _judged(self, position: Position) -> Screened:
        state, devices = replace(self._state, running=position.running), len(position.devices)
        outlook = self._outlook.scaled(self._margin)
        cost = expected_cost(self._twin, state, outlook, devices=devices)
        busiest = float(
            (offered_totals(self._twin, state) / self._twin.compiled.capacity_bps).max()
        )
        return Screened(
            position.actions, position.running, cost, busiest * float(self._outlook.levels[0])
        )

    def _for_services(
        self, screened: Screened, position: Position, changes: int
    ) -> Iterable[Screened]:
        """What relieves services that stay in breach, one change after the other."""
        while screened.cost.breach_hours > 0.0 and len(position.actions) < changes:
            expansion = self._search.expand(position)
            children = [
                self._search.child(position, expansion, move)
                for move in self._service_moves(position, expansion)
            ]
            judged = [(self._judged(child), child) for child in children]
            better, child = min(judged, key=lambda j: _rank(j[0]), default=(screened, position))
            if better.cost.total >= screened.cost.total - BETTER:
                return
            yield better
            screened, position = better, child

    def _service_moves(self, position: Position, expansion: Expansion) -> list[int]:
        """The moves that spare the most services which are in breach where nothing is overloaded:
        for what overload does to services, the search looks.
        """
        running, full = position.running, position.max_utilisation
        quiet = min(1.0, UNLOADED / full) if full > 0.0 else 1.0
        traffic = self._state.traffic.scaled(quiet * float(self._outlook.levels[0]))
        state = replace(self._state, running=running, traffic=traffic)
        twin = self._twin
        engine = WhatIfEngine(
            state, twin.services, twin.parameters, twin.compiled, twin.route(state)
        )
        breached = engine.verdicts([()]).levels.in_breach[0]
        if not breached.any():
            return []
        near = self._near(state, breached)
        arcs, first = expansion.moves.changes.arcs, expansion.moves.changes.first
        meant = np.flatnonzero(near[arcs[first[:-1]]] & np.isfinite(expansion.cost))
        # What overloads least is most likely to leave the other services in peace.
        meant = meant[np.argsort(expansion.cost[meant], kind="stable")][:SERVICE_MOVES]
        after = engine.verdicts_after(expansion.moves.changes.chosen(meant))
        weights = self._outlook.service_weights
        counts = np.ones(len(breached)) if weights is None else weights
        hours = float(self._outlook.hours.sum())
        guess = expansion.cost[meant] + hours * (after.levels.in_breach @ counts)
        now = position.cost + hours * float(breached @ counts)
        order = np.argsort(guess, kind="stable")
        best: list[int] = meant[order[guess[order] < now - BETTER]][:SERVICE_MOVES_JUDGED].tolist()
        return best

    def _near(self, state: NetworkState, breached: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Arcs (n_arcs,) that leave or enter a node on a way of the services `breached`."""
        services, compiled = self._twin.services, self._twin.compiled
        routing = self._twin.route(state)
        last = np.append(services.first[1:], len(services.sources))
        on_way = np.zeros(compiled.n_nodes, dtype=np.bool_)
        for i in np.flatnonzero(breached).tolist():
            for pair in range(services.first[i], last[i]):
                target = int(services.targets[pair])
                ahead = [int(services.sources[pair])]
                seen = set(ahead)
                while ahead:
                    node = ahead.pop()
                    on_way[node] = True
                    for arc in routing.next_hop_arcs(target, node):
                        head = int(compiled.head[arc])
                        if head not in seen:
                            seen.add(head)
                            ahead.append(head)
        return np.asarray(on_way[compiled.tail] | on_way[compiled.head])

    def _target_limits(self) -> Iterator[LimitTarget]:
        """Best effort towards each node that is named, at every entry so much that no egress is
        loaded beyond what is aimed at, and that at least something comes in.
        """
        highest = self._margin * float(self._outlook.levels[0])
        compiled, routing = self._twin.compiled, self._twin.route(self._state)
        for node in self._limited_at:
            column = self._state.topology.node_index[node]
            rates = self._state.traffic.rates_bps * highest
            most = float(rates[_BEST_EFFORT, :, column].max())
            low, high = 0.0, most
            for _ in range(_HALVINGS):
                middle = 0.5 * (low + high)
                limited = rates.copy()
                limited[_BEST_EFFORT, :, column] = np.minimum(
                    limited[_BEST_EFFORT, :, column], middle
                )
                loads = arriving_loads(compiled, routing, limited[None])[:, 0].sum(axis=1)
                fits = bool((loads <= LIMITED_UTILISATION * compiled.capacity_bps).all())
                low, high = (middle, high) if fits else (low, middle)
            if 0.0 < low < _TELLS * most:
                yield LimitTarget(
                    node=node, traffic_class=TrafficClass.BEST_EFFORT, rate_bps=round(low, -6)
                )

    def _limits(self, running: NetworkConfiguration) -> list[RateLimit]:
        """Of best effort, the worst egress first."""
        return best_effort_limits(
            self._twin,
            replace(self._state, running=running),
            self._margin * float(self._outlook.levels[0]),
            self._least_limit_share,
        )


def _varied(found: Sequence[Position]) -> list[Position]:
    """KEPT of them: the best of each number of changes, then the best of the others."""
    first = {len(p.actions): p for p in reversed(found)}
    others = [p for p in found if first[len(p.actions)] is not p]
    return [*first.values(), *others][:KEPT]


def _rank(screened: Screened) -> tuple[float, float]:
    return round(screened.cost.total, 9), screened.max_utilisation


def _best_of_each_size(found: Iterable[Screened]) -> list[Screened]:
    """The cheapest of each number of actions."""
    best: dict[int, Screened] = {}
    for screened in sorted(found, key=_rank):
        best.setdefault(len(screened.actions), screened)
    return list(best.values())
