"""Remedies from a shortlist of single changes and pairs near the trouble, ranked by the peak alone.

It shipped before the search on the what-if engine, and is kept as what that has to beat.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np

from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.fault import Fault
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.nouns.traffic import TRAFFIC_CLASSES, TrafficClass, TrafficMatrix

COMFORTABLE_UTILISATION = 0.9
"""Above this, bursts begin to drop: remedies aim below it."""

LIMITED_UTILISATION = 0.8
"""A limited egress is given more air: once it stops dropping, senders of the other classes that had
held back come back, and nobody knows by how much."""

_WEIGHTS = (4, 7, 14, 20, 30, 60)
"""Weights that are tried, around the default of 10: two below, four above."""

_MOST_LIMITS = 4
_MOST_EGRESSES = 60
_MOST_DRAINS = 30
_PAIR_SEEDS = 4
_PAIR_PARTNERS = 40


@dataclass(frozen=True, slots=True)
class Screened:
    """A set of actions, what it leads to, and how much stays wrong: `excess_bps` beyond comfort."""

    actions: tuple[Action, ...]
    running: NetworkConfiguration
    excess_bps: float
    max_utilisation: float


class Screen:
    """Screens actions on one state (at the demand to be prepared for)."""

    def __init__(
        self,
        state: NetworkState,
        intended: NetworkConfiguration,
        offered: Callable[[NetworkState], FloatArray],
        least_limit_share: float = 0.0,
    ) -> None:
        """`least_limit_share`: of a link's capacity, what a rate limit has to leave to a class."""
        self._state = state
        self._intended = intended
        self._offered = offered
        self._least_limit_share = least_limit_share
        self._capacity = np.repeat([x.capacity_bps for x in state.topology.links], 2)
        loss = np.zeros(state.topology.n_arcs)
        for egress, fraction in state.egress_loss.items():
            loss[state.topology.arc_of(egress)] = fraction
        self._egress_loss = loss
        self.nothing = self.measure(())

    def measure(self, actions: Sequence[Action]) -> Screened:
        """What `actions` lead to. Raises UnknownNode, UnknownLink."""
        running = self._state.running
        for action in actions:
            running = action.configured(running, self._intended, self._state.topology)
        after = NetworkState(
            self._state.topology,
            running,
            self._state.traffic,
            self._state.down_links,
            self._state.egress_loss,
        )
        loads = self._offered(after)
        comfortable = COMFORTABLE_UTILISATION * self._capacity
        excess = np.maximum(loads - comfortable, 0).sum() + (loads * self._egress_loss).sum()
        return Screened(
            tuple(actions), running, float(excess), float((loads / self._capacity).max())
        )

    def trouble(self) -> tuple[int, ...]:
        """Arcs that are over comfort or lose silently, the worst first."""
        loads = self._offered(self._state)
        hurt = np.maximum(loads - COMFORTABLE_UTILISATION * self._capacity, 0)
        hurt += loads * self._egress_loss
        return tuple(int(a) for a in np.argsort(-hurt) if hurt[a] > 0)

    def best_single(self, cause: Sequence[Fault], most: int = 6) -> list[Screened]:
        """Single actions that help, the best first."""
        found = [self.measure((action,)) for action in self._singles(cause)]
        return _best(found, self.nothing.excess_bps, most)

    def best_pairs(self, singles: Sequence[Screened], most: int = 3) -> list[Screened]:
        """Two actions together, grown from the best single ones, where one does not suffice."""
        partners = [(a,) for a in self._weight_changes()][:_PAIR_PARTNERS]
        found = [
            self.measure((*first.actions, *second))
            for first in singles[:_PAIR_SEEDS]
            for second in partners
            if second[0] != first.actions[0]
        ]
        floor = min((s.excess_bps for s in singles), default=self.nothing.excess_bps)
        return _best(found, 0.9 * floor, most)

    def rate_limits(self) -> list[Screened]:
        """Best effort limited, on the worst egress in trouble, the worst two, and so on."""
        arcs = [arc for arc in self.trouble() if self._egress_loss[arc] == 0]
        limits = [limit for arc in arcs[:_MOST_LIMITS] if (limit := self._limit(arc)) is not None]
        return [self.measure(limits[:count]) for count in range(1, len(limits) + 1)]

    def refusal(self, action: Action) -> str | None:
        """Why a drain may not be done (it would partition or overload), None if it may."""
        if not isinstance(action, DrainLink):
            return None
        left: nx.MultiGraph[str] = nx.MultiGraph()
        left.add_nodes_from(n.id for n in self._state.topology.nodes)
        for link in self._state.topology.links:
            if link.id not in self._state.down_links and link.id != action.link:
                left.add_edge(link.a, link.b)
        if not nx.is_connected(left):
            return f"{action.describe()} would leave nodes with no other way"
        after = self.measure((action,))
        if after.max_utilisation > max(1.0, self.nothing.max_utilisation):
            return f"{action.describe()} would load a link to {after.max_utilisation:.0%}"
        return None

    def _singles(self, cause: Sequence[Fault]) -> Iterable[Action]:
        for fault in cause:
            if isinstance(fault, IgpWeightMisconfig):
                yield RevertToIntended(node=fault.node)
            if isinstance(fault, SilentEgressPacketLoss):
                yield DrainLink(link=fault.link)
                yield SetIgpWeight(node=fault.node, link=fault.link, weight=60_000)
        yield from self._weight_changes()
        for link in self._near_links()[:_MOST_DRAINS]:
            drain = DrainLink(link=link)
            if self.refusal(drain) is None:
                yield drain

    def _weight_changes(self) -> Iterable[Action]:
        for arc in self._near_arcs():
            egress = self._state.topology.egress_of(arc)
            now = self._state.running.device(egress.node).interface(egress.link).igp_weight
            for weight in _WEIGHTS:
                if weight != now:
                    yield SetIgpWeight(node=egress.node, link=egress.link, weight=weight)

    def _near_arcs(self) -> list[int]:
        """Arcs that are up, by hops from the trouble, nearest first."""
        topology = self._state.topology
        graph = nx.Graph((x.a, x.b) for x in topology.links if x.id not in self._state.down_links)
        worst = [topology.links[arc // 2] for arc in self.trouble()[:5]]
        ends = {end for link in worst for end in (link.a, link.b)}
        ends &= set(graph)
        if not ends:
            return []
        hops = nx.multi_source_dijkstra_path_length(graph, ends, weight=None)
        arcs = [
            (hops.get(topology.egress_of(a).node, 99), a)
            for a in range(topology.n_arcs)
            if topology.links[a // 2].id not in self._state.down_links
        ]
        return [arc for _, arc in sorted(arcs)[:_MOST_EGRESSES]]

    def _near_links(self) -> list[str]:
        links = (self._state.topology.links[a // 2].id for a in self._near_arcs())
        return list(dict.fromkeys(links))

    def _limit(self, arc: int) -> RateLimit | None:
        """Best effort may use what the other classes on this egress leave of its share."""
        egress = self._state.topology.egress_of(arc)
        others = self._state.traffic.rates_bps.copy()
        others[TRAFFIC_CLASSES.index(TrafficClass.BEST_EFFORT)] = 0.0
        protected = replace(self._state, traffic=TrafficMatrix(self._state.traffic.nodes, others))
        load = float(self._offered(protected)[arc])
        capacity = float(self._capacity[arc])
        room = max(LIMITED_UTILISATION * capacity - load, self._least_limit_share * capacity)
        if room <= 0:
            return None
        return RateLimit(
            node=egress.node,
            link=egress.link,
            traffic_class=TrafficClass.BEST_EFFORT,
            rate_bps=round(room, -6),
        )


def _best(found: Iterable[Screened], below: float, most: int) -> list[Screened]:
    better = [s for s in found if s.excess_bps < below]
    better.sort(key=lambda s: (s.excess_bps, s.max_utilisation))
    chosen: list[Screened] = []
    places: set[str] = set()
    for screened in better:
        # The same egress with another weight is hardly another remedy.
        place = "+".join(sorted(_place(a) for a in screened.actions))
        if place not in places:
            places.add(place)
            chosen.append(screened)
        if len(chosen) == most:
            break
    return chosen


def _place(action: Action) -> str:
    return ":".join(
        str(value)
        for key, value in action.model_dump().items()
        if key not in ("weight", "rate_bps")
    )
