"""Incidents of the five kinds on networks that no case has: is what was promised looked after?

Each is played by nobody (the field still repairs), by a runbook and by Noctua, and a search that
knows all that is hidden says what could be repaired (`evals.best_known`).
"""

import tempfile
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any

from evals.best_known import best_known
from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.oracle import OracleResult
from evals.promises import (
    GRACE_S,
    announced,
    count_line,
    extent,
    good_taken_back,
    harm_lines,
    harmed,
    long_minutes,
    share_line,
    unannounced,
    uncovered_minutes,
)
from evals.stage import Case
from evals.unseen import Ground, drawn_world, numbers_for, timed
from evals.witness import Witnessed, witness
from tools.network.emulated.case_truth import CaseTruth
from twin.events.action import in_words
from twin.nouns.base import Noun

BEST_KNOWN = "best_known"

_DURATION_S = 3.5 * 3600.0
_EARLIEST_S, _LATEST_S = 900.0, 1800.0


class FreshSpec(Spec):
    """`cases`: topologies. `kinds`: of fault. `arms`: of `evals.witness`, and "best_known"."""

    kinds: tuple[str, ...]


class Play(Noun):
    """One arm on one incident."""

    case: str
    kind: str
    arm: str
    seed: int


FreshRecord = Record[Play, Witnessed | OracleResult]


def incident(topology: str, kind: str, seed: int) -> Case:
    """The incident of that name."""
    world = drawn_world(topology, "fresh", kind, seed, duration_s=_DURATION_S)
    numbers = numbers_for("fresh", topology, kind, seed)
    at_s = round(float(numbers.uniform(_EARLIEST_S, _LATEST_S)))
    fault = Ground.of(world).fault(kind, numbers)
    return Case(world, CaseTruth(events=(timed(fault, at_s, numbers),)))


def _plays(spec: FreshSpec) -> list[Play]:
    return [
        Play(case=case, kind=kind, arm=arm, seed=seed)
        for seed in spec.seeds
        for case in spec.cases
        for kind in spec.kinds
        for arm in spec.arms
    ]


def _play(play: Play) -> Witnessed | OracleResult:
    case = incident(play.case, play.kind, play.seed)
    if play.arm != BEST_KNOWN:
        return witness(case, play.arm, play.seed)
    with tempfile.TemporaryDirectory() as folder:
        return best_known(case, play.seed, Path(folder))


def fresh_markdown(records: Sequence[FreshRecord]) -> str:
    """What was promised and kept; from the records alone."""
    run = f"Run: `noctua campaign fresh`, {code_text(records)}.\n"
    return promise_lines(records) + raised_text(records, "and count as missed") + run


def promise_lines(records: Sequence[Record[Play, Any]]) -> str:
    """What was promised and kept, of the plays of arms and of the search; others are left out."""
    played = by_arm(records)
    oracle = {_key(r.play): r.outcome for r in records if isinstance(r.outcome, OracleResult)}
    ours, nothing = played.get("noctua", {}), played.get("nothing", {})
    missed = sum(r.play.arm == "noctua" and r.outcome is None for r in records)
    n = len(ours) + missed
    outside = [uncovered_minutes(w.spells, w.incidents) for w in ours.values()]
    whole = sum(long_minutes(w.spells) for w in ours.values())
    repairable = [key for key in ours if (found := oracle.get(key)) and found.repairable]
    needing = [key for key in repairable if not oracle[key].do_nothing_suffices]
    both = [key for key in ours if key in nothing]
    hurt = {key: more for key in both if (more := harmed(ours[key], nothing[key]))}
    broke = {key: made for key, w in ours.items() if (made := unannounced(w.changes))}
    lines = [
        f"{n} incidents of Noctua, {len(oracle)} searched with all that is hidden known.\n\n",
        f"- service-minutes in breach for longer than {GRACE_S / 60:.0f} min: {whole:.1f}, of them "
        f"in no incident {sum(outside):.1f}\n",
        share_line("plays with such minutes", sum(m > 0 for m in outside), n),
        share_line(
            "cause right",
            sum(is_named(w) for w in ours.values()),
            n,
        ),
        share_line(
            "repaired, of what can be",
            sum(bool(ours[key].result.repaired) for key in repairable),
            len(repairable),
        ),
        share_line(
            "repaired, of what can be and is not by doing nothing",
            sum(bool(ours[key].result.repaired) for key in needing),
            len(needing),
        ),
        harm_lines((ours[key], nothing[key]) for key in both),
        count_line("broke something that the plan did not announce", len(broke), n),
        f"- commits that broke something as announced: "
        f"{sum(len(announced(w.changes)) for w in ours.values())}\n",
        f"- took back what helped and broke nothing: "
        f"{sum(len(good_taken_back(w.changes)) for w in ours.values())}\n",
        *(
            share_line(
                f"egresses inside their 90 % interval, {kind}",
                sum(w.result.outcomes_inside for key, w in ours.items() if key[1] == kind),
                sum(w.result.outcomes for key, w in ours.items() if key[1] == kind),
            )
            for kind in sorted({key[1] for key in ours})
        ),
        _minutes_lines(played),
        *(f"- {_text(key)}: worse by {_worst(more)}\n" for key, more in hurt.items()),
        *(
            f"- {_text(key)}: {m.plan} {m.what} broke {', '.join([*m.broken, *m.shut])}\n"
            for key, made in broke.items()
            for m in made
        ),
        *(
            f"- {_text(key)}: {minutes:.1f} min in no incident\n"
            for key, minutes in zip(ours, outside, strict=True)
            if minutes > 0
        ),
        *(
            f"- {_text(key)}: not repaired, and {_actions(oracle[key])} would\n"
            for key in needing
            if not ours[key].result.repaired
        ),
    ]
    return "".join(lines)


Incident = tuple[str, str, int]
"""Topology, kind and seed."""


def by_arm(records: Sequence[Record[Play, Any]]) -> dict[str, dict[Incident, Witnessed]]:
    """By arm and incident; without plays that raised."""
    found: dict[str, dict[Incident, Witnessed]] = {}
    for record in records:
        if isinstance(record.outcome, Witnessed):
            found.setdefault(record.play.arm, {})[_key(record.play)] = record.outcome
    return found


def _key(play: Play) -> Incident:
    return play.case, play.kind, play.seed


def is_named(play: Witnessed) -> bool:
    """Whether a diagnosis was what is true."""
    true = extent(play.faults)
    return any(extent(d.causes) == true for told in play.incidents for d in told.diagnoses)


def _minutes_lines(played: Mapping[str, Mapping[Incident, Witnessed]]) -> str:
    common = set.intersection(*(set(plays) for plays in played.values())) if played else set()
    text = []
    for arm, plays in sorted(played.items()):
        minutes = [plays[key].result.slo_minutes_total for key in common]
        if minutes:
            text.append(
                f"- SLO minutes, {arm}: {sum(minutes):.0f} in all, median {median(minutes):.1f} "
                f"(n = {len(minutes)})\n"
            )
    return "".join(text)


def _text(key: Incident) -> str:
    return f"{key[0]} {key[1]} {key[2]}"


def _worst(more: Mapping[str, float]) -> str:
    service = max(more, key=lambda s: more[s])
    return f"{more[service]:.1f} min at {service}, {len(more)} services"


def _actions(found: OracleResult) -> str:
    return " and ".join(in_words(found.best))


CAMPAIGN = Campaign(
    name="fresh",
    file=files(__package__) / "fresh.yaml",
    spec=FreshSpec,
    record=FreshRecord,
    plays=_plays,
    together=lambda play: f"{play.case} {play.kind} {play.seed}",
    play=_play,
    table=fresh_markdown,
)
