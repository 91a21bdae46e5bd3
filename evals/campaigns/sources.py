"""Who proposed the remedies that were chosen, and what an incident costs without each of them."""

import tempfile
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import get_args

import numpy as np

from evals.arm import ArmResult
from evals.arms.noctua import NoctuaArm
from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.intervals import mean_interval, median_interval
from evals.stage import load_case
from graphs.candidates import Candidates
from graphs.workplace import Workplace
from tools.policies import policy_named
from twin.errors import BadInput
from twin.nouns.base import Noun
from twin.nouns.plan import Source
from twin.remedies.trials import Trial

ALL = "all"
_WITHOUT: dict[str, frozenset[Source]] = {
    ALL: frozenset(),
    "without rules": frozenset({"rules"}),
    "without search": frozenset({"search"}),
    "without policy": frozenset({"policy"}),
}
"""Arms, and who is not asked in each."""


class SourcesSpec(Spec):
    """Arms are `all`, and one without each source."""

    policy: str


class Play(Noun):
    """One case with all sources but those that `arm` leaves out."""

    case: str
    arm: str
    seed: int
    policy: str


class Sourced(Noun):
    """What came of it. `chosen`: of each plan against an incident that changes something, who
    proposed its remedy; `proposed`: of every remedy that was simulated.
    """

    result: ArmResult
    chosen: tuple[tuple[Source, ...], ...]
    proposed: tuple[tuple[Source, ...], ...]


SourcesRecord = Record[Play, Sourced]


def _plays(spec: SourcesSpec) -> list[Play]:
    for arm in spec.arms:
        if arm not in _WITHOUT:
            raise BadInput(f'no arm "{arm}"; there are {", ".join(_WITHOUT)}')
    policy_named(spec.policy)
    return [
        Play(case=case, arm=arm, seed=seed, policy=spec.policy)
        for case in spec.cases
        for seed in spec.seeds
        for arm in spec.arms
    ]


def _together(play: Play) -> str:
    return f"{play.case} {play.seed}"


def _play(play: Play) -> Sourced:
    chosen, proposed = list[tuple[Source, ...]](), list[tuple[Source, ...]]()

    def look(workplace: Workplace) -> None:
        for record in workplace.journal.incidents(network=workplace.network.name):
            trials = workplace.journal.artefact(record.incident.id, "trials", list[Trial]) or []
            remedies = [trial.remedy for trial in trials if trial.remedy.actions]
            proposed.extend(remedy.sources for remedy in remedies)
            by_actions = {remedy.actions: remedy.sources for remedy in remedies}
            for plan in workplace.journal.plans(record.incident.id):
                if plan.purpose == "mitigate" and plan.actions in by_actions:
                    chosen.append(by_actions[plan.actions])

    asked = Candidates(policy_named(play.policy), play.policy, _WITHOUT[play.arm])
    arm = NoctuaArm(candidates=asked, on_end=look)
    with tempfile.TemporaryDirectory() as folder:
        result = arm.play(load_case(play.case), play.seed, Path(folder))
    return Sourced(result=result, chosen=tuple(chosen), proposed=tuple(proposed))


def sources_markdown(records: Sequence[SourcesRecord]) -> str:
    """How often each source proposed what was simulated and what was chosen, and what incidents
    cost without it.
    """
    found = {
        (r.play.case, r.play.seed, r.play.arm): r.outcome for r in records if r.outcome is not None
    }
    policies = ", ".join(sorted({r.play.policy for r in records}))
    shares = _shares([one for (_, _, arm), one in found.items() if arm == ALL])
    parts = [shares, _costs(found), raised_text(records, "and are left out")]
    run = f"Run: `noctua campaign sources`, policy {policies}, {code_text(records)}.\n"
    return "\n".join(part for part in (*parts, run) if part)


def _shares(found: Sequence[Sourced]) -> str:
    simulated = [sources for one in found for sources in one.proposed]
    chosen = [sources for one in found for sources in one.chosen]
    rows = [
        "| source | of remedies simulated | of remedies chosen | chosen, and nobody else's |",
        "|---|--:|--:|--:|",
    ]
    for source in get_args(Source):
        rows.append(
            f"| {source} | {_with(source, simulated)} of {len(simulated)} "
            f"| {_with(source, chosen)} of {len(chosen)} | {chosen.count((source,))} |"
        )
    return "".join(f"{row}\n" for row in rows)


def _with(source: Source, found: Sequence[tuple[Source, ...]]) -> int:
    return sum(source in sources for sources in found)


def _costs(found: Mapping[tuple[str, int, str], Sourced]) -> str:
    rows = [
        "| left out | plays | SLO minutes with all | without it | more without it in | fewer in "
        "| difference: median (95 %) | mean (95 %) |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for arm in (name for name in _WITHOUT if name != ALL):
        both = [
            (found[case, seed, ALL].result.slo_minutes_total, one.result.slo_minutes_total)
            for (case, seed, played), one in found.items()
            if played == arm and (case, seed, ALL) in found
        ]
        if not both:
            continue
        more = np.array([without - with_all for with_all, without in both])
        interval, (low, high) = median_interval(more.tolist()), mean_interval(more)
        told = f" ({interval[0]:+.1f} to {interval[1]:+.1f})" if interval else ""
        rows.append(
            f"| {arm.removeprefix('without ')} | {len(both)} | {sum(a for a, _ in both):,.1f} "
            f"| {sum(b for _, b in both):,.1f} | {np.sum(more > 0.05)} "
            f"| {np.sum(more < -0.05)} | {np.median(more):+.1f}{told} "
            f"| {more.mean():+.1f} ({low:+.1f} to {high:+.1f}) |"
        )
    return "".join(f"{row}\n" for row in rows)


CAMPAIGN = Campaign(
    name="sources",
    file=files(__package__) / "sources.yaml",
    spec=SourcesSpec,
    record=SourcesRecord,
    plays=_plays,
    together=_together,
    play=_play,
    table=sources_markdown,
)
