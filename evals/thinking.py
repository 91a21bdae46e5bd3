"""CPU time of the agents and of the watch, by network: `python -m evals.thinking [NETWORK ...]`.

A duct is cut on the emulated network, and the playbook operates it up to the first plan. What the
network itself computes (it shares the process) is not counted.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from evals.arms.noctua import DelayedApprover
from evals.ducts import overloading_ducts
from evals.stage import Case, designed_inventory, stage
from evals.stopwatch import polling_of
from evals.truth import Recorder
from graphs.workplace import Workplace
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from twin.events.faults.fiber_cut import FiberCut
from twin.nouns.base import Noun

NETWORKS = ("sndlib/germany50", "gabriel/200/0")

_STARTS_S = 1_772_560_800.0
"""A Tuesday, 18:00 UTC: the evening's peak is ahead."""

_QUIET_S = 1500.0
_LAST_S = 3600.0
_POLL_S = 30.0


class Thinking(Noun):
    """CPU seconds. `incident`: graph nodes from the alarm to the first plan. `quiet_step`: median
    of the watch's steps before, `look` of what it does after the telemetry has come.
    """

    network: str
    nodes: int
    incident: float
    quiet_step: float


def think(network: str) -> Thinking:
    """Operate `network` until an incident has its plan. Raises LookupError where none comes."""
    world = CaseWorld(
        id="thinking", topology=network, mismatch=1, starts_s=_STARTS_S, duration_s=2 * _LAST_S
    )
    duct = overloading_ducts(designed_inventory(world))[0]
    cut = FiberCut(duct=duct.duct, links=duct.links)
    repair = Repair(travel_s=1800.0, repair_s=5400.0)
    truth = CaseTruth(events=(TimedEvent(at_s=_QUIET_S, fault=cut, repair=repair),))
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        case = Case(world, truth)
        live = stage(case, 1, state / "networks" / "live.sqlite")
        try:
            with Workplace(
                state, live, Recorder(live, case), approver=DelayedApprover(1e9)
            ) as workplace:
                return _operate(network, workplace)
        finally:
            live.close()


def _operate(network: str, workplace: Workplace) -> Thinking:
    spent, polling, steps = [0.0], polling_of(workplace.network), list[float]()
    runs = workplace.runs
    invoke = runs._invoke

    def invoked(incident_id: str, given: object) -> None:
        begin = time.process_time()
        invoke(incident_id, given)
        spent[0] += time.process_time() - begin

    runs._invoke = invoked  # type: ignore[method-assign]  # a stopwatch
    clock = workplace.desk.clock
    started_s = clock.now_s()
    while clock.now_s() < started_s + _LAST_S:
        begin, before = time.process_time(), polling[0]
        workplace.watch.step()
        if clock.now_s() < started_s + _QUIET_S:
            steps.append(time.process_time() - begin - (polling[0] - before))
        if any(workplace.journal.plans(r.incident.id) for r in workplace.journal.incidents()):
            nodes = len(workplace.twin.inventory.topology.nodes)
            quiet = float(np.median(steps[5:]))
            return Thinking(network=network, nodes=nodes, incident=spent[0], quiet_step=quiet)
        clock.wait_until(clock.now_s() + _POLL_S, lambda: False)
    raise LookupError(f"{network}: no plan came within {_LAST_S:.0f} s")


def main() -> None:
    """Print the table."""
    print("| network | nodes | from alarm to plan, CPU s | quiet step, CPU ms |\n|---|---|---|---|")
    think("sndlib/nobel-germany")  # What numba compiles at the first call is no thinking.
    for network in sys.argv[1:] or NETWORKS:
        found = think(network)
        print(
            f"| {network} | {found.nodes} | {found.incident:.2f} | {1e3 * found.quiet_step:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
