"""Two faults 2 to 30 minutes apart: is the second looked after as if it had come alone?

In half of the plays people reject whatever is planned against the first, so that it is with them
when the second comes; in the other half the first is being repaired. The control is the second
alone; beside both, nobody acts.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import Literal

from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.promises import count_line, diagnosed_s, harm_lines, harmed, in_time, share_line
from evals.stage import Case
from evals.truth import parts_of
from evals.unseen import KINDS, Ground, drawn_world, numbers_for, severe, timed
from evals.witness import Witnessed, witness
from tools.network.emulated.case_truth import CaseTruth
from twin.events.fault import Fault
from twin.nouns.base import Noun

Arm = Literal["nothing", "noctua", "alone"]

_DURATION_S = 4 * 3600.0
_FIRST_S = 900.0
_REJECTED = ("silent_egress_packet_loss", "igp_weight_misconfig")
"""Kinds against which something is always planned, so that people can reject it."""

_REPAIRED = ("link_down", "fiber_cut")
_AFTER_REJECTION_S = (900.0, 1800.0)
_APART_S = (120.0, 1800.0)
_REJECTED_UNTIL_S = 60.0
"""Plans that were asked about so long before the second fault are the last that people reject."""


class PairsSpec(Spec):
    """`cases`: topologies. Odd seeds have a first fault that is escalated."""

    arms: tuple[Arm, ...]


class Play(Noun):
    """One pair, or (`arm` "alone") its second fault."""

    case: str
    arm: Arm
    seed: int


PairsRecord = Record[Play, Witnessed]


def is_rejected(seed: int) -> bool:
    """Whether people reject what is planned against the first fault."""
    return seed % 2 == 1


def incident(topology: str, seed: int, arm: Arm) -> tuple[Case, float]:
    """What is played, and when the second fault begins, in seconds from the start."""
    world = drawn_world(topology, "pair", seed, duration_s=_DURATION_S)
    ground, numbers = Ground.of(world), numbers_for("pair", topology, seed)
    kinds, apart = (_REJECTED, _AFTER_REJECTION_S) if is_rejected(seed) else (_REPAIRED, _APART_S)
    first = severe(ground.fault(kinds[int(numbers.integers(len(kinds)))], numbers))
    kind = KINDS[int(numbers.integers(len(KINDS)))]
    second = ground.fault(kind, numbers, but=touched(first))
    second_s = _FIRST_S + round(float(numbers.uniform(*apart)))
    events = (timed(first, _FIRST_S, numbers), timed(second, second_s, numbers))
    return Case(world, CaseTruth(events=events[1:] if arm == "alone" else events)), second_s


def touched(fault: Fault) -> frozenset[str]:
    """The links and nodes of `fault`."""
    return frozenset(part for resource in fault.resources for part in parts_of(resource))


def _plays(spec: PairsSpec) -> list[Play]:
    return [
        Play(case=case, arm=arm, seed=seed)
        for seed in spec.seeds
        for case in spec.cases
        for arm in spec.arms
    ]


def _play(play: Play) -> Witnessed:
    case, second_s = incident(play.case, play.seed, play.arm)
    until_s = case.world.starts_s + second_s - _REJECTED_UNTIL_S
    rejected = is_rejected(play.seed) and play.arm == "noctua"
    return witness(
        case,
        "nothing" if play.arm == "nothing" else "noctua",
        play.seed,
        rejects=lambda asked_s: rejected and asked_s < until_s,
    )


def stands(seen: Witnessed, at_s: float) -> str:
    """Where the first fault stood when the second came."""
    before = [told for told in seen.incidents if told.detected_s < at_s]
    if any(told.escalated_s is not None and told.escalated_s < at_s for told in before):
        return "escalated"
    if any(told.dispatched_s is not None and told.dispatched_s < at_s for told in before):
        return "in repair"
    return "in work" if before else "not noticed"


def diagnosed(ours: Witnessed, control: Witnessed, at_s: float) -> bool | None:
    """Whether the second fault was named as in the control; None if that did not name it."""
    *first, second = ours.faults
    alone = diagnosed_s(control.incidents, [second], at_s)
    if alone is None:
        return None
    mine = diagnosed_s(ours.incidents, [second], at_s, beside=first)
    return mine is not None


def on_time(ours: Witnessed, control: Witnessed, at_s: float) -> bool:
    """Whether it was also named within twice the control's time and two minutes."""
    *first, second = ours.faults
    alone = diagnosed_s(control.incidents, [second], at_s)
    mine = diagnosed_s(ours.incidents, [second], at_s, beside=first)
    return mine is not None and alone is not None and in_time(mine - at_s, alone - at_s)


def pairs_markdown(records: Sequence[PairsRecord]) -> str:
    """What became of the second faults; from the records alone."""
    by_key = {(r.play.case, r.play.seed, r.play.arm): r for r in records}
    mine = [r for r in records if r.play.arm == "noctua"]
    verdicts: dict[str, list[bool]] = {}
    late = blind = 0
    hurt: list[str] = []
    left: list[str] = []
    missed: list[str] = []
    compared: list[tuple[Witnessed, Witnessed]] = []
    for record in mine:
        play, ours = record.play, record.outcome
        name = f"{play.case} {play.seed}"
        nothing = by_key.get((play.case, play.seed, "nothing"))
        control = by_key.get((play.case, play.seed, "alone"))
        if ours is not None and nothing is not None and nothing.outcome is not None:
            compared.append((ours, nothing.outcome))
            more = harmed(ours, nothing.outcome)
            hurt += [f"{name}: {s} {m:.1f} min more" for s, m in more.items()][:1]
        if ours is not None and ours.left:
            left.append(f"{name}: {', '.join(ours.left)}")
        if control is None or control.outcome is None:
            continue
        at_s = control.outcome.began_s[-1]
        verdict = False if ours is None else diagnosed(ours, control.outcome, at_s)
        if verdict is None:
            blind += 1
            continue
        where = "raised" if ours is None else stands(ours, at_s)
        verdicts.setdefault(where, []).append(verdict)
        late += ours is not None and verdict and not on_time(ours, control.outcome, at_s)
        if not verdict and ours is not None:
            missed.append(f"{name}: {ours.faults[-1].kind} {', '.join(ours.faults[-1].resources)}")
    whole = [v for of_one in verdicts.values() for v in of_one]
    lines = [
        f"{len(mine)} pairs.\n\n",
        *(
            share_line(f"second diagnosed as alone, the first {where}", sum(found), len(found))
            for where, found in sorted(verdicts.items())
        ),
        share_line("second diagnosed as alone, all", sum(whole), len(whole)),
        f"- of these later than twice the control's time and two minutes: {late}\n",
        f"- left out, as the control did not name it either: {blind}\n",
        harm_lines(compared),
        count_line("something temporary left on a device", len(left), len(mine)),
        *(f"- second not diagnosed: {text}\n" for text in missed),
        *(f"- worse: {text}\n" for text in hurt),
        *(f"- left: {text}\n" for text in left),
        raised_text(records, "and count as not diagnosed"),
        f"Run: `noctua campaign pairs`, {code_text(records)}.\n",
    ]
    return "".join(lines)


CAMPAIGN = Campaign(
    name="pairs",
    file=files(__package__) / "pairs.yaml",
    spec=PairsSpec,
    record=PairsRecord,
    plays=_plays,
    together=lambda play: f"{play.case} {play.seed}",
    play=_play,
    table=pairs_markdown,
)
