"""How well remedies are screened, and at what cost: `python -m evals.remedies`.

Incidents are drawn on topologies that no case uses: one link or one duct fails in a network that
has grown past its plan. Each way of screening is measured in the twin by the same objective, the
expected cost until the repair; the best known remedy of an incident is the best of all ways and of
a local search that may take a second of CPU time for it.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from evals.shortlist import Screen
from twin.events.action import Action
from twin.forecasting import DEFAULT_UNCERTAINTY, demand_factors
from twin.nouns.state import NetworkState
from twin.physics.compiled import FloatArray
from twin.physics.loads import arriving_loads
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.remedies.local_search import local_search
from twin.remedies.objective import Outlook, Overload, expected_cost
from twin.remedies.screening import DRAWS, MARGIN, WIDTH, Screening
from twin.remedies.search import PLACES, Position, RemedySearch
from twin.sources.world import WorldSpec, build_inventory

NETWORKS = (
    "sndlib/cost266", "sndlib/india35", "sndlib/nobel-eu", "sndlib/zib54", "sndlib/norway",
    "topozoo/Bellcanada", "gabriel/50/0", "gabriel/50/3", "gabriel/75/0", "gabriel/100/1",
)  # fmt: skip
"""No case is played on any of them."""

TIMED = ("sndlib/germany50", "gabriel/100/0", "gabriel/200/0")

LEAST_COST = 0.25
"""Service-hours that overload has to cost if nothing is done; an incident below is drawn anew."""

LEAST_GAIN = 0.05
"""Share of that cost which the best known remedy has to save for an incident to count."""

RULE = (
    "drawn: demand scale 1.0 to 1.5, start 15:00 to 20:00 UTC, one link or one duct, all uniform; "
    f"drawn anew while a pair has no path or overload costs less than {LEAST_COST} service-hours; "
    f"counted where the best known remedy saves {LEAST_GAIN:.0%} of the cost or more"
)

EVERYWHERE = 10_000
"""More places than any of these networks has."""

LOCAL_SEARCH_S = 1.0
FRESH_DRAWS = 64
WHOLE_DRAWS = 8
RESAMPLES = 4000

Way = Callable[["Incident"], tuple[Action, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Incident:
    """A network in which something is down, and the demand until the repair."""

    network: str
    twin: Twin
    state: NetworkState
    outlook: Outlook

    def cost(self, actions: Sequence[Action]) -> float:
        """Service-hours by offered loads, as expected."""
        return RemedySearch(self.twin, self.state, self.outlook).after(actions).cost

    def whole_cost(self, actions: Sequence[Action], draws: FloatArray) -> float:
        """Service-hours with queues and services, mean over `draws` (S, n, n)."""
        after = RemedySearch(self.twin, self.state, self.outlook).after(actions)
        state, devices = replace(self.state, running=after.running), len(after.devices)
        cost = expected_cost(self.twin, state, self.outlook, draws=draws, devices=devices)
        return cost.total

    def left_over(self, actions: Sequence[Action], draws: FloatArray) -> float:
        """The lost share-hours that are left, mean over `draws` (S, n, n)."""
        after = RemedySearch(self.twin, self.state, self.outlook).after(actions)
        totals = draws * self.state.traffic.rates_bps.sum(axis=0)
        routing = self.twin.route(replace(self.state, running=after.running))
        loads = arriving_loads(self.twin.compiled, routing, totals[:, None])[:, :, 0]
        overload = Overload(
            self.outlook,
            self.twin.compiled.capacity_bps,
            np.zeros(len(loads)),
            totals.sum(axis=(1, 2)),
        )
        lost, _ = overload.lost_share_hours(loads[None], np.zeros((1, len(totals))))
        return float(lost[0])


def draw_incident(network: str, rng: np.random.Generator) -> tuple[Incident, int]:
    """An incident by RULE, and how many were drawn in all."""
    inventory = build_inventory(WorldSpec(topology=network))
    topology, twin = inventory.topology, Twin(inventory)
    events = [(x.id,) for x in topology.links] + [g.links for g in topology.shared_risk_groups]
    drawn = 0
    while True:
        drawn += 1
        now_s = float(rng.uniform(15.0, 20.0)) * 3600.0
        state = NetworkState(
            topology,
            inventory.intended,
            twin.traffic_at(now_s).scaled(float(rng.uniform(1.0, 1.5))),
            frozenset(events[int(rng.integers(len(events)))]),
        )
        if (twin.route(state).distance < 0).any():
            continue
        incident = Incident(network, twin, state, Outlook.ahead(inventory.profile, now_s))
        if incident.cost(()) >= LEAST_COST:
            return incident, drawn


# Ways to screen


def _searched(
    incident: Incident,
    margin: float = 1.0,
    width: int = 1,
    draws: int = 0,
    places: int = PLACES,
) -> tuple[Action, ...]:
    n = incident.twin.compiled.n_nodes
    sampled = demand_factors(DEFAULT_UNCERTAINTY, n, draws, seed=1) if draws else None
    outlook = incident.outlook.scaled(margin)
    search = RemedySearch(incident.twin, incident.state, outlook, draws=sampled, places=places)
    found = search.search(width=width)
    return found[0].actions if found else ()


def _screen(incident: Incident) -> Screen:
    at_peak = incident.state.traffic.scaled(max(1.0, float(incident.outlook.levels[0])))
    twin = incident.twin
    return Screen(
        replace(incident.state, traffic=at_peak),
        twin.inventory.intended,
        partial(offered_totals, twin),
    )


def _singles(incident: Incident) -> tuple[Action, ...]:
    found = _screen(incident).best_single(())
    return found[0].actions if found else ()


def _pairs(incident: Incident) -> tuple[Action, ...]:
    screen = _screen(incident)
    singles = screen.best_single(())
    found = [*screen.best_pairs(singles), *singles]
    return found[0].actions if found else ()


def _whole(incident: Incident, width: int = WIDTH, margin: float = MARGIN) -> tuple[Action, ...]:
    found = Screening(incident.twin, incident.state, incident.outlook, margin=margin).best(
        width=width
    )
    return found[0].actions if found else ()


WAYS: dict[str, Way] = {
    "singles at the peak": _singles,
    "pairs at the peak": _pairs,
    "greedy to 4": partial(_searched, places=EVERYWHERE),
    "greedy to 4, shortlist": _searched,
    "greedy to 4, shortlist, 4 draws": partial(_searched, draws=DRAWS),
    "beam of 4, shortlist": partial(_searched, width=WIDTH),
    "beam of 4, shortlist, demand x 1.05": partial(_searched, width=WIDTH, margin=1.05),
    "beam of 4, shortlist, 4 draws": partial(_searched, width=WIDTH, draws=DRAWS),
    "the same, judged with queues and services": _whole,
}
POINT = "greedy to 4"


def best_known(incident: Incident, start: Sequence[Action], rng: np.random.Generator) -> Position:
    """The best that LOCAL_SEARCH_S of CPU time finds."""
    search = RemedySearch(incident.twin, incident.state, incident.outlook, places=EVERYWHERE)
    begin = time.process_time()
    return local_search(search, start, rng, lambda: time.process_time() - begin < LOCAL_SEARCH_S)


# The tables


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """One way on the incidents that count: each (n,). `closed`: share of what the best known
    remedy saves. `left`: lost share-hours on fresh draws, of what doing nothing loses there.
    `whole`: as `closed`, by the cost with queues and services on fresh draws, and of what the best
    of all ways saves there. `cpu_s`: CPU seconds.
    """

    closed: FloatArray
    left: FloatArray
    whole: FloatArray
    cpu_s: FloatArray


def play(count: int, seed: int) -> dict[str, Played]:
    """Draw incidents until `count` of them count, and play all WAYS on them."""
    rows: dict[str, list[tuple[float, ...]]] = {name: [] for name in WAYS}
    number = drawn = 0
    while len(rows[POINT]) < count:
        rng = np.random.default_rng((seed, number))
        incident, tries = draw_incident(NETWORKS[number % len(NETWORKS)], rng)
        number, drawn = number + 1, drawn + tries
        fresh = demand_factors(
            DEFAULT_UNCERTAINTY, incident.twin.compiled.n_nodes, FRESH_DRAWS, seed=10_000 + number
        )
        found: dict[str, tuple[tuple[Action, ...], float]] = {}
        for name, way in WAYS.items():
            begin = time.process_time()
            actions = way(incident)
            found[name] = (actions, time.process_time() - begin)
        costs = {name: incident.cost(actions) for name, (actions, _) in found.items()}
        start = min(costs, key=lambda name: costs[name])
        nothing = incident.cost(())
        best = min(best_known(incident, found[start][0], rng).cost, costs[start])
        if nothing - best < LEAST_GAIN * nothing:
            continue
        left = incident.left_over((), fresh)
        whole = {n: incident.whole_cost(a, fresh[:WHOLE_DRAWS]) for n, (a, _) in found.items()}
        whole_nothing = incident.whole_cost((), fresh[:WHOLE_DRAWS])
        most = max(whole_nothing - min(whole.values()), LEAST_COST)
        for name, (actions, cpu_s) in found.items():
            rows[name].append(
                (
                    (nothing - costs[name]) / (nothing - best),
                    incident.left_over(actions, fresh) / left,
                    (whole_nothing - whole[name]) / most,
                    cpu_s,
                )
            )
    print(f"{RULE}: {number} incidents of {drawn} draws, {count} count")
    return {name: Played(*np.array(values).T) for name, values in rows.items()}


def interval(values: FloatArray, of: Callable[[FloatArray], float]) -> str:
    """`of` the values with its 95 % bootstrap interval."""
    rng = np.random.default_rng(0)
    again = [of(rng.choice(values, len(values))) for _ in range(RESAMPLES)]
    low, high = np.quantile(again, (0.025, 0.975))
    return f"{of(values):.3f} [{low:.3f}, {high:.3f}]"


def ratio(values: FloatArray, base: FloatArray) -> str:
    """The mean of `values` over that of `base`, paired, with its 95 % bootstrap interval."""
    rng = np.random.default_rng(0)
    picks = rng.integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[picks].mean(axis=1) / base[picks].mean(axis=1), (0.025, 0.975))
    return f"{values.mean() / base.mean():.3f} [{low:.3f}, {high:.3f}]"


def show(played: dict[str, Played]) -> None:
    """The table of quality, in Markdown."""
    print(
        "| way | closed, mean | closed, p10 | left on fresh draws, of the point solution's "
        "| closed with queues and services, mean | CPU ms, median |\n|---|---|---|---|---|---|"
    )
    for name, way in played.items():
        print(
            f"| {name} | {interval(way.closed, lambda v: float(v.mean()))} "
            f"| {interval(way.closed, lambda v: float(np.quantile(v, 0.1)))} "
            f"| {ratio(way.left, played[POINT].left)} "
            f"| {interval(way.whole, lambda v: float(v.mean()))} "
            f"| {1e3 * float(np.median(way.cpu_s)):.0f} |",
            flush=True,
        )


def show_cost(seed: int, repeats: int = 3) -> None:
    """CPU seconds of screening one incident, the median of `repeats` incidents, in Markdown."""
    ways: dict[str, Way] = {
        "singles at the peak": _singles,
        "pairs at the peak": _pairs,
        "greedy to 4, verdicts of what is kept": partial(_whole, width=1),
        "beam of 4, verdicts of what is kept": _whole,
    }
    print("| CPU seconds | " + " | ".join(ways) + " |\n|---" + "|---" * len(ways) + "|")
    for network in TIMED:
        spent: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(repeats):
            incident, _ = draw_incident(network, np.random.default_rng((seed, 99, turn)))
            for name, way in ways.items():
                begin = time.process_time()
                way(incident)
                spent[name].append(time.process_time() - begin)
        cells = (f"{np.median(s):.3f} (most {max(s):.3f})" for s in spent.values())
        print(f"| {network} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="Quality and cost of screening remedies.")
    parser.add_argument("--incidents", type=int, default=40, help="incidents that count")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=("quality", "cost"))
    chosen = parser.parse_args()
    warm, _ = draw_incident("sndlib/norway", np.random.default_rng(0))
    for way in WAYS.values():
        # What numba compiles at the first call is no cost of screening.
        way(warm)
    if chosen.only != "quality":
        show_cost(chosen.seed)
    if chosen.only != "cost":
        show(play(chosen.incidents, chosen.seed))


if __name__ == "__main__":
    main()
