"""Links that forward little or nothing: is the remedy that ends the loss kept, and soon made?

A link is up and loses a share of what it is given, one way or both, until the field repairs it.
"""

from collections import defaultdict
from collections.abc import Sequence
from importlib.resources import files

from pydantic import Field

from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.promises import count_line, good_taken_back, harm_lines, share_line
from evals.stage import Case
from evals.unseen import Ground, drawn_world, numbers_for, timed
from evals.witness import Witnessed, witness
from tools.network.emulated.case_truth import CaseTruth
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.nouns.base import Noun

_DURATION_S = 3.5 * 3600.0
_FAULT_S = 1200.0


class LossySpec(Spec):
    """`cases`: topologies. `percent`: of what is sent over the link, lost. `ways`: 1 or 2."""

    percent: tuple[float, ...] = Field(min_length=1)
    ways: tuple[int, ...] = Field(min_length=1)


class Play(Noun):
    """One arm on one link."""

    case: str
    percent: float
    ways: int
    arm: str
    seed: int

    @property
    def incident(self) -> tuple[str, float, int, int]:
        """What all arms have in common."""
        return self.case, self.percent, self.ways, self.seed


LossyRecord = Record[Play, Witnessed]


def incident(topology: str, percent: float, ways: int, seed: int) -> Case:
    """The incident of that name."""
    key = ("lossy", percent, ways, seed)
    world = drawn_world(topology, *key, duration_s=_DURATION_S)
    numbers = numbers_for(topology, *key)
    link = Ground.of(world).link(numbers)
    ends = [link.a, link.b]
    if numbers.random() < 0.5:
        ends.reverse()
    fraction = percent / 100.0
    first, *second = (
        SilentEgressPacketLoss(node=node, link=link.id, fraction=fraction) for node in ends[:ways]
    )
    event = timed(first, _FAULT_S, numbers)
    # One crew finds and repairs both ways of a link.
    other = tuple(event.model_copy(update={"fault": fault}) for fault in second)
    return Case(world, CaseTruth(events=(event, *other)))


def _plays(spec: LossySpec) -> list[Play]:
    return [
        Play(case=case, percent=percent, ways=ways, arm=arm, seed=seed)
        for seed in spec.seeds
        for case in spec.cases
        for percent in spec.percent
        for ways in spec.ways
        for arm in spec.arms
    ]


def _play(play: Play) -> Witnessed:
    return witness(incident(*play.incident), play.arm, play.seed)


def lossy_markdown(records: Sequence[LossyRecord]) -> str:
    """What was kept and lost; from the records alone."""
    played: dict[str, dict[tuple[str, float, int, int], Witnessed]] = defaultdict(dict)
    for record in records:
        if record.outcome is not None:
            played[record.play.arm][record.play.incident] = record.outcome
    ours, nothing = played["noctua"], played["nothing"]
    n = sum(r.play.arm == "noctua" for r in records)
    wrong = {key: found for key, w in ours.items() if (found := good_taken_back(w.changes))}
    common = set(ours).intersection(*(set(plays) for plays in played.values() if plays))
    lines = [
        f"{n} plays of Noctua.\n\n",
        count_line("took back what helped and broke nothing", sum(map(len, wrong.values())), n),
        harm_lines((ours[key], nothing[key]) for key in ours if key in nothing),
        *(
            f"- SLO minutes, {arm}: "
            f"{sum(plays[key].result.slo_minutes_total for key in common):.0f} "
            f"(n = {len(common)})\n"
            for arm, plays in sorted(played.items())
            if plays
        ),
        *(
            share_line(
                f"egresses inside their 90 % interval, {'both ways' if ways == 2 else 'one way'}",
                sum(w.result.outcomes_inside for key, w in ours.items() if key[2] == ways),
                sum(w.result.outcomes for key, w in ours.items() if key[2] == ways),
            )
            for ways in sorted({key[2] for key in ours})
        ),
        *(
            f"- {key[0]} {key[1]:g} % {key[2]} {key[3]}: {made.plan} was taken back, lost "
            f"{made.lost_before_bps / 1e9:.2f} Gbit/s without it and "
            f"{made.lost_after_bps / 1e9:.2f} with it\n"
            for key, found in wrong.items()
            for made in found
        ),
        raised_text(records, "and are left out of what is counted"),
        f"Run: `noctua campaign lossy`, {code_text(records)}.\n",
    ]
    return "".join(lines)


CAMPAIGN = Campaign(
    name="lossy",
    file=files(__package__) / "lossy.yaml",
    spec=LossySpec,
    record=LossyRecord,
    plays=_plays,
    together=lambda play: " ".join(map(str, play.incident)),
    play=_play,
    table=lossy_markdown,
)
