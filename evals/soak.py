"""Days without a restart, an incident a day: what a watch costs late beside what it cost early.

`python -m evals.soak [--days N] [--topology NAME]` prints a line a day: resident memory, size of
the state directory, and CPU time of a quiet step of the watch; then the last day against the
second, and what the last five days added to the state, one a kind of fault, against the first five.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from evals.arms.noctua import DelayedApprover
from evals.hostile.minds import fault_of
from evals.stage import Case, designed_inventory, stage
from evals.stopwatch import polling_of
from evals.unseen import KINDS
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tools.journal.journal import Journal
from tools.network.emulated import EmulatedNetwork
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from tools.network.emulated.clock import SimulatedClock
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.traffic_spike import TrafficSpike
from twin.nouns.base import Noun
from twin.nouns.incident import TERMINAL_PHASES

DAY_S = 86_400.0
_STARTS_S = 1_772_496_000.0
"""2026-03-03T00:00:00Z."""

_FAULT_S = 18 * 3600.0
"""Into each day: in the evening."""

_REPAIR = Repair(travel_s=900.0, repair_s=900.0)
_MIB = 2.0**20


class Day(Noun):
    """At the end of one day. `step_ms`: median CPU time of the steps that count, what the emulated
    network computes left out. `state_mib`: of the state directory, that network's own file left
    out. `grown_mib`: how much of it came on this day.
    """

    day: int
    incidents: int
    open: int
    resident_mib: float
    state_mib: float
    grown_mib: float
    step_ms: float


def soak(days: int, topology: str) -> Iterator[Day]:
    """Watch `days` of a network with an incident a day."""
    world = CaseWorld(
        id="soak",
        topology=topology,
        mismatch=1,
        starts_s=_STARTS_S,
        duration_s=days * DAY_S,
        traffic_scale=1.4,
    )
    truth = CaseTruth(events=tuple(_event(world, day) for day in range(days)))
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        live = stage(Case(world, truth), 1, Path(folder) / "live.sqlite")
        approver = DelayedApprover(120.0)
        try:
            with Workplace(state, live, SimulatedClock(live), approver=approver) as workplace:
                approver.answer_through(workplace.journal)
                journal = workplace.journal
                yield from watched(workplace, state, days, lambda: not _open(journal))
        finally:
            live.close()


def _event(world: CaseWorld, day: int) -> TimedEvent:
    kind = KINDS[day % len(KINDS)]
    fault = fault_of(kind, designed_inventory(world).topology, seed=day)
    at_s = day * DAY_S + _FAULT_S
    surge, wrong = isinstance(fault, TrafficSpike), isinstance(fault, IgpWeightMisconfig)
    return TimedEvent(
        at_s=at_s,
        fault=fault,
        until_s=at_s + 3600.0 if surge else None,
        repair=None if surge or wrong else _REPAIR,
    )


def watched(
    workplace: Workplace, state: Path, days: int, counts: Callable[[], bool]
) -> Iterator[Day]:
    """Watch for so many days; `counts`: asked after a step, whether its time counts."""
    clock, polling = workplace.desk.clock, polling_of(workplace.network)
    before, starts_s = size_mib(state), clock.now_s()
    for day in range(1, days + 1):
        counted = list[float]()
        while (now_s := clock.now_s()) < starts_s + day * DAY_S:
            polling[0], begin = 0.0, time.process_time()
            workplace.watch.step()
            spent = time.process_time() - begin - polling[0]
            if counts():
                counted.append(spent)
            clock.wait_until(now_s + POLL_S)
        size = size_mib(state)
        if isinstance(workplace.network, EmulatedNetwork):
            # What evaluators are told of later is none of the watch's memory.
            workplace.network.physical.samples.clear()
        yield Day(
            day=day,
            incidents=len(workplace.journal.incidents()),
            open=_open(workplace.journal),
            resident_mib=_resident_mib(),
            state_mib=size,
            grown_mib=size - before,
            step_ms=1000.0 * statistics.median(counted),
        )
        before = size


def size_mib(state: Path) -> float:
    """Of all files in the state directory."""
    return sum(f.stat().st_size for f in state.rglob("*") if f.is_file()) / _MIB


def _open(journal: Journal) -> int:
    return sum(r.phase not in TERMINAL_PHASES for r in journal.incidents())


def _resident_mib() -> float:
    """Now, and not at most ever: from Linux's own account of this process, in pages."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / _MIB


def main() -> int:
    """Print a line a day; 1 if the end costs more than 1.2 times the beginning."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--topology", default="sndlib/abilene")
    given = parser.parse_args()
    known = []
    sys.stdout.write("day  incidents  open  resident MiB  state MiB  grown MiB  quiet step ms\n")
    for day in soak(given.days, given.topology):
        known.append(day)
        sys.stdout.write(
            f"{day.day:3d}  {day.incidents:9d}  {day.open:4d}  {day.resident_mib:12.1f}  "
            f"{day.state_mib:9.2f}  {day.grown_mib:9.2f}  {day.step_ms:13.2f}\n"
        )
        sys.stdout.flush()
    if len(known) < 2 * len(KINDS):
        return 0
    second, last = known[1], known[-1]
    early, late = known[: len(KINDS)], known[-len(KINDS) :]
    ratios = {
        "resident memory": last.resident_mib / second.resident_mib,
        "quiet step": last.step_ms / second.step_ms,
        "what five days add to the state": sum(d.grown_mib for d in late)
        / sum(d.grown_mib for d in early),
    }
    for what, ratio in ratios.items():
        sys.stdout.write(f"{what}: {ratio:.2f} times as much at the end\n")
    return int(max(ratios.values()) > 1.2)


if __name__ == "__main__":
    sys.exit(main())
