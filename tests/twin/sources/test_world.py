"""The world that is built around a topology."""

import json
import re
from itertools import combinations, pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from twin.errors import BadTopology
from twin.nouns.inventory import Inventory
from twin.nouns.topology import Link
from twin.physics.compiled import arc_weights, compile_topology
from twin.physics.routing import route
from twin.physics.twin import Twin, profile_at
from twin.sources.dimensioning import MAX_HEALTHY_UTILISATION
from twin.sources.ducts import ducts_from_geometry
from twin.sources.probes import chosen_probes, distinguishable_share
from twin.sources.topohub_source import topohub_names, topology_from_topohub
from twin.sources.world import (
    DAILY_PROFILE,
    WorldSpec,
    build_inventory,
    inventory_from_text,
)


@pytest.fixture(scope="module")
def germany() -> Inventory:
    return build_inventory(WorldSpec(topology="sndlib/germany50"))


def test_same_spec_gives_the_same_world(germany: Inventory) -> None:
    again = build_inventory(WorldSpec(topology="sndlib/germany50"))
    assert again.topology == germany.topology
    assert again.services == germany.services
    assert again.probes == germany.probes
    assert (again.peak_traffic.rates_bps == germany.peak_traffic.rates_bps).all()


def test_another_seed_changes_customers_and_not_the_plant(germany: Inventory) -> None:
    other = build_inventory(WorldSpec(topology="sndlib/germany50", seed=2))
    assert other.topology == germany.topology
    assert other.services != germany.services


def test_busiest_arc_carries_a_hundred_gigabit_at_peak(germany: Inventory) -> None:
    result = Twin(germany).assess(Twin(germany).state())
    assert result.offered_bps.sum(axis=1).max() == pytest.approx(100e9)


@pytest.mark.parametrize("name", ["sndlib/germany50", "sndlib/geant", "topozoo/Abilene"])
def test_links_are_large_enough_for_any_single_failure_and_not_larger(name: str) -> None:
    inventory = build_inventory(WorldSpec(topology=name))
    twin, links = Twin(inventory), inventory.topology.links
    healthy = twin.assess(twin.state()).utilisation
    failures = [twin.assess(twin.state(down_links=[x.id])).utilisation for x in links]
    worst = np.max(failures, axis=0)
    assert healthy.max() <= 0.5 + 1e-9
    assert worst.max() <= 0.85 + 1e-9
    members = np.repeat([x.members for x in links], 2)
    smaller = members / np.maximum(members - 1, 1e-9)
    too_small = (healthy * smaller > 0.5) | (worst * smaller > 0.85)
    # One member fewer would break a bound in one direction at least; one member is the least.
    assert (too_small.reshape(-1, 2).any(axis=1) | (members[::2] == 1)).all()


def test_more_traffic_does_not_change_the_links(germany: Inventory) -> None:
    scaled = build_inventory(WorldSpec(topology="sndlib/germany50", traffic_scale=1.5))
    assert scaled.topology == germany.topology
    ratio = scaled.peak_traffic.rates_bps.sum() / germany.peak_traffic.rates_bps.sum()
    assert ratio == pytest.approx(1.5)


def test_healthy_network_keeps_every_promise(germany: Inventory) -> None:
    twin = Twin(germany)
    assert not any(verdict.in_breach for verdict in twin.assess(twin.state()).verdicts)


def test_services_join_pairs_both_ways(germany: Inventory) -> None:
    assert len(germany.services) == 100
    for service in germany.services:
        assert {(b, a) for a, b in service.pairs} == set(service.pairs)
        assert len(service.pairs) <= 4


def test_prefixes_are_unique(germany: Inventory) -> None:
    prefixes = [prefix for node in germany.topology.nodes for prefix in node.prefixes]
    assert len(set(prefixes)) == len(prefixes) == 50


def test_class_shares_add_up(germany: Inventory) -> None:
    shares = germany.peak_traffic.rates_bps.sum(axis=(1, 2))
    assert (shares / shares.sum()).tolist() == pytest.approx([0.1, 0.3, 0.6])


def test_peak_is_at_eight_in_the_evening() -> None:
    hours = [profile_at(DAILY_PROFILE, 3600.0 * h) for h in np.arange(0, 24, 0.5)]
    assert max(hours) == profile_at(DAILY_PROFILE, 20 * 3600.0) == 1.0
    assert min(hours) == profile_at(DAILY_PROFILE, 4.5 * 3600.0) == 0.35
    assert profile_at(DAILY_PROFILE, 20.5 * 3600.0) == pytest.approx(0.995)
    assert profile_at(DAILY_PROFILE, 23.5 * 3600.0) == pytest.approx((0.84 + 0.72) / 2)


def test_probes_tell_more_links_apart_than_random_pairs_do(germany: Inventory) -> None:
    index = germany.topology.node_index
    compiled = Twin(germany).compiled
    routing = route(compiled, arc_weights(germany.topology, germany.intended))
    pairs = sorted(
        {
            (min(ends), max(ends))
            for p in germany.probes
            for ends in [(index[p.source], index[p.target])]
        }
    )
    every = list(combinations(range(50), 2))
    drawn_pairs = np.random.default_rng(0).choice(len(every), len(pairs), replace=False)
    chosen = distinguishable_share(pairs, compiled, routing)
    drawn = distinguishable_share([every[i] for i in drawn_pairs], compiled, routing)
    assert chosen == 1.0 > drawn


def test_each_added_pair_splits_the_most_groups_of_links_that_look_alike() -> None:
    topology = build_inventory(WorldSpec(topology="sndlib/polska")).topology
    compiled = compile_topology(topology)
    nodes = [node.id for node in topology.nodes]
    weights = np.full(compiled.n_arcs, 10, dtype=np.int64)
    probes = chosen_probes(nodes, (), compiled, route(compiled, weights), np.random.default_rng(0))
    graph = nx.Graph([(link.a, link.b) for link in topology.links])
    held = {
        pair: {
            frozenset(hop) for path in nx.all_shortest_paths(graph, *pair) for hop in pairwise(path)
        }
        for pair in combinations(nodes, 2)
    }
    looks: dict[frozenset[str], tuple[tuple[str, str], ...]] = {
        frozenset((link.a, link.b)): () for link in topology.links
    }

    def splits(pair: tuple[str, str]) -> int:
        groups = {look: {link for link in looks if looks[link] == look} for look in looks.values()}
        # Links that no probe sees are told apart from none by being seen.
        return sum(
            bool(group & held[pair]) and (not group <= held[pair] or look == ())
            for look, group in groups.items()
        )

    for probe in probes[::2]:
        pair = (probe.source, probe.target)
        assert splits(pair) == max(splits(other) for other in held) > 0
        looks = {
            link: (*seen, pair) if link in held[pair] else seen for link, seen in looks.items()
        }
    assert max(splits(other) for other in held) == 0


def test_every_service_pair_is_probed_in_its_class(germany: Inventory) -> None:
    probed = {(p.source, p.target, p.traffic_class) for p in germany.probes}
    for service in germany.services:
        assert {(a, b, service.traffic_class) for a, b in service.pairs} <= probed


PLACES = {"hub": (10.0, 50.0), "n": (10.0, 51.0), "ne": (10.5, 51.0), "s": (10.0, 49.0)}


def spoke(place: str, length_km: float) -> Link:
    return Link(
        id=f"hub--{place}", a="hub", b=place, capacity_bps=1, members=1, length_km=length_km,
        propagation_s=0,
    )  # fmt: skip


def test_links_that_leave_side_by_side_share_a_duct() -> None:
    spokes = [spoke("n", 111.0), spoke("ne", 117.0), spoke("s", 111.0)]
    (duct,) = ducts_from_geometry(PLACES, spokes)
    assert duct.id == "duct:hub:1"
    assert duct.links == ("hub--n", "hub--ne")
    assert duct.shared_km == 25.0


def test_shared_length_is_half_of_a_short_link_at_most() -> None:
    (duct,) = ducts_from_geometry(PLACES, [spoke("n", 20.0), spoke("ne", 117.0)])
    assert duct.shared_km == 10.0


def test_side_by_side_holds_across_north() -> None:
    west = {**PLACES, "ne": (9.5, 51.0)}
    (duct,) = ducts_from_geometry(west, [spoke("n", 111.0), spoke("ne", 117.0)])
    assert len(duct.links) == 2


def test_networks_of_every_shape_become_healthy_worlds() -> None:
    for name in ("topozoo/Iris", "topozoo/Bellsouth", "gabriel/25/0", "sndlib/pdh", "sndlib/sun"):
        inventory = build_inventory(WorldSpec(topology=name, seed=3))
        twin = Twin(inventory)
        assert twin.assess(twin.state()).breached_services == 0


def test_nodes_that_a_source_puts_at_one_place_share_a_site() -> None:
    topology = build_inventory(WorldSpec(topology="topozoo/Aarnet")).topology
    shared = {s.id: topology.nodes_at(s.id) for s in topology.sites if topology.nodes_at(s.id)[1:]}
    assert shared["Sydney1"] == ("Sydney1", "Sydney2")
    assert len(shared) == 6
    assert len(topology.sites) == len(topology.nodes) - 6
    alone = topology.node("Darwin")
    assert alone.site == "Darwin"


def test_nodes_without_a_known_place_are_each_at_a_site_of_their_own() -> None:
    topology = inventory_from_text("a,b\nA,B\nB,C\nC,A\n", "edges").topology
    assert [node.site for node in topology.nodes] == ["A", "B", "C"]


def test_unknown_topohub_name_offers_near_ones() -> None:
    with pytest.raises(BadTopology, match="did you mean sndlib/germany50"):
        topology_from_topohub("sndlib/germany5")
    assert "topozoo/Abilene" in topohub_names()


def test_path_out_of_the_package_is_not_a_name() -> None:
    with pytest.raises(BadTopology, match="topohub has no topology"):
        topology_from_topohub("../../etc/passwd")


def test_published_demands_that_are_undirected_count_both_ways(germany: Inventory) -> None:
    rates = germany.peak_traffic.rates_bps
    assert rates == pytest.approx(rates.transpose(0, 2, 1))


def test_published_demands_that_are_directed_stay_so() -> None:
    rates = build_inventory(WorldSpec(topology="sndlib/geant")).peak_traffic.rates_bps
    assert not np.allclose(rates, rates.transpose(0, 2, 1))


def test_given_capacities_and_weights_are_kept() -> None:
    edge = {"source": 0, "target": 1, "dist": 10, "capacity": 30e9, "weight": 7}
    document = {
        "nodes": [{"id": 0, "name": "a", "pos": [0, 0]}, {"id": 1, "name": "b", "pos": [1, 0]}],
        "edges": [edge],
    }
    inventory = inventory_from_text(json.dumps(document), "two.json")
    link = inventory.topology.links[0]
    assert (link.capacity_bps, link.members) == (30e9, 3)
    assert link.propagation_s == pytest.approx(50e-6)
    assert inventory.intended.device("a").interface(link.id).igp_weight == 7
    # Without an own unit, the busiest of the given links is half full at peak.
    assert inventory.peak_traffic.rates_bps[:, 0, 1].sum() == pytest.approx(15e9)


PAGE = Path(__file__).parents[3] / "docs" / "world.md"


def test_page_lists_exactly_the_ducts_that_overload_another_link(germany: Inventory) -> None:
    twin = Twin(germany)
    found = {}
    for duct in germany.topology.shared_risk_groups:
        result = twin.assess(twin.state(down_links=duct.links))
        if result.utilisation.max() > 1:
            found[duct.id] = (f"{result.utilisation.max():.2f}", str(result.breached_services))
    rows = re.findall(r"^\| (duct:\S+) \| [^|]+ \| ([\d.]+) \| (\d+) \|$", PAGE.read_text(), re.M)
    assert {duct: (load, breached) for duct, load, breached in rows} == found


def test_page_gives_the_profile_that_is_used() -> None:
    rows = re.findall(r"^\| factor \| (.*) \|$", PAGE.read_text(), re.M)
    assert [float(x) for row in rows for x in row.split(" | ")] == list(DAILY_PROFILE.hourly)


def test_invented_demand_follows_the_weights_that_are_given() -> None:
    text = (
        "source,target,capacity,weight\n"
        "P,Q,100M,100\nQ,R,100M,10\nP,R,1G,10\nQ,S,100M,10\nS,P,100M,100\n"
    )
    inventory = inventory_from_text(text, "thin.csv")
    highest = Twin(inventory).assess(Twin(inventory).state()).utilisation.max()
    assert highest == pytest.approx(MAX_HEALTHY_UTILISATION)
