"""What a search finds is what routing says, and never what must not be done."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import networkx as nx
import numpy as np
import pytest

from tests.twin.tracking.square import ENDS, inventory, topology
from twin.errors import UnknownNode
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import AVOIDED, SetIgpWeight
from twin.events.actions.undrain_link import UndrainLink
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.forecasting import DEFAULT_UNCERTAINTY, demand_factors
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface
from twin.physics.compiled import NO_ARC, arc_weights
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.remedies.moves import bridges, moves_from
from twin.remedies.objective import DEVICE_WEIGHT, LOST_SHARE_WEIGHT, Outlook
from twin.remedies.search import Position, RemedySearch
from twin.sources.world import WorldSpec, build_inventory

LINE = (("A", "B"), ("B", "C"), ("C", "D"))
# B's 2.5 of D's 5 Gbit/s come over A: 10.5 on A-B, which carries 10.
CROWDED = (("A", "B", 8e9), ("D", "B", 5e9))
OUTLOOK = Outlook(np.array([1.3, 1.1, 0.8]), np.array([0.5, 1.0, 2.0]))


def _square(
    demands: Sequence[tuple[str, str, float]] = CROWDED,
    ends: Sequence[tuple[str, str]] = ENDS,
    down: Sequence[str] = (),
) -> RemedySearch:
    twin = Twin(inventory(topology(ends), demands=demands))
    return RemedySearch(twin, twin.state(down_links=down), Outlook.at())


@cache
def _twin() -> Twin:
    return Twin(build_inventory(WorldSpec(topology="sndlib/nobel-germany", traffic_scale=1.3)))


@cache
def _search(link: str, lossy: bool = False) -> RemedySearch:
    twin = _twin()
    last = twin.inventory.topology.links[-1]
    loss = {Interface(node=last.a, link=last.id): 0.05} if lossy else {}
    return RemedySearch(twin, twin.state(down_links=[link], egress_loss=loss), OUTLOOK)


def _worst_link() -> str:
    links = [link.id for link in _twin().inventory.topology.links]
    return max(links, key=lambda link: _search(link).nothing.cost)


def _cost_by_routing(search: RemedySearch, position: Position) -> float:
    """The cost of `position`, with everything routed anew."""
    state, twin = search.state, search.twin
    running = state.running
    for action in position.actions:
        running = action.configured(running, twin.inventory.intended, state.topology)
    after = replace(state, running=running)
    loads, totals = offered_totals(twin, after), after.traffic.rates_bps.sum(axis=0)
    cut_off_bps, offered = totals[twin.route(after).distance.T < 0].sum(), totals.sum()
    silent = np.zeros(len(loads))
    for egress, share in state.egress_loss.items():
        silent[state.topology.arc_of(egress)] = share
    lost = sum(
        hours
        * (
            np.maximum(level * loads - twin.compiled.capacity_bps, 0.0).sum()
            + level * (loads @ silent + cut_off_bps)
        )
        / (level * offered)
        for level, hours in zip(search.outlook.levels, search.outlook.hours, strict=True)
    )
    return float(LOST_SHARE_WEIGHT * lost + DEVICE_WEIGHT * len(position.devices))


# What is found


@pytest.mark.parametrize("lossy", [False, True])
@pytest.mark.parametrize("width", [1, 3])
def test_cost_of_what_is_found_is_what_full_routing_gives(width: int, lossy: bool) -> None:
    search = _search(_worst_link(), lossy)
    found = search.search(width=width)
    assert len(found) > 4
    for position in found:
        assert position.cost == pytest.approx(_cost_by_routing(search, position))
        weights = arc_weights(search.state.topology, position.running, search.state.down_links)
        np.testing.assert_array_equal(position.weights, weights)
        after = replace(search.state, running=position.running)
        worst = (offered_totals(search.twin, after) / search.twin.compiled.capacity_bps).max()
        assert position.max_utilisation == pytest.approx(1.3 * worst)


def test_more_changes_are_never_worse() -> None:
    search = _search(_worst_link())
    best = [search.search(changes=n)[0].cost for n in (1, 2, 3, 4)]
    assert best == sorted(best, reverse=True)
    assert best[-1] < best[0] < search.nothing.cost
    assert max(len(p.actions) for p in search.search(changes=2)) == 2


def test_remedies_have_up_to_four_changes() -> None:
    found = _search(_worst_link()).search()
    assert max(len(position.actions) for position in found) == 4


def test_same_state_gives_the_same_remedies() -> None:
    twin = _twin()
    state = twin.state(down_links=[_worst_link()])
    one, two = (RemedySearch(twin, state, OUTLOOK).search(width=2) for _ in range(2))
    assert [p.actions for p in one] == [p.actions for p in two]


def test_every_remedy_costs_less_than_nothing_and_nothing_wrong_needs_none() -> None:
    search = _search(_worst_link())
    assert all(p.cost < search.nothing.cost for p in search.search(width=2))
    assert _square((("A", "B", 3e9),)).search() == []


def test_traffic_leaves_the_egress_that_is_crowded() -> None:
    search = _square()
    assert search.nothing.cost == pytest.approx(40.0 * 0.5 / 13.0)
    best = search.search()[0]
    assert best.cost == pytest.approx(DEVICE_WEIGHT)
    # All of D's 5 go over C; or all of A's 8 stay and none of D's comes.
    assert best.max_utilisation == pytest.approx(0.8)


def test_weight_that_is_set_anew_takes_the_place_of_the_one_before() -> None:
    search = _square()
    first = search.after((SetIgpWeight(node="D", link="A-D", weight=14),))
    expansion = search.expand(first)
    moves = {expansion.moves.action(i).describe(): i for i in range(len(expansion.moves))}
    child = search.child(first, expansion, moves["set the IGP weight of D on A-D to 60"])
    assert child.actions == (SetIgpWeight(node="D", link="A-D", weight=60),)
    assert child.cost == pytest.approx(_cost_by_routing(search, child))


def test_of_moves_that_cost_the_same_the_one_that_leaves_more_room_comes_first() -> None:
    search = _square()
    expansion = search.expand(search.nothing)
    count = len(expansion.moves)
    cost = np.full(count, 1.0) + 1e-13 * np.arange(count)
    even = replace(expansion, cost=cost, max_utilisation=np.arange(count, 0.0, -1.0))
    assert even.best(1, np.inf) == [count - 1]


def test_each_place_in_the_network_is_among_the_best_once() -> None:
    search = _square()
    expansion = search.expand(search.nothing)
    best = expansion.best(6, np.inf)
    places = [expansion.moves.place(i) for i in best]
    assert len(set(places)) == len(places) == 6
    costs = [float(expansion.cost[i]) for i in best]
    for place, cost in zip(places, costs, strict=True):
        same = [i for i in range(len(expansion.moves)) if expansion.moves.place(i) == place]
        assert cost == pytest.approx(min(float(expansion.cost[i]) for i in same))


def test_cost_over_draws_is_the_mean_over_matrices() -> None:
    twin = Twin(inventory(demands=CROWDED))
    draws = demand_factors(DEFAULT_UNCERTAINTY, 4, 3, seed=1)
    together = RemedySearch(twin, twin.state(), Outlook.at(), draws=draws)
    alone = [
        RemedySearch(twin, twin.state(traffic=twin.state().traffic.scaled(d)), Outlook.at())
        for d in draws
    ]
    assert together.nothing.cost == pytest.approx(np.mean([s.nothing.cost for s in alone]))


# What may be done


def test_every_move_does_to_the_weights_what_its_action_does() -> None:
    search = _search(_worst_link(), lossy=True)
    state, twin = search.state, search.twin
    drained = DrainLink(link=state.topology.links[0].id).configured(
        state.running, state.running, state.topology
    )
    state = replace(state, running=drained)
    weights = arc_weights(state.topology, drained, state.down_links)
    revert = RevertToIntended(node=state.topology.links[0].a)
    moves = moves_from(state, weights, twin.inventory.intended, (revert,))
    kinds = {type(moves.action(i)) for i in range(len(moves))}
    assert kinds == {SetIgpWeight, DrainLink, UndrainLink, RevertToIntended}
    for i in range(len(moves)):
        action, part = moves.action(i), moves.changes.part(i, i + 1)
        after = action.configured(drained, twin.inventory.intended, state.topology)
        changed = weights.copy()
        changed[part.arcs] = part.weights
        np.testing.assert_array_equal(
            changed, arc_weights(state.topology, after, state.down_links), action.describe()
        )


def test_links_that_are_down_or_drained_are_not_given_weights() -> None:
    search = _square(down=["C-D"])
    drained = replace(search.after((DrainLink(link="A-B"),)), actions=())
    moves = search.expand(drained).moves
    touched = {moves.action(i).describe() for i in range(len(moves))}
    assert not any("C-D" in text for text in touched)
    assert {text for text in touched if "A-B" in text} == {"undrain A-B"}


def test_lossy_egress_can_be_avoided_on_its_side_alone() -> None:
    lossy = Interface(node="A", link="A-B")
    twin = Twin(inventory(demands=(("A", "B", 1e9),)))
    search = RemedySearch(twin, twin.state(egress_loss={lossy: 0.05}), Outlook.at())
    assert search.nothing.cost == pytest.approx(40.0 * 0.05)
    moves = search.expand(search.nothing).moves
    assert SetIgpWeight(node="A", link="A-B", weight=AVOIDED) in map(
        moves.action, range(len(moves))
    )
    assert search.search()[0].cost == pytest.approx(DEVICE_WEIGHT)


def test_extra_actions_are_tried_with_the_others() -> None:
    twin = Twin(inventory(demands=(("A", "B", 8e9), ("A", "D", 3e9))))
    wrong = IgpWeightMisconfig(node="A", link="A-B", weight=60).after(twin.state())
    revert = RevertToIntended(node="A")
    search = RemedySearch(twin, wrong, Outlook.at(), extra=(revert,))
    expansion = search.expand(search.nothing)
    cost = {expansion.moves.action(i): c for i, c in enumerate(expansion.cost.tolist())}
    assert cost[revert] == pytest.approx(DEVICE_WEIGHT)
    assert search.nothing.cost > DEVICE_WEIGHT
    with pytest.raises(UnknownNode):
        RemedySearch(twin, wrong, Outlook.at(), extra=(RevertToIntended(node="X"),)).search()


# Drains


def test_drain_that_partitions_is_never_a_move() -> None:
    line = _square((("A", "B", 12e9),), LINE)
    assert not (line.expand(line.nothing).moves.drains >= 0).any()
    ring = _square(down=["C-D"])
    assert not (ring.expand(ring.nothing).moves.drains >= 0).any()


def test_two_drains_together_leave_another_way() -> None:
    search = _square((("A", "B", 1e9),))
    position = search.after((DrainLink(link="A-B"),))
    assert not (search.expand(position).moves.drains >= 0).any()


def test_no_remedy_drains_the_last_way_to_a_node() -> None:
    search = _search(_worst_link())
    drained = 0
    for position in search.search(width=4):
        ends = position.weights.reshape(-1, 2)
        left: nx.Graph[str] = nx.Graph()
        left.add_nodes_from(node.id for node in search.state.topology.nodes)
        for link, (one, other) in zip(search.state.topology.links, ends, strict=True):
            if NO_ARC < one < 65_535 and NO_ARC < other < 65_535:
                left.add_edge(link.a, link.b)
        assert nx.is_connected(left)
        drained += any(isinstance(a, DrainLink) for a in position.actions)
    assert drained, "the case has drains among its remedies"


def test_drain_that_overloads_is_refused() -> None:
    # 8 Gbit/s would go A-D-C-B, where A sends D 3 already; D-A carries nothing.
    search = _square((("A", "B", 8e9), ("A", "D", 3e9)))
    expansion = search.expand(search.nothing)
    cost = {int(link): c for link, c in zip(expansion.moves.drains, expansion.cost, strict=True)}
    names = {link: search.state.topology.links[link].id for link in cost if link >= 0}
    assert {names[link] for link in names if np.isinf(cost[link])} == {"A-B", "A-D"}


def test_parallel_links_are_no_bridges() -> None:
    square = topology((("A", "B"), ("B", "C"), ("C", "D")))
    twice = square.links[0].model_copy(update={"id": "A-B#2"})
    built = square.model_copy(update={"links": (*square.links, twice)})
    found = bridges(built, np.ones(4, dtype=np.bool_))
    assert found.tolist() == [False, True, True, False]
    alone = bridges(built, np.array([True, True, True, False]))
    assert alone.tolist() == [True, True, True, False]


def test_state_without_any_usable_link_has_no_moves() -> None:
    known = inventory()
    twin = Twin(known)
    state: NetworkState = twin.state(down_links=[link.id for link in known.topology.links])
    search = RemedySearch(twin, state, Outlook.at())
    assert search.search() == []


def test_among_wide_metrics_beyond_what_may_be_set_no_weight_is_a_move() -> None:
    record = inventory(topology(ENDS), demands=CROWDED)
    wide = NetworkConfiguration(
        devices=tuple(
            device.model_copy(
                update={
                    "interfaces": tuple(
                        i.model_copy(update={"igp_weight": 100_000, "wide_metrics": True})
                        for i in device.interfaces
                    )
                }
            )
            for device in record.intended.devices
        )
    )
    twin = Twin(replace(record, intended=wide))
    search = RemedySearch(twin, twin.state(), Outlook.at())
    found = [search.moves.action(i) for i in range(len(search.moves))]
    assert found
    assert all(isinstance(action, DrainLink) for action in found)
    assert (search.moves.changes.weights == wide.last_resort_weight).all()


def test_moves_can_be_priced_alone_and_only_drains_are_refused() -> None:
    search = _search(_worst_link())
    every = search.expand(search.nothing)
    some = np.arange(0, len(search.moves), 7)
    alone = search.priced(some)
    finite = np.isfinite(every.cost[some])
    np.testing.assert_allclose(alone.cost[finite], every.cost[some][finite])
    np.testing.assert_allclose(alone.max_utilisation, every.max_utilisation[some])
    for place, i in enumerate(some.tolist()):
        assert alone.moves.action(place) == search.moves.action(i)
    np.testing.assert_array_equal(search.refused, np.isinf(every.cost))
    assert (search.moves.drains[search.refused] >= 0).all()
