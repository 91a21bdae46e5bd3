"""A survey as rows and totals: what tables, files and drawings show."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from channels.planning.opening import Planned, Provenance
from twin.nouns.base import Noun
from twin.physics.compiled import FloatArray, IntArray
from twin.physics.incremental import Sweep
from twin.whatif.attrition import Attrition
from twin.whatif.comparison import assess_after, totals_of
from twin.whatif.events import WhatIf
from twin.whatif.phrases import what_if_text
from twin.whatif.survey import RankedBy, Survey, served_share


class ScenarioRow(Noun):
    """One scenario. Traffic in bit/s; utilisation is offered load / capacity, 1 is full.

    `no_path_bps`: traffic of pairs without a path. `excess_bps`: what egresses are offered beyond
    their capacity, all together. `served_share`: of all traffic, at least. `over_limit`: egresses
    above the limit. `services_in_breach`: None where that was not asked. `lost_bps`: what has a
    path and does not arrive, as the twin assesses it with queues; None where it did not.
    """

    rank: int
    what_if: str
    no_path_bps: float
    excess_bps: float
    served_share: float
    max_utilisation: float
    busiest_node: str
    busiest_link: str
    over_limit: int
    services_in_breach: int | None = None
    lost_bps: float | None = None


class Spread(Noun):
    """All scenarios of a depth together. Shares of all traffic that are served at least.

    `losing`: scenarios that leave traffic without a path or beyond capacity. `without_path`: those
    that leave some without a path. `over_limit`: those with an egress above the limit.
    """

    depth: str
    scenarios: int
    losing: int
    without_path: int
    over_limit: int
    mean_served: float
    served_p01: float
    worst_served: float


class AttritionRow(Noun):
    """Shares of all traffic served at least once `failures` have come together."""

    failures: int
    share_failed: float
    worst_first: float
    next_worst: str
    random_mean: float
    random_p05: float
    random_p95: float


class SweepDocument(Noun):
    """A sweep as one JSON document."""

    run: Provenance
    depth: str
    limit: float
    ranked_by: RankedBy
    scenarios: int
    reference: ScenarioRow
    spreads: tuple[Spread, ...]
    attrition: tuple[AttritionRow, ...]
    ranking: tuple[ScenarioRow, ...]


def ranked_rows(found: Survey, planned: Planned, order: IntArray) -> Iterator[ScenarioRow]:
    """The scenarios in `order`, numbered from 1."""
    served = found.served_share
    scenarios = zip(order.tolist(), found.what_ifs(order), strict=True)
    for rank, (s, what_if) in enumerate(scenarios, start=1):
        yield _row(
            planned, found.sweep, s,
            rank=rank,
            what_if=what_if_text(what_if),
            served=float(served[s]),
            services_in_breach=None if found.breaches is None else int(found.breaches[s]),
        )  # fmt: skip


def reference_row(found: Survey, planned: Planned) -> ScenarioRow:
    """Without any failure, as rank 0."""
    row = _row(
        planned, found.reference, 0,
        rank=0,
        what_if=what_if_text(()),
        served=float(served_share(found.reference, found.offered_bps)[0]),
        services_in_breach=found.reference_breaches,
    )  # fmt: skip
    return _assessed(row, planned, (), found.limit)


def worst_rows(
    found: Survey, planned: Planned, order: IntArray, top: int
) -> tuple[ScenarioRow, ...]:
    """The first `top` of `order`, each assessed whole besides."""
    first = order[:top]
    rows = zip(ranked_rows(found, planned, first), found.what_ifs(first), strict=True)
    return tuple(_assessed(row, planned, what_if, found.limit) for row, what_if in rows)


def _row(
    planned: Planned,
    sweep: Sweep,
    s: int,
    *,
    rank: int,
    what_if: str,
    served: float,
    services_in_breach: int | None,
) -> ScenarioRow:
    busiest = planned.state.topology.egress_of(int(sweep.busiest[s]))
    return ScenarioRow(
        rank=rank,
        what_if=what_if,
        no_path_bps=max(0.0, float(sweep.unserved_bps[s])),
        excess_bps=float(sweep.excess_bps[s]),
        served_share=served,
        max_utilisation=float(sweep.max_utilisation[s]),
        busiest_node=busiest.node,
        busiest_link=busiest.link,
        over_limit=int(sweep.over_limit[s]),
        services_in_breach=services_in_breach,
    )


def _assessed(row: ScenarioRow, planned: Planned, what_if: WhatIf, limit: float) -> ScenarioRow:
    after = assess_after(planned.state, what_if, planned.twin)
    return row.model_copy(update={"lost_bps": totals_of(after, limit).lost_bps})


def spread_of(found: Survey) -> Spread:
    """All scenarios of `found` together."""
    served = found.served_share
    return Spread(
        depth=found.depth,
        scenarios=len(found),
        losing=int((found.at_risk_bps > 1e-9 * found.offered_bps).sum()),
        without_path=int((found.sweep.unserved_bps > 1e-9 * found.offered_bps).sum()),
        over_limit=int((found.sweep.over_limit > 0).sum()),
        mean_served=float(served.mean()),
        served_p01=float(np.quantile(served, 0.01)),
        worst_served=float(served.min()),
    )


def attrition_rows(found: Attrition, survey: Survey) -> tuple[AttritionRow, ...]:
    """One row for each number of failures, from none."""
    low, high = (np.quantile(found.at_random, q, axis=0) for q in (0.05, 0.95))
    named = ["", *(what_if_text(survey.events[i]) for i in found.order.tolist())]
    return tuple(
        AttritionRow(
            failures=k,
            share_failed=k / found.events,
            worst_first=float(found.worst_first[k]),
            next_worst=named[k],
            random_mean=float(found.at_random[:, k].mean()),
            random_p05=float(low[k]),
            random_p95=float(high[k]),
        )
        for k in range(len(found.worst_first))
    )


@dataclass(frozen=True, slots=True, eq=False)
class Severity:
    """How bad the worst scenario is that takes each event, (n_events,) each.

    `at_risk`: traffic without a path or beyond capacity, share of all traffic. `utilisation`: the
    highest of any egress; `is_busier`: it is higher than without any failure.
    """

    scenario: IntArray
    at_risk: FloatArray
    utilisation: FloatArray
    is_busier: NDArray[np.bool_]


def severity(found: Survey, order: IntArray) -> Severity:
    """Of each event, by the first scenario of `order` that it is in."""
    rank = np.empty(len(found), dtype=np.int64)
    rank[order] = np.arange(len(found))
    best = np.full(len(found.events), len(found), dtype=np.int64)
    for column in found.members(np.arange(len(found), dtype=np.int64)).T:
        np.minimum.at(best, column, rank)
    worst = order[best]
    highest = found.sweep.max_utilisation[worst]
    return Severity(
        scenario=worst,
        at_risk=found.at_risk_bps[worst] / max(found.offered_bps, 1.0),
        utilisation=highest,
        is_busier=highest > found.reference.max_utilisation[0] * (1 + 1e-9),
    )
