"""The twin's delay and loss inside the 99.9 % interval of ten ns-3 runs (`make ns3`)."""

import importlib.util
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from twin.nouns.configuration import default_configuration
from twin.nouns.state import NetworkState
from twin.nouns.topology import Link, Node, Site, Topology
from twin.nouns.traffic import Demand, TrafficClass, TrafficMatrix
from twin.physics.assessment import assess
from twin.physics.queueing import PhysicsParameters

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("ns") is None, reason='ns-3 is not installed: pip install ".[ns3]"'
    ),
]

PACKET_BITS = 40_000.0
SEEDS = range(1, 11)
STUDENT = 4.781
"""99.9 %, two-sided, nine degrees of freedom."""


@dataclass(frozen=True)
class Scenario:
    """A line of `hops` links; loads relative to the line. `redraw`: each hop draws a new size."""

    hops: int
    through: float
    cross: float = 0.0
    constant: bool = False
    redraw: bool = False
    places: int = 1_000_000
    packets: int = 200_000


SCENARIOS = {
    "M/M/1": Scenario(1, 0.7),
    "M/M/1/K": Scenario(1, 0.9, places=8),
    "M/D/1": Scenario(1, 0.8, constant=True),
    "M/D/1/K": Scenario(1, 0.9, constant=True, places=8),
    "tandem of M/M/1": Scenario(3, 0.7, redraw=True),
}

KEPT_SIZES = Scenario(3, 0.05, cross=0.55, packets=50_000)
"""A packet that is long on one line is long on the next; the twin does not know that."""


def twin_of(scenario: Scenario) -> tuple[float, float]:
    """Delay in mean services and loss of the traffic that crosses all hops."""
    nodes = [f"n{i}" for i in range(scenario.hops + 1)]
    hops = list(pairwise(nodes))
    topology = Topology(
        name="line",
        sites=tuple(Site(id=n, longitude=0, latitude=0) for n in nodes),
        nodes=tuple(Node(id=n, site=n) for n in nodes),
        links=tuple(
            Link(
                id=f"{a}--{b}",
                a=a,
                b=b,
                capacity_bps=PACKET_BITS,
                members=1,
                length_km=0,
                propagation_s=0,
            )
            for a, b in hops
        ),
    )
    rates = [(nodes[0], nodes[-1], scenario.through), *((a, b, scenario.cross) for a, b in hops)]
    demands = [
        Demand(
            source=a, target=b, traffic_class=TrafficClass.BEST_EFFORT, rate_bps=load * PACKET_BITS
        )
        for a, b, load in rates
        if load > 0
    ]
    parameters = PhysicsParameters(
        packet_bits=PACKET_BITS,
        packet_size_scv=0.0 if scenario.constant else 1.0,
        voice_buffer_s=float("inf"),
        shared_buffer_s=float("inf"),
        queue_packets=scenario.places,
    )
    traffic = TrafficMatrix.from_demands(nodes, demands)
    state = NetworkState(topology, default_configuration(topology), traffic)
    result = assess(state, (), parameters)
    return float(result.delay_s[2, 0, -1]), 1.0 - float(result.delivered[2, 0, -1])


@pytest.fixture(scope="module")
def runs() -> dict[str, np.ndarray]:
    """(seeds, 2) delay and loss of each scenario."""
    scenarios = {**SCENARIOS, "kept sizes": KEPT_SIZES}
    wanted = [{"seed": seed, **asdict(s)} for s in scenarios.values() for seed in SEEDS]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("packets.py")), json.dumps(wanted)],
        capture_output=True,
        text=True,
        check=True,
    )
    answers = np.array(json.loads(done.stdout.strip().splitlines()[-1]))
    return dict(zip(scenarios, answers.reshape(len(scenarios), len(SEEDS), 2), strict=True))


@pytest.mark.parametrize("name", SCENARIOS)
def test_twin_is_inside_the_interval_of_ns3(name: str, runs: dict[str, np.ndarray]) -> None:
    delay, loss = twin_of(SCENARIOS[name])
    mean = runs[name].mean(axis=0)
    half = STUDENT * runs[name].std(axis=0, ddof=1) / np.sqrt(len(SEEDS))
    print(
        f"{name}: delay {delay:.4f}, ns-3 {mean[0]:.4f} ± {half[0]:.4f};"
        f" loss {loss:.5f}, ns-3 {mean[1]:.5f} ± {half[1]:.5f}"
    )
    # Wide intervals would prove nothing.
    assert half[0] < 0.03 * mean[0]
    assert abs(delay - mean[0]) <= half[0]
    assert abs(loss - mean[1]) <= half[1] + 1e-12


def test_independence_of_hops_costs_a_hundredth_of_the_delay(runs: dict[str, np.ndarray]) -> None:
    delay, _ = twin_of(KEPT_SIZES)
    mean = runs["kept sizes"][:, 0].mean()
    print(f"kept sizes: delay {delay:.4f}, ns-3 {mean:.4f} ({delay / mean - 1:+.2%})")
    assert delay == pytest.approx(mean, rel=0.015)
