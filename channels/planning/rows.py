"""A survey as rows and totals: what tables, files and drawings show."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from channels.planning.opening import Planned, Provenance
from twin.events.phrases import what_if_text
from twin.events.what_if import WhatIf
from twin.nouns.base import Noun
from twin.physics.compiled import FloatArray, IntArray
from twin.physics.incremental import Sweep
from twin.whatif.attrition import Attrition, attrition
from twin.whatif.comparison import lost_on_the_way_bps
from twin.whatif.survey import RankedBy, Survey, survey

NOTHING = 1e-6
"""A smaller share of all traffic is no loss that a planner would count."""

FEWEST_FAILURES, MOST_FAILURES = 10, 40
"""Failures that are let add up: a tenth of what could fail, within these bounds."""


class ScenarioRow(Noun):
    """One scenario. Traffic in bit/s; utilisation is offered load / capacity, 1 is full.

    `no_path_bps`: traffic of pairs without a path. `lost_bps`: what has a path and does not arrive;
    where `assessed`, as the twin finds with queues, else it may be less. `served_share`: what
    arrives of all traffic. `excess_bps`: what egresses are offered beyond capacity, all together.
    `over_limit`: egresses above the limit. `services_in_breach`: None where that was not asked.
    """

    rank: int
    what_if: str
    no_path_bps: float
    lost_bps: float
    assessed: bool
    served_share: float
    excess_bps: float
    max_utilisation: float
    busiest_node: str
    busiest_link: str
    over_limit: int
    services_in_breach: int | None = None


class Spread(Noun):
    """All scenarios of a depth together. Shares of all traffic that arrive.

    `losing`: scenarios in which more than a millionth does not arrive. `without_path`: those that
    leave some without a path. `over_limit`: those with an egress above the limit. `unassessed`:
    those of which only a bound of the loss is known.
    """

    depth: str
    scenarios: int
    losing: int
    without_path: int
    over_limit: int
    unassessed: int
    mean_served: float
    served_p01: float
    worst_served: float


class AttritionRow(Noun):
    """Shares of all traffic that arrive once `failures` have come together.

    `worst`: after `worst_set`, the worst that was found; `exact`: all sets of that size were tried,
    elsewhere the search was greedy and there may be a worse one.
    """

    failures: int
    share_failed: float
    worst: float
    exact: bool
    worst_set: str
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
    attrition_seed: int | None
    ranking: tuple[ScenarioRow, ...]


def ranked_rows(found: Survey, planned: Planned, order: IntArray) -> Iterator[ScenarioRow]:
    """The scenarios in `order`, numbered from 1."""
    served = found.served_share
    scenarios = zip(order.tolist(), found.what_ifs(order), strict=True)
    for rank, (s, what_if) in enumerate(scenarios, start=1):
        yield _row(
            planned,
            found.sweep,
            s,
            rank=rank,
            what_if=what_if_text(what_if),
            lost_bps=float(found.lost_bps[s]),
            assessed=bool(found.assessed[s]),
            served_share=float(served[s]),
            services_in_breach=None if found.breaches is None else int(found.breaches[s]),
        )


def reference_row(found: Survey, planned: Planned) -> ScenarioRow:
    """Without any failure, as rank 0."""
    assessment = planned.twin.assess(planned.state)
    return _row(
        planned,
        found.reference,
        0,
        rank=0,
        what_if=what_if_text(()),
        lost_bps=lost_on_the_way_bps(assessment),
        assessed=True,
        served_share=_share_served(assessment.lost_bps, found.offered_bps),
        services_in_breach=found.reference_breaches,
    )


def _share_served(lost_bps: float, offered_bps: float) -> float:
    """At most 1: what is lost is a sum of differences, and may be below 0 in the last digit."""
    return min(1.0, max(0.0, 1.0 - lost_bps / max(offered_bps, 1.0)))


def _row(planned: Planned, sweep: Sweep, s: int, **others: Any) -> ScenarioRow:
    busiest = planned.state.topology.egress_of(int(sweep.busiest[s]))
    return ScenarioRow(
        no_path_bps=max(0.0, float(sweep.unserved_bps[s])),
        excess_bps=float(sweep.excess_bps[s]),
        max_utilisation=float(sweep.max_utilisation[s]),
        busiest_node=busiest.node,
        busiest_link=busiest.link,
        over_limit=int(sweep.over_limit[s]),
        **others,
    )


def spread_of(found: Survey) -> Spread:
    """All scenarios of `found` together."""
    served = found.served_share
    return Spread(
        depth=found.depth,
        scenarios=len(found),
        losing=int((found.unserved_bps > NOTHING * found.offered_bps).sum()),
        without_path=int((found.sweep.unserved_bps > NOTHING * found.offered_bps).sum()),
        over_limit=int((found.sweep.over_limit > 0).sum()),
        unassessed=int((~found.assessed).sum()),
        mean_served=float(served.mean()),
        served_p01=float(np.quantile(served, 0.01)),
        worst_served=float(served.min()),
    )


def attrition_rows(found: Attrition, events: tuple[WhatIf, ...]) -> tuple[AttritionRow, ...]:
    """One row for each number of failures that was looked at."""
    low, high = (np.quantile(found.at_random, q, axis=0) for q in (0.05, 0.95))
    return tuple(
        AttritionRow(
            failures=k,
            share_failed=k / found.events,
            worst=float(found.worst[i]),
            exact=bool(found.exact[i]),
            worst_set=what_if_text(sum((events[j] for j in found.sets[i]), ())),
            random_mean=min(1.0, float(found.at_random[:, i].mean())),
            random_p05=float(low[i]),
            random_p95=min(1.0, float(high[i])),
        )
        for i, k in enumerate(found.failures)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Severity:
    """What each event costs, (n_events,) each; where two happen, with the worst other one down.

    `unserved`: share of all traffic that does not arrive because of it. `utilisation`: the highest
    of any egress, where the event makes it higher than it was; else 0.
    """

    unserved: FloatArray
    utilisation: FloatArray


def severity(found: Survey, milder: Survey | None) -> Severity:
    """`milder`: each event of `found` alone, where two happen."""
    worst = Severity(np.zeros(len(found.events)), np.zeros(len(found.events)))
    members = found.members(np.arange(len(found), dtype=np.int64))
    highest = found.sweep.max_utilisation
    for own, other in ((0, 1), (1, 0)) if milder else ((0, 0),):
        if milder is None:
            lost_before = found.reference.unserved_bps[0]
            busy_before = found.reference.max_utilisation[0]
        else:
            lost_before = milder.unserved_bps[members[:, other]]
            busy_before = milder.sweep.max_utilisation[members[:, other]]
        added = (found.unserved_bps - lost_before) / max(found.offered_bps, 1.0)
        busier = np.where(highest > busy_before * (1 + 1e-9), highest, 0.0)
        np.maximum.at(worst.unserved, members[:, own], added)
        np.maximum.at(worst.utilisation, members[:, own], busier)
    return worst


@dataclass(frozen=True, slots=True, eq=False)
class Swept:
    """A survey with what is shown of it. `milder`: single failures, where two fail at once."""

    found: Survey
    milder: Survey | None
    order: IntArray
    document: SweepDocument

    @property
    def surveys(self) -> tuple[Survey, ...]:
        """The mildest first."""
        return (self.found,) if self.milder is None else (self.milder, self.found)


def swept(
    planned: Planned,
    found: Survey,
    *,
    by: RankedBy,
    top: int,
    lasting_seed: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Swept:
    """Rank `found`. `lasting_seed`: also let failures add up, in random orders of that seed."""
    twin, state = planned.twin, planned.state
    order = found.ranking(by)
    milder = survey(twin, state, "1", limit=found.limit) if found.double else None
    lasting = None
    if lasting_seed is not None:
        most = min(MOST_FAILURES, max(FEWEST_FAILURES, math.ceil(len(found.events) / 10)))
        lasting = attrition(twin, state, found.events, most, lasting_seed, progress)
    surveys = (found,) if milder is None else (milder, found)
    document = SweepDocument(
        run=planned.provenance,
        depth=found.depth,
        limit=found.limit,
        ranked_by=by,
        scenarios=len(found),
        reference=reference_row(found, planned),
        spreads=tuple(spread_of(s) for s in surveys),
        attrition=attrition_rows(lasting, found.events) if lasting else (),
        attrition_seed=lasting_seed,
        ranking=tuple(ranked_rows(found, planned, order[:top])),
    )
    return Swept(found, milder, order, document)
