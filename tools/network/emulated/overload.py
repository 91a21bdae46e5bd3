"""What an overloaded router does: it loses, it is late, and neighbours miss its hellos.

Forwarding degrades on every egress by what the fault says. All other figures are assumed.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.network.emulated.randomness import unit
from twin.events.fault import Fault
from twin.events.faults.router_overload import RouterOverload

SLOWER = 10.0
"""Its SPF and its tables take so many times as long."""

LATE_S, LATER_S = 0.002, 0.1
"""Every packet waits so long more at it, and so much longer per fraction that is lost."""

MISSED_EVERY_S, MISSED_S = 1200.0, 2.0
"""Each of its neighbours misses hellos once in so long, for so long: BFD notices (RFC 5880, at most
a second here), a dead interval does not. Traffic goes on until routes are withdrawn."""

_LONGEST_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Missed:
    """The hellos over `link` are missed from `from_s` to `until_s`, during event number `event`."""

    event: int
    link: str
    from_s: float
    until_s: float


def missed_hellos(
    seed: int, event: int, fault: Fault, at_s: float, until_s: float
) -> Iterator[Missed]:
    """Those that `fault` brings about within a day, none of other kinds."""
    if not isinstance(fault, RouterOverload):
        return
    lasts_s = min(until_s - at_s, _LONGEST_S)
    for link in fault.links:
        for turn in range(math.ceil(lasts_s / MISSED_EVERY_S)):
            late_s = MISSED_EVERY_S * (turn + unit(seed, "hello", event, link, turn))
            if late_s < lasts_s:
                yield Missed(event, link, at_s + late_s, at_s + late_s + MISSED_S)


def overloaded(faults: Sequence[Fault]) -> list[RouterOverload]:
    """The overloads among `faults`."""
    return [fault for fault in faults if isinstance(fault, RouterOverload)]


def late_s(fault: RouterOverload) -> float:
    """How much later packets leave the router."""
    return LATE_S + LATER_S * fault.fraction
