"""The risk register: what was enumerated, as lines for people, with how surely each is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from twin.events.phrases import what_if_text
from twin.imagination.drawn_rates import DRAWS, drawn_factors, interval_of
from twin.imagination.elements import Element
from twin.imagination.enumeration import MINUTES_A_YEAR, Costed, Enumerated
from twin.nouns.rates import HOURS_A_YEAR
from twin.nouns.risk import Covered, InRegime, Mitigation, Risk
from twin.nouns.service import Service
from twin.physics.compiled import FloatArray


@dataclass(frozen=True, slots=True)
class Register:
    """`lines`: what costs most a year first."""

    lines: tuple[Risk, ...]
    covered: Covered


def register_of(
    found: Enumerated,
    services: Sequence[Service],
    lines: int,
    seed: int = 1,
    mitigate: Callable[[Costed], Mitigation | None] = lambda _: None,
) -> Register:
    """The `lines` that cost most, of those that cost anything. `services`: in the order of `hit`.

    `seed`: of the rates that are drawn for the intervals. `mitigate`: finds the remedy of a line.
    """
    drawn = _Drawn(found.elements, seed)
    shown = [one for one in found.sets[:lines] if one.slo_minutes > 0.0]
    total = sum(one.slo_minutes for one in found.sets)
    ever = np.zeros(len(services), np.bool_)
    for one in found.sets:
        ever |= one.hit.any(axis=0)
    covered = Covered(
        looked_at=len(found.sets),
        slo_minutes=total,
        lines_share=sum(one.slo_minutes for one in shown) / total if total else 1.0,
        left_slo_minutes=found.left_slo_minutes,
        never=tuple(sorted(s.id for s, is_hit in zip(services, ever, strict=True) if not is_hit)),
    )
    risks = (
        _line(found, one, rank, services, drawn).model_copy(update={"remedy": mitigate(one)})
        for rank, one in enumerate(shown, start=1)
    )
    return Register(tuple(risks), covered)


def line_of(
    found: Enumerated, one: Costed, rank: int, services: Sequence[Service], seed: int = 1
) -> Risk:
    """`one` of `found` as a line, without a remedy."""
    return _line(found, one, rank, services, _Drawn(found.elements, seed))


def _line(
    found: Enumerated, one: Costed, rank: int, services: Sequence[Service], drawn: "_Drawn"
) -> Risk:
    members = [found.elements[i] for i in one.members]
    per_year, share, in_work = drawn.of(one.members)
    mean = begins(members, one.share, one.share_in_work)
    counts = one.beyond.sum(axis=1)
    at_any_time = float(np.array([r.share for r in found.regimes]) @ counts)
    minutes = MINUTES_A_YEAR * (share * at_any_time + in_work * float(counts[0]))
    hit = [services[i] for i in np.flatnonzero(one.beyond.any(axis=0)).tolist()]
    return Risk(
        rank=rank,
        what_if=what_if_text(sum((element.event for element in members), ())),
        elements=tuple(element.name for element in members),
        per_year=mean,
        per_year_range=interval_of(per_year),
        hours=HOURS_A_YEAR * (one.share + one.share_in_work) / mean,
        slo_minutes=one.slo_minutes,
        slo_minutes_range=interval_of(minutes),
        in_work=one.in_work,
        regimes=tuple(
            InRegime(
                regime=regime.name,
                hit=tuple(sorted(services[i].id for i in np.flatnonzero(now).tolist())),
            )
            for regime, now in zip(found.regimes, one.beyond, strict=True)
        ),
        customers=tuple(sorted({service.customer for service in hit})),
    )


N = TypeVar("N", float, FloatArray)


def begins(elements: Sequence[Element], share: N, in_work: N) -> N:
    """How often a year all of `elements` come to be down, for shares of all hours as in `Costed`.

    What begins ends as often: once one has failed and is back, or the work on it is over.
    """
    back = sum(HOURS_A_YEAR / element.hours for element in elements)
    if len(elements) == 1:
        return share * back
    ends, weight = 0.0, 0.0
    for element in elements:
        if element.work is not None and element.work.per_year:
            # Of the share in work, that with this one in work, by how often each is.
            mine = element.share_in_work / element.share_down
            ends += mine * (back - HOURS_A_YEAR / element.hours + HOURS_A_YEAR / element.work.hours)
            weight += mine
    return share * back + in_work * (ends / weight if weight else 0.0)


class _Drawn:
    """Rates as they may be, DRAWS of them, each the same for every line."""

    def __init__(self, elements: Sequence[Element], seed: int) -> None:
        self._elements, factors = elements, drawn_factors(elements, seed)
        self._odds = [
            np.sum([p.per_year * p.hours * factors[p.kind] for p in one.parts], axis=0)
            / HOURS_A_YEAR
            for one in elements
        ]

    def of(self, members: Sequence[int]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(DRAWS,) how often a year all are down, and the shares of all hours as in `Costed`."""
        down = [self._odds[i] / (1.0 + self._odds[i]) for i in members]
        work = [self._elements[i].share_in_work for i in members]
        share = np.asarray(np.prod(down, axis=0))
        in_work = np.zeros(DRAWS)
        if len(members) > 1:
            for i, w in enumerate(work):
                in_work = in_work + w * np.prod([d for j, d in enumerate(down) if j != i], axis=0)
        elements = [self._elements[i] for i in members]
        per_year = begins(elements, share, in_work)
        return per_year, share, in_work
