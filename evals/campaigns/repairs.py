"""Whether it costs less to go by what the field says: the evening after a failure, by policies that
know more or less of when it is repaired.

Evenings are those of `noctua policy compare`, but that outages last as the jobs of the emulated
field do, which reports of each as it goes on. What is known of an outage is known of every one that
is open, since its own order: the evening lasts as long as any of them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import numpy as np

from evals.campaigns.campaign import Campaign
from evals.campaigns.policies import (
    NOTHING,
    EveningOutcomes,
    Outcome,
    Play,
    PoliciesRecord,
    PoliciesSpec,
    counts,
    evenings_of,
    mean_text,
    outcome_of,
    saved,
)
from evals.campaigns.records import code_text, raised_text
from evals.repair_times import fitted_to, past_orders
from tools.network.emulated.field import drawn_job, notes_of
from tools.network.emulated.randomness import stream
from tools.policies import policy_named
from twin.errors import BadInput
from twin.nouns.field_note import FieldNote
from twin.remediation.evening import QUARTERS, Evening, Outage
from twin.remediation.playing import evening_of, twin_of
from twin.remediation.situation import Situation
from twin.remedies.objective import STEP_S, OutageTime, RepairTime
from twin.remedies.repair_forecast import OpenOrder, RepairModel

GoesBy = Literal["assumed", "history", "forecast", "word", "known"]
"""What of a repair a policy goes by: the log-normal that is assumed, or of past orders, what was
learned from these and is said now, the crew's word (until there is one, "history"), or its end.
"""

LEARNED_FROM, LEARNED_SEED, JOBS_SEED = 600, 1, 2
"""Past orders, and their seed, which is not that of the jobs of the evenings."""

COMPARED: tuple[tuple[GoesBy, GoesBy], ...] = (
    ("forecast", "history"),
    ("forecast", "assumed"),
    ("forecast", "word"),
    ("word", "history"),
    ("history", "assumed"),
    ("known", "history"),
    ("known", "forecast"),
)
"""Pairs whose difference is told, the first minus the second."""

_LEAST_LEFT_S = 300.0
"""A crew that is later than it said is done in no less."""


# The evening


@dataclass(frozen=True, slots=True)
class Order:
    """The field is sent as the outage begins. `notes`: all that it will have said."""

    ordered_s: float
    done_s: float
    notes: tuple[FieldNote, ...]

    @classmethod
    def given(cls, name: str, ordered_s: float) -> "Order":
        """The order of that name, whose job is drawn by it."""
        job = drawn_job(JOBS_SEED, int(stream(JOBS_SEED, name).integers(2**31)))
        notes = notes_of(job, ordered_s, JOBS_SEED, name)
        return cls(ordered_s, ordered_s + job.lasts_s, notes)

    def at(self, now_s: float) -> OpenOrder:
        """What is known of it by then."""
        said = tuple(note for note in self.notes if note.time_s <= now_s)
        return OpenOrder(self.ordered_s, now_s, said)


@dataclass(frozen=True, slots=True, eq=False)
class ReportedEvening:
    """`orders`: of the outages of `evening`, one each."""

    evening: Evening
    orders: tuple[Order, ...]

    @classmethod
    def of(cls, evening: Evening, name: str) -> "ReportedEvening":
        """The same, with jobs drawn by `name`; a second failure that would come after the first
        repair does not come.
        """
        outages, orders = list[Outage](), list[Order]()
        for outage in evening.outages:
            begins_s = evening.begins_s + outage.begins * STEP_S
            order = Order.given(f"{name} {outage.begins}", begins_s)
            if not outages or outage.begins < outages[0].ends:
                lasts = math.ceil((order.done_s - begins_s) / STEP_S)
                outages.append(replace(outage, ends=outage.begins + lasts))
                orders.append(order)
        return cls(replace(evening, outages=tuple(outages)), tuple(orders))

    def seen_by(self, goes_by: GoesBy, situation: Situation) -> Situation:
        """`situation` to who goes by that."""
        now_s = self.evening.begins_s + (QUARTERS - situation.quarters_left) * STEP_S
        known = [
            (_expected(goes_by, order, now_s), now_s - order.ordered_s)
            for order in self.orders
            if order.ordered_s <= now_s < order.done_s
        ]
        return replace(situation, repair=LastOf(tuple(known)))


# What is known of a repair


@dataclass(frozen=True, slots=True)
class LastOf:
    """As long as any of several outages goes on, each independent of the others. `each`: with how
    long it has lasted.
    """

    each: tuple[tuple[OutageTime, float], ...]

    def survival(self, more_s: float, lasted_s: float = 0.0) -> float:
        """See OutageTime. How long each has lasted is in it already."""
        return 1.0 - math.prod(1.0 - one.survival(more_s, since) for one, since in self.each)


@dataclass(frozen=True, slots=True)
class Certain:
    """An outage that is over after `left_s`."""

    left_s: float

    def survival(self, more_s: float, lasted_s: float = 0.0) -> float:
        """See OutageTime. `lasted_s` is in it already."""
        return float(more_s < self.left_s)


def _expected(goes_by: GoesBy, order: Order, now_s: float) -> OutageTime:
    model, history = _learned()
    heard = order.at(now_s)
    if goes_by == "assumed":
        return RepairTime()
    if goes_by == "forecast":
        return model.forecast(heard)
    if goes_by == "known":
        return Certain(order.done_s - now_s)
    if goes_by == "word" and heard.said_s is not None:
        return Certain(max(heard.said_s, _LEAST_LEFT_S))
    return history


@cache
def _learned() -> tuple[RepairModel, RepairTime]:
    past = past_orders(LEARNED_SEED, LEARNED_FROM)
    return RepairModel.learned(past, "the emulated field"), fitted_to(past)


# The campaign


def _plays(spec: PoliciesSpec) -> list[Play]:
    """An arm is a policy and what it goes by; all of one seed before the next."""
    for arm in spec.arms:
        _read(arm)
    return [
        Play(case=case, arm=arm, seed=seed, priced=spec.priced)
        for seed in spec.seeds
        for case in spec.cases
        for arm in spec.arms
        if seed in spec.seeds[: spec.first.get(arm)]
    ]


def _read(arm: str) -> tuple[str, GoesBy]:
    """Raises BadInput."""
    name, _, said = arm.partition(" ")
    policy_named(name)
    for goes_by in get_args(GoesBy):
        if said == goes_by or (name == NOTHING and not said):
            return name, goes_by
    raise BadInput(f'arm "{arm}": a policy goes by one of {", ".join(get_args(GoesBy))}')


def _play(play: Play) -> Outcome:
    name, goes_by = _read(play.arm)
    evening = evening_of(twin_of(play.case), play.seed, play.priced)
    reported = ReportedEvening.of(evening, f"{play.case} {play.seed}")
    return outcome_of(
        reported.evening, policy_named(name), lambda seen: reported.seen_by(goes_by, seen)
    )


# The table


def repairs_markdown(records: Sequence[PoliciesRecord]) -> str:
    """What the evenings cost that have something to gain; from the records alone."""
    evenings = evenings_of(records)
    every = [evening for evening in evenings.values() if counts(evening)]
    arms = [arm for arm in dict.fromkeys(r.play.arm for r in records) if arm != NOTHING]
    policies = dict.fromkeys(_read(arm)[0] for arm in arms)
    priced = " and ".join(sorted({record.play.priced for record in records}))
    return "".join(
        [
            "| policy | goes by | evenings | service-hours | of all that was saved "
            f"| worse than nothing | changes |\n|---|---|{'--:|' * 5}\n",
            *(_row(arm, every) for arm in (NOTHING, *arms)),
            "\n| difference in service-hours | evenings | | less, more |\n|---|--:|--:|--:|\n",
            *(_difference(name, *pair, every) for name in policies for pair in COMPARED),
            f"\n{len(every)} of {len(evenings)} evenings have something to gain, on ",
            f"{', '.join(sorted({case for case, _ in evenings}))}. ",
            raised_text(records, "and are left out"),
            f"Run: `noctua campaign repairs`, priced by {priced}, {code_text(records)}.\n",
        ]
    )


def _row(arm: str, every: Sequence[EveningOutcomes]) -> str:
    evenings = [evening for evening in every if arm in evening]
    if not evenings:
        return ""
    name, _, goes_by = arm.partition(" ")
    own = np.array([evening[arm].cost for evening in evenings])
    nothing = np.array([evening[NOTHING].cost for evening in evenings])
    cells = (
        name,
        goes_by,
        str(len(evenings)),
        f"{own.mean():.3f}",
        f"{(nothing - own).sum() / sum(map(saved, evenings)):.3f}",
        f"{np.mean(own > nothing + 1e-9):.0%}",
        f"{np.mean([evening[arm].changes for evening in evenings]):.1f}",
    )
    return f"| {' | '.join(cells)} |\n"


def _difference(policy: str, one: GoesBy, other: GoesBy, every: Sequence[EveningOutcomes]) -> str:
    first, second = f"{policy} {one}", f"{policy} {other}"
    both = [evening for evening in every if first in evening and second in evening]
    if not both:
        return ""
    more = np.array([evening[first].cost - evening[second].cost for evening in both])
    sides = f"{np.sum(more < -1e-9)}, {np.sum(more > 1e-9)}"
    return f"| {policy}, {one} - {other} | {len(both)} | {mean_text(more)} | {sides} |\n"


CAMPAIGN = Campaign(
    name="repairs",
    file=files(__package__) / "repairs.yaml",
    spec=PoliciesSpec,
    record=PoliciesRecord,
    plays=_plays,
    together=lambda play: f"{play.case} {play.seed}",
    play=_play,
    table=repairs_markdown,
)
