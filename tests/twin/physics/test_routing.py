"""Routing and loads: against published loads, and by hand on four nodes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.physics.networks import (
    SNDLIB,
    TOPOZOO,
    compiled_with_weights,
    one_demand,
    published_demand,
    published_modes,
    published_topology,
    topology_of,
)
from twin.nouns.configuration import default_configuration
from twin.nouns.topology import Interface
from twin.physics.compiled import arc_weights, compile_topology
from twin.physics.loads import arriving_loads
from twin.physics.routing import UNREACHABLE, destinations_using, route

HALF_OF_THE_LAST_DIGIT = 0.005 + 1e-6


@pytest.mark.parametrize(
    ("name", "mode"), [(name, mode) for name in SNDLIB + TOPOZOO for mode in published_modes(name)]
)
def test_loads_match_those_that_topohub_publishes(name: str, mode: str) -> None:
    topology = published_topology(name)
    demand, published = published_demand(name, mode)
    compiled = compile_topology(topology)
    weights = arc_weights(topology, default_configuration(topology))
    loads = arriving_loads(compiled, route(compiled, weights), demand[None, None])[:, 0, 0]
    assert np.abs(100 * loads / loads.max() - published).max() <= HALF_OF_THE_LAST_DIGIT


SQUARE = [(0, 1), (0, 2), (1, 3), (2, 3)]


def test_equal_cost_paths_share_evenly() -> None:
    compiled, weights = compiled_with_weights(4, SQUARE)
    loads = arriving_loads(compiled, route(compiled, weights), one_demand(4, 0, 3))[:, 0, 0]
    assert loads.tolist() == [6, 0, 6, 0, 6, 0, 6, 0]


def test_the_cheaper_path_takes_all() -> None:
    compiled, weights = compiled_with_weights(4, SQUARE, [10, 11, 10, 10])
    loads = arriving_loads(compiled, route(compiled, weights), one_demand(4, 0, 3))[:, 0, 0]
    assert loads.tolist() == [12, 0, 0, 0, 12, 0, 0, 0]


def test_parallel_links_are_next_hops_of_their_own() -> None:
    # Two links 0-1 and one 0-2: the split is over three links, not over two neighbours.
    compiled, weights = compiled_with_weights(4, [(0, 1), (1, 0), (0, 2), (1, 3), (2, 3)])
    loads = arriving_loads(compiled, route(compiled, weights), one_demand(4, 0, 3))[:, 0, 0]
    assert loads.tolist() == pytest.approx([4, 0, 0, 4, 4, 0, 8, 0, 4, 0])


def test_the_split_is_per_hop_and_not_per_path() -> None:
    # 0 splits over 1 and 2; 1 splits again over two links to 3: 6, 6 and then 3, 3, 6.
    compiled, weights = compiled_with_weights(4, [(0, 1), (0, 2), (1, 3), (1, 3), (2, 3)])
    loads = arriving_loads(compiled, route(compiled, weights), one_demand(4, 0, 3))[:, 0, 0]
    assert loads[0::2].tolist() == [6, 6, 3, 3, 6]


def test_weights_of_the_two_directions_are_apart() -> None:
    compiled, weights = compiled_with_weights(4, SQUARE)
    weights[0] = 30  # From 0 to 1 only.
    routing = route(compiled, weights)
    there = arriving_loads(compiled, routing, one_demand(4, 0, 3))[:, 0, 0]
    back = arriving_loads(compiled, routing, one_demand(4, 3, 0))[:, 0, 0]
    assert there.tolist() == [0, 0, 12, 0, 0, 0, 12, 0]
    assert back.tolist() == [0, 6, 0, 6, 0, 6, 0, 6]


def test_node_without_path_is_unreachable_and_loads_nothing() -> None:
    compiled, weights = compiled_with_weights(4, SQUARE)
    weights[[4, 5, 6, 7]] = 0
    routing = route(compiled, weights)
    assert routing.distance[3].tolist() == [UNREACHABLE, UNREACHABLE, UNREACHABLE, 0]
    assert not arriving_loads(compiled, routing, one_demand(4, 0, 3)).any()


def test_shutting_one_end_down_takes_both_directions_out() -> None:
    topology = topology_of(4, SQUARE)
    running = default_configuration(topology)
    interface = running.device("0").interface("L0").model_copy(update={"shut_down": True})
    weights = arc_weights(topology, running.with_interface("0", interface))
    assert weights.tolist() == [0, 0, 10, 10, 10, 10, 10, 10]


def test_down_link_and_drained_link_differ() -> None:
    topology = topology_of(4, SQUARE)
    running = default_configuration(topology)
    drained = running.device("1").interface("L2").model_copy(update={"drained": True})
    weights = arc_weights(topology, running.with_interface("1", drained), {"L3"})
    assert weights.tolist() == [10, 10, 10, 10, 65_535, 10, 0, 0]
    assert topology.arc_of(Interface(node="1", link="L2")) == 4


def test_a_part_of_the_destinations_routes_as_all_do() -> None:
    compiled, weights = compiled_with_weights(4, SQUARE)
    everything = route(compiled, weights)
    part = route(compiled, weights, np.array([3]))
    traffic = one_demand(4, 0, 3)
    assert (part.distance[0] == everything.distance[3]).all()
    assert (
        arriving_loads(compiled, part, traffic) == arriving_loads(compiled, everything, traffic)
    ).all()
    assert destinations_using(part, 8)[0].tolist() == [1, 0, 1, 0, 1, 0, 1, 0]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_what_enters_leaves_at_every_node(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 9))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] != p[1])
    ends = data.draw(st.lists(pairs, min_size=1, max_size=20))
    weight = st.lists(st.integers(0, 3), min_size=2 * len(ends), max_size=2 * len(ends))
    compiled = compile_topology(topology_of(n, ends))
    routing = route(compiled, np.array(data.draw(weight), dtype=np.int64))
    target = data.draw(st.integers(0, n - 1))
    traffic = np.zeros((1, 1, n, n))
    traffic[0, 0, :, target] = np.arange(1.0, n + 1)
    traffic[0, 0, target, target] = 0.0
    loads = arriving_loads(compiled, routing, traffic)[:, 0, 0]
    reaches = routing.distance[target] >= 0
    sources = np.where(reaches, traffic[0, 0, :, target], 0.0)
    out = np.bincount(compiled.tail, loads, n)
    into = np.bincount(compiled.head, loads, n)
    surplus = out - into
    surplus[target] += sources.sum()
    assert surplus == pytest.approx(sources)
