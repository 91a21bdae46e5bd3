"""How much of the risk that can be enumerated the first lines of the register hold.

python -m evals.foresight

For each network: the sets of failures that were looked at, what they cost a year, and the share of
that which the first 10, 30 and 100 lines hold.
"""

import sys
import time
from collections.abc import Iterable

from twin.imagination.elements import elements_of
from twin.imagination.enumeration import MOST_SETS, enumerated
from twin.imagination.regimes import regimes_of
from twin.nouns.rates import Rates
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

TOPOLOGIES = (
    "sndlib/abilene",
    "sndlib/nobel-us",
    "topozoo/Compuserve",
    "topozoo/Aconet",
    "sndlib/nobel-eu",
    "topozoo/Arnes",
    "sndlib/cost266",
    "topozoo/Geant2012",
    "sndlib/germany50",
    "topozoo/Bellcanada",
)
"""From 11 to 50 nodes."""

LINES = (10, 30, 100)


def coverage_line(topology: str) -> str:
    """One row of the table."""
    twin = Twin(build_inventory(WorldSpec(topology=topology)))
    elements = elements_of(twin.inventory.topology, Rates())
    regimes = regimes_of(twin.inventory.profile)
    state = twin.state()
    began_s = time.process_time()
    found = enumerated(twin, state, elements, regimes, lines=LINES[-1], most=MOST_SETS)
    cpu_s = time.process_time() - began_s
    costs = [one.slo_minutes for one in found.sets]
    total = sum(costs)
    shares = " | ".join(f"{sum(costs[:n]) / total:.3f}" if total else "-" for n in LINES)
    return (
        f"| {topology} | {len(state.topology.nodes)} | {len(elements)} | {len(found.sets):,} | "
        f"{cpu_s:.1f} | {total:,.0f} | {shares} | {found.left_slo_minutes:,.0f} |"
    )


def main(topologies: Iterable[str] = TOPOLOGIES) -> int:
    """Print the table; the exit code."""
    first = " | ".join(f"first {n}" for n in LINES)
    print(
        f"| network | nodes | elements | sets | CPU s | minutes a year | {first} | not looked at, "
        "at most |"
    )
    print("|---|--:|--:|--:|--:|--:|" + "--:|" * (len(LINES) + 1))
    for topology in topologies:
        print(coverage_line(topology), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
