"""What-if loads: against routing everything again, and by hand on four nodes."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.physics.networks import (
    SNDLIB,
    TOPOZOO,
    compiled_with_weights,
    one_demand,
    published_topology,
)
from twin.errors import BadInput
from twin.physics import incremental
from twin.physics.changes import Changes
from twin.physics.compiled import NO_ARC, CompiledTopology, FloatArray, IntArray, compile_topology
from twin.physics.incremental import Incremental
from twin.physics.loads import arriving_loads
from twin.physics.routing import UNREACHABLE, route

SQUARE = [(0, 1), (0, 2), (1, 3), (2, 3)]
EXACT = 1e-12
"""Of the larger of an arc's loads before and after; of the load after it is EXACT_AFTER."""
EXACT_AFTER = 1e-9


def from_scratch(
    compiled: CompiledTopology, weights: IntArray, traffic: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The oracle: loads (n_arcs, K) and unserved (K) with everything routed again."""
    routing = route(compiled, weights)
    cut_off = routing.distance.T == UNREACHABLE
    return arriving_loads(compiled, routing, traffic[None])[:, 0], traffic[:, cut_off].sum(axis=1)


def assert_same(found: FloatArray, wanted: FloatArray, base: FloatArray) -> None:
    """To 1e-12 of the larger of before and after, to 1e-9 of after, and 0 where 0 is right."""
    assert (found[wanted == 0] == 0).all()
    error = np.abs(found - wanted)
    assert (error <= EXACT * np.maximum(base, wanted)).all()
    assert (error <= EXACT_AFTER * wanted).all()


def assert_exact(inc: Incremental, traffic: FloatArray, changes: Changes) -> None:
    """Every scenario of `changes` is what routing from scratch makes of it."""
    loads, unserved = inc.class_loads_after(changes)
    for s in range(len(changes)):
        weights = inc.weights.copy()
        span = slice(changes.first[s], changes.first[s + 1])
        weights[changes.arcs[span]] = changes.weights[span]
        wanted, cut_off = from_scratch(inc.compiled, weights, traffic)
        assert_same(loads[s], wanted, inc.loads)
        assert unserved[s] == pytest.approx(cut_off, rel=EXACT, abs=EXACT * traffic.sum())


def after(
    compiled: CompiledTopology, weights: IntArray, traffic: FloatArray, *scenarios: dict[int, int]
) -> list[list[float]]:
    """Loads after each scenario, of one traffic matrix (1, 1, n, n)."""
    inc = Incremental(compiled, weights, traffic[0])
    loads: list[list[float]] = inc.loads_after(Changes.of(scenarios)).tolist()
    return loads


def down(*links: int) -> dict[int, int]:
    """Both directions of `links` fail."""
    return {arc: NO_ARC for link in links for arc in (2 * link, 2 * link + 1)}


@pytest.mark.parametrize("name", SNDLIB + TOPOZOO)
def test_every_single_failure_is_what_routing_again_finds(name: str) -> None:
    compiled = compile_topology(published_topology(name))
    n = compiled.n_nodes
    traffic = np.random.default_rng(n).uniform(0.1, 10.0, (1, n, n)) * ~np.eye(n, dtype=bool)
    inc = Incremental(compiled, np.full(compiled.n_arcs, 10, dtype=np.int64), traffic)
    assert_exact(inc, traffic, Changes.each_link(compiled.n_arcs // 2))


@st.composite
def networks(draw: st.DrawFn) -> tuple[CompiledTopology, IntArray, FloatArray]:
    """Two classes of traffic; parallel links, missing arcs, ties and isolated nodes occur."""
    n = draw(st.integers(2, 9))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] != p[1])
    ends = draw(st.lists(pairs, min_size=1, max_size=20))
    compiled, _ = compiled_with_weights(n, ends)
    arcs = compiled.n_arcs
    weights = draw(st.lists(st.integers(0, 4), min_size=arcs, max_size=arcs))
    rates = draw(st.lists(st.integers(0, 9), min_size=2 * n * n, max_size=2 * n * n))
    traffic = np.array(rates, dtype=np.float64).reshape(2, n, n) * ~np.eye(n, dtype=bool)
    return compiled, np.array(weights, dtype=np.int64), traffic


def scenarios(
    n_arcs: int, weights: st.SearchStrategy[int]
) -> st.SearchStrategy[list[dict[int, int]]]:
    """Lists of scenarios, which may be empty and may change nothing."""
    arcs = st.integers(0, n_arcs - 1)
    return st.lists(st.dictionaries(arcs, weights, max_size=8), min_size=1, max_size=5)


@pytest.mark.slow
@settings(max_examples=400)
@given(networks(), st.data())
def test_any_change_is_what_routing_again_finds(
    network: tuple[CompiledTopology, IntArray, FloatArray], data: st.DataObject
) -> None:
    compiled, weights, traffic = network
    drawn = data.draw(scenarios(compiled.n_arcs, st.integers(0, 6)))
    assert_exact(Incremental(compiled, weights, traffic), traffic, Changes.of(drawn))


@pytest.mark.slow
@settings(max_examples=300)
@given(networks(), st.data())
def test_any_failure_is_what_routing_again_finds(
    network: tuple[CompiledTopology, IntArray, FloatArray], data: st.DataObject
) -> None:
    compiled, weights, traffic = network
    drawn = data.draw(scenarios(compiled.n_arcs, st.just(NO_ARC)))
    assert_exact(Incremental(compiled, weights, traffic), traffic, Changes.of(drawn))


def assert_pairs_add_up(inc: Incremental, events: Changes) -> None:
    """Pairs of events, added up where they do not meet, against both events in one scenario."""
    pairs = np.array(list(combinations(range(len(events)), 2)), dtype=np.int64).reshape(-1, 2)
    capacity = np.full(inc.compiled.n_arcs, 7.0)
    quick = inc.sweep_pairs(events, pairs, capacity, limit=1.3)
    plain = inc.sweep(events.combined(pairs), capacity, limit=1.3)
    assert quick.max_utilisation == pytest.approx(plain.max_utilisation, rel=EXACT)
    assert quick.unserved_bps == pytest.approx(plain.unserved_bps, rel=EXACT, abs=1e-9)
    assert quick.excess_bps == pytest.approx(plain.excess_bps, rel=EXACT, abs=1e-9)


@pytest.mark.slow
@settings(max_examples=300)
@given(networks(), st.data())
def test_pairs_of_events_are_both_events_at_once(
    network: tuple[CompiledTopology, IntArray, FloatArray], data: st.DataObject
) -> None:
    compiled, weights, traffic = network
    events = Changes.failing(
        data.draw(
            st.lists(
                st.sets(st.integers(0, compiled.n_arcs - 1), max_size=4), min_size=2, max_size=6
            )
        )
    )
    assert_pairs_add_up(Incremental(compiled, weights, traffic), events)


@pytest.mark.parametrize("name", ["sndlib/polska", "sndlib/norway", "topozoo/Geant2012"])
def test_every_double_failure_is_what_routing_again_finds(name: str) -> None:
    compiled = compile_topology(published_topology(name))
    n, links = compiled.n_nodes, compiled.n_arcs // 2
    traffic = np.random.default_rng(n).uniform(0.1, 10.0, (1, n, n)) * ~np.eye(n, dtype=bool)
    inc = Incremental(compiled, np.full(compiled.n_arcs, 10, dtype=np.int64), traffic)
    assert_pairs_add_up(inc, Changes.each_link(links))
    pairs = np.array(list(combinations(range(links), 2)), dtype=np.int64)[::7]
    assert_exact(inc, traffic, Changes.each_link(links).combined(pairs))


def test_pairs_are_the_same_when_their_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = compile_topology(published_topology("sndlib/polska"))
    n = compiled.n_nodes
    inc = Incremental(compiled, np.full(compiled.n_arcs, 10, np.int64), np.ones((1, n, n)))
    events = Changes.each_link(compiled.n_arcs // 2)
    for memory in (0, 30_000):
        monkeypatch.setattr(incremental, "PAIR_BYTES", memory)
        assert_pairs_add_up(inc, events)


def test_pairs_refuse_an_event_that_strengthens() -> None:
    compiled, weights = compiled_with_weights(4, SQUARE)
    inc = Incremental(compiled, weights, one_demand(4, 0, 3)[0])
    with pytest.raises(BadInput, match="only weaken"):
        inc.sweep_pairs(Changes.of([down(0), {2: 5}]), np.array([[0, 1]]), np.ones(8))


def test_a_scenario_is_the_same_whatever_ran_before_it_and_beside_it() -> None:
    compiled = compile_topology(published_topology("sndlib/germany50"))
    n = compiled.n_nodes
    traffic = np.random.default_rng(3).uniform(0.0, 1.0, (1, n, n))
    inc = Incremental(compiled, np.full(compiled.n_arcs, 10, np.int64), traffic)
    links = compiled.n_arcs // 2
    once = inc.loads_after(Changes.each_link(links))
    many = inc.loads_after(Changes.failing(down(i % links) for i in range(20 * links)))
    assert (many == np.tile(once, (20, 1))).all()
    # A few are worked out one by one, many together.
    few = [inc.loads_after(Changes.failing([down(i)]))[0] for i in range(links)]
    assert (once == np.stack(few)).all()
    capacity = np.ones(compiled.n_arcs)
    changes = Changes.failing(down(i % links) for i in range(20 * links))
    alone = inc.sweep(changes, capacity)
    shared = inc.sweep(changes, capacity, threads=2)
    for name in ("max_utilisation", "busiest", "unserved_bps", "over_limit", "excess_bps"):
        assert (getattr(alone, name) == getattr(shared, name)).all()


def test_sweep_reads_what_the_loads_say() -> None:
    # Square of 12 from 0 to 3; arcs of 10 carry 12 where the other side is down, else 6 and 6.
    compiled, weights = compiled_with_weights(4, SQUARE)
    inc = Incremental(compiled, weights, one_demand(4, 0, 3)[0])
    sweep = inc.sweep(Changes.of([{}, down(0), down(0, 1)]), np.full(8, 10.0))
    assert sweep.max_utilisation.tolist() == [0.6, 1.2, 0.0]
    assert sweep.busiest.tolist() == [0, 2, 0]
    assert sweep.over_limit.tolist() == [0, 2, 0]
    assert sweep.unserved_bps.tolist() == [0.0, 0.0, 12.0]
    # Both arcs of the way are offered 2 too many: the second is not told what the first drops.
    assert sweep.excess_bps.tolist() == [0.0, 4.0, 0.0]


def test_failed_link_carries_nothing_and_the_other_side_all() -> None:
    compiled, weights = compiled_with_weights(4, SQUARE)
    loads = after(compiled, weights, one_demand(4, 0, 3), down(0), down(2), down(3))
    assert loads[0] == loads[1] == [0, 0, 12, 0, 0, 0, 12, 0]
    assert loads[2] == [12, 0, 0, 0, 12, 0, 0, 0]


def test_one_direction_may_fail_alone() -> None:
    compiled, weights = compiled_with_weights(4, SQUARE)
    both_ways = one_demand(4, 0, 3) + one_demand(4, 3, 0)
    loads = after(compiled, weights, both_ways, {0: NO_ARC})
    assert loads == [[0, 6, 12, 6, 0, 6, 12, 6]]


def test_isolated_node_is_unserved_and_disturbs_nobody() -> None:
    # Node 4 has no link at all. It is owed 5, and node 3 owes it 2.
    compiled, weights = compiled_with_weights(5, SQUARE)
    traffic = one_demand(5, 0, 3) + one_demand(5, 0, 4, 5.0) + one_demand(5, 4, 3, 2.0)
    inc = Incremental(compiled, weights, traffic[0])
    assert inc.unserved_bps.tolist() == [7.0]
    loads, unserved = inc.class_loads_after(Changes.of([down(0)]))
    assert loads[0, :, 0].tolist() == [0, 0, 12, 0, 0, 0, 12, 0]
    assert unserved.tolist() == [[7.0]]


def test_node_that_is_cut_off_takes_its_traffic_along() -> None:
    # 1 loses both links: what it sends and gets is unserved, the rest goes over 2.
    compiled, weights = compiled_with_weights(4, SQUARE)
    traffic = one_demand(4, 0, 3) + one_demand(4, 1, 3, 4.0) + one_demand(4, 2, 1, 8.0)
    loads, unserved = Incremental(compiled, weights, traffic[0]).class_loads_after(
        Changes.of([down(0, 2)])
    )
    assert loads[0, :, 0].tolist() == [0, 0, 12, 0, 0, 0, 12, 0]
    assert unserved.tolist() == [[12.0]]


def test_zero_demand_gives_zero_loads_before_and_after() -> None:
    compiled, weights = compiled_with_weights(4, SQUARE)
    assert after(compiled, weights, np.zeros((1, 1, 4, 4)), {}, down(0), {0: 3}) == [[0.0] * 8] * 3


def test_parallel_link_takes_over_from_its_twin() -> None:
    # Two links 0-1 and one 0-2: thirds. When one twin fails, halves, as the costs are as before.
    compiled, weights = compiled_with_weights(4, [(0, 1), (1, 0), (0, 2), (1, 3), (2, 3)])
    loads = after(compiled, weights, one_demand(4, 0, 3), {}, down(0), down(1), down(0, 1))
    assert loads[0] == pytest.approx([4, 0, 0, 4, 4, 0, 8, 0, 4, 0])
    assert loads[1] == pytest.approx([0, 0, 0, 6, 6, 0, 6, 0, 6, 0])
    assert loads[2] == pytest.approx([6, 0, 0, 0, 6, 0, 6, 0, 6, 0])
    assert loads[3] == pytest.approx([0, 0, 0, 0, 12, 0, 0, 0, 12, 0])


def test_equal_cost_ties_are_made_and_broken_by_one_unit_of_weight() -> None:
    # 20 on either side. Raising 0-1 by 1 breaks the tie, lowering it by 1 draws all, and where the
    # other side is 1 dearer in the base, lowering it by 1 makes the tie.
    compiled, weights = compiled_with_weights(4, SQUARE)
    loads = after(compiled, weights, one_demand(4, 0, 3), {0: 11}, {0: 9}, {0: 11, 2: 11})
    assert loads[0] == [0, 0, 12, 0, 0, 0, 12, 0]
    assert loads[1] == [12, 0, 0, 0, 12, 0, 0, 0]
    assert loads[2] == [6, 0, 6, 0, 6, 0, 6, 0]
    uneven = weights.copy()
    uneven[2] = 11
    assert after(compiled, uneven, one_demand(4, 0, 3), {2: 10}) == [[6, 0, 6, 0, 6, 0, 6, 0]]


def test_ties_hold_where_floating_point_would_break_them() -> None:
    # Three arcs of 1 against one of 3, ten times as tenths: 0.1 + 0.1 + 0.1 > 0.3 in binary. As
    # integers they tie, in the base as after another link of the same node has failed.
    compiled, weights = compiled_with_weights(
        4, [(0, 1), (1, 2), (2, 3), (0, 3), (0, 3)], [1, 1, 1, 3, 3]
    )
    loads = after(compiled, weights, one_demand(4, 0, 3), {}, down(4))
    assert loads[0][0::2] == pytest.approx([4, 4, 4, 4, 4])
    assert loads[1][0::2] == pytest.approx([6, 6, 6, 6, 0])


def test_asymmetric_weights_change_one_direction_only() -> None:
    compiled, weights = compiled_with_weights(4, SQUARE)
    both_ways = one_demand(4, 0, 3) + one_demand(4, 3, 0)
    loads = after(compiled, weights, both_ways, {1: 30}, {0: 30})
    # Arc 1 leads from 1 to 0: the way back avoids it, the way there stays split.
    assert loads[0] == [6, 0, 6, 12, 6, 0, 6, 12]
    assert loads[1] == [0, 6, 12, 6, 0, 6, 12, 6]


def test_partitioned_network_serves_each_part_and_is_joined_again() -> None:
    # 0-1 and 2-3 without a link between them in the base; 1-2 exists but is down there.
    compiled, weights = compiled_with_weights(4, [(0, 1), (2, 3), (1, 2)], [10, 10, 0])
    traffic = one_demand(4, 0, 1, 3.0) + one_demand(4, 0, 3) + one_demand(4, 3, 2, 5.0)
    inc = Incremental(compiled, weights, traffic[0])
    assert inc.loads[:, 0].tolist() == [3, 0, 0, 5, 0, 0]
    assert inc.unserved_bps.tolist() == [12.0]
    loads, unserved = inc.class_loads_after(Changes.of([{4: 10, 5: 10}, {4: 10}, {5: 10}, down(0)]))
    assert loads[:, :, 0].tolist() == [
        [15, 0, 12, 5, 12, 0],
        [15, 0, 12, 5, 12, 0],
        [3, 0, 0, 5, 0, 0],
        [0, 0, 0, 5, 0, 0],
    ]
    assert unserved[:, 0].tolist() == [0, 0, 12, 15]


def test_scenarios_that_cannot_be_are_refused() -> None:
    compiled, weights = compiled_with_weights(4, SQUARE)
    inc = Incremental(compiled, weights, one_demand(4, 0, 3)[0])
    for scenario, words in (({8: 1}, "arc outside 0..7"), ({0: -1}, "weight below 1")):
        with pytest.raises(BadInput, match=words):
            inc.loads_after(Changes.of([scenario]))
    with pytest.raises(BadInput, match="traffic has shape"):
        Incremental(compiled, weights, np.zeros((1, 3, 3)))
    with pytest.raises(BadInput, match="weights must be"):
        Incremental(compiled, -weights, one_demand(4, 0, 3)[0])


def cascade_from_scratch(
    inc: Incremental, traffic: FloatArray, limit: FloatArray, changes: dict[int, int]
) -> tuple[list[tuple[int, ...]], FloatArray, FloatArray]:
    """The oracle: the links of each round, and loads and unserved after the last."""
    weights = inc.weights.copy()
    weights[list(changes)] = list(changes.values())
    rounds: list[tuple[int, ...]] = []
    while True:
        loads, cut_off = from_scratch(inc.compiled, weights, traffic)
        beyond = np.flatnonzero(loads.sum(axis=1) > limit * (1 + 1e-9) + 1e-9)
        links = tuple(sorted({int(arc) // 2 for arc in beyond}))
        if not links:
            return rounds, loads, cut_off
        rounds.append(links)
        for link in links:
            weights[2 * link : 2 * link + 2] = NO_ARC


def assert_cascades(
    inc: Incremental, traffic: FloatArray, limit: FloatArray, scenarios: list[dict[int, int]]
) -> None:
    """Every cascade is the one of the oracle."""
    found = inc.cascades(Changes.of(scenarios), limit)
    for s, scenario in enumerate(scenarios):
        rounds, loads, cut_off = cascade_from_scratch(inc, traffic, limit, scenario)
        assert list(found.rounds(s)) == rounds
        assert found.loads[s] == pytest.approx(loads, rel=EXACT_AFTER, abs=1e-11 * traffic.sum())
        assert found.unserved_bps[s] == pytest.approx(cut_off, rel=EXACT_AFTER)


@pytest.mark.slow
@pytest.mark.parametrize("trip_at", [1.05, 1.2, 1.5, 3.0])
@pytest.mark.parametrize("name", ["sndlib/germany50", "sndlib/polska", "topozoo/Geant2012"])
def test_every_cascade_is_the_one_that_routing_again_finds(name: str, trip_at: float) -> None:
    compiled = compile_topology(published_topology(name))
    n = compiled.n_nodes
    traffic = np.random.default_rng(n).uniform(0.1, 10.0, (2, n, n)) * ~np.eye(n, dtype=bool)
    inc = Incremental(compiled, np.full(compiled.n_arcs, 10, np.int64), traffic)
    limit = trip_at * inc.loads.sum(axis=1)
    assert_cascades(inc, traffic, limit, [down(i) for i in range(compiled.n_arcs // 2)])


@pytest.mark.slow
@settings(max_examples=200)
@given(networks(), st.data())
def test_any_cascade_is_the_one_that_routing_again_finds(
    network: tuple[CompiledTopology, IntArray, FloatArray], data: st.DataObject
) -> None:
    compiled, weights, traffic = network
    inc = Incremental(compiled, weights, traffic)
    limit = np.array(
        data.draw(st.lists(st.integers(0, 40), min_size=compiled.n_arcs, max_size=compiled.n_arcs)),
        dtype=np.float64,
    )
    drawn = data.draw(scenarios(compiled.n_arcs, st.integers(0, 6)))
    assert_cascades(inc, traffic, limit, drawn)


def test_cascade_goes_round_by_round() -> None:
    # 12 from 0 to 3 and three ways: over 1, over 2 (dearer), and the direct link (dearest), which
    # has room for 20 and the others for 10.
    compiled, weights = compiled_with_weights(4, [*SQUARE, (0, 3)], [10, 12, 10, 12, 30])
    inc = Incremental(compiled, weights, one_demand(4, 0, 3)[0])
    changes = Changes.of([down(0), {}, down(4)])
    found = inc.cascades(changes, np.array([10.0] * 8 + [20.0] * 2))
    assert found.rounds(0) == ((1, 3),)
    assert found.loads[0, :, 0].tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 12, 0]
    # Nothing fails in the second scenario, but 12 is beyond 10 from the start.
    assert found.rounds(1) == found.rounds(2) == ((0, 2), (1, 3))
    assert found.unserved_bps[:, 0].tolist() == [0.0, 0.0, 12.0]


def test_link_that_comes_back_and_trips_leaves_the_base_which_trips_in_its_turn() -> None:
    # 12 from 0 to 3 over 1. The direct link comes back, has room for 5, trips, and 12 are too many
    # for the way over 1 as well.
    compiled, weights = compiled_with_weights(4, [(0, 1), (1, 3), (0, 3)], [10, 10, 0])
    inc = Incremental(compiled, weights, one_demand(4, 0, 3)[0])
    limit = np.array([20.0, 20.0, 10.0, 10.0, 5.0, 5.0])
    found = inc.cascades(Changes.of([{4: 10}]), limit)
    assert found.rounds(0) == ((2,), (1,))
    assert found.unserved_bps.tolist() == [[12.0]]


def test_link_at_its_limit_holds() -> None:
    # A third of 12 three times over is 12 only up to rounding.
    compiled, weights = compiled_with_weights(5, [(0, 1), (0, 1), (0, 1), (1, 2), (3, 4)], [10] * 5)
    inc = Incremental(compiled, weights, one_demand(5, 0, 2, 0.1)[0])
    found = inc.cascades(Changes.of([down(4), down(0)]), 1.0 * inc.loads.sum(axis=1))
    assert found.rounds(0) == ()
    assert found.rounds(1) == ((1, 2),)
