"""How far records that are wrong mislead about who is hit: F1 of services cut off, by mismatch.

python -m evals.records --seed 1000

An operator is invented around each topology, and its records are taken down at each level.
Everything that may fail (ducts, links, devices, power, cooling, hosts, sites) fails alone in both;
the services that the causal graph of the records calls cut off are compared with the truth's.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evals.intervals import median_interval
from twin.knowledge.causal import CausalGraph, derive
from twin.knowledge.facts import Facts
from twin.knowledge.kinds import shipped_schema
from twin.knowledge.snapshot import Snapshot
from twin.sources.operator_network import operator_facts
from twin.sources.world import WorldSpec, build_inventory
from twin.sources.wrong_records import LEVELS, as_recorded

TOPOLOGIES = ("abilene", "nobel-us", "nobel-germany", "geant", "germany50", "cost266")
"""Of SNDlib, from 12 to 50 nodes."""

FAILING = (
    "duct", "link", "device", "site", "substation", "power_feed", "ups", "cooling", "host",
)  # fmt: skip

SERVED = ("service", "slice")


@dataclass(frozen=True, slots=True)
class Counted:
    """Pairs of a failure and a service: said and true, said and not, true and not said."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Of what is said, the share that is true; 1 where nothing is."""
        said = self.right + self.wrong
        return self.right / said if said else 1.0

    @property
    def recall(self) -> float:
        """Of what is true, the share that is said; 1 where nothing is."""
        true = self.right + self.missed
        return self.right / true if true else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / both if both else 1.0


def compare(truth: Facts, records: Facts) -> Counted:
    """Who the records say is hit by each single failure, against who is."""
    schema = shipped_schema()
    true, said = (derive(Snapshot.of(facts), schema) for facts in (truth, records))
    right = wrong = missed = 0
    for key in true.keys:
        if key[0] in FAILING:
            hit, told = (set(_hit(graph, key)) for graph in (true, said))
            right += len(hit & told)
            wrong += len(told - hit)
            missed += len(hit - told)
    return Counted(right, wrong, missed)


def _hit(graph: CausalGraph, key: tuple[str, str]) -> Iterable[tuple[str, str]]:
    impact = graph.impact([key])
    return (fall.thing for fall in impact.falls if fall.thing[0] in SERVED)


def measured(topologies: Sequence[str], seeds: Sequence[int], level: int) -> list[Counted]:
    """One count for each topology and seed."""
    found = []
    for name in topologies:
        for seed in seeds:
            spec = WorldSpec(topology=f"sndlib/{name}", seed=seed)
            truth = operator_facts(build_inventory(spec), seed)
            found.append(compare(truth, as_recorded(truth, level, seed)))
    return found


def table(topologies: Sequence[str], seeds: Sequence[int]) -> list[str]:
    """Markdown: a row for each level."""
    rows = [
        "| mismatch | missing, stale, misplaced | F1 [95 %] | precision | recall |",
        "|--:|---|---|---|---|",
    ]
    for level, wrong in enumerate(LEVELS):
        counts = measured(topologies, seeds, level)
        shares = f"{wrong.missing:.0%}, {wrong.stale:.0%}, {wrong.misplaced:.0%}"
        f1, precision, recall = (
            _median([getattr(c, of) for c in counts]) for of in ("f1", "precision", "recall")
        )
        rows.append(f"| {level} | {shares} | {f1} | {precision} | {recall} |")
    return rows


def _median(values: Sequence[float]) -> str:
    middle = sorted(values)[len(values) // 2]
    between = median_interval(values)
    return f"{middle:.2f}" + (f" [{between[0]:.2f}, {between[1]:.2f}]" if between else "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and what it cost."""
    parser = argparse.ArgumentParser(description="F1 of services hit, by mismatch of the records.")
    parser.add_argument("--topology", nargs="+", default=TOPOLOGIES, metavar="NAME")
    parser.add_argument("--seed", type=int, default=1, help="the first; 1 to 99 are for tuning")
    parser.add_argument("--seeds", type=int, default=2, help="how many, from the first on")
    given = parser.parse_args(arguments)
    begun = time.process_time()
    seeds = range(given.seed, given.seed + given.seeds)
    print("\n".join(table(given.topology, seeds)))
    operators = len(given.topology) * given.seeds
    print(f"\n{operators} operators, {time.process_time() - begun:.0f} CPU seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
