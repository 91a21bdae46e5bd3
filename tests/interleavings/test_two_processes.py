"""Two processes watch one incident, and people answer, in every order that hypothesis can think of.

`tests.interleavings.promises` says what has to hold.
"""

import time

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.interleavings.broken import (
    ForgetfulJournal,
    FreeLeaseJournal,
    LastAnswerJournal,
    UnfencedJournal,
)
from tests.interleavings.machine import TwoProcesses
from tests.interleavings.promises import BrokenPromise
from tests.interleavings.seams import HeldJournal, JournalFile
from tests.interleavings.world import Course, Tally, World
from tools.network.protocol import CommitState
from twin.nouns.incident import Phase as IncidentPhase

SAMPLE = 200
"""Different interleavings, in about ten seconds; the profile "interleavings" runs 20,000."""

EVENTS = 25
"""Drawn for each interleaving, before all are let run to the end."""

PART = 1000
"""Examples that are drawn from one seed: hypothesis remembers them all, to draw no two alike."""

FOR_EVER = 10**6
"""Points."""


def _run(
    file: JournalFile,
    kind: type[HeldJournal],
    tally: Tally,
    part: int,
    most: int,
    *phases: Phase,
) -> None:
    """Run about `most` interleavings, drawn from seed `part`."""

    @seed(part)
    class Bound(TwoProcesses):
        def __init__(self) -> None:
            super().__init__(file, kind, tally)

    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=most,
            stateful_step_count=EVENTS,
            deadline=None,
            database=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _report(tally: Tally, parts: int, began_s: float) -> str:
    lines = [
        f"{len(tally.distinct)} different interleavings of two processes, 0 broken promises "
        f"(fewer than {3 / len(tally.distinct):.1e} of them, at 95 %)",
        f"{tally.interleavings} were drawn, from seeds 1 to {parts}; {tally.steps} steps, "
        f"{tally.switches} switches, {time.process_time() - began_s:.0f} s on one core",
        *(f"{count:8} {what}" for what, count in sorted(tally.seen.items())),
    ]
    return "\n".join(lines)


@pytest.mark.slow
def test_two_processes_at_once_commit_nothing_twice_and_tell_the_loser(file: JournalFile) -> None:
    wanted = max(SAMPLE, settings.default.max_examples if settings.default else 0)
    tally, part, began_s = Tally(), 0, time.process_time()
    while len(tally.distinct) < wanted:
        part += 1
        _run(file, HeldJournal, tally, part, min(PART, wanted), Phase.generate, Phase.shrink)
    print(f"\n{_report(tally, part, began_s)}")
    # Promises about what is never met would say nothing.
    for met in (
        "answers: lost",
        "calls to a device after the lease was lost",
        "deaths beside a call to a device",
        "plans that ended confirmed",
        "plans that ended rolled_back",
        "taken over from the dead",
        "taken over in the middle of an actuation",
        "writes refused after the lease was lost",
    ):
        assert tally.seen[met] > 0, met


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (UnfencedJournal, "written under a lost lease"),
        (LastAnswerJournal, "answers to .* became"),
        (FreeLeaseJournal, "lost its lease while it lived"),
        (ForgetfulJournal, "without its approval being used up"),
    ],
)
def test_broken_journal_is_found_out(
    file: JournalFile, kind: type[HeldJournal], found: str
) -> None:
    with pytest.raises(BrokenPromise, match=found):
        _run(file, kind, Tally(), 1, SAMPLE, Phase.generate)


@pytest.mark.parametrize("dies", [False, True])
def test_candidate_of_a_sleeper_does_not_hold_the_device(file: JournalFile, dies: bool) -> None:
    course = Course(two_people=False, kept=True, answered=True, opening="approved")
    world = World(file, HeldJournal, Tally(), course)
    try:
        world.open()
        world.watch(0, 1, "call stage")
        world.pass_time(31.0, frozenset({0}))
        # The other one finds nothing on the device, takes the plan back and asks about the next.
        world.watch(1, FOR_EVER, "")
        assert world.network.history("A") == []
        world.watch(0, 1, "done")
        assert world.network.history("A") == [CommitState.STAGED]
        if dies:
            world.die(0)
        world.settle()
        assert world.network.history("A") == [
            CommitState.STAGED,
            CommitState.ROLLED_BACK,
            CommitState.STAGED,
            CommitState.COMMITTED,
            CommitState.CONFIRMED,
        ]
        assert world.observer.incident("inc-1").phase is IncidentPhase.RESOLVED
    finally:
        world.close()
