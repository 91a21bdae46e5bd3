"""The exact figure: by hand on small networks, and never above the bound of `blast_radius`."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.change.in_memory import inventory
from tools.change.blast import larger
from tools.change.rerouted import rerouted
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.configuration import (
    DeviceConfiguration,
    InterfaceConfiguration,
    NetworkConfiguration,
    Policer,
    default_configuration,
)
from twin.nouns.inventory import Inventory
from twin.nouns.plan import BlastRadius
from twin.nouns.service import Service, ServiceLevelObjective
from twin.nouns.topology import Link, Node, Site, Topology
from twin.nouns.traffic import DailyProfile, Demand, TrafficClass, TrafficMatrix
from twin.remedies.blast import blast_radius
from twin.remedies.steps import plan_steps

FOUR = inventory()
"""A-B, A-C, B-C, C-D; A sends 1 Gbit/s to D, and B sends 3 Gbit/s to C."""


def _exact(
    built: Inventory, actions: Sequence[Action], down: frozenset[str] = frozenset()
) -> BlastRadius:
    before = built.intended
    after = plan_steps(actions, before, before, built.topology)[-1].after
    return rerouted(built, before, after, down)


def _network(
    links: Sequence[tuple[str, str]], demands: Sequence[tuple[str, str, float]]
) -> Inventory:
    """One service of business class for every demand, called after its ends."""
    nodes = sorted({end for link in links for end in link})
    topology = Topology(
        name="small",
        sites=tuple(Site(id=n, longitude=0.0, latitude=0.0) for n in nodes),
        nodes=tuple(Node(id=n, site=n) for n in nodes),
        links=tuple(
            Link(
                id=f"{a}{b}{i}",
                a=a,
                b=b,
                capacity_bps=10e9,
                members=1,
                length_km=1.0,
                propagation_s=1e-5,
            )
            for i, (a, b) in enumerate(links)
        ),
        shared_risk_groups=(),
    )
    business = TrafficClass.BUSINESS
    return Inventory(
        topology=topology,
        intended=default_configuration(topology),
        services=tuple(
            Service(
                id=f"{s}{t}",
                customer=s,
                traffic_class=business,
                pairs=((s, t),),
                objective=ServiceLevelObjective(loss=None, delay_s=None, availability=0.9),
            )
            for s, t, _ in demands
        ),
        # In another order than the topology's: nothing says that they agree.
        peak_traffic=TrafficMatrix.from_demands(
            nodes[::-1],
            [
                Demand(source=s, target=t, traffic_class=business, rate_bps=rate)
                for s, t, rate in demands
            ],
        ),
        profile=DailyProfile(hourly=(1.0,) * 24),
        probes=(),
    )


def test_pair_that_leaves_its_only_path_moves_whole() -> None:
    found = _exact(FOUR, [DrainLink(link="A-C")])
    assert found == BlastRadius(devices=("A", "C"), services=("vpn-1",), moved_bps=1e9)


def test_pair_that_gains_an_equal_path_moves_by_half() -> None:
    # B reaches C directly at 10, and now over A at 5 + 5 too.
    cheaper = [
        SetIgpWeight(node="B", link="A-B", weight=5),
        SetIgpWeight(node="A", link="A-C", weight=5),
    ]
    found = _exact(FOUR, cheaper)
    assert (found.services, found.moved_bps) == (("vpn-2",), 1.5e9)


def test_pair_that_gains_a_third_equal_path_keeps_two_thirds_where_it_was() -> None:
    parallel = _network([("A", "B")] * 3, [("A", "B", 3e9)])
    raised = default_configuration(parallel.topology, {"AB2": 20})
    lowered = parallel.intended
    assert rerouted(parallel, raised, lowered, ()).moved_bps == pytest.approx(1e9)
    assert rerouted(parallel, lowered, raised, ()).moved_bps == pytest.approx(1e9)


def test_only_the_part_that_reaches_the_changed_router_moves() -> None:
    # A sends half to B and half to C; B sends its half over E and F, so D gets a quarter from F.
    links = [("A", "B"), ("A", "C"), ("B", "E"), ("B", "F"), ("E", "D"), ("F", "D"), ("C", "D")]
    built = _network(links, [("A", "D", 4e9), ("C", "D", 1e9)])
    ties = default_configuration(built.topology, {"CD6": 20})
    built = replace(built, intended=ties)
    found = _exact(built, [SetIgpWeight(node="F", link="FD5", weight=11)])
    assert found.services == ("AD",)
    assert found.moved_bps == pytest.approx(1e9)


def test_pair_that_is_cut_off_moves_whole_and_one_that_was_cut_off_does_not_move() -> None:
    shut = FOUR.intended.device("C").interface("C-D").model_copy(update={"shut_down": True})
    after = FOUR.intended.with_interface("C", shut)
    assert rerouted(FOUR, FOUR.intended, after, ()).moved_bps == 1e9
    assert rerouted(FOUR, after, FOUR.intended, ()).moved_bps == 1e9
    assert rerouted(FOUR, FOUR.intended, after, {"C-D"}).moved_bps == 0.0


def test_change_on_a_link_that_is_down_moves_nothing() -> None:
    found = _exact(FOUR, [DrainLink(link="A-B")], frozenset({"A-B"}))
    assert (found.devices, found.services, found.moved_bps) == (("A", "B"), (), 0.0)


def test_rate_limit_touches_the_services_of_its_class_that_cross_it_and_moves_nothing() -> None:
    limit = RateLimit(node="C", link="C-D", traffic_class=TrafficClass.BUSINESS, rate_bps=5e9)
    assert _exact(FOUR, [limit]) == BlastRadius(devices=("C",), services=("vpn-1",), moved_bps=0.0)
    other = limit.model_copy(update={"traffic_class": TrafficClass.BEST_EFFORT})
    assert _exact(FOUR, [other]).services == ()


@st.composite
def changes(draw: st.DrawFn) -> tuple[Inventory, NetworkConfiguration, frozenset[str]]:
    """A network of up to six nodes with parallel links and many ties, changed anyhow."""
    nodes = "ABCDEF"[: draw(st.integers(2, 6))]
    pairs = st.sampled_from(list(permutations(nodes, 2)))
    # A line keeps all nodes in the network; what is down or shut cuts it up again.
    links = [*pairwise(nodes), *draw(st.lists(pairs, max_size=7))]
    rates = st.sampled_from([1e9, 3e9, 0.1e9])
    ends = draw(st.lists(pairs, min_size=1, max_size=8, unique=True))
    built = _network(links, [(s, t, draw(rates)) for s, t in ends])
    built = replace(built, intended=draw(configurations(built.topology)))
    names = [link.id for link in built.topology.links]
    down = draw(st.frozensets(st.sampled_from(names), max_size=2))
    return built, draw(configurations(built.topology)), down


@st.composite
def configurations(draw: st.DrawFn, topology: Topology) -> NetworkConfiguration:
    limits = st.sampled_from([(), (Policer(traffic_class=TrafficClass.BUSINESS, rate_bps=1e9),)])
    rarely = st.sampled_from([False, False, False, False, False, True])
    return NetworkConfiguration(
        devices=tuple(
            DeviceConfiguration(
                node=node.id,
                interfaces=tuple(
                    InterfaceConfiguration(
                        link=link.id,
                        igp_weight=draw(st.integers(1, 3)),
                        drained=draw(rarely),
                        shut_down=draw(rarely),
                        policers=draw(limits),
                    )
                    for link in topology.links_at(node.id)
                ),
            )
            for node in topology.nodes
        )
    )


@st.composite
def misconfigured(
    draw: st.DrawFn,
) -> tuple[Inventory, NetworkConfiguration, NetworkConfiguration, frozenset[str]]:
    """As `changes`, from a configuration that is not the intended one."""
    built, after, down = draw(changes())
    return built, draw(configurations(built.topology)), after, down


@pytest.mark.slow
@given(misconfigured())
def test_two_counts_agree_on_what_goes_back_to_what_is_intended(
    change: tuple[Inventory, NetworkConfiguration, NetworkConfiguration, frozenset[str]],
) -> None:
    built, before, after, down = change
    exact = rerouted(built, before, after, down)
    bound = blast_radius(built, before, after, down)
    assert exact.returning_services == bound.returning_services
    assert exact.counted_bps <= bound.counted_bps + 1.0
    assert (exact.returning_bps > 0) == (bound.returning_bps > 0)
    whole = blast_radius(built, before, built.intended, down)
    # Only a service of which a limit changes does not go back by its path alone.
    assert whole.counted_bps == 0.0


@pytest.mark.slow
@given(changes())
def test_bound_is_never_below_the_exact_figure(
    change: tuple[Inventory, NetworkConfiguration, frozenset[str]],
) -> None:
    built, after, down = change
    exact = rerouted(built, built.intended, after, down)
    bound = blast_radius(built, built.intended, after, down)
    assert larger("p", bound, exact).moved_bps == pytest.approx(bound.moved_bps)
    # Both look at the same paths, so they differ in how much of a pair moves and in nothing else.
    assert (bound.devices, bound.services) == (exact.devices, exact.services)
    assert (exact.moved_bps > 0) == (bound.moved_bps > 0)
    assert exact.returning_services == bound.returning_services
    assert exact.counted_bps <= bound.counted_bps + 1.0
    assert (exact.returning_bps > 0) == (bound.returning_bps > 0)


@pytest.mark.slow
@given(changes())
def test_what_a_change_moves_its_way_back_moves_too(
    change: tuple[Inventory, NetworkConfiguration, frozenset[str]],
) -> None:
    built, after, down = change
    there = rerouted(built, built.intended, after, down)
    back = rerouted(built, after, built.intended, down)
    assert back.moved_bps == pytest.approx(there.moved_bps)
    assert back.devices == there.devices
    assert rerouted(built, after, after, down) == BlastRadius(
        devices=(), services=(), moved_bps=0.0
    )
