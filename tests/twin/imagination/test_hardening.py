"""Changes of what is built, against enumerating the changed network anew."""

import pytest

from tests.twin.whatif.test_survey import square
from twin.imagination.elements import elements_of
from twin.imagination.enumeration import enumerated
from twin.imagination.hardening import hardened
from twin.imagination.regimes import regimes_of
from twin.nouns.rates import Rate, Rates
from twin.nouns.risk import Hardening, HardeningCosts
from twin.nouns.state import NetworkState
from twin.nouns.topology import Topology
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

SHIPPED = Rates()
MEMBERS_ALONE = HardeningCosts(member=1.0, way=1e6)


def _total(twin: Twin, topology: Topology | None = None) -> float:
    """Minutes a year of all that may fail."""
    state = twin.state()
    if topology is not None:
        state = NetworkState(topology, state.running, state.traffic)
    elements = elements_of(state.topology, Rates())
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
        link.id: _total(twin, topology.with_members(link.id, link.members + 1))
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
    assert {one.cost for one in picked} <= {2.0, 3.0}


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
