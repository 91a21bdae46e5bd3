"""What is known at one quarter of an hour after a failure, and what may be done then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twin.errors import Refused
from twin.events.action import Action
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.revert_interface import RevertInterface
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.guidance import UNGUIDED, Guidance
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface
from twin.physics.compiled import FloatArray, IntArray, policer_rates
from twin.physics.twin import Twin
from twin.remediation.choices import NONE, SLOTS, WAIT, Slot, choice, count, number_of, numbers_of
from twin.remediation.differing import Differing
from twin.remedies.guided import growth, said_repair, service_weights
from twin.remedies.limits import best_effort_limits
from twin.remedies.objective import (
    DEVICE_WEIGHT,
    HORIZON_S,
    STEP_S,
    OutageTime,
    Outlook,
    RepairTime,
    devices_touched,
    expected_cost,
)
from twin.remedies.search import RemedySearch
from twin.remedies.untouched import touched

Priced = Literal["loads", "services"]
"""What costs. "loads": overload and devices, as a search reckons. "services": queues, policers and
services in breach besides, as what a search keeps is judged; only there may anything be limited.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """Of N choices, each (N,): service-hours until the repair, and the highest utilisation."""

    cost: FloatArray
    highest: FloatArray


@dataclass(frozen=True, eq=False)
class Situation:
    """One quarter of an hour, before anything is done in it.

    `state`: what runs, what is down, and the demand in the middle of the quarter, which is at
    `now_s` (Unix seconds). `lasted_s`: of the latest failure. `quarters_left`: that count, this one
    included. `repair`: all that is known of how long an outage lasts, but for what `guidance` says.
    """

    twin: Twin
    state: NetworkState
    now_s: float
    lasted_s: float
    quarters_left: int
    repair: OutageTime = field(default_factory=RepairTime)
    priced: Priced = "loads"
    guidance: Guidance = UNGUIDED

    @cached_property
    def outlook(self) -> Outlook:
        """The demand until the repair, from this quarter on."""
        return self.ahead(from_s=-STEP_S / 2, horizon_s=self.quarters_left * STEP_S)

    def ahead(
        self, *, from_s: float = 0.0, horizon_s: float = HORIZON_S, least_chance: float = 0.0
    ) -> Outlook:
        """The same over other hours; see `Outlook.ahead`."""
        more = growth(self.guidance, self.now_s)
        return Outlook.ahead(
            self.twin.inventory.profile,
            self.now_s,
            self.outage,
            self.lasted_s,
            from_s=from_s,
            horizon_s=horizon_s,
            least_chance=least_chance,
            growth=more.after if more else None,
        ).weighing(service_weights(self.guidance, self.twin))

    @property
    def outage(self) -> OutageTime:
        """How long it lasts, guidance included."""
        return said_repair(self.guidance, self.now_s, self.lasted_s) or self.repair

    @cached_property
    def untouched(self) -> frozenset[str]:
        """The nodes and links that are not to be configured now."""
        return self.guidance.untouched_at(self.now_s)

    @cached_property
    def search(self) -> RemedySearch:
        """Every move from here, over the outlook."""
        return self.searched(self.outlook)

    def searched(self, outlook: Outlook) -> RemedySearch:
        """The same over other hours."""
        return RemedySearch(
            self.twin, self.state, outlook, extra=self.reverts, untouched=self.untouched
        )

    @cached_property
    def waiting(self) -> float:
        """What it is expected to cost to do nothing, now or later: all hours until the repair, and
        the devices that are taken back then.
        """
        if self.priced == "services":
            return self.judged(WAIT)
        return self.search.nothing.cost + DEVICE_WEIGHT * self.differing.devices

    @property
    def loads_bps(self) -> FloatArray:
        """What each egress is offered now, of all classes, (n_arcs,)."""
        return self.search.base.loads[:, 0]

    @property
    def overload_ahead_bps(self) -> FloatArray:
        """What each egress is offered beyond its capacity at the highest demand, (n_arcs,)."""
        highest = float(self.outlook.levels[0]) * self.loads_bps
        return np.maximum(highest - self.twin.compiled.capacity_bps, 0.0)

    @cached_property
    def numbers(self) -> IntArray:
        """The number of each move of `search`, (M,)."""
        search = self.search
        return numbers_of(search.moves, search.nothing.weights, self.state.topology)

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """Which numbers may be chosen; to wait always may."""
        mask = np.zeros(count(self.state.topology.n_arcs), dtype=np.bool_)
        mask[self.numbers[(self.numbers != NONE) & ~self.search.refused]] = True
        mask[[WAIT, *self.limits]] = True
        mask.setflags(write=False)
        return mask

    @cached_property
    def allowed(self) -> IntArray:
        """The numbers that may be chosen, ascending."""
        return np.flatnonzero(self.mask)

    def action(self, number: int) -> tuple[Action, ...]:
        """What a number stands for here; to wait is nothing.

        Raises:
            Refused: it may not be chosen here.
        """
        if number == WAIT:
            return ()
        if not (0 < number < len(self.mask) and self.mask[number]):
            raise Refused(f"choice {number} may not be taken here; the mask says which may")
        other = self.limits.get(number)
        return (self.search.moves.action(self._move_of[number]) if other is None else other,)

    def allowed_of(self, actions: Iterable[Action]) -> IntArray:
        """The numbers of those `actions` that may be chosen here, each once, in their order."""
        weights, topology = self.search.nothing.weights, self.state.topology
        numbers = (number_of(action, weights, topology) for action in actions)
        allowed = dict.fromkeys(n for n in numbers if n is not None and self.mask[n])
        return np.array([*allowed], dtype=np.int64)

    def running_after(self, number: int) -> NetworkConfiguration:
        """What devices run with it. Raises Refused."""
        running, intended = self.state.running, self.twin.inventory.intended
        for action in self.action(number):
            running = action.configured(running, intended, self.state.topology)
        return running

    def costs(self, numbers: IntArray, outlook: Outlook | None = None) -> FloatArray:
        """Service-hours that are expected with each of `numbers`, which may be chosen; see
        `forecasts`.
        """
        return self.forecasts(numbers, outlook).cost

    def forecasts(self, numbers: IntArray, outlook: Outlook | None = None) -> Forecasts:
        """What offered loads tell of each of `numbers`, which may be chosen: overload over
        `outlook` (default: until the repair), and the devices that are touched, now and once more
        when all is taken back.
        """
        search = self.search if outlook is None else self.searched(outlook)
        nothing = search.nothing
        # Waiting, and what limits, leaves offered loads as they are.
        cost = np.full(len(numbers), nothing.cost + DEVICE_WEIGHT * self.differing.devices)
        highest = np.full(len(numbers), nothing.max_utilisation)
        moves = np.array([self._move_of.get(n, -1) for n in numbers.tolist()], dtype=np.int64)
        which, where = np.unique(moves[moves >= 0], return_inverse=True)
        priced = search.priced(which)
        reverts = self.numbers[which] % SLOTS == 1 + Slot.REVERT
        back = self.differing.after(priced.moves.changes, reverts)
        cost[moves >= 0] = (priced.cost + DEVICE_WEIGHT * back)[where]
        highest[moves >= 0] = priced.max_utilisation[where]
        for i in np.flatnonzero((moves < 0) & (numbers != WAIT)).tolist():
            running = self.running_after(int(numbers[i]))
            cost[i] = nothing.cost + DEVICE_WEIGHT * self._touched(running, int(numbers[i]))
        return Forecasts(cost, highest)

    def judged(self, number: int, outlook: Outlook | None = None) -> float:
        """The same of one number by the whole objective: queues, policers and services."""
        running = self.running_after(number)
        return expected_cost(
            self.twin,
            self.state.configured(running),
            self.outlook if outlook is None else outlook,
            devices=self._touched(running, number),
        ).total

    def _touched(self, running: NetworkConfiguration, number: int) -> int:
        """Devices that `number` configures, and once more those that then have to be taken back."""
        intended = self.twin.inventory.intended
        now = devices_touched(self.action(number), self.state.topology)
        return len(now) + Differing.between(self.twin.compiled, running, intended).devices

    @cached_property
    def differing(self) -> Differing:
        """What runs here that is not intended."""
        return Differing.between(
            self.twin.compiled, self.state.running, self.twin.inventory.intended
        )

    @cached_property
    def reverts(self) -> tuple[RevertInterface, ...]:
        """Of every egress that runs something else than is intended, and is not drained."""
        egresses = (
            self.state.topology.egress_of(arc)
            for arc in np.flatnonzero(self.differing.differs).tolist()
        )
        return tuple(
            RevertInterface(node=egress.node, link=egress.link)
            for egress in egresses
            if not self.state.running.device(egress.node).interface(egress.link).drained
        )

    @cached_property
    def _move_of(self) -> Mapping[int, int]:
        return {number: i for i, number in enumerate(self.numbers.tolist()) if number != NONE}

    @cached_property
    def limits(self) -> Mapping[int, RateLimit | RevertInterface]:
        """What leaves offered loads as they are, by number: a limit, or a revert of one."""
        if self.priced == "loads":
            return {}
        topology, state = self.state.topology, self.state
        rates = policer_rates(topology, state.running)
        limited = np.asarray(np.isfinite(rates).any(axis=1))
        found: dict[int, RateLimit | RevertInterface] = {}
        for limit in best_effort_limits(self.twin, state, float(self.outlook.levels[0])):
            arc = topology.arc_of(Interface(node=limit.node, link=limit.link))
            if not limited[arc]:
                found[choice(arc, Slot.LIMIT)] = limit
        for revert in self.reverts:
            arc = topology.arc_of(Interface(node=revert.node, link=revert.link))
            if limited[arc] and (number := choice(arc, Slot.REVERT)) not in self._move_of:
                found[number] = revert
        return {n: action for n, action in found.items() if not self._touches(action)}

    def _touches(self, action: Action) -> bool:
        """Whether it configures what is to be left alone."""
        running, topology = self.state.running, self.state.topology
        after = action.configured(running, self.twin.inventory.intended, topology)
        return bool(touched(topology, running, after, self.untouched))
