"""The reference task: the worst three link cuts where links trip at 100 %, found with few looks.

`noctua predict cuts [NETWORK ...]`. Links of IP networks do not trip: the task is kept since
all sets can be judged, so that what a generator finds has something to be measured by. What is
counted is traffic that has no way once nothing trips any more (`noctua what-if --cascade 1.0`).
"""

import sys
import time
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from channels.provenance import code_version
from evals.cut_proposers import SEEDED, UNSEEDED, AddedUpShifts, SaidCuts, ValueModel
from twin.events.faults.link_down import LinkDown
from twin.imagination.adversary import space_of
from twin.imagination.elements import elements_of
from twin.imagination.generators.generator import Generator, Point, explored
from twin.imagination.generators.sets import SetSpace
from twin.imagination.generators.shipped import GENERATORS, Grounds
from twin.nouns.rates import Rates
from twin.nouns.state import NetworkState
from twin.physics.compiled import FloatArray
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory
from twin.whatif.engine import WhatIfEngine

NETWORKS = (
    "sndlib/france",
    "sndlib/geant",
    "sndlib/janos-us",
    "sndlib/pioro40",
    "topozoo/Garr201201",
    "topozoo/Bellcanada",
)
"""None of these was looked at while the generators were written."""

COMPARED = ("search", "load-weighted", "rules", "random")
SLOW = "causal-lm"
"""It looks only as often as the least of BUDGETS."""

BUDGETS, SEEDS, CUTS, WORST = (100, 500), 5, 3, 20
FLOORS = {100: 0.75, 500: 0.90}
RATIOS = {"random": 1.8, "evolution, unseeded": 1.3}
"""Wanted of causal-lm with the fewest looks: so many times what these find."""

_AT_ONCE = _DRAWS = 2000


def main(networks: Sequence[str]) -> None:
    """Print the table."""
    shares: dict[tuple[str, int], list[float]] = {}
    cpu_s: dict[str, float] = {}
    print(f"| network | sets | generator | {' | '.join(f'with {b} looks' for b in BUDGETS)} |")
    print("|---|--:|---|" + "--:|" * len(BUDGETS))
    for name in networks:
        twin = Twin(build_inventory(WorldSpec(topology=name)))
        state = twin.state()
        links = elements_of(state.topology, Rates())[: len(state.topology.links)]
        space = space_of(state, links, CUTS)
        judge = _judge(twin, [link.id for link in state.topology.links])
        every = list(combinations(range(space.size), CUTS))
        most = _worst(np.concatenate([judge(every[i : i + _AT_ONCE])
                                      for i in range(0, len(every), _AT_ONCE)]))  # fmt: skip
        for label, made, feedback in _arms(twin, state):
            cells = []
            for budget in BUDGETS[:1] if label == SLOW else BUDGETS:
                began_s = time.process_time()
                found = [
                    _worst(_costs(made(Grounds(budget)), space, judge, budget, seed, feedback))
                    / most
                    for seed in range(SEEDS)
                ]
                cpu_s[label] = cpu_s.get(label, 0.0) + time.process_time() - began_s
                shares.setdefault((label, budget), []).extend(found)
                cells.append(_cell(found))
            cells += [""] * (len(BUDGETS) - len(cells))
            print(f"| {name} | {len(every):,} | {label} | {' | '.join(cells)} |", flush=True)
    for label in cpu_s:
        each_budget = [shares[label, budget] for budget in BUDGETS if (label, budget) in shares]
        cells = [_cell(each) for each in each_budget] + [""] * (len(BUDGETS) - len(each_budget))
        each = f"{cpu_s[label] / sum(map(len, each_budget)):.2f} CPU s each"
        print(f"| all | | {label} ({each}) | {' | '.join(cells)} |")
    more = [
        _cell(list(np.subtract(shares["search", b], shares["search, told nothing", b])))
        for b in BUDGETS
    ]
    print(f"| all | | search, more than told nothing | {' | '.join(more)} |")
    for label, wanted in RATIOS.items():
        ratio = np.mean(shares[SLOW, BUDGETS[0]]) / np.mean(shares[label, BUDGETS[0]])
        print(f"{SLOW} finds {ratio:.2f} times as much as {label}; wanted: {wanted:.1f}")
    told = ", ".join(f"{floor:.2f} with {budget}" for budget, floor in FLOORS.items())
    print(
        f"\nOf the mean of the {WORST} worst of all sets, {SEEDS} seeds, 95 % intervals of the "
        f"mean; wanted of search: {told}. Code {code_version()}."
    )


def _arms(
    twin: Twin, state: NetworkState
) -> list[tuple[str, Callable[[Grounds], Generator], bool]]:
    engine = WhatIfEngine(state, compiled=twin.compiled)
    cuts = [(LinkDown(link=link.id),) for link in state.topology.links]
    said = SaidCuts.of(twin, state, CUTS)
    shifts = AddedUpShifts.of(engine, engine.loads([(), *cuts]), CUTS)
    return [
        *((name, GENERATORS[name], True) for name in COMPARED),
        ("search, told nothing", GENERATORS["search"], False),
        ("added-up shifts", lambda _: shifts, True),
        ("evolution, seeded", lambda _: SEEDED, True),
        ("evolution, unseeded", lambda _: UNSEEDED, True),
        ("value model", lambda _: ValueModel(), True),
        (SLOW, lambda _: said, False),
    ]


def _judge(twin: Twin, links: Sequence[str]) -> Callable[[Sequence[Point]], FloatArray]:
    engine = WhatIfEngine(twin.state(), compiled=twin.compiled)

    def judge(sets: Sequence[Point]) -> FloatArray:
        cuts = [tuple(LinkDown(link=links[i]) for i in members) for members in sets]
        return np.asarray(engine.cascades(cuts, 1.0).unserved_bps.sum(axis=1))

    return judge


def _costs(
    generator: Generator,
    space: SetSpace,
    judge: Callable[[Sequence[Point]], FloatArray],
    budget: int,
    seed: int,
    feedback: bool,
) -> FloatArray:
    found = explored(generator, space, judge, budget, seed, feedback=feedback)
    return np.array(list(found.values()))


def _worst(costs: FloatArray) -> float:
    """The mean of the worst of them."""
    return float(np.sort(costs)[-WORST:].mean())


def _cell(found: Sequence[float]) -> str:
    """The mean, and its 95 % interval by the bootstrap."""
    drawn = np.random.default_rng(0).choice(np.array(found), (_DRAWS, len(found))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"{np.mean(found):.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main(sys.argv[1:] or NETWORKS)
