"""A campaign whose plays take a moment: two numbers by two arms, one of which makes mistakes.

What a play does besides is asked of it by the environment, which worker processes inherit: SLOW_S
to take so long, RAISE and DIE with the name of a case of which the careless arm raises or dies.
"""

import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.intervals import share_interval
from twin.nouns.base import Noun


class Play(Noun):
    """Two numbers, drawn by the seed."""

    case: str
    arm: str
    seed: int


class Answer(Noun):
    """What the arm said of them."""

    right: bool
    process: int


TinyRecord = Record[Play, Answer]


def _plays(spec: Spec) -> list[Play]:
    return [
        Play(case=case, arm=arm, seed=seed)
        for case in spec.cases
        for seed in spec.seeds
        for arm in spec.arms
    ]


def _together(play: Play) -> str:
    return f"{play.case} {play.seed}"


def _play(play: Play) -> Answer:
    time.sleep(float(os.environ.get("SLOW_S", "0")))
    if play.arm == "careless":
        if os.environ.get("DIE") == play.case:
            os._exit(9)
        if os.environ.get("RAISE") == play.case:
            raise ArithmeticError(f"seed {play.seed} cannot be worked out")
    mistaken = play.arm == "careless" and random.Random(play.seed).random() < 0.5
    return Answer(right=not mistaken, process=os.getpid())


def _table(records: Sequence[TinyRecord]) -> str:
    """A play that raised counts as a wrong answer."""
    lines = ["| arm | right / plays | 95 % interval |", "|---|---|---|"]
    for arm in sorted({r.play.arm for r in records}):
        found = [r.outcome for r in records if r.play.arm == arm]
        right = sum(answer is not None and answer.right for answer in found)
        low, high = share_interval(right, len(found))
        lines.append(f"| {arm} | {right} / {len(found)} | {low:.2f} to {high:.2f} |")
    lines += ["", raised_text(records, "and count as wrong"), f"Played by {code_text(records)}."]
    return "\n".join(lines)


CAMPAIGN = Campaign(
    name="tiny",
    file=Path(__file__).with_name("tiny.yaml"),
    spec=Spec,
    record=TinyRecord,
    plays=_plays,
    together=_together,
    play=_play,
    table=_table,
)
