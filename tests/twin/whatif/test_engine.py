"""What-ifs through the one interface, against assessing the changed state from scratch."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.events.link_repair import LinkRepair
from twin.events.what_if import WhatIf
from twin.nouns.configuration import Policer
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface
from twin.nouns.traffic import TrafficClass
from twin.physics.assessment import Assessment
from twin.physics.compiled import FloatArray
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory
from twin.whatif.arcs import single_groups, single_links, single_nodes
from twin.whatif.engine import WhatIfEngine, all_pairs


@cache
def polska(traffic_scale: float = 1.0) -> Twin:
    """Twelve nodes; dimensioned to carry any single failure at a scale of 1."""
    spec = WorldSpec(topology="sndlib/polska", traffic_scale=traffic_scale)
    return Twin(build_inventory(spec))


def engine_of(twin: Twin, state: NetworkState | None = None) -> WhatIfEngine:
    return WhatIfEngine(state or twin.state(), twin.services, twin.parameters)


def state_after(what_if: WhatIf, state: NetworkState) -> NetworkState:
    """The state with the events in it, for the twin to assess from scratch."""
    down = set(state.down_links)
    running, topology = state.running, state.topology
    for event in what_if:
        match event:
            case LinkDown(link=link):
                down.add(link)
            case LinkRepair(link=link):
                down.discard(link)
            case DeviceDown(node=node):
                down |= {link.id for link in topology.links_at(node)}
            case FiberCut(links=links):
                down |= set(links)
            case SetIgpWeight(node=node, link=link, weight=weight):
                interface = running.device(node).interface(link)
                changed = interface.model_copy(update={"igp_weight": weight})
                running = running.with_interface(node, changed)
    return replace(state, running=running, down_links=frozenset(down))


def assert_verdicts(twin: Twin, what_ifs: tuple[WhatIf, ...], state: NetworkState) -> list[bool]:
    """Every level is the full assessment's; returns which what-ifs had drops somewhere."""
    found = engine_of(twin, state).verdicts(what_ifs)
    for s, what_if in enumerate(what_ifs):
        wanted = twin.assess(state_after(what_if, state)).levels
        assert found.levels.loss[s] == pytest.approx(wanted.loss[0], abs=1e-12)
        assert found.levels.delay_s[s] == pytest.approx(wanted.delay_s[0], rel=1e-12)
        assert (found.levels.in_breach[s] == wanted.in_breach[0]).all()
        assert (found.levels.unavailable[s] == wanted.unavailable[0]).all()
    drops: list[bool] = found.whole.tolist()
    return drops


def each(what_ifs: tuple[WhatIf, ...], state: NetworkState, twin: Twin) -> list[Assessment]:
    return [twin.assess(state_after(what_if, state)) for what_if in what_ifs]


@pytest.mark.parametrize("listed", [single_links, single_nodes, single_groups])
def test_sweep_is_the_worst_of_each_assessment(
    listed: Callable[..., tuple[WhatIf, ...]],
) -> None:
    twin = polska()
    what_ifs = listed(twin.inventory.topology)
    assert what_ifs
    state = twin.state()
    sweep = engine_of(twin).sweep(what_ifs, limit=0.6)
    loads = engine_of(twin).loads(what_ifs)
    for s, wanted in enumerate(each(what_ifs, state, twin)):
        assert loads[s] == pytest.approx(wanted.offered_bps.sum(axis=1), rel=1e-12)
        assert sweep.max_utilisation[s] == pytest.approx(wanted.utilisation.max(), rel=1e-12)
        # Demand is the same both ways, and so are loads but for rounding.
        near = wanted.utilisation >= wanted.utilisation.max() * (1 - 1e-12)
        assert sweep.busiest[s] == np.flatnonzero(near)[0]
        assert sweep.over_limit[s] == (wanted.utilisation > 0.6).sum()
        excess = np.maximum(wanted.offered_bps.sum(axis=1) - wanted.capacity_bps, 0.0).sum()
        assert sweep.excess_bps[s] == pytest.approx(excess, rel=1e-9)
        cut_off = (wanted.traffic_bps * ~wanted.reachable).sum()
        assert sweep.unserved_bps[s] == pytest.approx(cut_off, rel=1e-12)


def test_pairs_of_nodes_links_and_groups_are_both_at_once() -> None:
    twin = polska()
    topology = twin.inventory.topology
    events = (*single_links(topology)[:6], *single_nodes(topology)[:4], *single_groups(topology))
    engine = engine_of(twin)
    quick = engine.sweep_pairs(events)
    both = tuple(events[a] + events[b] for a, b in all_pairs(len(events)).tolist())
    plain = engine.sweep(both)
    assert quick.max_utilisation == pytest.approx(plain.max_utilisation, rel=1e-12)
    assert quick.unserved_bps == pytest.approx(plain.unserved_bps, rel=1e-12, abs=1e-3)


def test_cascade_trips_at_capacity_or_at_the_load_of_the_base() -> None:
    twin = polska(1.3)
    engine = engine_of(twin)
    what_ifs = single_links(twin.inventory.topology)
    for of, per_arc in (
        ("capacity", twin.compiled.capacity_bps),
        ("base load", engine.loads([()])[0]),
    ):
        found = engine.cascades(what_ifs, 1.1, "capacity" if of == "capacity" else "base load")
        longest = int(found.tripped.max(axis=1).argmax())
        rounds = found.rounds(longest)
        assert rounds
        down = {f"{link.id}" for link in twin.inventory.topology.links[longest : longest + 1]}
        for links in rounds:
            state = replace(twin.state(), down_links=frozenset(down))
            loads = twin.assess(state).offered_bps.sum(axis=1)
            assert links == tuple(sorted(set(np.flatnonzero(loads > 1.1 * per_arc) // 2)))
            down |= {twin.inventory.topology.links[link].id for link in links}


def test_verdicts_after_every_failure_are_those_of_the_assessment() -> None:
    twin = polska()
    topology = twin.inventory.topology
    what_ifs = (*single_links(topology), *single_nodes(topology), *single_groups(topology))
    drops = assert_verdicts(twin, what_ifs, twin.state())
    assert not all(drops)


def test_verdicts_are_right_where_egresses_drop() -> None:
    twin = polska(1.4)
    drops = assert_verdicts(twin, single_links(twin.inventory.topology), twin.state())
    assert any(drops)
    assert not all(drops)


def test_verdicts_are_right_where_a_policer_or_a_silent_egress_drops() -> None:
    twin = polska()
    state = twin.state()
    egress = state.topology.egress_of(0)
    interface = state.running.device(egress.node).interface(egress.link)
    policer = Policer(traffic_class=TrafficClass.BUSINESS, rate_bps=1e8)
    limited = state.running.with_interface(
        egress.node, interface.model_copy(update={"policers": (policer,)})
    )
    what_ifs = single_links(state.topology)[:6]
    assert any(assert_verdicts(twin, what_ifs, replace(state, running=limited)))
    lossy = replace(state, egress_loss={Interface(node=egress.node, link=egress.link): 0.02})
    assert all(assert_verdicts(twin, what_ifs, lossy))


def test_verdicts_of_a_partitioned_network_name_who_is_cut_off() -> None:
    twin = polska()
    topology = twin.inventory.topology
    node = topology.nodes[0].id
    others = {link.id for link in topology.links if node not in (link.a, link.b)}
    state = replace(twin.state(), down_links=frozenset(sorted(others)[:2]))
    assert_verdicts(twin, ((DeviceDown(node=node),), ()), state)


@settings(max_examples=40)
@given(st.data())
def test_verdicts_after_any_change_are_those_of_the_assessment(data: st.DataObject) -> None:
    twin = polska()
    topology = twin.inventory.topology
    links = st.sampled_from([link.id for link in topology.links])
    ends = st.sampled_from([(end, link.id) for link in topology.links for end in (link.a, link.b)])
    event = st.one_of(
        st.builds(LinkDown, link=links),
        st.builds(LinkRepair, link=links),
        st.builds(
            lambda end, w: SetIgpWeight(node=end[0], link=end[1], weight=w),
            ends,
            st.integers(1, 40),
        ),
    )
    state = replace(twin.state(), down_links=frozenset(data.draw(st.sets(links, max_size=3))))
    drawn = data.draw(st.lists(st.lists(event, max_size=4).map(_settled), max_size=3))
    assert_verdicts(twin, tuple(drawn), state)


def _settled(events: list[LinkDown | LinkRepair | SetIgpWeight]) -> WhatIf:
    """Failures last: `state_after` plays events in order, and in a what-if failure wins."""
    return tuple(sorted(events, key=lambda event: isinstance(event, LinkDown)))


def test_nothing_asked_is_nothing_answered() -> None:
    engine = engine_of(polska())
    assert engine.loads([]).shape == (0, engine.compiled.n_arcs)
    assert engine.verdicts([]).levels.loss.shape == (0, len(engine.services.services))
    empty: FloatArray = engine.sweep([]).max_utilisation
    assert empty.shape == (0,)
    assert engine.cascades([], 1.0).tripped.shape[0] == 0
