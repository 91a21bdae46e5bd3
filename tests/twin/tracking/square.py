"""Four routers in a square, worked out by hand, and counters that are written by hand.

A --- B        every link 10 Gbit/s each way in two members, weight 10
|     |        A to B has one way of one hop, A to C has two ways of two hops
D --- C        A sends B 3 Gbit/s, and C sends D 2 Gbit/s, so nothing shares a link
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from twin.nouns.configuration import default_configuration
from twin.nouns.inventory import Inventory, ProbePath
from twin.nouns.planned_work import PlannedWork
from twin.nouns.service import Service, ServiceLevelObjective
from twin.nouns.telemetry import (
    AdjacencyEvent,
    FloatArray,
    FlowRound,
    InterfaceCounters,
    ProbeRound,
)
from twin.nouns.topology import Interface, Link, Node, SharedRiskGroup, Site, Topology
from twin.nouns.traffic import DailyProfile, Demand, TrafficClass, TrafficMatrix
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.tracker import Tracker

START_S = 1_800_000_000.0
ROUND_S = 30.0
NODES = ("A", "B", "C", "D")
ENDS = (("A", "B"), ("B", "C"), ("C", "D"), ("A", "D"))
DEMANDS = (("A", "B", 3e9), ("C", "D", 2e9))

A_TO_B, B_TO_A, B_TO_C, C_TO_B, C_TO_D, D_TO_C, A_TO_D, D_TO_A = range(8)


def topology(
    ends: Sequence[tuple[str, str]] = ENDS,
    ducts: Mapping[str, tuple[str, ...]] | None = None,
    nodes: Sequence[str] = NODES,
) -> Topology:
    """Links between `ends`, named "A-B"; `ducts`: links by id of the duct that they share."""
    return Topology(
        name="square",
        sites=tuple(Site(id=n, longitude=i, latitude=50.0) for i, n in enumerate(nodes)),
        nodes=tuple(Node(id=n, site=n) for n in nodes),
        links=tuple(
            Link(
                id=f"{a}-{b}",
                a=a,
                b=b,
                capacity_bps=10e9,
                members=2,
                length_km=200.0,
                propagation_s=0.001,
            )
            for a, b in ends
        ),
        shared_risk_groups=tuple(
            SharedRiskGroup(id=i, kind="duct", place=links[0][0], links=links, shared_km=5.0)
            for i, links in (ducts or {}).items()
        ),
    )


def inventory(
    built: Topology | None = None,
    demands: Sequence[tuple[str, str, float]] = DEMANDS,
    traffic_class: TrafficClass = TrafficClass.BUSINESS,
    planned_work: tuple[PlannedWork, ...] = (),
    services: Sequence[tuple[str, str]] = (("A", "B"),),
) -> Inventory:
    """On record: `demands` (bit/s) all day long, a probe and a service per pair of `services`."""
    on = built or topology()
    nodes = tuple(n.id for n in on.nodes)
    return Inventory(
        topology=on,
        intended=default_configuration(on),
        services=tuple(
            Service(
                id=f"svc-{a}{b}",
                customer="Example",
                traffic_class=traffic_class,
                pairs=((a, b),),
                objective=ServiceLevelObjective(loss=0.005, delay_s=0.05, availability=0.999),
            )
            for a, b in services
        ),
        peak_traffic=TrafficMatrix.from_demands(
            nodes,
            [
                Demand(source=a, target=b, traffic_class=traffic_class, rate_bps=rate)
                for a, b, rate in demands
            ],
        ),
        profile=DailyProfile(hourly=(1.0,) * 24),
        probes=tuple(
            ProbePath(source=a, target=b, traffic_class=traffic_class) for a, b in services
        ),
        planned_work=planned_work,
    )


def tracker_of(known: Inventory) -> Tracker:
    """A tracker that has seen nothing yet, of devices that run what is intended."""
    return Tracker(known, known.intended, partial(offered_totals, Twin(known)))


def loads_of(known: Inventory) -> FloatArray:
    """(n_arcs,) what each egress sends when all is well, bit/s."""
    twin = Twin(known)
    return offered_totals(twin, twin.state())


class Counters:
    """Cumulative counters of every arc of `on`. All devices are read at the end of a round."""

    def __init__(self, on: Topology | None = None, starts_s: float = START_S) -> None:
        self._on = on or topology()
        arcs = self._on.n_arcs
        self.now_s = starts_s
        self._sent = np.zeros((arcs, 3))
        self._dropped = np.zeros((arcs, 3))
        self._received = np.zeros(arcs)

    def read(self) -> list[InterfaceCounters]:
        """A reading of every device, now, in the order of the topology."""
        return [self.read_device(node.id) for node in self._on.nodes]

    def read_device(self, node: str) -> InterfaceCounters:
        """A reading of one device, now."""
        links = tuple(link.id for link in self._on.links_at(node))
        out = np.array([self._on.arc_of(Interface(node=node, link=x)) for x in links], np.int64)
        return InterfaceCounters(
            received_s=self.now_s,
            time_s=self.now_s,
            node=node,
            links=links,
            sent_bytes=self._sent[out],
            dropped_bytes=self._dropped[out],
            received_bytes=self._received[out ^ 1],
        )

    def after(
        self,
        sent_bps: FloatArray,
        *,
        dropped: Mapping[int, float] | None = None,
        lost: Mapping[int, float] | None = None,
        seconds: float = ROUND_S,
    ) -> list[InterfaceCounters]:
        """The readings after `seconds` more at `sent_bps` (n_arcs,), all business.

        `dropped`: share of what was offered that an arc's egress dropped, and counted.
        `lost`: share of what an arc's egress sent that the far end did not receive.
        """
        sent = sent_bps * seconds / 8
        share, silent = np.zeros(len(sent)), np.zeros(len(sent))
        for arc, fraction in (dropped or {}).items():
            share[arc] = fraction
        for arc, fraction in (lost or {}).items():
            silent[arc] = fraction
        self.now_s += seconds
        self._sent[:, 1] += sent
        self._dropped[:, 1] += sent * share / (1 - share)
        self._received += sent * (1 - silent)
        return self.read()


def unread(record: InterfaceCounters) -> InterfaceCounters:
    """The device was asked, and did not answer."""
    return replace(
        record,
        sent_bytes=np.full_like(record.sent_bytes, np.nan),
        dropped_bytes=np.full_like(record.dropped_bytes, np.nan),
        received_bytes=np.full_like(record.received_bytes, np.nan),
    )


def adjacency(time_s: float, node: str, link: str, *, up: bool) -> AdjacencyEvent:
    """`node` reports, and it is heard at once."""
    return AdjacencyEvent(received_s=time_s, time_s=time_s, node=node, link=link, up=up)


def flows(
    rates_bps: FloatArray,
    until_s: float,
    *,
    counts: FloatArray | None = None,
    sources: FloatArray | None = None,
    fan_out: FloatArray | None = None,
) -> FlowRound:
    """Five minutes of flow records. `counts`, `sources` (n, n), `fan_out` (n,): not counted if not
    given.
    """
    unknown = np.full(rates_bps.shape[1:], np.nan)
    return FlowRound(
        received_s=until_s,
        from_s=until_s - 300.0,
        until_s=until_s,
        rates_bps=rates_bps,
        flows=unknown if counts is None else counts,
        sources=unknown if sources is None else sources,
        fan_out=np.full(rates_bps.shape[1], np.nan) if fan_out is None else fan_out,
    )


def probes(
    known: Inventory,
    time_s: float,
    *,
    lost: float = 0.0,
    sent: float = 100,
    delay_s: float = 0.002,
) -> ProbeRound:
    """Every probe sends `sent` packets and loses the share `lost` of them."""
    count = len(known.probes)
    return ProbeRound(
        received_s=time_s,
        paths=known.probes,
        sent=np.full(count, float(sent)),
        lost=np.full(count, lost * sent),
        delay_s=np.full(count, delay_s),
    )
