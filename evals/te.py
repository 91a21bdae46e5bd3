"""Weights against free splits: how much of what lies between is closed, and with how few changes.

`python -m evals.te [NETWORK ...]`. Taken are all networks of SNDlib and the Topology Zoo that
topohub has with 20 to 110 nodes. topohub says weights and no capacities, so each stands here twice:
with links of equal capacity, and with those that the world buys for the weights as they are
(docs/world.md), where there is little left to gain. Demands are SNDlib's own, and the world's for
the Zoo; they are scaled so that the best with free splits is 0.90. Closed is (start - reached) /
(start - 0.90); what starts at 0.905 or below has nothing to close, and is counted apart.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from channels.provenance import code_version
from twin.physics.compiled import FloatArray, arc_weights
from twin.physics.twin import Twin
from twin.sources.topohub_source import topohub_names, topology_from_topohub
from twin.sources.world import WorldSpec, build_inventory
from twin.traffic_engineering.answer import COUNTS
from twin.traffic_engineering.budget import Budget
from twin.traffic_engineering.few_changes import few_changes
from twin.traffic_engineering.local_search import local_search
from twin.traffic_engineering.optimum import free_split_optimum
from twin.traffic_engineering.setting import WeightProblem

OPTIMUM, NOTHING_ABOVE = 0.90, 0.905
SMALLEST, LARGEST = 20, 110
SECONDS, LONGER, SEEDS = 1.0, 10.0, 5
LONG = "sndlib/germany50"
CAPACITIES = ("equal", "bought for these weights")
FLOORS = "mean 0.65, median 0.80 in 1 s; germany50 0.90 in 10 s"
_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Outcome:
    """`few`: share closed with at most COUNTS changes. `changed`: weights, of `weights`."""

    network: str
    nodes: int
    weights: int
    start: float
    reached: float
    changed: int
    few: tuple[float, ...]
    few_cpu_s: float

    @property
    def closed(self) -> float:
        """The share that is closed in SECONDS."""
        return _closed(self.start, self.reached)


def main(networks: Sequence[str]) -> None:
    """Print the tables."""
    for capacities in CAPACITIES:
        print(f"\nCapacities: {capacities}.\n")
        _print_head()
        found, nothing = list[Outcome](), list[str]()
        for name in networks:
            problem = problem_of(name, capacities)
            if problem.setting(problem.configured).highest <= NOTHING_ABOVE:
                nothing.append(name)
                continue
            found.append(outcome_of(name, problem))
            _print_row(found[-1])
        _print_all(found, nothing)
        if LONG in networks:
            _print_long(capacities)
    print(f"\nWanted: {FLOORS}. 95 % intervals of the mean. Code {code_version()}.")


def every_network() -> Iterator[str]:
    """Those of the rule above."""
    for name in topohub_names():
        if name.startswith(("sndlib/", "topozoo/")):
            nodes = len(topology_from_topohub(name).nodes)
            if SMALLEST <= nodes <= LARGEST:
                yield name


def problem_of(name: str, capacities: str) -> WeightProblem:
    """The network `name`, its demands scaled to OPTIMUM."""
    twin = Twin(build_inventory(WorldSpec(topology=name)))
    state, compiled = twin.state(), twin.compiled
    weights = arc_weights(state.topology, state.running)
    if capacities == "equal":
        compiled = replace(compiled, capacity_bps=np.full(compiled.n_arcs, 100e9))
    demand = state.traffic.rates_bps.sum(axis=0)
    best = free_split_optimum(compiled, weights, demand)
    return WeightProblem.made(compiled, weights, demand[None] * (OPTIMUM / best))


def outcome_of(name: str, problem: WeightProblem) -> Outcome:
    """All weights in SECONDS, and few in as long as they take."""
    start = problem.setting(problem.configured)
    # What is compiled or read from a cache when first used is no search.
    local_search(start, np.random.default_rng(0), Budget(what_ifs=1))
    reached = local_search(start, np.random.default_rng(1), Budget(cpu_s=SECONDS), OPTIMUM)
    clock = Budget()
    few = few_changes(start, max(COUNTS), clock, lambda: True)
    return Outcome(
        name,
        problem.compiled.n_nodes,
        int(problem.free.sum()),
        start.highest,
        reached.highest,
        len(reached.changed),
        tuple(_closed(start.highest, few[count].highest) for count in COUNTS),
        clock.spent_s,
    )


def _closed(start: float, reached: float) -> float:
    return (start - reached) / (start - OPTIMUM)


def _print_head() -> None:
    few = [f"closed by {count}" for count in COUNTS]
    print("| network | nodes | start | reached in 1 s | closed | weights changed | "
          f"{' | '.join(few)} | CPU s of these |")  # fmt: skip
    print("|---|" + "--:|" * (6 + len(COUNTS)))


def _print_row(x: Outcome) -> None:
    few = " | ".join(f"{share:.2f}" for share in x.few)
    print(f"| {x.network} | {x.nodes} | {x.start:.3f} | {x.reached:.3f} | {x.closed:.2f} | "
          f"{x.changed} of {x.weights} | {few} | {x.few_cpu_s:.2f} |", flush=True)  # fmt: skip


def _print_all(found: Sequence[Outcome], nothing: Sequence[str]) -> None:
    if not found:
        return
    once = {re.sub(r"\d+$", "", x.network): x for x in found}
    few = np.array([x.few for x in found])
    for label, some in (("all", found), ("the last of each network's years", [*once.values()])):
        closed = np.array([x.closed for x in some])
        print(f"| {label}: {len(some)} | mean {_interval(closed)}, median "
              f"{np.median(closed):.2f}, least {closed.min():.2f} |")  # fmt: skip
    for count, shares in zip(COUNTS, few.T, strict=True):
        print(f"| closed by {count} | mean {_interval(shares)}, median {np.median(shares):.2f} |")
    still = [x.network for x in found if x.closed < 0.01]
    print(f"\nNot improved in 1 s: {', '.join(still) or 'none'}.")
    print(f"Nothing to close ({len(nothing)}): {', '.join(nothing) or 'none'}.")


def _interval(values: FloatArray) -> str:
    drawn = np.random.default_rng(0).choice(values, (_DRAWS, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"{values.mean():.2f} ({low:.2f} to {high:.2f})"


def _print_long(capacities: str) -> None:
    problem = problem_of(LONG, capacities)
    start = problem.setting(problem.configured)
    found = [
        local_search(start, np.random.default_rng(seed), Budget(cpu_s=LONGER), OPTIMUM).highest
        for seed in range(1, SEEDS + 1)
    ]
    closed = ", ".join(f"{_closed(start.highest, reached):.3f}" for reached in found)
    print(f"{LONG} in {LONGER:g} s, seeds 1 to {SEEDS}: closed {closed}.", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or list(every_network()))
