"""Changes of what is built, against enumerating the changed network anew."""

from dataclasses import replace

import pytest

from tests.twin.whatif.test_survey import square
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.what_if import WhatIf
from twin.imagination.elements import Element, Part, elements_of
from twin.imagination.enumeration import enumerated
from twin.imagination.hardening import hardened
from twin.imagination.regimes import regimes_of
from twin.nouns.common_cause import CommonCause
from twin.nouns.configuration import default_configuration
from twin.nouns.rates import Rate, Rates
from twin.nouns.risk import Hardening, HardeningCosts
from twin.nouns.state import NetworkState
from twin.nouns.topology import Site, Topology
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

SHIPPED = Rates()
MEMBERS_ALONE = HardeningCosts(member=1.0, way=1e6, weight=None)


def _total(
    twin: Twin, changed: WhatIf = (), rates: Rates = SHIPPED, topology: Topology | None = None
) -> float:
    """Minutes a year of all that may fail, once `changed`."""
    state = twin.state()
    for event in changed:
        state = event.after(state)
    if topology is not None:
        state = NetworkState(topology, state.running, state.traffic)
    elements = elements_of(state.topology, rates)
    regimes = regimes_of(twin.inventory.profile)
    found = enumerated(twin.of(state), state, elements, regimes, lines=100)
    return sum(one.slo_minutes for one in found.sets)


def _hardened(
    twin: Twin, picks: int, costs: HardeningCosts, rates: Rates = SHIPPED
) -> tuple[Hardening, ...]:
    elements = elements_of(twin.inventory.topology, rates)
    regimes = regimes_of(twin.inventory.profile)
    found = enumerated(twin, twin.state(), elements, regimes, lines=100)
    return hardened(twin, twin.state(), found, rates, picks, costs)


@pytest.mark.slow
def test_first_member_is_the_one_that_takes_most_away() -> None:
    twin = Twin(build_inventory(WorldSpec(topology="sndlib/abilene", traffic_scale=1.5)))
    (picked,) = _hardened(twin, 1, MEMBERS_ALONE)
    topology, before = twin.inventory.topology, _total(twin)
    left = {
        link.id: _total(twin, topology=topology.with_members(link.id, link.members + 1))
        for link in topology.links
    }
    best = min(left, key=lambda link: left[link])
    assert picked.what == f"one more member of {best}"
    assert before - left[best] == pytest.approx(before * (1 - picked.share_left), rel=0.05)


def test_each_change_takes_more_away_and_costs_what_it_costs() -> None:
    twin = Twin(build_inventory(WorldSpec(topology="sndlib/abilene", traffic_scale=1.5)))
    picked = _hardened(twin, 3, HardeningCosts(member=2.0, way=3.0))
    left = [one.slo_minutes_left for one in picked]
    assert left == sorted(left, reverse=True)
    assert [one.spent for one in picked] == [sum(o.cost for o in picked[: i + 1]) for i in range(3)]
    assert {one.cost for one in picked} <= {0.5, 2.0, 3.0}


def test_way_of_its_own_takes_away_what_a_duct_risks() -> None:
    """A reaches D by two links in one duct, which is cut a hundred times a year."""
    twin = square((("A", "D", 1.0),))
    often = Rates(cable_per_1000_km=Rate(per_year=1e5), device=Rate(per_year=1e-6))
    picked = _hardened(twin, 1, HardeningCosts(), often)
    assert picked[0].what in (
        "A--B takes another way than duct:A:1",
        "A--C takes another way than duct:A:1",
    )
    assert picked[0].share_left < 0.5


def test_nothing_is_built_where_nothing_helps() -> None:
    """Devices alone fail, at which the service begins and ends."""
    twin = square((("A", "D", 1.0),))
    topology = twin.inventory.topology.rebuilt(shared_risk_groups=())
    never = Rates(line_card=Rate(per_year=1e-9), cable_per_1000_km=Rate(per_year=1e-9))
    state = twin.state()
    changed = NetworkState(topology, state.running, state.traffic)
    elements = elements_of(topology, never)
    regimes = regimes_of(twin.inventory.profile)
    found = enumerated(twin.of(changed), changed, elements, regimes, lines=100)
    assert hardened(twin.of(changed), changed, found, never, 3, HardeningCosts()) == ()


NOTHING_ELSE = Rates(
    cable_per_1000_km=Rate(per_year=1e-9),
    line_card=Rate(per_year=1e-9),
    device=Rate(per_year=1e-9),
    site=Rate(per_year=1.0),
    site_hours=876.6,
    power_feed=Rate(per_year=1.0),
    power_feed_hours=876.6,
)
"""A site, or a feed, is down for 0.1 hours per hour in which it is up: 1/11 of all hours."""


def _fed(site: bool, costs: HardeningCosts) -> tuple[Hardening, ...]:
    """B and C, which all from A to D goes through, stand at one site or hang on one feed."""
    twin = square((("A", "D", 1.0),))
    topology, state = twin.inventory.topology.rebuilt(shared_risk_groups=()), twin.state()
    feed = CommonCause(kind="power feed", name="west", nodes=("B", "C"))
    causes: tuple[CommonCause, ...] = (feed,)
    if site:
        places = tuple(Site(id=i, longitude=0.0, latitude=0.0) for i in ("A", "BC", "D"))
        at = (n.model_copy(update={"site": "BC"}) if n.id in "BC" else n for n in topology.nodes)
        topology, causes = topology.rebuilt(sites=places, nodes=tuple(at)), ()
    state = NetworkState(topology, state.running, state.traffic)
    elements = elements_of(topology, NOTHING_ELSE, None, causes)
    regimes = regimes_of(twin.inventory.profile)
    found = enumerated(twin.of(state), state, elements, regimes, lines=100)
    return hardened(twin.of(state), state, found, NOTHING_ELSE, 2, costs, causes=causes)


@pytest.mark.parametrize(("site", "name"), [(True, "site BC"), (False, "power feed west")])
def test_with_a_second_feed_it_is_down_only_while_both_are(site: bool, name: str) -> None:
    """1/11 of all hours before, 1/121 after; nothing is left to be picked then."""
    picked = _fed(site, HardeningCosts(feed=7.0))[0]
    assert (picked.what, picked.cost) == (f"a second feed for {name}", 7.0)
    assert picked.share_left == pytest.approx(1 / 11, rel=1e-6)
    assert picked.slo_minutes_left == pytest.approx(60 * 8766 / 121, rel=1e-6)


def test_no_third_feed_is_built() -> None:
    feeds = [one for one in _fed(True, HardeningCosts()) if "second feed" in one.what]
    assert len(feeds) == 1


def test_two_feeds_fail_as_often_as_one_fails_while_the_other_is_down() -> None:
    """Up and down in turns, 10 and 1 on the mean: of the hours in which one is up at least, 20 of
    120 are with one down, which is how often a failure of the other begins; it lasts half a time.
    """
    part = Part("site", Rate(per_year=1.0), 1.0, 876.6)
    twice = Element("site X", (), (part,), frozenset()).fed_twice()
    assert twice.per_year == pytest.approx(20 / 120)
    assert twice.hours == pytest.approx(438.3)
    assert twice.share_down == pytest.approx(1 / 121)


LINKS_ALONE = Rates(device=Rate(per_year=1e-9), line_card=Rate(per_year=0.02))


def _with_a_way_between(demands: tuple[tuple[str, str, float], ...]) -> Twin:
    """The square with B--C, and no duct."""
    inventory = square(demands).inventory
    built = inventory.topology
    between = built.links[0].model_copy(update={"id": "B--C", "a": "B", "b": "C"})
    topology = built.rebuilt(links=(*built.links, between), shared_risk_groups=())
    intended = default_configuration(topology)
    return Twin(replace(inventory, topology=topology, intended=intended))


def test_weight_takes_away_what_one_failure_overloads() -> None:
    """Without A--B, without B--D and without C--D alike, 6 and 4.5 Gbit/s share a link of 10. With
    twice the weight at C, the first has half of it take B--D; with four times, all of it does, and
    10.5 are there while all is well.
    """
    twin = _with_a_way_between((("A", "D", 6.0), ("C", "D", 4.5)))
    (picked,) = _hardened(twin, 1, HardeningCosts(weight=0.1), LINKS_ALONE)
    weight = twin.state().running.device("C").interface("C--D").igp_weight
    assert picked.what == f"set the IGP weight of C on C--D to {2 * weight}"
    assert (picked.cost, picked.spent) == (0.1, 0.1)
    assert picked.share_left == pytest.approx(2 / 3, rel=0.01)
    changed = SetIgpWeight(node="C", link="C--D", weight=2 * weight)
    before, after = _total(twin, rates=LINKS_ALONE), _total(twin, (changed,), LINKS_ALONE)
    assert picked.share_left == pytest.approx(after / before, rel=0.01)


def test_weight_that_overloads_a_link_with_somewhat_more_demand_is_none() -> None:
    """The same with 7.5 and 4: B--D has 9.5 of 10 while all is well, and 10.9 with 1.15 times."""
    twin = _with_a_way_between((("A", "D", 7.5), ("C", "D", 4.0)))
    (picked,) = _hardened(twin, 1, HardeningCosts(weight=0.1), LINKS_ALONE)
    assert picked.what == "one more member of C--D"


def test_weight_that_is_not_sought_is_not_picked() -> None:
    twin = Twin(build_inventory(WorldSpec(topology="sndlib/abilene", traffic_scale=1.5)))
    (picked,) = _hardened(twin, 1, MEMBERS_ALONE)
    assert picked.what.startswith("one more member of ")
