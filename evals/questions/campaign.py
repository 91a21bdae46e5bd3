"""The campaign of questions: staged networks x minds x seeds, every question asked of each."""

import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path

from channels.report.wording import plain
from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.intervals import share_interval
from evals.questions.asking import Judged, Room, shipped_items, tally
from evals.questions.staging import SCENES, stage_history
from graphs.minds import minds_from_environment
from twin.errors import BadInput
from twin.nouns.base import Noun


class QuestionsSpec(Spec):
    """`questions`: a file of questions, "" for those that are shipped."""

    questions: str


class Play(Noun):
    """All questions about one staged network. `arm`: the minds that are asked, by name."""

    case: str
    arm: str
    seed: int
    questions: str


class Asked(Noun):
    """What came of every question."""

    judged: tuple[Judged, ...]


QuestionsRecord = Record[Play, Asked]

_SCENES = {scene.name: scene for scene in SCENES}


def read_questions(file: str) -> str | None:
    """The text of a file of questions; None for "". Raises BadInput."""
    if not file:
        return None
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise BadInput(f"{file}: cannot be read as questions ({exc})") from exc


def _plays(spec: QuestionsSpec) -> list[Play]:
    for name in spec.cases:
        if name not in _SCENES:
            raise BadInput(f'there is no staged network "{name}" (there are {", ".join(_SCENES)})')
    shipped_items(read_questions(spec.questions))
    return [
        Play(case=case, arm=arm, seed=seed, questions=spec.questions)
        for case in spec.cases
        for arm in spec.arms
        for seed in spec.seeds
    ]


def _together(play: Play) -> str:
    return f"{play.case} {play.seed}"


def _play(settings: Path, play: Play) -> Asked:
    scene = _SCENES[play.case]
    items = shipped_items(read_questions(play.questions))
    with tempfile.TemporaryDirectory(prefix="noctua-questions-") as folder:
        state = Path(folder) / play.case
        stage_history(state, scene, play.seed)
        room = Room(
            state, scene, lambda inventory: minds_from_environment(os.environ, settings, inventory)
        )
        return Asked(judged=tuple(room.ask(items)))


def judged_in(records: Sequence[QuestionsRecord]) -> list[Judged]:
    """Every question that was asked."""
    return [one for r in records if r.outcome is not None for one in r.outcome.judged]


def questions_markdown(records: Sequence[QuestionsRecord]) -> str:
    """The table by group of questions, and every wrong answer."""
    judged = judged_in(records)
    lines = [
        "| questions | n | right | declined | wrong | wrong, 95 % interval |",
        "|---|--:|--:|--:|--:|---|",
    ]
    counts = tally(judged)
    if raised := len(records) - sum(r.outcome is not None for r in records):
        counts["networks that raised"] = Counter(wrong=raised)
    for group, count in counts.items():
        low, high = share_interval(count["wrong"], count.total())
        verdicts = " | ".join(str(count[v]) for v in ("right", "declined", "wrong"))
        lines.append(f"| {group} | {count.total()} | {verdicts} | {low:.1%} to {high:.1%} |")
    lines.append("")
    for one in judged:
        if one.verdict == "wrong":
            lines.append(f"- wrong: {one.scene}: {plain(one.question)}")
            lines.append(f"  {plain(one.text)} ({plain('; '.join(one.wrong_because))})")
    arms = ", ".join(sorted({r.play.arm for r in records}))
    lines.append(f"Asked: {arms}; {code_text(records)}.")
    errors = raised_text(records, "a network that raised counts as one wrong answer")
    return "\n".join([*lines, "", errors]).rstrip() + "\n"


def campaign_with(settings: Path) -> Campaign[QuestionsSpec, Play, Asked]:
    """The campaign, with the minds that `models.yaml` in the folder `settings` configures."""
    return Campaign(
        name="questions",
        file=files(__package__) / "campaign.yaml",
        spec=QuestionsSpec,
        record=QuestionsRecord,
        plays=_plays,
        together=_together,
        play=partial(_play, settings),
        table=questions_markdown,
    )


CAMPAIGN = campaign_with(Path(".noctua"))
