"""How often Noctua opens an incident when nothing is wrong: healthy network-days, counted.

A day is 24 hours from 00:00 UTC of the daily profile on one of TOPOLOGIES, at mismatch 1, in a
realisation of its own, with announced work at night (a drain or a link taken down, two hours) and a
benign peak in the afternoon or evening (all demand up by 10 to 30 % for two hours).
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np

from evals.arm import ArmResult
from evals.arms.noctua import NoctuaArm
from evals.intervals import poisson_upper
from evals.pool import played
from evals.stage import Case, case_names, designed_inventory, load_case
from tools.network.emulated.case_truth import CaseTruth, DemandEpisode, PlannedAction
from tools.network.emulated.case_world import CaseWorld
from twin.nouns.base import Noun
from twin.nouns.inventory import PlannedWork

TOPOLOGIES = ("sndlib/germany50", "sndlib/geant", "sndlib/nobel-germany")
MISMATCH: Literal[1] = 1
FIRST_DAY_S = 1_772_496_000.0
"""2026-03-03T00:00:00Z."""

_DAY_S = 86_400.0
_WORK_S = 7200.0
_EARLIEST_WORK_S, _LATEST_WORK_S = 3600.0, 3 * 3600.0
_EARLIEST_PEAK_S, _LATEST_PEAK_S = 12 * 3600.0, 20 * 3600.0


class HealthyReport(Noun):
    """What was counted. `upper_per_day`: 95 % upper bound of the rate, Poisson and exact.

    `detect_s`: seconds from fault to incident in the faulty cases that were played at the same
    settings; `undetected`: how many were not noticed.
    """

    days: int
    false_incidents: int
    days_with_changes: int
    per_day: float
    upper_per_day: float
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
    change_id = f"CHG-{5000 + number}"
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


def measure_healthy(days: int, detections_of: Sequence[tuple[str, int]]) -> HealthyReport:
    """Play `days` healthy days, and the faulty (case, seed) pairs for their detection delay."""
    results = [r for _, r in played(_play_day, range(days), "healthy days")]
    faulty = [r for _, r in played(_play_case, detections_of, "faulty cases")]
    false = sum(r.incidents for r in results)
    seen = tuple(sorted(r.detect_s for r in faulty if r.detect_s is not None))
    undetected = sum(r.detect_s is None for r in faulty)
    return HealthyReport(
        days=days,
        false_incidents=false,
        days_with_changes=sum(r.changes > 0 for r in results),
        per_day=false / days,
        upper_per_day=poisson_upper(false) / days,
        detect_s=seen,
        undetected=undetected,
        lines=_lines(days, false, seen, undetected),
    )


def faulty_cases(seeds: int = 1) -> list[tuple[str, int]]:
    """Every shipped case with a fault, in `seeds` realisations."""
    names = [n for n in case_names() if load_case(n).truth.events]
    return [(name, seed) for name in names for seed in range(1, seeds + 1)]


def _lines(days: int, false: int, seen: Sequence[float], undetected: int) -> tuple[str, ...]:
    upper = poisson_upper(false) / days
    lines = [
        f"{false} false incidents in {days} healthy network-days at mismatch {MISMATCH}: "
        f"{false / days:.3f} per day, 95 % upper bound {upper:.3f} (exact Poisson)",
    ]
    if seen or undetected:
        delay = f"median {median(seen):.0f} s, longest {max(seen):.0f} s" if seen else "none"
        lines.append(
            f"detection delay at the same settings, {len(seen) + undetected} faulty plays: "
            f"{delay}; {undetected} not noticed"
        )
    return tuple(lines)


def _play_day(number: int) -> ArmResult:
    with tempfile.TemporaryDirectory() as folder:
        return NoctuaArm().play(healthy_day(number), number, Path(folder))


def _play_case(job: tuple[str, int]) -> ArmResult:
    name, seed = job
    with tempfile.TemporaryDirectory() as folder:
        return NoctuaArm().play(load_case(name), seed, Path(folder))
