"""What a state of the network is expected to cost until the field has repaired it: the one
objective, whoever ranks remedies or scenarios.

Cost is counted in service-hours: an hour of one service in breach costs 1, and lost traffic and
touched devices are told in that currency.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import numba
import numpy as np
from pydantic import Field

from twin.events.action import Action
from twin.forecasting import Draw
from twin.nouns.base import Noun
from twin.nouns.state import NetworkState
from twin.nouns.topology import Topology
from twin.nouns.traffic import DailyProfile
from twin.physics.assessment import flows, service_levels
from twin.physics.compiled import FloatArray, egress_loss_of, entry_limits_of, policer_rates
from twin.physics.twin import Twin, profile_at

LOST_SHARE_WEIGHT = 40.0
"""Losing 2.5 % of all traffic is as bad as one service in breach (our definition)."""

DEVICE_WEIGHT = 0.03
"""Every device that a remedy touches costs this much of a service-hour in breach (our definition).
"""

HORIZON_S = 12 * 3600.0
"""How far ahead is reckoned: of RepairTime's outages 0.5 % last longer."""

STEP_S = 900.0
"""A quarter of an hour: the demand follows a profile of hours."""

LEVELS = 8
"""Levels of demand that the hours ahead are sorted into."""

SAMPLES_AT_ONCE = 64


class OutageTime(Protocol):
    """How long an outage lasts, as far as that is known."""

    def survival(self, more_s: float, lasted_s: float = 0.0) -> float:
        """The probability that an outage which has `lasted_s` goes on for `more_s`."""
        ...


class RepairTime(Noun):
    """How long an outage lasts, log-normal: the logarithm has mean ln `median_s` and deviation
    `sigma`.

    The default is assumed: the emulated field travels half an hour and repairs in an hour and a
    half; with this spread one outage in six lasts longer than four hours.
    """

    median_s: float = Field(default=7200.0, gt=0)
    sigma: float = Field(default=0.7, gt=0)

    def survival(self, more_s: float, lasted_s: float = 0.0) -> float:
        """The probability that an outage which has `lasted_s` goes on for `more_s`."""
        return self._longer_than(lasted_s + more_s) / self._longer_than(lasted_s)

    def _longer_than(self, seconds: float) -> float:
        if seconds <= 0.0:
            return 1.0
        return 0.5 * math.erfc(math.log(seconds / self.median_s) / (self.sigma * math.sqrt(2.0)))


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """The demand until the repair: common to all pairs, so that loads scale with it.

    `levels`: (H,), demand relative to that of the state it is about, the highest first. `hours`:
    (H,), hours of the outage that are expected at each; their sum is how long it lasts.
    `service_weights`: what an hour in breach of each service counts, (S,); None: 1 each.
    """

    levels: FloatArray
    hours: FloatArray
    service_weights: FloatArray | None = None

    @classmethod
    def ahead(
        cls,
        profile: DailyProfile,
        now_s: float,
        repair: OutageTime | None = None,
        lasted_s: float = 0.0,
        *,
        from_s: float = 0.0,
        horizon_s: float = HORIZON_S,
        least_chance: float = 0.0,
        growth: Callable[[float], float] | None = None,
    ) -> "Outlook":
        """Of a state at `now_s` (Unix seconds) whose outage has `lasted_s`.

        `repair`: how long it lasts, as is assumed where None. `from_s`: seconds from now on that
        do not count, and `horizon_s`: those after them that do. `least_chance`: hours that the
        outage reaches with a smaller chance do not count either; the first step always does.
        `growth`: so many times more demand there is after some seconds than the profile says.
        """
        known: OutageTime = RepairTime() if repair is None else repair
        middles = np.arange(from_s + STEP_S / 2, from_s + horizon_s, STEP_S).tolist()
        now = profile_at(profile, now_s)
        level = np.array([profile_at(profile, now_s + t) / now for t in middles])
        if growth is not None:
            level *= [growth(max(0.0, t)) for t in middles]
        chance = np.array([known.survival(t, lasted_s) for t in middles])
        counted = max(1, int((chance >= least_chance).sum()))
        return cls.of(level[:counted], chance[:counted] * STEP_S / 3600.0)

    @classmethod
    def at(cls, level: float = 1.0, hours: float = 1.0) -> "Outlook":
        """One level of demand alone."""
        return cls(np.array([level]), np.array([hours]))

    @classmethod
    def of(cls, level: FloatArray, hours: FloatArray) -> "Outlook":
        """Those hours at each level, in a few levels; the highest alone where there are none."""
        low, high = float(level.min()), float(level.max())
        width = (high - low) / LEVELS or 1.0
        of = np.minimum(((high - level) / width).astype(np.int64), LEVELS - 1)
        total, weighted = np.zeros(LEVELS), np.zeros(LEVELS)
        np.add.at(total, of, hours)
        np.add.at(weighted, of, hours * level)
        kept = total > 0.0
        if not kept.any():
            return cls.at(high, 0.0)
        return cls(weighted[kept] / total[kept], total[kept])

    def scaled(self, factor: float) -> "Outlook":
        """The same hours at `factor` times the demand."""
        return replace(self, levels=self.levels * factor)

    def weighing(self, service_weights: FloatArray | None) -> "Outlook":
        """The same hours, in which services count so much."""
        return self if service_weights is None else replace(self, service_weights=service_weights)


@dataclass(frozen=True, slots=True)
class Cost:
    """What is expected until the repair.

    `breach_hours`: service-hours in breach. `lost_share_hours`: the share of all traffic that is
    lost, over the hours. `devices`: how many a remedy touches. `more_hours`: what services that
    count more than 1 add to `breach_hours`.
    """

    breach_hours: float
    lost_share_hours: float
    devices: int = 0
    more_hours: float = 0.0

    @property
    def total(self) -> float:
        """All of it in service-hours."""
        lost = LOST_SHARE_WEIGHT * self.lost_share_hours
        return self.breach_hours + self.more_hours + lost + DEVICE_WEIGHT * self.devices


def devices_touched(actions: Iterable[Action], topology: Topology) -> frozenset[str]:
    """All nodes whose configuration `actions` change. Raises UnknownLink."""
    return frozenset(node for action in actions for node in action.devices(topology))


def expected_cost(
    twin: Twin,
    state: NetworkState,
    outlook: Outlook,
    *,
    devices: int = 0,
    draws: FloatArray | None = None,
    samples: Draw | None = None,
) -> Cost:
    """What `state` costs until the repair: queues, policers and silent losses count, over one
    routing.

    `draws`: factors on the demand of each pair (S, n, n), over which the mean is taken; none: the
    demand as expected. `samples`: the same with how hashing splits and how many members bundles
    have, in place of `draws`.
    """
    rates = state.traffic.rates_bps
    if samples is not None:
        draws = samples.demand
    factors = np.ones((1, 1, 1)) if draws is None else draws
    level = np.repeat(outlook.levels, len(factors))
    weight = np.repeat(outlook.hours / len(factors), len(factors))
    draw = np.tile(np.arange(len(factors)), len(outlook.levels))
    routing = twin.route(state)
    policed_bps = policer_rates(state.topology, state.running)
    silent = egress_loss_of(state.topology, state.egress_loss)
    entry_bps = entry_limits_of(state.topology, state.running)
    breach_hours = more_hours = lost_share_hours = 0.0
    for begin in range(0, len(level), SAMPLES_AT_ONCE):
        span = slice(begin, begin + SAMPLES_AT_ONCE)
        demand = level[span, None, None] * factors[draw[span]]
        traffic = demand[:, None] * rates
        result = flows(
            twin.compiled,
            routing,
            traffic,
            policed_bps=policed_bps,
            silent_loss=silent,
            capacity_bps=None if samples is None else samples.capacity_bps[:, draw[span]],
            split=None if samples is None else samples.split[:, draw[span]],
            parameters=twin.parameters,
            entry_bps=entry_bps,
        )
        levels = service_levels(twin.services, result.delivered, result.delay_s)
        worth = traffic if state.worthless_bps is None else traffic * state.worth
        lost = np.einsum("skij,skij->s", worth, 1.0 - result.delivered)
        offered = np.maximum(worth.sum(axis=(1, 2, 3)), 1.0)
        breach_hours += float(weight[span] @ levels.in_breach.sum(axis=1))
        if outlook.service_weights is not None:
            more_hours += float(weight[span] @ (levels.in_breach @ (outlook.service_weights - 1.0)))
        lost_share_hours += float(weight[span] @ (lost / offered))
    return Cost(breach_hours, lost_share_hours, devices, more_hours)


@dataclass(frozen=True, slots=True, eq=False)
class Overload:
    """The cheap part of the objective, from offered loads alone: no queues, no services.

    `capacity_bps`, `silent` (fraction that an egress loses uncounted): (n_arcs,). `offered_bps`:
    all traffic at level 1, (K,) matrices.
    """

    outlook: Outlook
    capacity_bps: FloatArray
    silent: FloatArray
    offered_bps: FloatArray

    def lost_share_hours(
        self, loads_bps: FloatArray, unserved_bps: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Share of the traffic that is offered to egresses beyond their capacity, or lost silently,
        or has no path, over the hours, (S,); and the highest utilisation (S,) at the highest level.

        `loads_bps` (S, n_arcs, K), `unserved_bps` (S, K), at level 1; of K matrices, the mean of
        the shares and of each load is taken. No less than what a network without queues loses, and
        the same where no way leads over two such egresses.
        """
        lost, highest = np.empty(len(loads_bps)), np.empty(len(loads_bps))
        _overload(
            loads_bps, unserved_bps, self.capacity_bps, self.silent, self.offered_bps,
            self.outlook.levels, self.outlook.hours, lost, highest,
        )  # fmt: skip
        return lost, highest


@numba.njit(cache=True, nogil=True)
def _overload(
    loads: FloatArray,
    unserved: FloatArray,
    capacity: FloatArray,
    silent: FloatArray,
    offered: FloatArray,
    levels: FloatArray,
    hours: FloatArray,
    lost: FloatArray,
    highest: FloatArray,
) -> None:
    scenarios, arcs, matrices = loads.shape
    every_hour = hours.sum()
    for s in range(scenarios):
        lost[s] = highest[s] = 0.0
        for k in range(matrices):
            lost[s] += unserved[s, k] * every_hour / offered[k]
        for arc in range(arcs):
            mean = 0.0
            for k in range(matrices):
                load = loads[s, arc, k]
                mean += load / matrices
                if silent[arc] > 0.0:
                    lost[s] += load * silent[arc] * every_hour / offered[k]
                # Relative to the demand of the hour, which is `levels` times that of `offered`.
                for h in range(levels.shape[0]):
                    beyond = load - capacity[arc] / levels[h]
                    if beyond <= 0.0:
                        break
                    lost[s] += hours[h] * beyond / offered[k]
            highest[s] = max(highest[s], levels[0] * mean / capacity[arc])
        lost[s] /= matrices
