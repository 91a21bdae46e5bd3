"""Recorded incidents played through the whole loop: is the same said there, and are promises kept?

The incidents are those that the bench draws, with hours behind them instead of minutes. Played by
nobody, by the runbook and by Noctua, searched with all that is hidden known (`evals.best_known`),
and once recorded and looked at as on the bench, with no sample missing.
"""

import tempfile
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import cast

from evals.arm import NamedCause
from evals.best_known import best_known
from evals.campaigns.campaign import Campaign
from evals.campaigns.fresh import (
    BEST_KNOWN,
    FreshSpec,
    Incident,
    Play,
    by_arm,
    is_named,
    promise_lines,
)
from evals.campaigns.records import Record, code_text, raised_text
from evals.diagnosis.methods import noctua
from evals.diagnosis.recording import LOOKS_S, looks
from evals.diagnosis.scene import Severity, drawn_scene
from evals.oracle import OracleResult
from evals.promises import extent, harmed, share_line
from evals.truth import named
from evals.witness import Witnessed, witness
from twin.nouns.base import Noun

_BENCH = "bench"

_PLAYED_S = 3 * 3600.0


class NoPlace(Noun):
    """The network has no place for a fault of that kind."""

    has_place: bool = False


class Benched(Noun):
    """`felt`: there was an incident. `causes`: what was named first at the last look."""

    felt: bool
    causes: tuple[NamedCause, ...]


LoopRecord = Record[Play, Witnessed | OracleResult | Benched | NoPlace]


def _plays(spec: FreshSpec) -> list[Play]:
    return [
        Play(case=case, kind=kind, arm=arm, seed=seed)
        for seed in spec.seeds
        for case in spec.cases
        for kind in spec.kinds
        for arm in spec.arms
    ]


def _play(play: Play) -> Witnessed | OracleResult | Benched | NoPlace:
    severity = cast("Severity", play.seed % 3)
    scene = drawn_scene(play.case, (play.kind,), severity, play.seed, _PLAYED_S)
    if scene is None:
        return NoPlace()
    if play.arm == BEST_KNOWN:
        with tempfile.TemporaryDirectory() as folder:
            return best_known(scene.case, play.seed, Path(folder))
    if play.arm != _BENCH:
        return witness(scene.case, play.arm, play.seed)
    (last,) = looks(scene, play.seed, 0.0, looks_s=LOOKS_S[-1:])
    return Benched(felt=last.incident is not None, causes=named(noctua(last).faults))


def loop_markdown(records: Sequence[LoopRecord]) -> str:
    """By kind, and what was promised and kept; from the records alone."""
    played = by_arm(records)
    benched = {
        (r.play.case, r.play.kind, r.play.seed): r.outcome
        for r in records
        if isinstance(r.outcome, Benched)
    }
    ours = played.get("noctua", {})
    lines = ["| kind | played | cause right | says what the bench says | worse than with nothing "
             "done | SLO minutes: ours | runbook | nothing |",
             "|---|--:|--:|--:|--:|--:|--:|--:|"]  # fmt: skip
    for kind in dict.fromkeys(key[1] for key in ours):
        lines.append(_line(kind, played, benched))
    told = [key for key in ours if key in benched and benched[key].felt]
    agreed = share_line(
        "says what the bench says",
        sum(_agree(ours[key], benched[key]) for key in told),
        len(told),
    )
    other = "".join(
        f"- {' '.join(map(str, key))}: the bench says {_causes(benched[key].causes)}, the loop "
        f"{'; '.join(_causes(c) for c in _said(ours[key])) or 'nothing'}\n"
        for key in told
        if not _agree(ours[key], benched[key])
    )
    gone = {(r.play.case, r.play.kind, r.play.seed) for r in records
            if isinstance(r.outcome, NoPlace)}  # fmt: skip
    return (
        "\n".join(lines)
        + f"\n\nLeft out, since the network has no place for them: {len(gone)}.\n\n"
        + promise_lines(records)
        + agreed
        + other
        + raised_text(records, "and count as missed")
        + f"Run: `noctua campaign {CAMPAIGN.name}`, {code_text(records)}.\n"
    )


def _line(
    kind: str,
    played: Mapping[str, Mapping[Incident, Witnessed]],
    benched: Mapping[Incident, Benched],
) -> str:
    ours = {key: w for key, w in played["noctua"].items() if key[1] == kind}
    nothing = played.get("nothing", {})
    told = [key for key in ours if key in benched and benched[key].felt]
    worse = sum(bool(harmed(ours[key], nothing[key])) for key in ours if key in nothing)
    minutes = [
        sum(plays[key].result.slo_minutes_total for key in ours if key in plays)
        for plays in (ours, played.get("noc", {}), nothing)
    ]
    agreed = sum(_agree(ours[key], benched[key]) for key in told)
    right = sum(is_named(w) for w in ours.values())
    return (
        f"| {kind} | {len(ours)} | {right} | {agreed} of {len(told)} | {worse} | "
        f"{' | '.join(f'{m:.0f}' for m in minutes)} |"
    )


def _agree(ours: Witnessed, bench: Benched) -> bool:
    """Whether the loop ever named what the bench names; nothing at all where that names nothing."""
    said = {extent(causes) for causes in _said(ours)}
    return extent(bench.causes) in said if bench.causes else not said


def _said(ours: Witnessed) -> list[tuple[NamedCause, ...]]:
    """Every set of causes that a diagnosis named."""
    return [d.causes for told in ours.incidents for d in told.diagnoses if d.causes]


def _causes(causes: Sequence[NamedCause]) -> str:
    return " and ".join(f"{c.kind}@{'+'.join(c.resources)}" for c in causes) or "nothing"


CAMPAIGN = Campaign(
    name="evals.diagnosis.loop",
    file=files(__package__) / "loop.yaml",
    spec=FreshSpec,
    record=LoopRecord,
    plays=_plays,
    together=lambda play: f"{play.case} {play.kind} {play.seed}",
    play=_play,
    table=loop_markdown,
)
