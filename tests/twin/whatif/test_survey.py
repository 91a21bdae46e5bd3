"""Surveys of failures: worked by hand on a square, and against assessing each from scratch."""

from functools import cache
from itertools import combinations

import numpy as np
import pytest

from twin.errors import BadInput
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.faults.link_down import LinkDown
from twin.events.what_if import WhatIf
from twin.nouns.configuration import default_configuration
from twin.nouns.inventory import Inventory
from twin.nouns.service import Service, ServiceLevelObjective
from twin.nouns.topology import Link, Node, SharedRiskGroup, Site, Topology
from twin.nouns.traffic import DailyProfile, Demand, TrafficClass, TrafficMatrix
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory
from twin.whatif import survey as surveying
from twin.whatif.arcs import single_links, single_nodes
from twin.whatif.attrition import ORDERS, attrition
from twin.whatif.comparison import assess_after
from twin.whatif.engine import all_pairs
from twin.whatif.survey import Depth, Survey, pairs_between, survey

NODES = ("A", "B", "C", "D")
LINKS = (("A--B", "A", "B"), ("B--D", "B", "D"), ("A--C", "A", "C"), ("C--D", "C", "D"))


def square(demands: tuple[tuple[str, str, float], ...]) -> Twin:
    """A, B, D and A, C, D; every link carries 10 Gbit/s. `demands`: source, target, Gbit/s."""
    topology = Topology(
        name="square",
        sites=tuple(Site(id=n, longitude=0.0, latitude=0.0) for n in NODES),
        nodes=tuple(Node(id=n, site=n) for n in NODES),
        links=tuple(
            Link(id=i, a=a, b=b, capacity_bps=10e9, members=1, length_km=1.0, propagation_s=5e-6)
            for i, a, b in LINKS
        ),
        shared_risk_groups=(
            SharedRiskGroup(
                id="duct:A:1", kind="duct", place="A", links=("A--B", "A--C"), shared_km=1.0
            ),
        ),
    )
    return Twin(
        Inventory(
            topology=topology,
            intended=default_configuration(topology),
            services=(
                Service(
                    id="svc",
                    customer="one",
                    traffic_class=TrafficClass.BEST_EFFORT,
                    pairs=(("A", "D"),),
                    objective=ServiceLevelObjective(loss=0.01, delay_s=None, availability=0.999),
                ),
            ),
            peak_traffic=TrafficMatrix.from_demands(
                NODES,
                (
                    Demand(
                        source=a,
                        target=b,
                        traffic_class=TrafficClass.BEST_EFFORT,
                        rate_bps=1e9 * gigabits,
                    )
                    for a, b, gigabits in demands
                ),
            ),
            profile=DailyProfile(hourly=(1.0,) * 24),
            probes=(),
        )
    )


@cache
def crowded() -> Twin:
    """Polska with twice the traffic that it is dimensioned for: single failures overload it."""
    return Twin(build_inventory(WorldSpec(topology="sndlib/polska", traffic_scale=2.0)))


def texts(found: Survey) -> list[str]:
    """What fails, worst first."""
    order = found.ranking()
    return [
        "+".join(event.link for event in what_if if isinstance(event, LinkDown))
        for what_if in found.what_ifs(order)
    ]


def test_single_failures_of_the_square_are_as_worked_by_hand() -> None:
    # 12 from A to D, 6 each way. With one way gone 12 cross two links of 10: each is offered 2 too
    # many, and the first one drops them.
    twin = square((("A", "D", 12.0),))
    found = survey(twin, twin.state(), "1")
    assert found.offered_bps == 12e9
    assert found.reference.max_utilisation[0] == pytest.approx(0.6)
    assert found.sweep.max_utilisation == pytest.approx([1.2] * 4)
    assert found.sweep.excess_bps == pytest.approx([4e9] * 4)
    assert found.sweep.unserved_bps == pytest.approx([0.0] * 4)
    assert found.lost_bps == pytest.approx([2e9] * 4, rel=1e-3)
    assert found.served_share == pytest.approx([10 / 12] * 4, rel=1e-3)
    assert found.assessed.all()
    # Equals stay in the order of the topology.
    assert found.ranking().tolist() == [0, 1, 2, 3]


def test_what_is_not_assessed_has_the_bound_for_its_loss() -> None:
    twin = square((("A", "D", 12.0),))
    found = survey(twin, twin.state(), "1", assess=1)
    assert found.assessed.tolist() == [True, False, False, False]
    assert found.lost_bps == pytest.approx([2e9, 4e9, 4e9, 4e9], rel=1e-3)


def test_egress_at_the_limit_is_not_above_it() -> None:
    # C--D carries half of 1/7 and 31/7, which is 4.5 but for the last digit. 32/7 is more.
    twin = square((("A", "D", 1 / 7), ("C", "D", 31 / 7)))
    found = survey(twin, twin.state(), "1", limit=0.45)
    assert found.reference.max_utilisation[0] > 0.45
    assert found.reference.over_limit.tolist() == [0]
    assert found.sweep.over_limit.tolist() == [1, 1, 0, 2]
    assert found.limit == 0.45
    pairs = survey(twin, twin.state(), "2", limit=32 / 70 - 1e-12)
    assert not pairs.sweep.over_limit.any()


def test_double_failures_of_the_square_cut_off_what_has_no_way() -> None:
    # 8 from A to D fit on one way. From B to D 1: B--D and A--B gone, B is cut off.
    twin = square((("A", "D", 8.0), ("B", "D", 1.0)))
    found = survey(twin, twin.state(), "2")
    assert len(found) == 6
    lost = dict(zip(texts(found), found.unserved_bps[found.ranking()].tolist(), strict=True))
    assert lost == pytest.approx(
        {
            "A--B+A--C": 8e9,
            "A--B+B--D": 1e9,
            "A--B+C--D": 8e9,
            "B--D+A--C": 9e9,
            "B--D+C--D": 9e9,
            "A--C+C--D": 0.0,
        },
        abs=1.0,
    )
    assert texts(found)[:2] == ["B--D+A--C", "B--D+C--D"]
    assert texts(found)[-1] == "A--C+C--D"


def test_groups_and_nodes_fail_whole() -> None:
    twin = square((("A", "D", 8.0), ("B", "D", 1.0)))
    groups = survey(twin, twin.state(), "srlg", services=True)
    assert groups.unserved_bps == pytest.approx([8e9])
    assert groups.breaches is not None
    assert (groups.breaches.tolist(), groups.reference_breaches) == ([1], 0)
    nodes = survey(twin, twin.state(), "node")
    assert nodes.unserved_bps == pytest.approx([8e9, 1e9, 0.0, 9e9], abs=1.0)


@pytest.mark.parametrize("depth", ["1", "2", "srlg", "node"])
def test_every_scenario_is_what_assessing_it_from_scratch_finds(depth: Depth) -> None:
    twin = crowded()
    state = twin.state()
    found = survey(twin, state, depth, services=True, limit=0.8)
    assert found.breaches is not None
    overloaded = 0
    for s in range(0, len(found), 3 if depth == "2" else 1):
        [what_if] = found.what_ifs(np.array([s]))
        wanted = assess_after(state, what_if, twin)
        share = 1.0 - wanted.lost_bps / found.offered_bps
        assert found.served_share[s] == pytest.approx(share, abs=1e-6)
        assert found.sweep.max_utilisation[s] == pytest.approx(wanted.utilisation.max(), rel=1e-9)
        assert found.sweep.over_limit[s] == (wanted.utilisation > 0.8).sum()
        assert found.breaches[s] == wanted.breached_services
        overloaded += bool(wanted.utilisation.max() > 1.0)
    assert overloaded


def test_bound_of_the_loss_is_no_less_than_the_loss() -> None:
    twin = crowded()
    bound = survey(twin, twin.state(), "2", assess=0)
    known = survey(twin, twin.state(), "2", assess=10_000)
    assert known.assessed.all()
    assert not bound.assessed.all()
    # Queues drop a little where there is still some capacity, which no load shows.
    assert (bound.lost_bps >= known.lost_bps - 1e-4 * known.offered_bps).all()
    assert (bound.lost_bps > 1.1 * known.lost_bps).any()


def test_parts_and_threads_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = crowded()
    whole = survey(twin, twin.state(), "2")
    monkeypatch.setattr(surveying, "PART", 7)
    monkeypatch.setattr(surveying, "PART_PER_EVENT", 1)
    told: list[tuple[int, int]] = []
    parts = survey(
        twin, twin.state(), "2", threads=2, progress=lambda done, of: told.append((done, of))
    )
    assert (parts.ranking() == whole.ranking()).all()
    assert (parts.lost_bps == whole.lost_bps).all()
    assert parts.sweep.max_utilisation == pytest.approx(whole.sweep.max_utilisation, rel=1e-12)
    assert len(told) > 8
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_pairs_are_numbered_as_all_pairs_are_listed() -> None:
    for count in (2, 3, 7, 40):
        wanted = all_pairs(count)
        assert (pairs_between(0, len(wanted), count) == wanted).all()
        assert (pairs_between(1, len(wanted) - 1, count) == wanted[1:-1]).all()


def test_ranking_counts_what_it_is_asked_to_count_first() -> None:
    twin = crowded()
    found = survey(twin, twin.state(), "1", services=True)
    assert found.breaches is not None
    for values, by in (
        (found.unserved_bps, "traffic"),
        (found.sweep.max_utilisation, "utilisation"),
        (found.breaches.astype(np.float64), "services"),
    ):
        # A literal from a tuple is a str to mypy.
        ranked = values[found.ranking(by)]  # type: ignore[arg-type]
        assert (np.diff(ranked) <= 1e-9 * ranked[0]).all()
    assert (found.ranking("utilisation") != found.ranking("services")).any()


def test_ranking_by_services_needs_their_verdicts() -> None:
    twin = square((("A", "D", 1.0),))
    with pytest.raises(BadInput, match="--services"):
        survey(twin, twin.state(), "1").ranking("services")


def test_topology_without_groups_says_so() -> None:
    inventory = build_inventory(WorldSpec(topology="sndlib/polska"))
    topology = inventory.topology.model_copy(update={"shared_risk_groups": ()})
    twin = Twin(
        Inventory(topology, inventory.intended, (), inventory.peak_traffic, inventory.profile, ())
    )
    with pytest.raises(BadInput, match="nothing that could fail at depth srlg"):
        survey(twin, twin.state(), "srlg")


def test_failures_that_add_up_on_the_square_are_as_worked_by_hand() -> None:
    # 8 from A to D and 6 from C to D. With C--D gone, 8 and 6 share A--B and B--D: 14 on 10. When
    # either goes too, D is cut off from both; A--B comes first.
    twin = square((("A", "D", 8.0), ("C", "D", 6.0)))
    events = single_links(twin.inventory.topology)
    told: list[tuple[int, int]] = []
    found = attrition(
        twin, twin.state(), events, 4, seed=5, progress=lambda done, of: told.append((done, of))
    )
    assert told == [(k, 4 + ORDERS) for k in range(1, 4 + ORDERS + 1)]
    assert found.failures == (0, 1, 2, 3, 4)
    # Without C--D, C has the way over A, which is full; A and C alone are cut off by two links.
    assert found.sets[1:3] == ((3,), (0, 3))
    assert found.worst == pytest.approx([1.0, 10 / 14, 0.0, 0.0, 0.0], abs=1e-3)
    assert found.exact[:3].all()
    assert found.at_random.shape == (ORDERS, 5)
    # C--D is full to the last bit at first, where queues drop a little.
    assert found.at_random[:, 0] == pytest.approx(np.ones(ORDERS), abs=1e-4)
    assert found.at_random[:, 4] == pytest.approx(np.zeros(ORDERS))
    assert (np.diff(found.at_random.mean(axis=0)) <= 0).all()


def test_same_seed_lets_the_same_things_fail() -> None:
    twin = crowded()
    events = single_nodes(twin.inventory.topology)
    first, again, other = (attrition(twin, twin.state(), events, 5, seed) for seed in (1, 1, 2))
    assert (first.at_random == again.at_random).all()
    assert (first.at_random != other.at_random).any()
    assert (first.worst <= first.at_random.min(axis=0) + 1e-9).all()


def test_cut_is_found_that_adding_the_worst_one_by_one_would_miss() -> None:
    # Two triangles with three links between them, and a stub. A little is lost with the stub and
    # nothing with any other link, so that the worst first is the stub, and the worst three are not.
    links = ("AB", "BC", "AC", "DE", "EF", "DF", "AD", "BE", "CF", "AS")
    twin = network_of(
        links, (("A", "F", 30.0), ("B", "D", 30.0), ("C", "E", 30.0), ("S", "A", 1.0))
    )
    events = single_links(twin.inventory.topology)
    found = attrition(twin, twin.state(), events, 4, seed=1)
    assert found.sets[1] == (links.index("AS"),)
    assert found.sets[3] == tuple(map(links.index, ("AD", "BE", "CF")))
    assert found.worst == pytest.approx([1.0, 90 / 91, 90 / 91, 1 / 91, 0.0])
    assert found.exact.tolist() == [True, True, True, False, False]
    for k in (1, 2, 3, 4):
        assert found.worst[k] == pytest.approx(least_served(twin, events, k), abs=1e-9)


@pytest.mark.parametrize("depth", ["1", "node"])
def test_worst_sets_are_those_that_trying_all_finds(depth: Depth) -> None:
    twin = crowded()
    events = surveying.events_of(depth, twin.inventory.topology)
    found = attrition(twin, twin.state(), events, 2, seed=3)
    assert found.exact.all()
    for k in (1, 2):
        assert found.worst[k] == pytest.approx(least_served(twin, events, k), abs=1e-9)


def least_served(twin: Twin, events: tuple[WhatIf, ...], count: int) -> float:
    """The least share that arrives after any `count` of `events`, each assessed from scratch."""
    state = twin.state()
    offered = float(state.traffic.rates_bps.sum())
    return min(
        1.0 - assess_after(state, sum(some, ()), twin).lost_bps / offered
        for some in combinations(events, count)
    )


def network_of(links: tuple[str, ...], demands: tuple[tuple[str, str, float], ...]) -> Twin:
    """Nodes of one letter, links of two; each carries 1 Tbit/s. `demands` in Gbit/s."""
    nodes = tuple(sorted(set("".join(links))))
    topology = Topology(
        name="letters",
        sites=tuple(Site(id=n, longitude=0.0, latitude=0.0) for n in nodes),
        nodes=tuple(Node(id=n, site=n) for n in nodes),
        links=tuple(
            Link(
                id=x,
                a=x[0],
                b=x[1],
                capacity_bps=1e12,
                members=1,
                length_km=1.0,
                propagation_s=5e-6,
            )
            for x in links
        ),
    )
    return Twin(
        Inventory(
            topology=topology,
            intended=default_configuration(topology),
            services=(),
            peak_traffic=TrafficMatrix.from_demands(
                nodes,
                (
                    Demand(
                        source=a,
                        target=b,
                        traffic_class=TrafficClass.BEST_EFFORT,
                        rate_bps=gbps * 1e9,
                    )
                    for a, b, gbps in demands
                ),
            ),
            profile=DailyProfile(hourly=(1.0,) * 24),
            probes=(),
        )
    )


def test_only_failures_add_up() -> None:
    twin = square((("A", "D", 1.0),))
    events = ((SetIgpWeight(node="A", link="A--B", weight=20),),)
    with pytest.raises(BadInput, match="only failures add up"):
        attrition(twin, twin.state(), events, 1, seed=1)
