"""How well what is rare is told: services hit by three and more failures at once, by draws.

`python -m evals.rare [NETWORK ...]`. All sets of three and four are enumerated for comparison (five
and more are a thousandth of that at these rates), with rates at a twentieth of those shipped, where
three at once come about once in a million years.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from channels.provenance import code_version
from twin.imagination.availability import Chances, availabilities
from twin.imagination.elements import Element, elements_of
from twin.imagination.enumeration import Reckoner
from twin.imagination.regimes import regimes_of
from twin.nouns.rates import HOURS_A_YEAR, Rates
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

NETWORKS = ("sndlib/abilene", "topozoo/Compuserve")
DRAWS, SEEDS, SLOWER = 20_000, 10, 0.05


def main(networks: Sequence[str]) -> None:
    """Print the table."""
    heads = (
        "network", "elements", "services", "of all hours, median", "once in, years",
        "mean / exact, median", "error, median", "error, 90 % of services", "error told / made",
        "judged", "CPU s", "crude draws for as much",
    )  # fmt: skip
    print(f"| {' | '.join(heads)} |")
    print("|---" + "|--:" * (len(heads) - 1) + "|")
    for name in networks:
        print(_line(name), flush=True)
    print(f"\n{DRAWS:,} draws, {SEEDS} seeds; rates {SLOWER} times the shipped. Code "
          f"{code_version()}.")  # fmt: skip


def _line(name: str) -> str:
    twin = Twin(build_inventory(WorldSpec(topology=name)))
    state, regimes = twin.state(), regimes_of(twin.inventory.profile)
    elements = tuple(_slower(one) for one in elements_of(state.topology, Rates()))
    chances = Chances(np.array([one.share_down for one in elements]))
    reckoner = Reckoner(twin, state, elements, regimes)
    exact = np.zeros(len(twin.services.services))
    for size in (3, 4):
        sets = list(combinations(range(len(elements)), size))
        for i in range(0, len(sets), 512):
            part = sets[i : i + 512]
            exact += chances.exactly(part) @ reckoner.shares(part)
    found, told, judged = [], [], 0
    began_s = time.process_time()
    for seed in range(SEEDS):
        one = availabilities(twin, state, elements, regimes, DRAWS, seed)
        found.append([s.by_more for s in one.services])
        told.append([s.by_more_error for s in one.services])
        judged += one.judged
    each_s = (time.process_time() - began_s) / SEEDS
    hit = exact > 0.0
    made, exact = np.array(found)[:, hit], exact[hit]
    error = np.sqrt(((made / exact - 1.0) ** 2).mean(axis=0))
    claimed = np.array(told)[:, hit].mean(axis=0) / exact
    middle = float(np.median(exact))
    # Three of the mean repair time are back after a third of it.
    hours = float(np.mean([one.hours for one in elements])) / 3.0
    crude = (1.0 - middle) / (middle * float(np.median(error)) ** 2)
    cells = (
        name, len(elements), len(exact), f"{middle:.1e}", f"{hours / HOURS_A_YEAR / middle:.1e}",
        f"{np.median(made.mean(axis=0) / exact):.3f}", f"{np.median(error):.1%}",
        f"{np.quantile(error, 0.9):.1%}", f"{np.median(claimed / error):.2f}",
        f"{judged / SEEDS:,.0f}", f"{each_s:.1f}", f"{crude:.0e}",
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def _slower(element: Element) -> Element:
    parts = tuple(replace(part, times=SLOWER * part.times) for part in element.parts)
    return replace(element, parts=parts)


if __name__ == "__main__":
    main(sys.argv[1:] or NETWORKS)
