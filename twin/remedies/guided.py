"""Guidance in the terms of the objective, and no more of it than the policy allows."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from twin.nouns.guidance import (
    ExpectedRepair,
    ExpectedSurge,
    Guidance,
    GuidanceCaps,
    ProtectedService,
    Untouched,
)
from twin.nouns.topology import Topology
from twin.physics.compiled import FloatArray
from twin.physics.twin import Twin
from twin.remedies.objective import OutageTime, RepairTime

SAID_SIGMA = 0.4
"""How far off people are who say when a repair is done: the spread of the logarithm of what is
left, of which theirs is taken to be the median (assumed)."""

_MOST_TOLD = 3

_LONGEST_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class SaidRepair:
    """An outage that is over after about `left_s`, as somebody says."""

    left_s: float

    def survival(self, more_s: float, lasted_s: float = 0.0) -> float:
        """See OutageTime. `lasted_s` is in what was said already."""
        return RepairTime(median_s=self.left_s, sigma=SAID_SIGMA).survival(more_s)


@dataclass(frozen=True, slots=True)
class Growth:
    """Demand grows evenly (in its logarithm) by `factor` from `begins_s` to `ends_s`; what it has
    grown until `now_s` is in the demand of now.
    """

    factor: float
    begins_s: float
    ends_s: float
    now_s: float

    def after(self, seconds: float) -> float:
        """How many times the demand of now there is then, beyond what is usual."""
        return float(self.factor ** (self._share(self.now_s + seconds) - self._share(self.now_s)))

    @property
    def left(self) -> float:
        """How many times the demand of now there is once it has grown."""
        return self.after(max(0.0, self.ends_s - self.now_s))

    def _share(self, at_s: float) -> float:
        return min(1.0, max(0.0, (at_s - self.begins_s) / (self.ends_s - self.begins_s)))


def said_repair(guidance: Guidance, now_s: float, lasted_s: float) -> SaidRepair | None:
    """Of an outage that has `lasted_s`. None where nothing was said of it, or the time that was
    said is over and it is not repaired; what was said before it began is of another.
    """
    repair = guidance.repair
    if repair is None or repair.at_s <= now_s or repair.said.at_s < now_s - lasted_s:
        return None
    return SaidRepair(repair.at_s - now_s)


def growth(guidance: Guidance, now_s: float) -> Growth | None:
    """None where no surge is expected."""
    surge = guidance.surge
    if surge is None or surge.at_s <= surge.said.at_s:
        return None
    return Growth(surge.factor, surge.said.at_s, surge.at_s, now_s)


def service_weights(guidance: Guidance, twin: Twin) -> FloatArray | None:
    """What an hour in breach of each service counts, (S,); None: 1 each."""
    if not guidance.protect:
        return None
    weight_of = {one.service: one.weight for one in guidance.protect}
    return np.array([weight_of.get(s.id, 1.0) for s in twin.inventory.services])


def clipped_to(
    caps: GuidanceCaps,
    guidance: Guidance,
    topology: Topology,
    now_s: float,
    expected: OutageTime,
    lasted_s: float,
) -> Guidance:
    """No more of `guidance` than `caps` allow at `now_s`, with what was cut among `clipped`.

    `expected`: of an outage that has `lasted_s`, how long it goes on without what was said.
    """
    told = list(guidance.clipped)
    return guidance.model_copy(
        update={
            "protect": _protect(caps, guidance.protect, told),
            "untouched": _untouched(caps, guidance.untouched, topology, told),
            "repair": _repair(caps, guidance.repair, now_s, expected, lasted_s, told),
            "surge": _surge(caps, guidance.surge, told),
            "clipped": tuple(told),
        }
    )


def _protect(
    caps: GuidanceCaps, protect: Sequence[ProtectedService], told: list[str]
) -> tuple[ProtectedService, ...]:
    most = caps.most_protected_services
    kept, left = protect[:most], protect[most:]
    if left:
        told.append(
            f"{_some(one.service for one in left)} counted as any other service: no more than "
            f"{most} may be protected"
        )
    return tuple(
        one.model_copy(update={"weight": min(one.weight, caps.service_weight)}) for one in kept
    )


def _untouched(
    caps: GuidanceCaps, untouched: Sequence[Untouched], topology: Topology, told: list[str]
) -> tuple[Untouched, ...]:
    kept, links, left = list[Untouched](), set[str](), list[str]()
    for one in untouched:
        own = (
            {link.id for link in topology.links_at(one.element)}
            if one.element in topology.node_index
            else {one.element}
        )
        if len(links | own) > caps.most_untouched_links:
            left.append(one.element)
            continue
        links |= own
        kept.append(one)
    if left:
        told.append(
            f"{_some(left)} may be configured: no more than {caps.most_untouched_links} links are "
            "left alone because somebody says so"
        )
    return tuple(kept)


def _some(names: Iterable[str]) -> str:
    """The first ones by name, and how many more."""
    first, more = (every := list(names))[:_MOST_TOLD], len(every) - _MOST_TOLD
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")


def _repair(
    caps: GuidanceCaps,
    repair: ExpectedRepair | None,
    now_s: float,
    expected: OutageTime,
    lasted_s: float,
    told: list[str],
) -> ExpectedRepair | None:
    if repair is None:
        return None
    if repair.at_s <= now_s:
        told.append("the time at which the repair was expected is over")
        return None
    usual_s = median_left_s(expected, lasted_s)
    said_s = repair.at_s - now_s
    left_s = min(max(said_s, usual_s / caps.repair_factor), usual_s * caps.repair_factor)
    if left_s != said_s:
        told.append(
            f"the repair is taken to need {left_s / 3600.0:.1f} h more, where {said_s / 3600.0:.1f}"
            f" h were said: {usual_s / 3600.0:.1f} h are expected otherwise, and a factor of "
            f"{caps.repair_factor:g} is the most"
        )
    return repair.model_copy(update={"at_s": now_s + left_s})


def _surge(
    caps: GuidanceCaps, surge: ExpectedSurge | None, told: list[str]
) -> ExpectedSurge | None:
    if surge is None or surge.factor <= caps.surge_factor:
        return surge
    told.append(
        f"demand is taken to grow by {caps.surge_factor:g}, where {surge.factor:g} was said: that "
        "is the most"
    )
    return surge.model_copy(update={"factor": caps.surge_factor})


def median_left_s(expected: OutageTime, lasted_s: float) -> float:
    """Seconds within which an outage that has `lasted_s` is over as likely as not."""
    low, high = 1.0, _LONGEST_S
    while high / low > 1.0001:
        middle = math.sqrt(low * high)
        if expected.survival(middle, lasted_s) > 0.5:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)
