"""The benchmarks, on networks that take no time; what they are held against holds here too."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.benchmarks import workloads
from tests.benchmarks.measure import share_outside_python
from tests.benchmarks.peers import (
    NetGraphByDestinationPeer,
    NetGraphPeer,
    NetworkXPeer,
    Peer,
    SciPyPeer,
    SortedSciPyPeer,
)
from tests.twin.physics.networks import compiled_with_weights, one_demand
from twin.physics.compiled import CompiledTopology, FloatArray, IntArray

SMALL = "sndlib/polska"


@pytest.mark.parametrize(
    "party",
    [NetworkXPeer, SciPyPeer, SortedSciPyPeer, NetGraphPeer, NetGraphByDestinationPeer],
)
def test_peer_splits_evenly_and_leaves_out_what_is_cut_off(
    party: Callable[[CompiledTopology, IntArray, FloatArray], Peer],
) -> None:
    # 12 from 0 to 3 over 1 and over 2; node 4 hangs on 3.
    compiled, weights = compiled_with_weights(5, [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)])
    demand = one_demand(5, 0, 3)[0, 0] + one_demand(5, 4, 3, 5.0)[0, 0]
    peer = party(compiled, weights, demand)
    assert peer([]).tolist() == [6, 0, 6, 0, 6, 0, 6, 0, 0, 5]
    assert peer([0]).tolist() == [0, 0, 12, 0, 0, 0, 12, 0, 0, 5]
    assert peer([0, 1, 4]).tolist() == [0.0] * 10
    assert peer([]).tolist() == [6, 0, 6, 0, 6, 0, 6, 0, 0, 5]


@pytest.mark.slow
def test_rows_agree_with_their_peers_and_say_what_was_run() -> None:
    row = workloads.single_failures(SMALL, 0.0, 4)
    assert (row.network, row.nodes, row.links, row.scenarios) == (SMALL, 12, 18, 18)
    assert set(row.seconds) == {
        "ours", "ours, base known", "NetworkX", "SciPy", "SciPy, sorted", "netgraph-core",
        "netgraph-core, by destination",
    }  # fmt: skip
    assert workloads.double_failures(SMALL, 0.0).scenarios == 18 * 17 // 2
    assert workloads.cascades(SMALL, 0.0).notes["rounds"] > 0
    assert workloads.verdicts(SMALL, 0.0, services=30).notes["services"] == 30
    grown = workloads.growth(SMALL, 0.0, with_peer=True)
    assert 0 < grown.notes["destinations touched by a failure"] <= grown.nodes


@pytest.mark.slow
def test_memory_of_a_sweep_is_more_than_that_of_the_imports() -> None:
    notes = workloads.memory(SMALL).notes
    assert (
        notes["bytes at the peak, of the sweep"] > notes["bytes at the peak, of the imports alone"]
    )


def test_loads_that_differ_are_found_out() -> None:
    with pytest.raises(AssertionError):
        workloads.assert_agree(np.array([1.0, 1.0 + 1e-7]), np.ones(2))


def test_share_outside_python_is_near_one_for_arrays_and_less_for_loops() -> None:
    net = workloads.network(SMALL)
    peer = NetworkXPeer(net.compiled, net.weights, net.demand)
    # A run of no length would be nothing but Python.
    assert share_outside_python(lambda: peer([0]), 1e-9) == 0.0
    assert share_outside_python(lambda: peer([0]), 1e9) == pytest.approx(1.0)
