"""Diagnosis on recorded telemetry, without a loop around it: a second to record, a tenth to look.

Single faults, two and three at once; three looks at each; every method from the same looks. What
counts is what is named first, all of it and nothing else.
"""

from collections.abc import Sequence
from importlib.resources import files
from itertools import combinations
from typing import cast

from pydantic import Field, NonNegativeInt, PositiveInt

from evals.arm import NamedCause
from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.diagnosis.methods import METHODS, UNKNOWING, Answer
from evals.diagnosis.recording import LOOKS_S, Look, looks
from evals.diagnosis.scene import Severity, drawn_scene
from evals.intervals import share_interval
from evals.truth import in_parts, named, names_a_location, same_cause
from evals.unseen import numbers_for
from twin.events.fault import Fault
from twin.nouns.base import Noun

CERTAIN = 0.99

_OWN_EGRESS = ("silent_egress_packet_loss", "packet_loss")
"""Loss at an egress of the faulty device: where that reports nothing, nobody knows whether it
counts what it loses, and the two look alike.
"""

_NUMBERS = ("one fault", "two faults", "three faults")


class Harder(Noun):
    """Single faults of the first `seeds` seeds once more, where less telemetry comes. `missing`:
    the share of samples that is. `silent`: the faulty device reports nothing and cannot be read.
    """

    missing: float = Field(ge=0, lt=1)
    silent: bool
    seeds: PositiveInt


class BenchSpec(Spec):
    """`cases`: topologies. `kinds`: of faults. `doubles`, `triples`: recordings with two and three.
    `missing`: the share of samples that is.
    """

    kinds: tuple[str, ...]
    doubles: NonNegativeInt
    triples: NonNegativeInt
    missing: float = Field(ge=0, lt=1)
    harder: tuple[Harder, ...] = ()


class Play(Noun):
    """One recording, for those of `arms` to look at. `only`: of its faults, the one that is played
    alone, to see whether it is felt; None for all.
    """

    case: str
    kinds: tuple[str, ...]
    severity: Severity
    seed: int
    missing: float
    arms: tuple[str, ...]
    silent: bool = False
    only: int | None = Field(default=None, exclude_if=lambda place: place is None)


class Said(Noun):
    """What one method said at one look. `exact`: all that is wrong and nothing else. `false`:
    something that is not. `place`: what it puts first is where something is wrong.
    """

    method: str
    causes: tuple[NamedCause, ...]
    exact: bool
    false: bool
    place: bool
    p: float | None


class LookedAt(Noun):
    """`felt`: there is a symptom, or a service is in breach."""

    at_s: float
    felt: bool
    said: tuple[Said, ...]


class Benched(Noun):
    """`faults`: what was wrong, none where the network had no place for it. `rejected`: draws that
    a physical rule refused before this one.
    """

    faults: tuple[NamedCause, ...]
    rejected: int
    looks: tuple[LookedAt, ...]


BenchRecord = Record[Play, Benched]


def _plays(spec: BenchSpec) -> list[Play]:
    sets: list[tuple[tuple[str, ...], int, str]] = [
        ((kind,), seed, case) for seed in spec.seeds for case in spec.cases for kind in spec.kinds
    ]
    for size, count in ((2, spec.doubles), (3, spec.triples)):
        for i in range(count):
            seed = spec.seeds[0] + i
            of_size = list(combinations(spec.kinds, size)) + [(k,) * size for k in spec.kinds]
            kinds = of_size[int(numbers_for("kinds", size, seed).integers(len(of_size)))]
            sets.append((kinds, seed, spec.cases[i % len(spec.cases)]))
    plays = [
        Play(
            case=case,
            kinds=kinds,
            severity=cast("Severity", seed % 3),
            seed=seed,
            missing=spec.missing,
            arms=spec.arms,
        )
        for kinds, seed, case in sets
    ]
    sets_of_several = [play for play in plays if len(play.kinds) > 1]
    singles = [play for play in plays if len(play.kinds) == 1]
    for one in spec.harder:
        again = {"missing": one.missing, "silent": one.silent}
        seeds = spec.seeds[: one.seeds]
        plays += [play.model_copy(update=again) for play in singles if play.seed in seeds]
    plays += [
        play.model_copy(update={"only": place, "arms": ()})
        for play in sets_of_several
        for place in range(len(play.kinds))
    ]
    return plays


def play_recording(play: Play) -> Benched:
    """Record it, and have every method look."""
    scene = drawn_scene(play.case, play.kinds, play.severity, play.seed)
    if scene is None:
        return Benched(faults=(), rejected=0, looks=())
    if play.only is not None:
        scene = scene.alone(play.only)
    truth = tuple(event.fault for event in scene.case.truth.events)
    return Benched(
        faults=named(truth),
        rejected=scene.rejected,
        looks=tuple(
            _looked(look, play.arms, truth)
            for look in looks(scene, play.seed, play.missing, silent=play.silent)
        ),
    )


def _looked(look: Look, arms: Sequence[str], truth: Sequence[Fault]) -> LookedAt:
    in_breach = look.situation.tracker.services.in_breach_now
    return LookedAt(
        at_s=look.at_s,
        felt=look.incident is not None or bool(in_breach),
        said=tuple(judged(arm, METHODS[arm](look), truth) for arm in arms),
    )


def judged(method: str, answer: Answer, truth: Sequence[Fault]) -> Said:
    """What `answer` is worth where `truth` is wrong.

    Who does not know the kinds of `truth` may name it by its parts, all of them.
    """
    meant = [truth, *in_parts(truth)] if method == UNKNOWING else [truth]
    return Said(
        method=method,
        causes=named(answer.faults),
        exact=bool(answer.faults) and any(same_cause(answer.faults, each) for each in meant),
        false=all(any(not _is_of(f, each) for f in answer.faults) for each in meant),
        place=bool(answer.place) and names_a_location([answer.place], truth),
        p=answer.p,
    )


def _is_of(fault: Fault, truth: Sequence[Fault]) -> bool:
    """Whether all that `fault` says is so: links that are down, another kind at its resource."""
    down = {r for true in truth if true.only_links_down for r in true.resources}
    if fault.only_links_down:
        return set(fault.resources) <= down
    return any(same_cause([fault], [true]) for true in truth)


def bench_markdown(records: Sequence[BenchRecord]) -> str:
    """By how many faults there were, by kind, and what was certain; from the records alone.

    A play that raised counts as felt and not named.
    """
    methods = list(dict.fromkeys(arm for r in records for arm in r.play.arms))
    felt_alone = _felt_alone(records)
    records = [r for r in records if r.play.only is None]
    placed = [r for r in records if r.outcome is None or r.outcome.faults]
    left_out, every = len(records) - len(placed), placed
    records = [r for r in every if _condition(r) == _condition(every[0])] if every else []
    lines = ["| faults | method | felt | exactly right | interval | false | place right |",
             "|---|---|--:|--:|---|--:|--:|"]  # fmt: skip
    for size, name in enumerate(_NUMBERS, start=1):
        mine = [r for r in records if len(r.play.kinds) == size]
        if mine:
            lines += [_line(name, method, mine, LOOKS_S[-1]) for method in methods]
        if size > 1 and felt_alone:
            each = [r for r in mine if felt_alone >= {(*_set_of(r.play), i) for i in range(size)}]
            lines.append(_line(f"{name}, each felt by itself", methods[0], each, LOOKS_S[-1]))
    lines += ["", "Ours by kind and severity (one fault), and at the first look:", ""]
    lines += ["| kind | severity | felt | exactly right | interval | false | at the first look |",
              "|---|---|--:|--:|---|--:|--:|"]  # fmt: skip
    for kind in dict.fromkeys(r.play.kinds[0] for r in records if len(r.play.kinds) == 1):
        of_kind = [r for r in records if r.play.kinds == (kind,)]
        for severity in (None, 0, 1, 2):
            lines += _by_severity(kind, severity, of_kind, methods[0])
    lines += _unknown(records) if UNKNOWING in methods else []
    lines += _harder(every, methods[0])
    lines += ["", *_certain(records, methods[0]), _rejected(records)]
    lines.append(f"- left out, since the network has no place for them: {left_out}")
    notes = [raised_text(records, "and count as not named"), code_text(records)]
    return "\n".join([*lines, "", *(note for note in notes if note), ""])


def _felt_alone(records: Sequence[BenchRecord]) -> set[tuple[object, ...]]:
    """Of recordings with several faults, those of them that are felt by themselves, by place."""
    return {
        (*_set_of(r.play), r.play.only)
        for r in records
        if r.play.only is not None and r.outcome and any(look.felt for look in r.outcome.looks)
    }


def _set_of(play: Play) -> tuple[object, ...]:
    return play.case, play.kinds, play.severity, play.seed


def _condition(record: BenchRecord) -> tuple[float, bool]:
    return record.play.missing, record.play.silent


def _harder(records: Sequence[BenchRecord], method: str) -> list[str]:
    """Single faults where less telemetry comes; what only the silent device could count apart."""
    lines = ["", "Ours where less telemetry comes (one fault), at the last look:", ""]
    lines += ["| condition | kinds | felt | exactly right | interval | false |",
              "|---|---|--:|--:|---|--:|"]  # fmt: skip
    conditions = list(dict.fromkeys(map(_condition, records)))
    for missing, silent in conditions[1:]:
        mine = [r for r in records if _condition(r) == (missing, silent)]
        name = f"{missing:.0%} of samples missing" + (", faulty device silent" if silent else "")
        apart = [r for r in mine if silent and r.play.kinds[0] in _OWN_EGRESS]
        rest = [r for r in mine if r not in apart] if apart else []
        groups = (
            ("all", mine),
            ("of these, loss at an egress of its own", apart),
            ("others", rest),
        )
        for kinds, of_them in groups:
            felt, said = _said_by(of_them, method, LOOKS_S[-1])
            right, false = sum(one.exact for one in said), sum(one.false for one in said)
            low, high = share_interval(right, felt)
            if of_them:
                lines.append(
                    f"| {name} | {kinds} | {felt} | {right} | {low:.2f} to {high:.2f} | {false} |"
                )
    return lines if len(conditions) > 1 else []


def _unknown(records: Sequence[BenchRecord]) -> list[str]:
    """Where the kinds of a recording are none that are known: what is said of them then."""
    lines = ["", "Where nobody knows the kinds of fault, at the last look (one fault by kind):", ""]
    lines += ["| faults | felt | named by all their parts | unknown, at the right place | "
              "at another | nothing said | false, or in part |",
              "|---|--:|--:|--:|--:|--:|--:|"]  # fmt: skip
    kinds = list(dict.fromkeys(r.play.kinds[0] for r in records if len(r.play.kinds) == 1))
    groups = [(kind, [r for r in records if r.play.kinds == (kind,)]) for kind in kinds]
    for size, name in enumerate(_NUMBERS[1:], start=2):
        groups.append((name, [r for r in records if len(r.play.kinds) == size]))
    for name, mine in groups:
        felt, said = _said_by(mine, UNKNOWING, LOOKS_S[-1])
        if felt:
            right = sum(one.exact for one in said)
            unknown = [one for one in said if not one.causes]
            there = sum(one.place for one in unknown)
            lines.append(
                f"| {name} | {felt} | {right} | {there} | {len(unknown) - there} | "
                f"{felt - len(said)} | {len(said) - len(unknown) - right} |"
            )
    return lines


def _line(name: str, method: str, records: Sequence[BenchRecord], at_s: float) -> str:
    felt, said = _said_by(records, method, at_s)
    right = sum(one.exact for one in said)
    low, high = share_interval(right, felt)
    false, place = sum(one.false for one in said), sum(one.place for one in said)
    exact = f"{right} | {low:.2f} to {high:.2f}" if any(one.causes for one in said) else "– | –"
    return f"| {name} | {method} | {felt} | {exact} | {false} | {place} |"


def _by_severity(
    kind: str, severity: int | None, records: Sequence[BenchRecord], method: str
) -> list[str]:
    mine = [r for r in records if severity is None or r.play.severity == severity]
    if not mine:
        return []
    felt, said = _said_by(mine, method, LOOKS_S[-1])
    first_felt, first = _said_by(mine, method, LOOKS_S[0])
    right = sum(one.exact for one in said)
    low, high = share_interval(right, felt)
    name = "all" if severity is None else ("mild", "middling", "severe")[severity]
    false, early = sum(one.false for one in said), sum(one.exact for one in first)
    return [
        f"| {kind} | {name} | {felt} | {right} | {low:.2f} to {high:.2f} | {false} | "
        f"{early} of {first_felt} |"
    ]


def _said_by(records: Sequence[BenchRecord], method: str, at_s: float) -> tuple[int, list[Said]]:
    """In how many something was felt, and what was said in these; one that raised said nothing."""
    done = [r.outcome for r in records if r.outcome is not None]
    felt = [look for o in done for look in o.looks if look.at_s == at_s and look.felt]
    said = [one for look in felt for one in look.said if one.method == method]
    return len(felt) + len(records) - len(done), said


def _certain(records: Sequence[BenchRecord], method: str) -> list[str]:
    """How often what was stated with so much probability was exactly so, at any look."""
    every = [said for at_s in LOOKS_S for said in _said_by(records, method, at_s)[1]]
    lines = []
    for least, most in ((CERTAIN, 1.01), (0.9, CERTAIN), (0.5, 0.9), (0.0, 0.5)):
        mine = [one for one in every if one.p is not None and least <= one.p < most]
        right = sum(one.exact for one in mine)
        top = "1" if most > 1 else f"{most}"
        lines.append(f"- stated with p from {least} to {top}: exactly right {right} of {len(mine)}")
    return lines


def _rejected(records: Sequence[BenchRecord]) -> str:
    rejected: dict[str, int] = {}
    for record in records:
        if record.outcome is not None and len(record.play.kinds) == 1:
            kind = record.play.kinds[0]
            rejected[kind] = rejected.get(kind, 0) + record.outcome.rejected
    told = ", ".join(f"{kind} {count}" for kind, count in rejected.items())
    return f"- draws refused by a physical rule, single faults: {told or 'none'}"


CAMPAIGN = Campaign(
    name="evals.diagnosis.bench",
    file=files(__package__) / "bench.yaml",
    spec=BenchSpec,
    record=BenchRecord,
    plays=_plays,
    together=lambda play: f"{play.case} {play.seed}",
    play=play_recording,
    table=bench_markdown,
)
