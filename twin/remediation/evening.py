"""An evening after a failure as it will be, which nobody knows while it is going on."""

import math
from dataclasses import dataclass

import numpy as np

from twin.errors import BadInput
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.traffic import TrafficMatrix
from twin.physics.compiled import FloatArray
from twin.physics.twin import Twin, profile_at
from twin.remediation.situation import Priced, Situation
from twin.remedies.objective import STEP_S, RepairTime

QUARTERS = 16

SECOND_FAILURE = 0.15
"""The chance that something else fails, in an evening whose first outage lasts for long enough."""

PAIR_SIGMA = 0.15
"""Spread (of the logarithm) of the demand of each pair against what is on record."""

COMMON_SIGMA, COMMON_MEMORY = 0.05, 0.9
"""Spread of what all demand has in common beyond the profile, and how much of it is still there a
quarter later (first-order autoregressive, stationary)."""

TREND_SIGMA = 0.05
"""Spread of its trend, per hour."""

MOST_SCALE = 1.5
"""The network has grown by up to so much past its plan."""

LEAST_STAKE = 0.25
"""Service-hours that doing nothing has to be expected to cost; an evening below is drawn anew."""

RULE = (
    f"begins 15:00 to 20:00 UTC, demand 1.0 to {MOST_SCALE:g} times what is planned for, one link "
    "or one duct fails, all uniform; drawn anew while a pair has no path or overload is expected "
    f"to cost less than {LEAST_STAKE:g} service-hours if nothing is done"
)

_MOST_DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Outage:
    """`links` are down in quarters `begins` to `ends` - 1, counted from 0."""

    links: frozenset[str]
    begins: int
    ends: int


@dataclass(frozen=True, slots=True, eq=False)
class Evening:
    """What is drawn. `begins_s`: Unix seconds. `demand`: of each pair at the peak of the profile.
    `common`: (QUARTERS,), the factor on the profile. `outages`: the first begins at once.
    """

    twin: Twin
    begins_s: float
    demand: TrafficMatrix
    common: FloatArray
    outages: tuple[Outage, ...]
    repair: RepairTime
    priced: Priced

    def down(self, quarter: int) -> frozenset[str]:
        """The links that are down in `quarter`."""
        return frozenset().union(*(o.links for o in self.outages if o.begins <= quarter < o.ends))

    @property
    def quarters(self) -> int:
        """How many count: until all is repaired, or QUARTERS."""
        return min(self._ends, QUARTERS)

    @property
    def cut_short(self) -> bool:
        """Whether something is still down after the last quarter that counts."""
        return self._ends > QUARTERS

    @property
    def _ends(self) -> int:
        return max(outage.ends for outage in self.outages)

    def at_s(self, quarter: int) -> float:
        """The middle of `quarter`."""
        return self.begins_s + (quarter + 0.5) * STEP_S

    def level(self, quarter: int) -> float:
        """The demand then, of that at the peak of the profile."""
        return profile_at(self.twin.inventory.profile, self.at_s(quarter)) * float(
            self.common[quarter]
        )

    def situation(self, quarter: int, running: NetworkConfiguration) -> Situation:
        """What is known at the beginning of `quarter`, where devices run `running`."""
        latest = max(o.begins for o in self.outages if o.begins <= quarter)
        traffic = self.demand.scaled(self.level(quarter))
        return Situation(
            twin=self.twin,
            state=self.twin.state(running, traffic, self.down(quarter)),
            now_s=self.at_s(quarter),
            lasted_s=(quarter - latest) * STEP_S,
            quarters_left=QUARTERS - quarter,
            repair=self.repair,
            priced=self.priced,
        )


def draw_evening(
    twin: Twin,
    rng: np.random.Generator,
    priced: Priced = "loads",
    repair: RepairTime | None = None,
    least_stake: float = LEAST_STAKE,
) -> Evening:
    """An evening by RULE. `least_stake`: in place of LEAST_STAKE.

    Raises:
        BadInput: of _MOST_DRAWS none was at stake as much.
    """
    for _ in range(_MOST_DRAWS):
        evening = _drawn(twin, rng, priced, RepairTime() if repair is None else repair)
        if _parted(twin, evening):
            continue
        first = evening.situation(0, twin.inventory.intended)
        if first.search.nothing.cost >= least_stake:
            return evening
    raise BadInput(
        f"{twin.inventory.topology.name}: of {_MOST_DRAWS} evenings none is expected to cost "
        f"{least_stake:g} service-hours if nothing is done; allow a lower stake"
    )


def _drawn(twin: Twin, rng: np.random.Generator, priced: Priced, repair: RepairTime) -> Evening:
    inventory = twin.inventory
    topology, n = inventory.topology, len(inventory.topology.nodes)
    fate = [frozenset([x.id]) for x in topology.links]
    fate += [frozenset(group.links) for group in topology.shared_risk_groups]
    begins_s = float(rng.uniform(15.0, 20.0)) * 3600.0
    scale = float(rng.uniform(1.0, MOST_SCALE))
    pairs = np.exp(PAIR_SIGMA * rng.standard_normal((n, n)))
    first = Outage(fate[int(rng.integers(len(fate)))], 0, _quarters(repair, rng))
    outages = [first]
    # All is drawn in any case, so that what comes of one chance moves nothing else.
    second, begins, lasts = rng.random(), rng.random(), _quarters(repair, rng)
    also = fate[int(rng.integers(len(fate)))]
    if second < SECOND_FAILURE and first.ends > 1 and not also <= first.links:
        at = 1 + int(begins * (min(first.ends, QUARTERS) - 1))
        outages.append(Outage(also - first.links, at, at + lasts))
    return Evening(
        twin,
        begins_s,
        inventory.peak_traffic.scaled(scale * pairs),
        _common(rng),
        tuple(outages),
        repair,
        priced,
    )


def _quarters(repair: RepairTime, rng: np.random.Generator) -> int:
    """How many quarters an outage lasts, one that is begun counted."""
    lasts_s = repair.median_s * math.exp(repair.sigma * rng.standard_normal())
    return max(1, math.ceil(lasts_s / STEP_S))


def _common(rng: np.random.Generator) -> FloatArray:
    noise = COMMON_SIGMA * rng.standard_normal(QUARTERS)
    trend = TREND_SIGMA * float(rng.standard_normal()) * STEP_S / 3600.0
    log = noise[:1]
    for step in noise[1:]:
        kept = COMMON_MEMORY * log[-1] + math.sqrt(1.0 - COMMON_MEMORY**2) * step
        log = np.append(log, kept)
    return np.asarray(np.exp(log + trend * np.arange(QUARTERS)))


def _parted(twin: Twin, evening: Evening) -> bool:
    """Whether a pair has no path in some quarter."""
    begins = {outage.begins for outage in evening.outages}
    states = (twin.state(down_links=evening.down(quarter)) for quarter in begins)
    return any((twin.route(state).distance < 0).any() for state in states)
