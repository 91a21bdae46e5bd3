"""Which device to read next, where no commit was reported: by what it is expected to tell, in the
order of the inventory, at random.

The same recorded looks, and the same diagnosis after each read. One that reads for what it tells
stops where nothing is worth it; the others go on until the cause is named or all has been read.
"""

from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import cast

import numpy as np
from pydantic import Field

from agents.roles.diagnoser import Diagnoser, NoArguments, ProposedCauses, ReadConfiguration
from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.diagnosis.recording import LOOKS_S, Look, looks
from evals.diagnosis.scene import Severity, drawn_scene
from evals.intervals import median_interval
from evals.unseen import numbers_for
from twin.diagnosis.causes import CONVINCING_NATS
from twin.events.fault import BY_KIND, Fault
from twin.knowledge.past import AND
from twin.nouns.base import Noun
from twin.nouns.telemetry import ConfigurationEvent

READ_S = 10.0
"""A log-in to a device and what it answers (assumed)."""


class ReadingSpec(Spec):
    """`cases`: topologies. `kinds`: of faults. `missing`: the share of samples that is."""

    kinds: tuple[str, ...]
    missing: float = Field(ge=0, lt=1)


class Play(Noun):
    """One recording, for all of `arms` to read devices in."""

    case: str
    kind: str
    seed: int
    missing: float
    arms: tuple[str, ...]


class Reads(Noun):
    """Of one arm: how many devices it read, and how many seconds after the fault the cause was
    named, None for not at all.
    """

    arm: str
    reads: int
    named_s: float | None


class Read(Noun):
    """`devices`: how many there are. `reads`: none where nothing was felt."""

    devices: int
    reads: tuple[Reads, ...]


ReadingRecord = Record[Play, Read]

_Choose = Callable[[ProposedCauses, Sequence[str], np.random.Generator], str]
"""The next of the unread devices, "" for none."""


def _telling(proposed: ProposedCauses, _: Sequence[str], __: np.random.Generator) -> str:
    return proposed.next_looks[0].node if proposed.next_looks else ""


def _in_order(_: ProposedCauses, unread: Sequence[str], __: np.random.Generator) -> str:
    return unread[0]


def _at_random(_: ProposedCauses, unread: Sequence[str], numbers: np.random.Generator) -> str:
    return unread[int(numbers.integers(len(unread)))]


ARMS: dict[str, _Choose] = {
    "most telling": _telling,
    "in order": _in_order,
    "at random": _at_random,
}


def _plays(spec: ReadingSpec) -> list[Play]:
    return [
        Play(case=case, kind=kind, seed=seed, missing=spec.missing, arms=spec.arms)
        for seed in spec.seeds
        for case in spec.cases
        for kind in spec.kinds
    ]


def read_devices(play: Play) -> Read:
    """Record it without a word of commits, and have every arm read."""
    scene = drawn_scene(play.case, (play.kind,), cast("Severity", play.seed % 3), play.seed)
    if scene is None:
        return Read(devices=0, reads=())
    truth = [event.fault for event in scene.case.truth.events]
    numbers = numbers_for("reading", play.case, play.kind, play.seed)
    read = dict.fromkeys(play.arms, 0)
    named_s: dict[str, float] = {}
    felt, devices = False, 0
    for look in looks(scene, play.seed, play.missing, withheld=(ConfigurationEvent,)):
        devices = len(look.situation.inventory.topology.nodes)
        felt = felt or look.incident is not None
        for arm in play.arms:
            if arm not in named_s and look.incident is not None:
                more, is_named = _read(look, truth, ARMS[arm], numbers)
                read[arm] += more
                if is_named:
                    named_s[arm] = look.at_s + READ_S * more
    found = [Reads(arm=arm, reads=read[arm], named_s=named_s.get(arm)) for arm in play.arms]
    return Read(devices=devices, reads=tuple(found) if felt else ())


def _read(
    look: Look, truth: Sequence[Fault], choose: _Choose, numbers: np.random.Generator
) -> tuple[int, bool]:
    """How many devices are read in one look until `truth` is named, and whether it is."""
    assert look.incident is not None
    work = Diagnoser(look.situation, look.incident)
    unread = [node.id for node in look.situation.inventory.topology.nodes]
    reads = 0
    while True:
        proposed = work.propose_causes(NoArguments())
        if _named(proposed) == {fault.id for fault in truth}:
            return reads, True
        node = choose(proposed, unread, numbers) if unread else ""
        if not node:
            return reads, False
        work.read_configuration(ReadConfiguration(node=node))
        unread.remove(node)
        reads += 1


def _named(proposed: ProposedCauses) -> set[str]:
    """The causes that stand out, none where nothing does."""
    best = max((*proposed.causes, *proposed.sets), key=lambda t: t.log_posterior, default=None)
    if best is None or best.log_posterior < CONVINCING_NATS or proposed.something_else:
        return set()
    return set(best.id.split(AND))


def reading_markdown(records: Sequence[ReadingRecord]) -> str:
    """By arm, where a configuration was wrong; and what was read where none was."""
    done = [r for r in records if r.outcome is not None and r.outcome.reads]
    wrong = [r for r in done if BY_KIND[r.play.kind].in_configuration]
    lines = [
        f"{len(wrong)} incidents whose commit nobody reported, felt by the last look:",
        "",
        "| arm | named | reads, median (95 %) | reads, mean | minutes to the cause, median |",
        "|---|--:|---|--:|--:|",
    ]
    for arm in dict.fromkeys(one.arm for r in wrong for one in _of(r)):
        mine = [one for r in wrong for one in _of(r) if one.arm == arm]
        reads = [float(one.reads) for one in mine]
        # What is not named by the last look is named later than any that is.
        minutes = [(one.named_s or np.inf) / 60 for one in mine]
        lines.append(
            f"| {arm} | {sum(one.named_s is not None for one in mine)} of {len(mine)} | "
            f"{_median(reads)} | {np.mean(reads):.1f} | {np.median(minutes):.1f} |"
        )
    lines += ["", *_paired(wrong)]
    needless = [one.reads for r in done if r not in wrong for one in _of(r)[:1]]
    if needless:
        lines.append(
            f"- read for what it tells, where no configuration is wrong: {np.mean(needless):.1f} "
            f"devices in three looks, of {len(needless)} incidents"
        )
    lines.append(f"- felt by nobody, or without a place: {len(records) - len(done)}")
    notes = [raised_text(records, "and count as not felt"), code_text(records)]
    return "\n".join([*lines, "", *(note for note in notes if note), ""])


def _of(record: ReadingRecord) -> tuple[Reads, ...]:
    return record.outcome.reads if record.outcome else ()


def _paired(records: Sequence[ReadingRecord]) -> list[str]:
    """The first arm against each other on the same incidents, last look as the end of time."""
    lines: list[str] = []
    if not records:
        return lines
    first, *others = [one.arm for one in _of(records[0])]
    for other in others:
        reads, minutes = [], []
        for record in records:
            by_arm = {one.arm: one for one in _of(record)}
            ours, theirs = by_arm[first], by_arm[other]
            reads.append(float(theirs.reads - ours.reads))
            end_s = LOOKS_S[-1] + READ_S * (record.outcome.devices if record.outcome else 0)
            late = [one.named_s if one.named_s is not None else end_s for one in (ours, theirs)]
            minutes.append((late[1] - late[0]) / 60)
        lines.append(
            f"- {other}, more than {first}, median of pairs: reads {_median(reads)}; "
            f"minutes {_median(minutes)}"
        )
    return lines


def _median(values: Sequence[float]) -> str:
    """With its 95 % interval, where there are enough for one."""
    within = median_interval(values)
    told = f" ({within[0]:.1f} to {within[1]:.1f})" if within else ""
    return f"{np.median(values):.1f}{told}"


CAMPAIGN = Campaign(
    name="evals.diagnosis.reading",
    file=files(__package__) / "reading.yaml",
    spec=ReadingSpec,
    record=ReadingRecord,
    plays=_plays,
    together=lambda play: f"{play.case} {play.seed}",
    play=read_devices,
    table=reading_markdown,
)
