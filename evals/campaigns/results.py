"""Cases x arms x seeds, and the oracle's search beside them, summed up in one table."""

import math
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Literal

from evals.arm import Arm, ArmResult, at_mismatch
from evals.arms.noc import NocArm
from evals.arms.noctua import NoctuaArm
from evals.arms.nothing import nothing_arm
from evals.campaigns.campaign import Campaign, Spec, load_spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.intervals import median_interval, share_interval
from evals.oracle import OracleResult, consult
from evals.stage import load_case
from twin.errors import BadInput
from twin.nouns.base import Noun

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"

ARMS: dict[str, Callable[[], Arm]] = {
    "noctua": NoctuaArm,
    "nothing": nothing_arm,
    "noc": NocArm,
    "noc_zero": lambda: NocArm(zero=True),
    "noctua_zero": lambda: NoctuaArm(zero=True),
}
"""Every arm of the comparison."""

ORACLE = "oracle"

_TITLES = {
    "noctua": "Noctua",
    "nothing": "nothing",
    "noc": "NOC",
    "noctua_zero": "Noctua, no delays",
    "noc_zero": "NOC, no delays",
}
"""In the order of the table's columns."""

Level = Literal[0, 1, 2]
Plays = Mapping[tuple[str, int], ArmResult | None]
"""One arm's plays by case and seed; None for one that raised."""


class ResultsSpec(Spec):
    """Arms are those of ARMS, and "oracle" for the search, which healthy cases go without."""

    mismatch: Level


class Play(Noun):
    """One arm, or the oracle, on one realisation."""

    case: str
    arm: str
    seed: int
    mismatch: Level


ResultsRecord = Record[Play, ArmResult | OracleResult]


def _plays(spec: ResultsSpec) -> list[Play]:
    """In the order of cases, seeds and arms."""
    for arm in spec.arms:
        if arm not in ARMS and arm != ORACLE:
            raise BadInput(f'no arm "{arm}"; there are {", ".join((*ARMS, ORACLE))}')
    faulty = {case for case in spec.cases if load_case(case).truth.events}
    return [
        Play(case=case, arm=arm, seed=seed, mismatch=spec.mismatch)
        for case in spec.cases
        for seed in spec.seeds
        for arm in spec.arms
        if arm != ORACLE or case in faulty
    ]


def _together(play: Play) -> str:
    """Arms are compared on one realisation, so each slice has all of them."""
    return f"{play.case} {play.seed}"


def _play(play: Play) -> ArmResult | OracleResult:
    case = at_mismatch(load_case(play.case), play.mismatch)
    with tempfile.TemporaryDirectory() as folder:
        if play.arm == ORACLE:
            return consult(case, play.seed, Path(folder))
        return ARMS[play.arm]().play(case, play.seed, Path(folder))


class Difference(Noun):
    """SLO minutes of one arm against those of another, realisation by realisation.

    `fewer`, `more`: in how many of `plays` the first lost fewer minutes, and more. `minutes`: the
    median difference, negative where the first lost fewer; `interval`: 95 % of that median, None if
    there are too few plays or if plays that raised reach into it. A play of the first that raised
    counts as one that lost more than any other; one of the second is left out.
    """

    plays: int
    fewer: int
    more: int
    minutes: float | None
    interval: tuple[float, float] | None


class Summary(Noun):
    """One line of the table: a case, or all of them.

    Counts are of Noctua's plays. `repaired` of `repairable` (by the oracle). Of those that no
    single action repairs, `handed_over`: repaired all the same, or escalated with cause and place.
    `left_alone` of `healthy`: no incident and no change. `cause_correct` of `faulty`.
    `nothing_chosen` of `nothing_suffices`: changed nothing. A play that raised counts as missed in
    each of them; where the oracle raised, nobody knows what was repairable, and it is left out.

    `slo_minutes`: median by arm, over the faulty plays where there are any; a play that raised
    counts as more minutes than any other, and None is where these reach the median. `fewer_than`:
    by arm, Noctua against it over the faulty plays; `fewer_at_zero`: the same of Noctua against the
    NOC when nobody needs any time.
    """

    case: str
    plays: int
    faulty: int
    repairable: int
    repaired: int
    unrepairable: int
    handed_over: int
    healthy: int
    left_alone: int
    cause_correct: int
    nothing_suffices: int
    nothing_chosen: int
    slo_minutes: dict[str, float | None]
    fewer_than: dict[str, Difference]
    fewer_at_zero: Difference | None
    detect_s: float | None
    outcomes: int
    outcomes_inside: int


def summarise(records: Sequence[ResultsRecord]) -> list[Summary]:
    """One summary per case, and "all" last."""
    cases = sorted({r.play.case for r in records})
    return [*(_summary(case, records, [case]) for case in cases), _summary("all", records, cases)]


def _summary(name: str, records: Sequence[ResultsRecord], cases: Sequence[str]) -> Summary:
    chosen = [r for r in records if r.play.case in cases]
    by_arm: dict[str, dict[tuple[str, int], ArmResult | None]] = {}
    oracle: dict[tuple[str, int], OracleResult] = {}
    for record in chosen:
        key, found = (record.play.case, record.play.seed), record.outcome
        if record.play.arm != ORACLE:
            played = found if isinstance(found, ArmResult) else None
            by_arm.setdefault(record.play.arm, {})[key] = played
        elif isinstance(found, OracleResult):
            oracle[key] = found
    troubled = _with_faults(chosen)
    ours = by_arm.get("noctua", {})
    faulty = {k: p for k, p in ours.items() if k[0] in troubled}
    healthy = [p for k, p in ours.items() if k[0] not in troubled]
    judged = {k: p for k, p in faulty.items() if k in oracle}
    repairable = [p for k, p in judged.items() if oracle[k].repairable]
    beyond = [p for k, p in judged.items() if not oracle[k].repairable]
    suffices = [p for k, p in judged.items() if oracle[k].do_nothing_suffices]
    seen = [p for p in faulty.values() if p is not None]
    detected = [p.detect_s for p in seen if p.detect_s is not None]
    ended = [p for p in ours.values() if p is not None]
    return Summary(
        case=name,
        plays=len(ours),
        faulty=len(faulty),
        repairable=len(repairable),
        repaired=sum(p is not None and bool(p.repaired) for p in repairable),
        unrepairable=len(beyond),
        handed_over=sum(p is not None and _handed_over(p) for p in beyond),
        healthy=len(healthy),
        left_alone=sum(p is not None and p.incidents == p.changes == 0 for p in healthy),
        cause_correct=sum(bool(p.cause_correct) for p in seen),
        nothing_suffices=len(suffices),
        nothing_chosen=sum(p is not None and p.changes == 0 for p in suffices),
        slo_minutes={
            arm: _finite(median(_minutes(p) for p in _faulty_or_all(plays, faulty)))
            for arm, plays in by_arm.items()
        },
        fewer_than={
            arm: _compared(faulty, by_arm[arm])
            for arm in ("nothing", "noc", "noc_zero")
            if faulty.keys() & by_arm.get(arm, {}).keys()
        },
        fewer_at_zero=_at_zero(by_arm, faulty),
        detect_s=median(detected) if detected else None,
        outcomes=sum(p.outcomes for p in ended),
        outcomes_inside=sum(p.outcomes_inside for p in ended),
    )


def _with_faults(records: Iterable[ResultsRecord]) -> set[str]:
    """The cases in which something was wrong."""
    return {
        r.play.case
        for r in records
        if r.play.arm == ORACLE
        or (isinstance(r.outcome, ArmResult) and r.outcome.cause_correct is not None)
    }


def _handed_over(play: ArmResult) -> bool:
    known = bool(play.cause_correct) and bool(play.location_correct)
    return bool(play.repaired) or (play.escalated and known)


def _minutes(play: ArmResult | None) -> float:
    return math.inf if play is None else play.slo_minutes_total


def _finite(minutes: float) -> float | None:
    return round(minutes, 1) if math.isfinite(minutes) else None


def _faulty_or_all(plays: Plays, faulty: Plays) -> list[ArmResult | None]:
    return [p for key, p in plays.items() if key in faulty] or list(plays.values())


def _at_zero(by_arm: Mapping[str, Plays], faulty: Plays) -> Difference | None:
    ours = {k: p for k, p in by_arm.get("noctua_zero", {}).items() if k in faulty}
    theirs = by_arm.get("noc_zero", {})
    return _compared(ours, theirs) if ours.keys() & theirs.keys() else None


def _compared(ours: Plays, theirs: Plays) -> Difference:
    found = [
        _minutes(play) - other.slo_minutes_total
        for key, play in ours.items()
        if (other := theirs.get(key)) is not None
    ]
    interval = median_interval(found)
    if interval is not None:
        interval = (round(interval[0], 1), round(interval[1], 1))
    return Difference(
        plays=len(found),
        fewer=sum(d < 0 for d in found),
        more=sum(d > 0 for d in found),
        minutes=_finite(median(found)) if found else None,
        interval=interval if interval is not None and math.isfinite(interval[1]) else None,
    )


def results_markdown(records: Sequence[ResultsRecord]) -> str:
    """The table, the paired comparison, and the name of the run.

    Raises:
        BadInput: there is no record, or the records are of several mismatch levels.
    """
    levels = {r.play.mismatch for r in records}
    if len(levels) != 1:
        raise BadInput(f"a table is of plays at one mismatch level, not of {sorted(levels)}")
    lines = summarise(records)
    everything = lines[-1]
    arms = [a for a in _TITLES if a in everything.slo_minutes]
    head = [
        "case",
        "repaired / repairable",
        "repaired or handed over / no single action repairs",
        "left alone / healthy",
    ]
    head += ["cause right", "detected after (s)"]
    head += [f"SLO min, {_TITLES[a]}" for a in arms] + ["in the 90 % interval"]
    rows = [head, ["---"] * len(head), *(_row(line, arms) for line in lines)]
    text = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    pairs = [_difference_text("noctua", a, d) for a, d in everything.fewer_than.items()]
    if (at_zero := everything.fewer_at_zero) is not None:
        pairs.append(_difference_text("noctua_zero", "noc_zero", at_zero))
    raised = raised_text(records, "and count as missed, with more SLO minutes than any other")
    parts = [text, "".join(pairs), _intervals_text(everything), raised, _run_text(records)]
    return "\n".join(part for part in parts if part)


def _row(line: Summary, arms: Iterable[str]) -> list[str]:
    return [
        line.case,
        _of(line.repaired, line.repairable),
        _of(line.handed_over, line.unrepairable),
        _of(line.left_alone, line.healthy),
        _of(line.cause_correct, line.faulty),
        "" if line.detect_s is None else f"{line.detect_s:.0f}",
        *(_minutes_text(line.slo_minutes[a]) if a in line.slo_minutes else "" for a in arms),
        _of(line.outcomes_inside, line.outcomes),
    ]


def _of(part: int, whole: int) -> str:
    return f"{part} / {whole}" if whole else ""


def _minutes_text(minutes: float | None) -> str:
    return "raised" if minutes is None else f"{minutes:.1f}"


def _difference_text(ours: str, theirs: str, found: Difference) -> str:
    median_text = (
        "unknown, as plays that raised reach it"
        if found.minutes is None
        else f"{found.minutes:+.1f} minutes"
    )
    if found.interval is not None:
        low, high = found.interval
        median_text += f" (95 % interval {low:+.1f} to {high:+.1f})"
    return (
        f"- {_TITLES[ours]} against {_TITLES[theirs]}: fewer SLO minutes lost in {found.fewer} of "
        f"{found.plays} plays, more in {found.more}; median difference {median_text}.\n"
    )


def _intervals_text(line: Summary) -> str:
    shares = (
        ("repaired of repairable", line.repaired, line.repairable),
        ("repaired or handed over", line.handed_over, line.unrepairable),
        ("left alone", line.left_alone, line.healthy),
        ("cause right", line.cause_correct, line.faulty),
    )
    told = []
    for what, part, whole in shares:
        if whole:
            low, high = share_interval(part, whole)
            told.append(f"{what} {low:.1%} to {high:.1%} (n = {whole})")
    if not told:
        return ""
    return (
        f"95 % intervals of the last line: {'; '.join(told)}. Shares are exact binomial and "
        "medians by order statistics, as if plays of one case were independent.\n"
    )


def _run_text(records: Sequence[ResultsRecord]) -> str:
    """What names the run: how it is started, and the code that it ran."""
    seeds = sorted({r.play.seed for r in records})
    cases = sorted({r.play.case for r in records})
    level = records[0].play.mismatch
    counted = seeds == list(range(1, len(seeds) + 1))
    command = "noctua results" + (f" --seeds {len(seeds)}" if counted else "")
    command += f" --mismatch {level}"
    if cases != sorted(load_spec(CAMPAIGN).cases):
        command += "".join(f" --only {name}" for name in cases)
    return (
        f"Run: `{command}`, seeds {_span(seeds)}, mismatch {level}, {code_text(records)}. "
        "SLO minutes are the true ones: the median over the plays of a line, "
        "in the last line over those with a fault.\n"
    )


def _span(seeds: Sequence[int]) -> str:
    if len(seeds) > 1 and seeds[-1] - seeds[0] == len(seeds) - 1:
        return f"{seeds[0]}..{seeds[-1]}"
    return ", ".join(map(str, seeds))


def put_between_markers(text: str, table: str) -> str:
    """`text` with what stands between the results markers replaced by `table`.

    Raises:
        BadInput: the markers are not there, or in the wrong order.
    """
    begin, end = text.find(BEGIN), text.find(END)
    if begin < 0 or end < begin:
        raise BadInput(
            f"the file has no {BEGIN} followed by {END}, so there is no place for a table"
        )
    return f"{text[: begin + len(BEGIN)]}\n\n{table}\n{text[end:]}"


CAMPAIGN = Campaign(
    name="results",
    file=files(__package__) / "results.yaml",
    spec=ResultsSpec,
    record=ResultsRecord,
    plays=_plays,
    together=_together,
    play=_play,
    table=results_markdown,
)
