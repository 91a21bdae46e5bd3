"""An incident as telemetry tells it: recorded from the emulated network, and looked at three times.

Nobody acts. One sample in ten is missing: readings of devices, results of probes, flow records.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.roles.situation import Situation
from evals.altered_network import Alter, AlteredNetwork
from evals.diagnosis.scene import Scene
from evals.stage import designed_inventory, stage
from evals.truth import parts_of
from tools.graph_store.embedded import EmbeddedGraph
from tools.network.emulated.network_file import NetworkFile
from twin.errors import NetworkError
from twin.events.fault import Fault
from twin.knowledge.recorded import INVENTORY, facts_of
from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.incident import Incident, Severity
from twin.nouns.telemetry import (
    AdjacencyEvent,
    ConfigurationEvent,
    FlowRound,
    InterfaceCounters,
    LogInEvent,
    ProbeRound,
    SyslogLine,
    Telemetry,
)
from twin.nouns.topology import Topology
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.tracker import Tracker

LOOKS_S = (240.0, 420.0, 720.0)
"""After the last fault began."""

_POLL_S = 30.0
_LATELY_S = 1200.0
"""Signs of so long before a look belong to what is looked at."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is known `at_s` seconds after the last fault began.

    `incident`: None where nothing shows. `faults`: what is wrong, for methods that are not to know
    such faults.
    """

    at_s: float
    situation: Situation
    incident: Incident | None
    faults: tuple[Fault, ...]


def looks(
    scene: Scene,
    seed: int,
    missing: float,
    withheld: tuple[type[Telemetry], ...] = (),
    looks_s: Sequence[float] = LOOKS_S,
    *,
    silent: bool = False,
) -> Iterator[Look]:
    """Play `scene` in realisation `seed`, and look `looks_s` seconds after the last fault began.

    `missing`: the share of samples that is. `withheld`: records of which none comes. `silent`: of
    the faulty device nothing comes since the onset, and it cannot be read; no look where there is
    no such device.
    """
    faults = tuple(event.fault for event in scene.case.truth.events)
    topology = designed_inventory(scene.case.world).topology
    device = faulty_device(topology, faults[0]) if silent else ""
    if silent and not device:
        return
    with tempfile.TemporaryDirectory(prefix="recorded-") as name:
        path = Path(name) / "recorded.sqlite"
        stage(scene.case, seed, path).close()
        thinned = Thinned(missing, np.random.default_rng([seed, 1]), withheld)
        network: AlteredNetwork = (
            _SilentDevice(NetworkFile(path, create=False), thinned, device, scene.onset_s)
            if device
            else AlteredNetwork(NetworkFile(path, create=False), thinned)
        )
        with closing(network):
            situation = _watching(network, Path(name))
            last_s = network.now_s() + scene.onset_s
            for at_s in looks_s:
                _watch(network, situation.tracker, last_s + at_s)
                yield Look(at_s, situation, _incident(situation.tracker), faults)


def faulty_device(topology: Topology, fault: Fault) -> str:
    """Where `fault` is: its device, or an end of its link; "" for what is everywhere."""
    for name in parts_of(fault.resources[0]):
        if name in topology.node_index:
            return name
        if name in topology.link_index:
            return topology.link(name).a
    return ""


class _SilentDevice(AlteredNetwork):
    """Of `device` nothing comes from `after_s` seconds on, and it does not answer."""

    def __init__(self, file: NetworkFile, alter: Alter, device: str, after_s: float) -> None:
        super().__init__(file, lambda records, now_s: alter(self._left_of(records), now_s))
        self._device, self._from_s = device, self.now_s() + after_s

    def running(self, node: str) -> DeviceConfiguration:
        """As it runs now. Raises NetworkError: it does not answer."""
        if node == self._device and self.now_s() >= self._from_s:
            raise NetworkError(f"{node} does not answer")
        return super().running(node)

    def _left_of(self, records: Sequence[Telemetry]) -> Sequence[Telemetry]:
        if self.now_s() < self._from_s:
            return records
        return [r for record in records for r in self._without(record)]

    def _without(self, record: Telemetry) -> Iterator[Telemetry]:
        match record:
            case InterfaceCounters() if record.node == self._device:
                yield _unread(record)
            case ProbeRound():
                gone = np.array([path.source == self._device for path in record.paths])
                yield _unmeasured(record, gone)
            case FlowRound():
                nodes = [node.id for node in self.inventory().topology.nodes]
                yield record.without(np.array([node == self._device for node in nodes]))
            case AdjacencyEvent() | ConfigurationEvent() | LogInEvent() | SyslogLine():
                if record.node != self._device:
                    yield record
            case _:
                yield record


class Thinned:
    """Takes a share of the samples out, each by a draw of its own."""

    def __init__(
        self,
        missing: float,
        numbers: np.random.Generator,
        withheld: tuple[type[Telemetry], ...] = (),
    ) -> None:
        """`missing`: that share. `withheld`: records of which none comes."""
        self._missing = missing
        self._numbers = numbers
        self._withheld = withheld

    def __call__(self, records: Sequence[Telemetry], _: float) -> Sequence[Telemetry]:
        """What arrives of `records`."""
        return [self._thinned(r) for r in records if not isinstance(r, self._withheld)]

    def _thinned(self, record: Telemetry) -> Telemetry:
        match record:
            case InterfaceCounters() if self._gone(()):
                return _unread(record)
            case ProbeRound():
                return _unmeasured(record, self._gone(record.sent.shape))
            case FlowRound():
                return record.without(self._gone(record.fan_out.shape))
        return record

    def _gone(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        return np.asarray(self._numbers.random(shape) < self._missing)


def _unread(record: InterfaceCounters) -> InterfaceCounters:
    return replace(
        record,
        sent_bytes=np.full_like(record.sent_bytes, np.nan),
        dropped_bytes=np.full_like(record.dropped_bytes, np.nan),
        received_bytes=np.full_like(record.received_bytes, np.nan),
    )


def _unmeasured(record: ProbeRound, gone: NDArray[np.bool_]) -> ProbeRound:
    """`gone`: (n_probes,)."""
    sent, lost, delay_s = (
        np.where(gone, np.nan, field) for field in (record.sent, record.lost, record.delay_s)
    )
    return replace(record, sent=sent, lost=lost, delay_s=delay_s)


def _watching(network: AlteredNetwork, folder: Path) -> Situation:
    """With a tracker that has seen nothing yet."""
    inventory = network.inventory()
    loads = partial(offered_totals, Twin(inventory))
    graph = EmbeddedGraph.open(folder / "graph.sqlite")
    facts = facts_of(inventory)
    graph.replace(INVENTORY, facts.things, facts.relations)
    return Situation(
        tracker=Tracker(inventory, network.running_configuration(), loads),
        seed=1,
        network=network,
        graph=graph,
    )


def _watch(network: AlteredNetwork, tracker: Tracker, until_s: float) -> None:
    while (now_s := network.now_s()) < until_s:
        network.advance(min(now_s + _POLL_S, until_s))
        given = network.poll()
        commits = {r.node for r in given if isinstance(r, ConfigurationEvent)}
        tracker.ingest(
            given,
            after_s=tracker.now_s,
            until_s=network.now_s(),
            running={node: network.running(node) for node in sorted(commits)},
        )


def _incident(tracker: Tracker) -> Incident | None:
    """Everything that showed lately, as one incident."""
    symptoms = tracker.book.since(tracker.now_s - _LATELY_S)
    if not symptoms:
        return None
    return Incident(
        id="recorded",
        network=tracker.topology.name,
        onset_s=min(s.first_seen_s for s in symptoms),
        detected_s=tracker.now_s,
        severity=Severity.MAJOR,
        title=f"{len(symptoms)} symptoms",
        symptoms=tuple(symptoms),
    )
