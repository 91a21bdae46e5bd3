"""A running emulated network whose routers export no flow records: how well is it foreseen?

Two trackers watch the same healthy network, one with its flow records and one without. Then every
link fails in the network's own steady state, one at a time, and the loads that each of them
foresees are compared with that.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from evals.stage import Case, stage
from tools.network.emulated import EmulatedNetwork
from tools.network.emulated.case_truth import CaseTruth
from tools.network.emulated.case_world import CaseWorld
from tools.network.emulated.truth_view import TruthView
from twin.events.faults.link_down import LinkDown
from twin.nouns.base import Noun
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray, FlowRound, Telemetry
from twin.nouns.traffic import TrafficMatrix
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.estimation import NodeTotals, gravity
from twin.tracking.tracker import Tracker

Source = Literal["gravity", "record", "counters", "flows"]
NETWORKS = ("sndlib/abilene", "sndlib/geant", "sndlib/germany50")
WATCHED_S = 3000.0
_STARTS_S = 1_772_560_800.0
"""2026-03-03T18:00:00Z."""


class LiveError(Noun):
    """Over all failures of one link and all seeds: |foreseen - true| / sum of true, as in
    `evals.estimation`. `source`: where the matrix comes from. `drift`: the same of the present.
    """

    network: str
    mismatch: int
    source: Source
    drift: float
    load_error: float
    worst_error: float


class NoFlowExport(EmulatedNetwork):
    """An emulated network of which no flow record ever arrives."""

    def poll(self, after_s: float | None = None) -> Sequence[Telemetry]:
        """See EmulatedNetwork."""
        return without_flows(super().poll(after_s))


def without_flows(records: Sequence[Telemetry]) -> Sequence[Telemetry]:
    """All but the flow records."""
    return [r for r in records if not isinstance(r, FlowRound)]


def measure_unmeasured(
    seeds: Sequence[int], networks: Sequence[str] = NETWORKS, mismatch: Literal[0, 1, 2] = 1
) -> list[LiveError]:
    """One line per network and source."""
    found = []
    for name in networks:
        runs = [_watched(name, seed, mismatch) for seed in seeds]
        for source in runs[0]:
            present = [run[source][0] for run in runs]
            failures = np.concatenate([run[source][1:] for run in runs])
            found.append(
                LiveError(
                    network=name,
                    mismatch=mismatch,
                    source=source,
                    drift=float(np.mean(present)),
                    load_error=float(failures.mean()),
                    worst_error=float(failures.max()),
                )
            )
    return found


def _watched(name: str, seed: int, mismatch: Literal[0, 1, 2]) -> dict[Source, FloatArray]:
    """By source, the error of the present and then of each failure."""
    world = CaseWorld(
        id="plain-name",
        topology=name,
        starts_s=_STARTS_S,
        duration_s=2 * WATCHED_S,
        mismatch=mismatch,
    )
    with tempfile.TemporaryDirectory() as folder:
        network = stage(Case(world, CaseTruth()), seed, Path(folder) / "live.sqlite")
        try:
            return _foreseen(network)
        finally:
            network.close()


def _foreseen(network: EmulatedNetwork) -> dict[Source, FloatArray]:
    inventory = network.inventory()
    twin = Twin(inventory)
    nodes = [n.id for n in inventory.topology.nodes]
    running = NetworkConfiguration(devices=tuple(network.running(n) for n in nodes))
    sighted, blind = (Tracker(inventory, running, partial(offered_totals, twin)) for _ in range(2))
    while network.now_s() < _STARTS_S + WATCHED_S:
        network.advance(network.now_s() + 30.0)
        records = network.poll()
        sighted.ingest(records)
        blind.ingest(without_flows(records))
    states = {
        source: replace(twin.state(running=running), traffic=traffic)
        for source, traffic in _matrices(twin, sighted, blind).items()
    }
    truth = TruthView(network)
    capacity = truth.hidden.capacity_bps
    failures = [None, *(LinkDown(link=x.id) for x in inventory.topology.links)]
    errors: dict[Source, list[float]] = {source: [] for source in states}
    for failure in failures:
        faults = [] if failure is None else [failure]
        steady = truth.evaluate_steady(running, network.now_s(), faults)
        loads = steady.offered_utilisation * capacity
        for source, state in states.items():
            off = np.abs(offered_totals(twin, _failed(state, failure)) - loads)
            errors[source].append(float(off.sum() / loads.sum()))
    return {source: np.array(values) for source, values in errors.items()}


def _failed(state: NetworkState, failure: LinkDown | None) -> NetworkState:
    return state if failure is None else failure.after(state)


def _matrices(twin: Twin, sighted: Tracker, blind: Tracker) -> dict[Source, TrafficMatrix]:
    now_s = sighted.now_s
    record = twin.traffic_at(now_s)
    guessed = gravity(NodeTotals.of(record.rates_bps))
    return {
        "gravity": TrafficMatrix(record.nodes, guessed),
        "record": record,
        "counters": blind.demand.matrix_at(now_s),
        "flows": sighted.demand.matrix_at(now_s),
    }


def unmeasured_markdown(found: Sequence[LiveError]) -> str:
    """The table, in per cent."""
    lines = [
        "| network | mismatch | matrix from | loads now | after a link failure | worst failure |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {e.network} | {e.mismatch} | {e.source} | {e.drift:.1%} | {e.load_error:.1%} "
        f"| {e.worst_error:.1%} |"
        for e in found
    ]
    return "\n".join(lines) + "\n"
