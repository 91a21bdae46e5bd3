"""Whether earlier incidents help where faults recur: first-ranked causes with and without them.

python -m evals.recurring --seed 1900
python -m evals.recurring --seed 1900 --silent

Each recording has one fault. The network has had others of its weak spots before, one to six times
each; and with a chance of RECURS the fault itself as well, else never. Both diagnoses see the same
telemetry. Where measurements decide, nothing may change; where they leave a tie, what is put first
is counted, pair by pair. With `--silent` the faulty device reports nothing and loses at one of its
egresses: nobody can tell then whether it counts what it loses.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.loop.budget import Budget
from agents.loop.role import Mind, run_role
from agents.playbook.policies import playbook
from agents.roles.diagnoser import Diagnoser
from evals.diagnosis.recording import Look, looks
from evals.diagnosis.scene import drawn_scene
from evals.intervals import share_interval
from evals.truth import same_cause
from evals.unseen import numbers_for
from tools.clock import SystemClock
from twin.events.fault import Fault
from twin.knowledge.past import PastIncident
from twin.nouns.diagnosis import Diagnosis

TOPOLOGIES = ("sndlib/nobel-eu", "sndlib/cost266")
KINDS = (
    "link_flap", "silent_egress_packet_loss", "packet_loss", "router_overload", "traffic_spike",
    "demand_surge",
)  # fmt: skip
"""Those of which the bench of diagnosis has the most that are not told apart at first."""

LOOKS_S = (105.0, 240.0, 420.0)
"""After the fault began; a watch looks first after 105 s."""

SILENT_KINDS = ("silent_egress_packet_loss", "packet_loss")
"""Those that look alike where the device that has them reports nothing."""

RECURS = 0.8
MOST_BEFORE = 6
OTHERS = 5
MISSING = 0.6
"""Share of the samples that is: with less, hardly a tie is left."""

SILENT_MISSING = 0.1
"""The same where the faulty device is silent."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One look: whether measurements decide, and what is first without and with the past."""

    decided: bool
    same: bool
    right_without: bool
    right_with: bool


def pairs(topology: str, kind: str, seed: int, *, silent: bool = False) -> Iterator[Pair]:
    """Of every look at one recording at which something is found. `silent`: the faulty device
    reports nothing.
    """
    scene = drawn_scene(topology, (kind,), 1, seed)
    if scene is None:
        return
    truth = tuple(event.fault for event in scene.case.truth.events)
    past = _history(topology, kind, seed, truth)
    missing = SILENT_MISSING if silent else MISSING
    for look in looks(scene, seed, missing, looks_s=LOOKS_S, silent=silent):
        before = _diagnosed(look)
        if before is None or not before.cause:
            continue
        for one in past:
            look.situation.graph.remember_incident(one)
        after = _diagnosed(look)
        # The next look starts without a past again.
        look.situation.graph.put(
            one.model_copy(update={"decided": False}).as_thing() for one in past
        )
        assert after is not None
        yield Pair(
            decided=before.verdict == "found",
            same=after == before,
            right_without=same_cause(before.cause, truth),
            right_with=same_cause(after.cause, truth),
        )


def _diagnosed(look: Look) -> Diagnosis | None:
    if look.incident is None:
        return None
    work = Diagnoser(look.situation, look.incident)
    minds = (Mind("playbook", playbook(), foreign=False),)
    run = run_role(work.role(), work.task(), minds, Budget(), SystemClock())
    return work.diagnosis(run.answer)


def _history(
    topology: str, kind: str, seed: int, truth: Sequence[Fault]
) -> tuple[PastIncident, ...]:
    numbers = numbers_for("history", topology, kind, seed)
    causes = list(_weak_spots(topology, seed))
    if numbers.random() < RECURS:
        causes.append(" & ".join(fault.id for fault in truth))
    return tuple(
        PastIncident(
            id=f"past-{i}-{n}",
            title="",
            opened_s=0.0,
            symptoms=(),
            cause=cause,
            remedy="",
            worked=True,
            decided=True,
        )
        for i, cause in enumerate(causes)
        for n in range(int(numbers.integers(1, MOST_BEFORE + 1)))
    )


def _weak_spots(topology: str, seed: int) -> Iterator[str]:
    """Other faults of the network, of the same kinds."""
    for i in range(OTHERS):
        kind = KINDS[(seed + i) % len(KINDS)]
        scene = drawn_scene(topology, (kind,), 1, 10_000 + OTHERS * seed + i)
        if scene is not None:
            yield " & ".join(event.fault.id for event in scene.case.truth.events)


def summary(found: Sequence[Pair]) -> list[str]:
    """What came of it, in Markdown."""
    decided = [p for p in found if p.decided]
    tied = [p for p in found if not p.decided]
    better = sum(p.right_with and not p.right_without for p in tied)
    worse = sum(p.right_without and not p.right_with for p in tied)
    rows = [
        "| looks | of them | first-ranked right without the past | with it |",
        "|---|--:|--:|--:|",
    ]
    for name, some in (("measurements decide", decided), ("a tie is left", tied)):
        counts = (sum(p.right_without for p in some), sum(p.right_with for p in some))
        shares = " | ".join(_share(count, some) for count in counts)
        rows.append(f"| {name} | {len(some)} | {shares} |")
    low, high = share_interval(better, better + worse)
    changed = sum(not p.same for p in decided)
    rows += [
        "",
        f"Of the ties {better} became right and {worse} wrong; of such changes, {low:.2f} to "
        f"{high:.2f} are for the better (95 %). Decided diagnoses that changed: {changed}.",
    ]
    return rows


def _share(count: int, of: Sequence[Pair]) -> str:
    low, high = share_interval(count, len(of))
    return f"{count} [{low:.2f}, {high:.2f}]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Record, look twice, and print."""
    parser = argparse.ArgumentParser(description="First-ranked causes with and without a past.")
    parser.add_argument("--seed", type=int, default=1, help="the first; 1 to 99 are for tuning")
    parser.add_argument("--seeds", type=int, default=1, help="how many, from the first on")
    parser.add_argument("--silent", action="store_true", help="the faulty device reports nothing")
    given = parser.parse_args(arguments)
    kinds = SILENT_KINDS if given.silent else KINDS
    begun, found = time.process_time(), list[Pair]()
    for seed in range(given.seed, given.seed + given.seeds):
        for topology in TOPOLOGIES:
            for kind in kinds:
                found += pairs(topology, kind, seed, silent=given.silent)
        print(f"seed {seed}: {len(found)} looks", file=sys.stderr)
    print("\n".join(summary(found)))
    recordings = given.seeds * len(TOPOLOGIES) * len(kinds)
    print(f"\n{recordings} recordings, {time.process_time() - begun:.0f} CPU seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
