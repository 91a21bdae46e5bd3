"""Cases x seeds x arms, played, kept as JSON lines, and summed up in one table."""

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Literal

from channels.provenance import code_version
from evals.arm import Arm, ArmResult, at_mismatch
from evals.arms.noc import NocArm
from evals.arms.noctua import NoctuaArm
from evals.arms.nothing import nothing_arm
from evals.oracle import OracleResult, consult
from evals.pool import played
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
"""Every arm by name; DEFAULT_ARMS are played unless others are named."""

DEFAULT_ARMS = ("noctua", "nothing", "noc", "noctua_zero", "noc_zero")

_TITLES = {
    "noctua": "Noctua",
    "nothing": "nothing",
    "noc": "NOC",
    "noc_zero": "NOC, no delays",
    "noctua_zero": "Noctua, no delays",
}

Level = Literal[0, 1, 2]
Plays = dict[tuple[str, int], ArmResult]
Pairs = tuple[int, int, float]


class Job(Noun):
    """One play: an arm, or "oracle" for the search."""

    case: str
    seed: int
    mismatch: Level
    arm: str


class Run(Noun):
    """What names a run: how it was started, and the code that it ran."""

    command: str
    cases: tuple[str, ...]
    seeds: tuple[int, ...]
    mismatch: Level
    arms: tuple[str, ...]
    code: str


class Results(Noun):
    """Everything that one run found."""

    run: Run
    plays: tuple[ArmResult, ...]
    oracle: tuple[OracleResult, ...]


def run_all(
    command: str,
    cases: Sequence[str],
    seeds: Sequence[int],
    mismatch: Level = 1,
    arms: Sequence[str] = DEFAULT_ARMS,
) -> Results:
    """Play everything; results are in the order of cases, seeds and arms."""
    # Read before the first play: the checkout may move on while it goes on.
    code = code_version()
    jobs = [
        Job(case=case, seed=seed, mismatch=mismatch, arm=arm)
        for case in cases
        for seed in seeds
        for arm in (*arms, *(("oracle",) if load_case(case).truth.events else ()))
    ]
    found = dict(played(_play, jobs, "plays"))
    outcomes = [found[job] for job in jobs]
    return Results(
        run=Run(
            command=command,
            cases=tuple(cases),
            seeds=tuple(seeds),
            mismatch=mismatch,
            arms=tuple(arms),
            code=code,
        ),
        plays=tuple(o for o in outcomes if isinstance(o, ArmResult)),
        oracle=tuple(o for o in outcomes if isinstance(o, OracleResult)),
    )


def _play(job: Job) -> ArmResult | OracleResult:
    case = at_mismatch(load_case(job.case), job.mismatch)
    with tempfile.TemporaryDirectory() as folder:
        if job.arm == "oracle":
            return consult(case, job.seed, Path(folder))
        return ARMS[job.arm]().play(case, job.seed, Path(folder))


def write_results(results: Results, path: Path) -> None:
    """One JSON object per line: the run, then every play and every search."""
    lines = [{"run": results.run.model_dump(mode="json")}]
    lines += [{"play": p.model_dump(mode="json")} for p in results.plays]
    lines += [{"oracle": o.model_dump(mode="json")} for o in results.oracle]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(x, sort_keys=True) + "\n" for x in lines), encoding="utf-8")


def read_results(path: Path) -> Results:
    """What `write_results` wrote."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    run = next(Run.model_validate(x["run"]) for x in lines if "run" in x)
    return Results(
        run=run,
        plays=tuple(ArmResult.model_validate(x["play"]) for x in lines if "play" in x),
        oracle=tuple(OracleResult.model_validate(x["oracle"]) for x in lines if "oracle" in x),
    )


class Summary(Noun):
    """One line of the table: a case, or all of them.

    Counts are of Noctua's plays. `repaired` of `repairable` (by the oracle). Of those that no
    single action repairs, `handed_over`: repaired all the same, or escalated with cause and place.
    `left_alone` of `healthy`: no incident and no change. `cause_correct` of `faulty`.
    `nothing_chosen` of `nothing_suffices`: changed nothing.

    `slo_minutes`: median by arm, over the faulty plays where there are any. `fewer_than`: by arm,
    the faulty plays in which Noctua lost fewer SLO minutes, those in which it lost more, and the
    median difference in minutes (negative: Noctua lost fewer). `fewer_at_zero`: the same of Noctua
    against the NOC when nobody needs any time.
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
    slo_minutes: dict[str, float]
    fewer_than: dict[str, Pairs]
    fewer_at_zero: Pairs | None
    detect_s: float | None
    outcomes: int
    outcomes_inside: int


def summarise(results: Results) -> list[Summary]:
    """One summary per case, and "all" last."""
    lines = [_summary(name, results, [name]) for name in results.run.cases]
    return [*lines, _summary("all", results, results.run.cases)]


def _summary(name: str, results: Results, cases: Sequence[str]) -> Summary:
    by_arm = {
        arm: {(p.case, p.seed): p for p in results.plays if p.arm == arm and p.case in cases}
        for arm in results.run.arms
    }
    oracle = {(o.case, o.seed): o for o in results.oracle}
    ours = by_arm.get("noctua", {})
    faulty = {k: p for k, p in ours.items() if k in oracle}
    healthy = [p for k, p in ours.items() if k not in oracle]
    repairable = [p for k, p in faulty.items() if oracle[k].repairable]
    beyond = [p for k, p in faulty.items() if not oracle[k].repairable]
    suffices = [p for k, p in faulty.items() if oracle[k].do_nothing_suffices]
    detected = [p.detect_s for p in faulty.values() if p.detect_s is not None]
    return Summary(
        case=name,
        plays=len(ours),
        faulty=len(faulty),
        repairable=len(repairable),
        repaired=sum(bool(p.repaired) for p in repairable),
        unrepairable=len(beyond),
        handed_over=sum(
            bool(p.repaired) or (p.escalated and bool(p.cause_correct) and bool(p.location_correct))
            for p in beyond
        ),
        healthy=len(healthy),
        left_alone=sum(p.incidents == 0 and p.changes == 0 for p in healthy),
        cause_correct=sum(bool(p.cause_correct) for p in faulty.values()),
        nothing_suffices=len(suffices),
        nothing_chosen=sum(p.changes == 0 for p in suffices),
        slo_minutes={
            arm: round(median(p.slo_minutes_total for p in _faulty_or_all(plays, faulty)), 1)
            for arm, plays in by_arm.items()
            if plays
        },
        fewer_than={
            arm: _paired(faulty, plays)
            for arm, plays in by_arm.items()
            if arm in ("nothing", "noc", "noc_zero") and faulty.keys() & plays.keys()
        },
        fewer_at_zero=_at_zero(by_arm, faulty),
        detect_s=median(detected) if detected else None,
        outcomes=sum(p.outcomes for p in ours.values()),
        outcomes_inside=sum(p.outcomes_inside for p in ours.values()),
    )


def _faulty_or_all(plays: Plays, faulty: Plays) -> list[ArmResult]:
    return [p for key, p in plays.items() if key in faulty] or list(plays.values())


def _at_zero(by_arm: dict[str, Plays], faulty: Plays) -> Pairs | None:
    ours = {k: p for k, p in by_arm.get("noctua_zero", {}).items() if k in faulty}
    theirs = by_arm.get("noc_zero", {})
    return _paired(ours, theirs) if ours.keys() & theirs.keys() else None


def _paired(ours: Plays, theirs: Plays) -> Pairs:
    differences = [
        play.slo_minutes_total - theirs[key].slo_minutes_total
        for key, play in ours.items()
        if key in theirs
    ]
    fewer = sum(d < 0 for d in differences)
    more = sum(d > 0 for d in differences)
    return fewer, more, round(median(differences), 1) if differences else 0.0


def results_markdown(results: Results) -> str:
    """The table, the paired comparison, and the name of the run."""
    run, lines = results.run, summarise(results)
    arms = [a for a in run.arms if a in lines[-1].slo_minutes]
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
    pairs = [_pair_text("noctua", arm, found) for arm, found in lines[-1].fewer_than.items()]
    if (at_zero := lines[-1].fewer_at_zero) is not None:
        pairs.append(_pair_text("noctua_zero", "noc_zero", at_zero))
    named = (
        f"Run: `{run.command}`, seeds {_span(run.seeds)}, mismatch {run.mismatch}, "
        f"code {run.code}. SLO minutes are the true ones: the median over the plays of a line, "
        "in the last line over those with a fault."
    )
    return f"{text}\n{''.join(pairs)}\n{named}\n"


def _row(line: Summary, arms: Iterable[str]) -> list[str]:
    return [
        line.case,
        _of(line.repaired, line.repairable),
        _of(line.handed_over, line.unrepairable),
        _of(line.left_alone, line.healthy),
        _of(line.cause_correct, line.faulty),
        "" if line.detect_s is None else f"{line.detect_s:.0f}",
        *(f"{line.slo_minutes[a]:.1f}" if a in line.slo_minutes else "" for a in arms),
        _of(line.outcomes_inside, line.outcomes),
    ]


def _of(part: int, whole: int) -> str:
    return f"{part} / {whole}" if whole else ""


def _pair_text(ours: str, theirs: str, found: Pairs) -> str:
    fewer, more, difference = found
    return (
        f"- {_TITLES[ours]} against {_TITLES[theirs]}: fewer SLO minutes lost in "
        f"{fewer} plays, more in {more}; median difference {difference:+.1f} minutes.\n"
    )


def _span(seeds: Sequence[int]) -> str:
    return f"{min(seeds)}..{max(seeds)}" if len(seeds) > 1 else str(seeds[0])


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
