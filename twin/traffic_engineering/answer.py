"""The weights that are found for a network, by how many of them may be changed."""

from collections.abc import Callable, Collection, Sequence

import numpy as np

from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.base import Noun
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface, Topology
from twin.physics.compiled import IntArray
from twin.traffic_engineering.budget import Budget
from twin.traffic_engineering.few_changes import few_changes
from twin.traffic_engineering.local_search import AT_REST, local_search
from twin.traffic_engineering.optimum import free_split_optimum
from twin.traffic_engineering.order import in_order
from twin.traffic_engineering.setting import WeightProblem, WeightSetting

COUNTS = (1, 3, 5, 10)
"""Numbers of changes that are told."""

MOST_FEW = 50
"""Changes up to which their number is held to step by step."""

FEW_UNTIL = 0.5
"""Share of the budget after which it goes to the search of all weights."""


class WeightChange(Noun):
    """Another weight for the egress of `node` on `link`. `highest_after`: the highest utilisation
    once it is made, and those before it.
    """

    node: str
    link: str
    before: int
    after: int
    highest_after: float

    @property
    def action(self) -> SetIgpWeight:
        """The change as an action."""
        return SetIgpWeight(node=self.node, link=self.link, weight=self.after)

    @property
    def way_back(self) -> SetIgpWeight:
        """What takes it back."""
        return SetIgpWeight(node=self.node, link=self.link, weight=self.before)


class WeightPlan(Noun):
    """What is best with `at_most` so many changes; None: with as many as help.

    `changes`: in an order in which they can be made. `max_utilisation`: the highest, over all
    matrices, on `busiest`. `closed`: the share of what lies between the configured weights and free
    splits; None where there is nothing. `on_the_way`: the highest while the changes are made.
    """

    at_most: int | None
    changes: tuple[WeightChange, ...]
    max_utilisation: float
    busiest: Interface
    closed: float | None
    on_the_way: float


class MatrixOutcome(Noun):
    """The highest utilisation with one traffic matrix: with `configured` weights, with all changes
    of the last plan (`reached`), and with `free_splits`, which no weights beat.
    """

    offered_bps: float
    configured: float
    reached: float
    free_splits: float


class Engineered(Noun):
    """Plans by the number of changes, fewest first. Utilisation is the highest over all matrices.

    `free_splits`: what no weights beat. `may_change`: weights that could be set. `what_ifs`: that
    were priced. `cpu_s`: of the search, and `optimum_cpu_s`, of the free splits; they depend on the
    machine.
    """

    configured: float
    busiest: Interface
    free_splits: float
    matrices: tuple[MatrixOutcome, ...]
    plans: tuple[WeightPlan, ...]
    may_change: int
    what_ifs: int
    seed: int
    cpu_s: float
    optimum_cpu_s: float

    def plan(self, at_most: int | None) -> WeightPlan:
        """The plan of at most so many changes, which is one of those told."""
        return next(plan for plan in self.plans if plan.at_most == at_most)


def engineer(
    states: Sequence[NetworkState],
    *,
    cpu_s: float = np.inf,
    what_ifs: float = np.inf,
    seed: int = 1,
    counts: Collection[int] = COUNTS,
    progress: Callable[[float], None] = lambda _share: None,
) -> Engineered:
    """Search weights for the network of `states`, which differ in their traffic alone.

    `cpu_s`, `what_ifs`: what may be spent; one of them has to end. `counts`: numbers of changes to
    tell of. With `what_ifs` alone, the same seed gives the same weights.

    Raises:
        BadInput: no traffic has a path, or a static route discards some.
        NoctuaError: the solver found no optimum.
    """
    problem = WeightProblem.of(states)
    clock = Budget()
    optima = [
        free_split_optimum(problem.compiled, problem.configured, traffic)
        for traffic in problem.traffic_bps
    ]
    optimum_cpu_s = clock.spent_s
    bound = max(optima)
    start = problem.setting(problem.configured)
    # Kernels for so many matrices may have to be compiled first: that is not searching.
    local_search(start, np.random.default_rng(seed), Budget(what_ifs=1))
    budget = Budget(cpu_s, what_ifs, progress)
    few = few_changes(start, max(counts), budget, lambda: budget.spent < FEW_UNTIL)
    settings = [*few, local_search(start, np.random.default_rng(seed), budget, bound)]
    reached = min(settings, key=_rank)
    return Engineered(
        configured=start.highest,
        busiest=_busiest(start),
        free_splits=bound,
        matrices=tuple(
            MatrixOutcome(
                offered_bps=float(traffic.sum()),
                configured=float(start.utilisation[:, k].max()),
                reached=float(reached.utilisation[:, k].max()),
                free_splits=optima[k],
            )
            for k, traffic in enumerate(problem.traffic_bps)
        ),
        plans=tuple(
            _plan(at_most, min(_within(settings, at_most), key=_rank), start, bound)
            for at_most in (*sorted(counts), None)
        ),
        may_change=int(problem.free.sum()),
        what_ifs=budget.what_ifs,
        seed=seed,
        cpu_s=budget.spent_s,
        optimum_cpu_s=optimum_cpu_s,
    )


def closed_share(start: float, reached: float, bound: float) -> float | None:
    """The share of what lies between `start` and `bound`; None where there is nothing."""
    if start <= bound * (1.0 + AT_REST):
        return None
    return (start - reached) / (start - bound)


def _rank(setting: WeightSetting) -> tuple[float, int]:
    return round(setting.highest, 9), len(setting.changed)


def _within(settings: Sequence[WeightSetting], at_most: int | None) -> list[WeightSetting]:
    return [x for x in settings if at_most is None or len(x.changed) <= at_most]


def _plan(
    at_most: int | None, setting: WeightSetting, start: WeightSetting, bound: float
) -> WeightPlan:
    problem, topology = setting.problem, setting.problem.compiled.topology
    arcs, highest = in_order(problem, setting.weights)
    return WeightPlan(
        at_most=at_most,
        changes=tuple(
            _change(topology, arc, problem.configured, setting.weights, after)
            for arc, after in zip(arcs, highest, strict=True)
        ),
        max_utilisation=setting.highest,
        busiest=_busiest(setting),
        closed=closed_share(start.highest, setting.highest, bound),
        on_the_way=max([start.highest, *highest]),
    )


def _change(
    topology: Topology, arc: int, before: IntArray, after: IntArray, highest: float
) -> WeightChange:
    egress = topology.egress_of(arc)
    return WeightChange(
        node=egress.node,
        link=egress.link,
        before=int(before[arc]),
        after=int(after[arc]),
        highest_after=highest,
    )


def _busiest(setting: WeightSetting) -> Interface:
    arc = int(setting.utilisation.max(axis=1).argmax())
    return setting.problem.compiled.topology.egress_of(arc)
