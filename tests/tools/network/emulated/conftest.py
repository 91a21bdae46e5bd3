"""A network of six routers, worked out by hand, and a way to start it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tools.network.emulated import CaseWorld, EmulatedNetwork
from tools.network.emulated.case_truth import CaseTruth
from twin.nouns.configuration import default_configuration
from twin.nouns.inventory import Inventory, ProbePath
from twin.nouns.service import Service, ServiceLevelObjective
from twin.nouns.topology import Link, Node, SharedRiskGroup, Site, Topology
from twin.nouns.traffic import TRAFFIC_CLASSES, DailyProfile, TrafficClass, TrafficMatrix

STARTS_S = 1_800_000_000.0
NODES = ("A", "B", "C", "D", "E", "F")
# A-B-C-D-E-F-A is a ring; B-E is a chord; A-B is joined twice.
LINKS = (
    ("A-B-1", "A", "B"),
    ("A-B-2", "A", "B"),
    ("B-C", "B", "C"),
    ("C-D", "C", "D"),
    ("D-E", "D", "E"),
    ("E-F", "E", "F"),
    ("F-A", "F", "A"),
    ("B-E", "B", "E"),
)


@pytest.fixture
def designed() -> Inventory:
    """Ten Gbit/s links in two members, half a Gbit/s between every two nodes, flat all day."""
    topology = Topology(
        name="six",
        sites=tuple(Site(id=n, longitude=i, latitude=50.0) for i, n in enumerate(NODES)),
        nodes=tuple(Node(id=n, site=n) for n in NODES),
        links=tuple(
            Link(
                id=id_,
                a=a,
                b=b,
                capacity_bps=10e9,
                members=2,
                length_km=200.0,
                propagation_s=0.001,
            )
            for id_, a, b in LINKS
        ),
        shared_risk_groups=(
            SharedRiskGroup(
                id="duct-1", kind="duct", place="A", links=("A-B-1", "F-A"), shared_km=5.0
            ),
            SharedRiskGroup(
                id="duct-2", kind="duct", place="E", links=("D-E", "E-F"), shared_km=5.0
            ),
        ),
    )
    rates = np.full((3, 6, 6), 0.5e9) * np.array([0.1, 0.4, 0.5])[:, None, None]
    rates[:, range(6), range(6)] = 0.0
    services = tuple(
        Service(
            id=f"svc-{a}{b}",
            customer="Example",
            traffic_class=TrafficClass.BUSINESS,
            pairs=((a, b), (b, a)),
            objective=ServiceLevelObjective(loss=0.001, delay_s=0.05, availability=0.999),
        )
        for a, b in (("A", "B"), ("A", "C"), ("F", "C"))
    )
    return Inventory(
        topology=topology,
        intended=default_configuration(topology),
        services=services,
        peak_traffic=TrafficMatrix(NODES, rates),
        profile=DailyProfile(hourly=(1.0,) * 24),
        probes=tuple(
            ProbePath(source=a, target=b, traffic_class=k)
            for a, b in (("A", "B"), ("B", "A"), ("F", "C"), ("A", "D"))
            for k in TRAFFIC_CLASSES
        ),
    )


Start = Callable[..., EmulatedNetwork]


@pytest.fixture
def start(designed: Inventory, tmp_path: Path) -> Iterator[Start]:
    """Starts a network in a file of its own: `start(mismatch=1, scale=1.0, truth=..., seed=3)`."""
    running = []

    def begin(
        truth: CaseTruth | None = None,
        *,
        mismatch: int = 1,
        scale: float = 1.0,
        seed: int = 3,
        name: str = "six",
        inventory: Inventory | None = None,
    ) -> EmulatedNetwork:
        base = inventory if inventory is not None else designed
        scaled = replace(base, peak_traffic=base.peak_traffic.scaled(scale))
        world = CaseWorld.model_validate(
            {
                "id": "case-0",
                "topology": "six",
                "mismatch": mismatch,
                "starts_s": STARTS_S,
                "duration_s": 7200.0,
            }
        )
        path = tmp_path / f"{name}.db"
        network = EmulatedNetwork.create(path, name, scaled, world, truth or CaseTruth(), seed)
        running.append(network)
        return network

    yield begin
    for network in running:
        network.close()
