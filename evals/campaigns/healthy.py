"""How often Noctua opens an incident when nothing is wrong: healthy network-days, counted.

An incident is false if, from its first sign to its detection, no service was in breach; there is no
fault on any of these days. One that is not false has a standing breach, or announced work that puts
a service in breach, of which it has to say so.

A day is 24 hours from 00:00 UTC of the daily profile on one of TOPOLOGIES, at mismatch 1, in a
realisation of its own, with announced work at night (a drain or a link taken down, two hours) and a
benign peak in the afternoon or evening (all demand up by 10 to 30 % for two hours).
"""

from collections.abc import Sequence
from importlib.resources import files
from statistics import median
from typing import Literal

import numpy as np
from pydantic import NonNegativeInt

from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.intervals import poisson_upper
from evals.promises import in_breach
from evals.stage import Case, designed_inventory, load_case
from evals.witness import Told, Witnessed, witness
from tools.network.emulated.case_truth import CaseTruth, DemandEpisode, PlannedAction
from tools.network.emulated.case_world import CaseWorld
from twin.nouns.base import Noun
from twin.nouns.planned_work import PlannedWork

TOPOLOGIES = ("sndlib/germany50", "sndlib/geant", "sndlib/nobel-germany")
MISMATCH: Literal[1] = 1
FIRST_DAY_S = 1_772_496_000.0
"""2026-03-03T00:00:00Z."""

HEALTHY_DAY = "healthy-day"
"""What is played instead of a case; the seed is the day's number, from 0 on."""

_DAY_S = 86_400.0
_CHANGE = "CHG-"
_WORK_S = 7200.0
_EARLIEST_WORK_S, _LATEST_WORK_S = 3600.0, 3 * 3600.0
_EARLIEST_PEAK_S, _LATEST_PEAK_S = 12 * 3600.0, 20 * 3600.0


class HealthySpec(Spec):
    """`cases`, `seeds`: faulty plays, for the delay of their detection; `days`: healthy ones."""

    arms: tuple[Literal["noctua"], ...]
    days: NonNegativeInt


class Play(Noun):
    """A healthy day, or a faulty case."""

    case: str
    arm: Literal["noctua"]
    seed: int


HealthyRecord = Record[Play, Witnessed]


class HealthyReport(Noun):
    """What was counted. `upper_per_day`: 95 % upper bound of the rate, Poisson and exact.

    `false_incidents`: a day that raised counts as one. `in_breach`: incidents that are not false,
    of them `said_of_work` those that name the announced work. `detect_s`: seconds from fault to
    incident in the faulty cases that were played at the same settings; `undetected`: how many were
    not noticed, or raised. `lines`: for people.
    """

    days: int
    false_incidents: int
    in_breach: int
    said_of_work: int
    days_with_changes: int
    per_day: float | None
    upper_per_day: float | None
    detect_s: tuple[float, ...]
    undetected: int
    lines: tuple[str, ...]


def healthy_day(number: int) -> Case:
    """Day `number`; the same number gives the same day."""
    numbers = np.random.default_rng([20, number])
    topology = TOPOLOGIES[number % len(TOPOLOGIES)]
    starts_s = FIRST_DAY_S + _DAY_S * number
    plain = CaseWorld(
        id=f"healthy-{number:03d}",
        topology=topology,
        mismatch=MISMATCH,
        starts_s=starts_s,
        duration_s=_DAY_S,
    )
    links = designed_inventory(plain).topology.links
    link = links[int(numbers.integers(len(links)))].id
    work_s = float(numbers.uniform(_EARLIEST_WORK_S, _LATEST_WORK_S))
    peak_s = float(numbers.uniform(_EARLIEST_PEAK_S, _LATEST_PEAK_S))
    change_id = f"{_CHANGE}{5000 + number}"
    announced = PlannedWork(
        id=change_id,
        links=(link,),
        starts_s=starts_s + work_s - 300.0,
        ends_s=starts_s + work_s + _WORK_S + 300.0,
    )
    truth = CaseTruth(
        planned_actions=(
            PlannedAction(
                at_s=work_s,
                until_s=work_s + _WORK_S,
                link=link,
                what="drain" if numbers.random() < 0.5 else "link_down",
                change_id=change_id,
            ),
        ),
        demand_episodes=(
            DemandEpisode(
                at_s=peak_s,
                until_s=peak_s + 7200.0,
                factor=float(numbers.uniform(1.1, 1.3)),
                ramp_s=1800.0,
            ),
        ),
    )
    return Case(plain.model_copy(update={"planned_work": (announced,)}), truth)


def _plays(spec: HealthySpec) -> list[Play]:
    days = [Play(case=HEALTHY_DAY, arm=arm, seed=n) for arm in spec.arms for n in range(spec.days)]
    return days + [
        Play(case=case, arm=arm, seed=seed)
        for case in spec.cases
        for arm in spec.arms
        for seed in spec.seeds
    ]


def _together(play: Play) -> str:
    return f"{play.case} {play.seed}"


def _play(play: Play) -> Witnessed:
    case = healthy_day(play.seed) if play.case == HEALTHY_DAY else load_case(play.case)
    return witness(case, play.arm, play.seed)


def summarise(records: Sequence[HealthyRecord]) -> HealthyReport:
    """Count."""
    days = [r.outcome for r in records if r.play.case == HEALTHY_DAY]
    faulty = [r.outcome for r in records if r.play.case != HEALTHY_DAY]
    ended = [day for day in days if day is not None]
    true = [(told, day) for day in ended for told in day.incidents if in_breach(told, day.spells)]
    false = len(days) - len(ended) + sum(len(day.incidents) for day in ended) - len(true)
    at_work = [told for told, _ in true if _of_work(told)]
    delays = [None if play is None else play.result.detect_s for play in faulty]
    seen = tuple(sorted(delay for delay in delays if delay is not None))
    undetected = len(faulty) - len(seen)
    return HealthyReport(
        days=len(days),
        false_incidents=false,
        days_with_changes=sum(day.result.changes > 0 for day in ended),
        in_breach=len(true),
        said_of_work=len(at_work),
        per_day=false / len(days) if days else None,
        upper_per_day=poisson_upper(false) / len(days) if days else None,
        detect_s=seen,
        undetected=undetected,
        lines=(
            *_day_lines(len(days), false),
            *_true_lines(len(true), len(at_work)),
            *_delay_lines(seen, undetected),
            *_notes(records),
        ),
    )


def _day_lines(days: int, false: int) -> list[str]:
    if not days:
        return []
    upper = poisson_upper(false) / days
    return [
        f"{false} false incidents in {days} healthy network-days at mismatch {MISMATCH}: "
        f"{false / days:.3f} per day, 95 % upper bound {upper:.3f} (exact Poisson)"
    ]


def _true_lines(true: int, of_work: int) -> list[str]:
    if not true:
        return []
    return [
        f"{true} incidents in which a service was in breach, {of_work} of them name announced work"
    ]


def _of_work(told: Told) -> bool:
    return _CHANGE in told.text


def _delay_lines(seen: Sequence[float], undetected: int) -> list[str]:
    if not seen and not undetected:
        return []
    delay = f"median {median(seen):.0f} s, longest {max(seen):.0f} s" if seen else "none"
    return [
        f"detection delay at the same settings, {len(seen) + undetected} faulty plays: "
        f"{delay}; {undetected} not noticed"
    ]


def _notes(records: Sequence[HealthyRecord]) -> list[str]:
    raised = raised_text(records, "and count as a false incident or as not noticed")
    return [*raised.splitlines(), code_text(records)]


def healthy_markdown(records: Sequence[HealthyRecord]) -> str:
    """The lines for people."""
    return "".join(f"{line}\n" for line in summarise(records).lines)


CAMPAIGN = Campaign(
    name="healthy",
    file=files(__package__) / "healthy.yaml",
    spec=HealthySpec,
    record=HealthyRecord,
    plays=_plays,
    together=_together,
    play=_play,
    table=healthy_markdown,
)
