"""A network in memory with the real semantics of commits, which can fail at chosen calls.

A is joined to B and C, B to C, and C to D. One service from A to D, one from B to C.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import networkx as nx
import numpy as np

from tools.clock import never
from tools.network.protocol import CommitRecord, CommitState, RepairReport
from twin.errors import NetworkError
from twin.nouns.configuration import (
    DeviceConfiguration,
    NetworkConfiguration,
    configuration_diff,
    default_configuration,
)
from twin.nouns.inventory import Inventory, ProbePath
from twin.nouns.plan import Dispatch
from twin.nouns.service import Service, ServiceLevelObjective
from twin.nouns.telemetry import ProbeRound, Telemetry
from twin.nouns.topology import Link, Node, SharedRiskGroup, Site, Topology
from twin.nouns.traffic import DailyProfile, Demand, TrafficClass, TrafficMatrix

START_S = 1_000_000.0

_PACKETS = 100.0
"""Of one probe."""


def _link(a: str, b: str) -> Link:
    return Link(
        id=f"{a}-{b}", a=a, b=b, capacity_bps=10e9, members=1, length_km=100.0, propagation_s=5e-4
    )


def inventory() -> Inventory:
    """Four nodes; A-B and A-C share a duct."""
    topology = Topology(
        name="four",
        sites=tuple(Site(id=s, longitude=0.0, latitude=0.0) for s in "ABCD"),
        nodes=tuple(Node(id=n, site=n, prefixes=(f"10.0.{i}.0/24",)) for i, n in enumerate("ABCD")),
        links=(_link("A", "B"), _link("A", "C"), _link("B", "C"), _link("C", "D")),
        shared_risk_groups=(
            SharedRiskGroup(
                id="duct-A", kind="duct", place="A", links=("A-B", "A-C"), shared_km=3.0
            ),
        ),
    )
    business = TrafficClass.BUSINESS
    promise = ServiceLevelObjective(loss=0.01, delay_s=0.05, availability=0.999)
    return Inventory(
        topology=topology,
        intended=default_configuration(topology),
        services=(
            Service(
                id="vpn-1",
                customer="Hof AG",
                traffic_class=business,
                pairs=(("A", "D"),),
                objective=promise,
            ),
            Service(
                id="vpn-2",
                customer="Tal GmbH",
                traffic_class=business,
                pairs=(("B", "C"),),
                objective=promise,
            ),
        ),
        peak_traffic=TrafficMatrix.from_demands(
            "ABCD",
            [
                Demand(source="A", target="D", traffic_class=business, rate_bps=1e9),
                Demand(source="B", target="C", traffic_class=business, rate_bps=3e9),
            ],
        ),
        profile=DailyProfile(hourly=(1.0,) * 24),
        probes=(),
    )


class ManualClock:
    """Stands still until somebody waits. `time_s`: the true time, which the network goes by.

    `moved_s`: how far somebody has moved our clock from it; `seen_s`: how much of that we can tell,
    which after a restart is nothing.
    """

    def __init__(self) -> None:
        self.time_s = START_S
        self.moved_s = 0.0
        self.seen_s = 0.0

    def now_s(self) -> float:
        return self.time_s + self.moved_s

    def wait_until(self, time_s: float, stop: Callable[[], bool] = never) -> None:
        self.time_s = max(self.time_s, time_s - self.moved_s)

    def stepped_s(self) -> float:
        return self.seen_s


@dataclass
class Trouble:
    """What goes wrong with `call` ("*": with any) on `node`.

    `lost_reply`: it is done, but the caller is not told. `times`: how often, from the first such
    call on. `then`: the session is lost with it, so that so many later calls of any kind fail.
    """

    call: str
    node: str
    lost_reply: bool = False
    times: int = 1
    then: int = 0


@dataclass
class _Staged:
    change_id: str
    candidate: DeviceConfiguration
    before: DeviceConfiguration
    state: Literal[CommitState.STAGED, CommitState.COMMITTED]
    return_at_s: float | None = None


def _half(pending: _Staged) -> DeviceConfiguration:
    """What ran before, with the first half of the interfaces that the candidate changes."""
    pairs = zip(pending.before.interfaces, pending.candidate.interfaces, strict=True)
    changed = [new for old, new in pairs if old != new]
    half = pending.before
    for interface in changed[: len(changed) // 2]:
        half = half.with_interface(interface)
    return half


def _arrives(graph: "nx.DiGraph[str]", path: ProbePath) -> bool:
    """Whether anything comes over the shortest way."""
    try:
        way = nx.shortest_path(graph, path.source, path.target, weight="weight")
    except nx.NetworkXException:
        return False
    return not any(graph.edges[hop]["drops"] for hop in pairwise(way))


@dataclass
class InMemoryNetwork:
    """Candidates, return timers and commit logs, as a device keeps them.

    `halving`: devices that take only the first half of a candidate's changes. `sticking`: devices
    that say that they have gone back, and have not. `dropping`: egresses
    (node, link) that lose all that they send. `down`: links that are cut. `on_our_clock`: its clock
    is this machine's, so that it cannot be compared with.
    """

    clock: ManualClock
    troubles: list[Trouble] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    diff_suffix: str = ""
    own_words: str = ""
    name: str = "four"
    halving: set[str] = field(default_factory=set)
    sticking: set[str] = field(default_factory=set)
    dropping: set[tuple[str, str]] = field(default_factory=set)
    down: set[str] = field(default_factory=set)
    on_our_clock: bool = False

    def __post_init__(self) -> None:
        self._inventory = inventory()
        self._running = {d.node: d for d in self._inventory.intended.devices}
        self._pending: dict[str, _Staged] = {}
        self._log: list[CommitRecord] = []

    def inventory(self) -> Inventory:
        return self._inventory

    def configuration(self) -> NetworkConfiguration:
        """What every device runs, without asking them one by one."""
        self._let_return()
        return NetworkConfiguration(devices=tuple(self._running.values()))

    def reconfigure(self, device: DeviceConfiguration) -> None:
        """Somebody else changes a device."""
        self._running[device.node] = device

    def now_s(self) -> float:
        if any(trouble.call == "now_s" for trouble in self.troubles):
            raise NetworkError("no clock answers")
        return self.clock.now_s() if self.on_our_clock else self.clock.time_s

    def poll(self, after_s: float | None = None) -> Sequence[Telemetry]:
        return ()

    def probe(self, paths: Sequence[ProbePath]) -> ProbeRound:
        replies_lost = [self._begin("probe", path.target) for path in paths]
        graph = self._egresses()
        lost = np.array([0.0 if _arrives(graph, path) else _PACKETS for path in paths])
        sent = np.where(replies_lost, np.nan, _PACKETS)
        delay_s = np.where(np.isnan(sent) | (lost > 0), np.nan, 1e-3)
        return ProbeRound(self.now_s(), tuple(paths), sent, lost, delay_s)

    def _egresses(self) -> "nx.DiGraph[str]":
        """Every egress that is up at both ends, with its weight, and whether it drops."""
        graph: nx.DiGraph[str] = nx.DiGraph()
        for link in self._inventory.topology.links:
            ends = [self._running[node].interface(link.id) for node in (link.a, link.b)]
            if link.id not in self.down and not any(end.shut_down for end in ends):
                for end, node, far in zip(ends, (link.a, link.b), (link.b, link.a), strict=True):
                    drops = (node, link.id) in self.dropping
                    graph.add_edge(node, far, weight=end.advertised_weight, drops=drops)
        return graph

    def dispatch(self, order: Dispatch) -> None:
        raise NetworkError("no field force here")

    def repair_report(self, dispatch_id: str) -> RepairReport:
        raise NetworkError("no field force here")

    def running(self, node: str) -> DeviceConfiguration:
        self._begin("running", node)
        return self._running[node]

    def stage(self, change_id: str, candidate: DeviceConfiguration) -> str:
        node = candidate.node
        reply_lost = self._begin("stage", node)
        if node in self._pending:
            raise NetworkError(f"{node}: busy")
        if any(r.change_id == change_id for r in self._log):
            raise NetworkError(f"{node}: id used")
        before = self._running[node]
        self._pending[node] = _Staged(change_id, candidate, before, CommitState.STAGED)
        self._note(node, change_id, CommitState.STAGED)
        self._reply(reply_lost)
        return self.own_words

    def diff(self, node: str, change_id: str) -> str:
        self._begin("diff", node)
        pending = self._find(node, change_id, CommitState.STAGED)
        return configuration_diff(self._running[node], pending.candidate) + self.diff_suffix

    def commit(self, node: str, change_id: str, return_after_s: float) -> CommitRecord:
        reply_lost = self._begin("commit", node)
        pending = self._find(node, change_id, CommitState.STAGED)
        halved = node in self.halving
        self._running[node] = _half(pending) if halved else pending.candidate
        pending.state = CommitState.COMMITTED
        pending.return_at_s = self.clock.time_s + return_after_s
        record = self._note(node, change_id, CommitState.COMMITTED, pending.return_at_s)
        self._reply(reply_lost)
        return record

    def confirm(self, node: str, change_id: str) -> CommitRecord:
        reply_lost = self._begin("confirm", node)
        self._find(node, change_id, CommitState.COMMITTED)
        del self._pending[node]
        record = self._note(node, change_id, CommitState.CONFIRMED)
        self._reply(reply_lost)
        return record

    def roll_back(self, node: str, change_id: str) -> CommitRecord:
        reply_lost = self._begin("roll_back", node)
        pending = self._find(node, change_id, CommitState.STAGED, CommitState.COMMITTED)
        self._go_back(node, pending)
        record = self._note(node, change_id, CommitState.ROLLED_BACK)
        self._reply(reply_lost)
        return record

    def commit_log(self, node: str) -> Sequence[CommitRecord]:
        self._begin("commit_log", node)
        return [record for record in self._log if record.node == node]

    def history(self, node: str) -> list[CommitState]:
        """The states that `node` went through, for tests."""
        self._let_return()
        return [record.state for record in self._log if record.node == node]

    @property
    def records(self) -> Sequence[CommitRecord]:
        """The commit logs of all devices, in order."""
        self._let_return()
        return tuple(self._log)

    def devices_called(self, call: str) -> list[str]:
        """On which devices `call` was made, in order."""
        return [node for made, node in self.calls if made == call]

    def _begin(self, call: str, node: str) -> bool:
        self._let_return()
        self.calls.append((call, node))
        for trouble in self.troubles:
            if (trouble.call in (call, "*")) and trouble.node == node and trouble.times > 0:
                trouble.times -= 1
                if trouble.then:
                    self.troubles.append(Trouble("*", node, times=trouble.then))
                if not trouble.lost_reply:
                    raise NetworkError(f"{node}: {call} timed out")
                return True
        return False

    def _reply(self, lost: bool) -> None:
        if lost:
            raise NetworkError("the reply was lost")

    def _find(self, node: str, change_id: str, *states: CommitState) -> _Staged:
        pending = self._pending.get(node)
        if pending is None or pending.change_id != change_id or pending.state not in states:
            raise NetworkError(f"{node}: {change_id} is not waiting for that")
        return pending

    def _note(
        self, node: str, change_id: str, state: CommitState, return_at_s: float | None = None
    ) -> CommitRecord:
        record = CommitRecord(
            node=node,
            change_id=change_id,
            state=state,
            time_s=self.clock.time_s,
            return_at_s=return_at_s,
        )
        self._log.append(record)
        return record

    def _go_back(self, node: str, pending: _Staged) -> None:
        if node not in self.sticking:
            self._running[node] = pending.before
        del self._pending[node]

    def _let_return(self) -> None:
        for node, pending in list(self._pending.items()):
            if pending.return_at_s is not None and pending.return_at_s <= self.clock.time_s:
                self._go_back(node, pending)
                self._note(node, pending.change_id, CommitState.RETURNED)
