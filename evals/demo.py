"""The demonstration: a duct is cut at the evening peak, and four arms live through it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from channels.report.comparison import Comparison
from evals.arm import Arm, ArmResult
from evals.arms.noc import NocArm
from evals.arms.nothing import nothing_arm
from evals.ducts import DuctCase, draw_duct
from evals.stage import Case, designed_inventory
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from twin.events.faults.fiber_cut import FiberCut

TOPOLOGY = "sndlib/germany50"
STARTS_S = datetime(2026, 3, 3, 19, 15, tzinfo=UTC).timestamp()
CUT_AFTER_S = 2700.0
"""At 20:00 UTC, the peak of the daily profile; until then the tracker learns what is normal."""

DURATION_S = 3 * 3600.0
REPAIR = Repair(travel_s=1800.0, repair_s=3600.0)

WHAT = {
    "noctua": "Noctua, every plan approved after the drawn delay",
    "nothing": "nobody changes anything; the field repairs when people would have sent it",
    "noc": "baseline NOC: threshold alarms, one runbook entry per kind, human delays",
    "noc_zero": "the same NOC with every human delay at zero, approval included",
    "noctua_zero": "Noctua with approval at once",
}


def demo_case(seed: int) -> tuple[Case, DuctCase]:
    """The case of the demonstration, and the duct that `seed` draws; one seed, one case."""
    world = CaseWorld(
        id="demo", topology=TOPOLOGY, mismatch=1, starts_s=STARTS_S, duration_s=DURATION_S
    )
    duct = draw_duct(designed_inventory(world), seed)
    cut = TimedEvent(
        at_s=CUT_AFTER_S, fault=FiberCut(duct=duct.duct, links=duct.links), repair=REPAIR
    )
    return Case(world, CaseTruth(events=(cut,))), duct


def other_arms() -> tuple[Arm, ...]:
    """What Noctua is compared with."""
    return (nothing_arm(), NocArm(), NocArm(zero=True))


def play_others(
    case: Case, seed: int, folder: Path, tell: Callable[[str], None]
) -> list[ArmResult]:
    """Every other arm on the same realisation, each in a folder of its own."""
    found = []
    for arm in other_arms():
        tell(WHAT[arm.name])
        found.append(arm.play(case, seed, folder / arm.name))
    return found


def comparisons(results: Sequence[ArmResult]) -> tuple[Comparison, ...]:
    """The results as the report shows them."""
    return tuple(_comparison(r) for r in results)


def _comparison(result: ArmResult) -> Comparison:
    delay = f"approval after {result.delays.approve_s:.0f} s" if result.delays.approve_s else ""
    return Comparison(
        arm=result.arm,
        what=WHAT[result.arm],
        slo_minutes_lost=result.slo_minutes_total,
        services_hit=result.services_hit,
        detect_s=result.detect_s,
        mitigate_s=result.mitigate_s,
        resolve_s=result.resolve_s,
        changes_made=result.changes,
        note=delay,
        seed=result.seed,
        case=result.case,
    )
