"""What the best single shipped action could do, for somebody who knows everything that is hidden.

Every single action that an agent could ship is tried on the true network, at the moment of
decision (`evals.truth.DECISION_S` after the last fault began): each weight of WEIGHTS on each
egress, a drain of each link, limits on best effort and business on each overloaded egress, a revert
of each device, and doing nothing. What repairs is defined in `evals.truth`.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from evals.stage import Case, stage
from evals.truth import bench, trouble_of
from tools.network.emulated.network import EmulatedNetwork
from tools.network.emulated.truth_view import SteadyState
from twin.errors import BadCase
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.base import Noun
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.traffic import TrafficClass

WEIGHTS = (5, 10, 15, 20, 25, 30, 40, 60, 60_000)
"""Where all weights are 10, paths cost multiples of 10 plus this one weight, so every weight
between two multiples is the same; beyond 60 a detour would have to be six hops longer."""

RATE_SHARES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Rates that are tried, as shares of the egress's capacity."""

_LIMITED = (TrafficClass.BEST_EFFORT, TrafficClass.BUSINESS)
_OVERLOADED = 0.9


class OracleResult(Noun):
    """What the search found. `breaches`: services in breach if nothing is done, through the faults.

    `best`: the actions that repair, or else the one that leaves fewest services in breach;
    `left_in_breach`: what it leaves. `searched`: how many actions were tried.
    """

    case: str
    seed: int
    repairable: bool
    do_nothing_suffices: bool
    breaches: tuple[str, ...]
    best: tuple[Action, ...]
    left_in_breach: tuple[str, ...]
    searched: int
    wall_s: float


def consult(case: Case, seed: int, folder: Path, *, exhaustive: bool = False) -> OracleResult:
    """Stage the case untouched up to the moment of decision, and search.

    Raises:
        BadCase: nothing is wrong in the case, so there is nothing to repair.
    """
    with at_decision(case, seed, folder) as (network, before, until_s):
        found = best_single_action(network, before, until_s, exhaustive=exhaustive)
    return found.model_copy(update={"case": case.id, "seed": seed})


@contextmanager
def at_decision(
    case: Case, seed: int, folder: Path
) -> Iterator[tuple[EmulatedNetwork, NetworkConfiguration, float]]:
    """The network of `case`, untouched, at the moment of decision; what ran before the first fault;
    and until when what is decided has to hold.

    Raises:
        BadCase: nothing is wrong in the case, so there is nothing to repair.
    """
    trouble = trouble_of(case)
    if trouble is None:
        raise BadCase(f'case "{case.id}" is healthy; there is nothing to repair')
    folder.mkdir(parents=True, exist_ok=True)
    with closing(stage(case, seed, folder / "oracle.sqlite", "oracle")) as network:
        network.advance(trouble.starts_s - 1.0)
        before = network.running_configuration()
        network.advance(trouble.decision_s)
        yield network, before, trouble.ends_s


def best_single_action(
    network: EmulatedNetwork,
    before: NetworkConfiguration,
    until_s: float,
    *,
    exhaustive: bool = False,
) -> OracleResult:
    """Search from the state that `network` is in now, for what holds until `until_s`.

    `before`: what ran before the first fault. Without `exhaustive` the search stops at the first
    action that repairs; whether there is one does not depend on it.
    """
    started = time.perf_counter()
    search = _Search(network, before, until_s)
    repairs: list[Action] = []
    fewest: tuple[tuple[str, ...], tuple[Action, ...]] = (search.nothing, ())
    if search.nothing or exhaustive:
        for action, left in search.outcomes():
            if not left:
                repairs.append(action)
                if not exhaustive:
                    break
            elif len(left) < len(fewest[0]):
                fewest = (left, (action,))
    repairable = not search.nothing or bool(repairs)
    return OracleResult(
        case=network.identity.world.id,
        seed=network.identity.seed,
        repairable=repairable,
        do_nothing_suffices=not search.nothing,
        breaches=search.nothing,
        best=tuple(repairs) or (() if repairable else fewest[1]),
        left_in_breach=() if repairable else fewest[0],
        searched=search.searched,
        wall_s=round(time.perf_counter() - started, 3),
    )


class _Search:
    """One search, with what it takes."""

    def __init__(
        self, network: EmulatedNetwork, before: NetworkConfiguration, until_s: float
    ) -> None:
        self._network = network
        self._inventory = network.inventory()
        self._running = network.running_configuration()
        self._bench = bench(network, before, network.now_s(), until_s)
        self.nothing = self._bench.breaches(self._running)
        self._busiest = self._look(self._running)
        self.searched = 1

    def outcomes(self) -> Iterable[tuple[Action, tuple[str, ...]]]:
        """Every single action that changes something, and what it leaves in breach."""
        for action in (*self._reverts(), *self._limits(), *self._drains()):
            yield action, self._try(action)[0]
        yield from self._weights()

    def _look(self, running: NetworkConfiguration) -> SteadyState:
        return self._bench.view.evaluate_steady(running, self._bench.times_s[-1])

    def _after(self, action: Action) -> NetworkConfiguration:
        inventory = self._inventory
        return action.configured(self._running, inventory.intended, inventory.topology)

    def _try(self, action: Action) -> tuple[tuple[str, ...], SteadyState]:
        """What `action` leaves in breach, and the network at the busiest time."""
        self.searched += 1
        after = self._after(action)
        busiest = self._look(after)
        left = self._bench.excess(busiest, len(self._bench.times_s) - 1)
        return left or self._bench.breaches(after), busiest

    def _reverts(self) -> Iterable[Action]:
        for node in self._inventory.topology.nodes:
            if self._running.device(node.id) != self._inventory.intended.device(node.id):
                yield RevertToIntended(node=node.id)

    def _limits(self) -> Iterable[Action]:
        offered = self._busiest.offered_utilisation
        for arc in np.flatnonzero(offered > _OVERLOADED):
            egress = self._inventory.topology.egress_of(int(arc))
            capacity = self._inventory.topology.link(egress.link).capacity_bps
            for limited in _LIMITED:
                for share in RATE_SHARES:
                    yield RateLimit(
                        node=egress.node,
                        link=egress.link,
                        traffic_class=limited,
                        rate_bps=share * capacity,
                    )

    def _drains(self) -> Iterable[Action]:
        for link in self._inventory.topology.links:
            if not self._running.device(link.a).interface(link.id).drained:
                yield DrainLink(link=link.id)

    def _weights(self) -> Iterable[tuple[Action, tuple[str, ...]]]:
        offered = self._busiest.offered_utilisation
        for arc in np.argsort(-offered, kind="stable"):
            egress = self._inventory.topology.egress_of(int(arc))
            now = self._running.device(egress.node).interface(egress.link).igp_weight
            load = float(offered[arc])
            for weight in WEIGHTS:
                # Raising the weight of an egress that carries nothing changes no path.
                if weight == now or (weight > now and load == 0.0):
                    continue
                action = SetIgpWeight(node=egress.node, link=egress.link, weight=weight)
                left, busiest = self._try(action)
                yield action, left
                if weight > now:
                    load = float(busiest.offered_utilisation[arc])
