"""Drawn incidents are the same every time, and on networks that nobody has."""

from itertools import chain
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from evals.arm import NamedCause
from evals.campaigns import announced, fresh, lossy, pairs, tenant
from evals.campaigns.campaign import Campaign, load_spec
from evals.campaigns.healthy import TOPOLOGIES
from evals.stage import case_names, load_case
from evals.unseen import KINDS, Ground, drawn_world, numbers_for, timed
from twin.errors import BadInput
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.traffic_spike import TrafficSpike
from twin.sources.topohub_source import topohub_names

CAMPAIGNS: tuple[Campaign[Any, Any, Any], ...] = (
    announced.CAMPAIGN,
    fresh.CAMPAIGN,
    lossy.CAMPAIGN,
    pairs.CAMPAIGN,
    tenant.CAMPAIGN,
)


@pytest.fixture(scope="module")
def ground() -> Ground:
    """That of a small network."""
    return Ground.of(drawn_world("topozoo/Compuserve", "test", duration_s=3600.0))


def test_same_key_is_the_same_incident_and_another_is_not() -> None:
    key = ("topozoo/Compuserve", "link_down")
    assert fresh.incident(*key, 1) == fresh.incident(*key, 1)
    assert fresh.incident(*key, 1).world.id != fresh.incident(*key, 2).world.id


def test_id_tells_nothing_of_the_incident() -> None:
    name = fresh.incident("topozoo/Compuserve", "link_down", 1).id
    assert "compuserve" not in name
    assert "down" not in name


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_drawn_and_staged(ground: Ground, kind: str) -> None:
    fault = ground.fault(kind, numbers_for("draw"))
    assert fault.kind == kind
    event = timed(fault, 600.0, numbers_for("draw"))
    assert (event.repair is None) == isinstance(fault, TrafficSpike | IgpWeightMisconfig)


def test_kind_that_is_not_drawn_is_refused_by_name(ground: Ground) -> None:
    with pytest.raises(BadInput, match='no fault of the kind "flood"'):
        ground.fault("flood", numbers_for("draw"))


def test_network_does_without_each_busy_link_and_without_its_protecting_one(
    ground: Ground,
) -> None:
    links = ground.inventory.topology.links
    for busy in ground.busy:
        other = ground.protecting(busy.id)
        left = nx.Graph((x.a, x.b) for x in links if x.id != busy.id)
        assert other.id != busy.id
        assert nx.is_connected(left)
        assert nx.has_path(left, busy.a, busy.b)


def test_link_that_is_excepted_is_not_drawn(ground: Ground) -> None:
    first = ground.link(numbers_for(1))
    drawn = {ground.link(numbers_for(i), but={first.id}).id for i in range(20)}
    assert first.id not in drawn
    assert len(drawn) > 1


@pytest.mark.parametrize("campaign", CAMPAIGNS, ids=lambda c: c.name)
def test_topologies_are_known_and_of_no_case(campaign: Campaign[Any, Any, Any]) -> None:
    shipped = {load_case(name).world.topology for name in case_names()} | set(TOPOLOGIES)
    cases = set(load_spec(campaign).cases)
    assert not cases & shipped
    assert cases <= set(topohub_names())


def test_no_two_campaigns_play_on_one_topology() -> None:
    cases = list(chain.from_iterable(load_spec(campaign).cases for campaign in CAMPAIGNS))
    assert len(cases) == len(set(cases))


@pytest.mark.parametrize(
    ("campaign", "arm", "least"),
    [
        (announced.CAMPAIGN, "noctua", 80),
        (fresh.CAMPAIGN, "noctua", 150),
        (lossy.CAMPAIGN, "noctua", 60),
        (pairs.CAMPAIGN, "noctua", 60),
    ],
    ids=["announced", "fresh", "lossy", "pairs"],
)
def test_shipped_specification_has_enough_plays(
    campaign: Campaign[Any, Any, Any], arm: str, least: int
) -> None:
    plays = campaign.plays(load_spec(campaign))
    assert sum(play.arm == arm for play in plays) >= least
    assert len(plays) == len(set(plays))


def test_pairs_touch_different_places_and_the_control_has_the_second_alone() -> None:
    for seed in range(1, 9):
        both, second_s = pairs.incident("topozoo/Goodnet", seed, "noctua")
        alone, _ = pairs.incident("topozoo/Goodnet", seed, "alone")
        first, second = both.truth.events
        assert not set(first.fault.resources) & set(second.fault.resources)
        assert alone.truth.events == (second,)
        assert 120.0 <= second.at_s - first.at_s <= 1800.0
        assert second.at_s == second_s


def test_tenancy_repeats_links_and_leaves_a_third() -> None:
    case = tenant.tenancy("topozoo/Peer1", 1)
    events = case.truth.events
    assert len(events) == tenant.DAYS
    assert sum(tenant.is_left(day) for day in range(1, tenant.DAYS + 1)) == 6
    assert {event.fault.kind for event in events} == set(KINDS)
    assert len({event.fault.resources for event in events}) < tenant.DAYS
    evening = tenant.evening(case, 5)
    assert [event.fault for event in evening.truth.events] == [events[4].fault]


def test_next_day_is_listed_once_the_day_before_is_recorded(tmp_path: Path) -> None:
    spec = load_spec(tenant.CAMPAIGN, folder=str(tmp_path), arms=("noctua",), days=3)
    first = tenant.CAMPAIGN.plays(spec)[0]
    fault = NamedCause(kind="link_down", resources=("a--b",))
    day = tenant.Day(fault=fault, is_left=False, found_s=None)
    done = tenant.TenantRecord(campaign="tenant", play=first, commit="abc", cpu_s=1.0, outcome=day)
    raised = done.model_copy(update={"outcome": None, "error": "Oops: why"})
    assert tenant.CAMPAIGN.later(spec, {}) == []
    assert [p.day for p in tenant.CAMPAIGN.later(spec, {first: done})] == [2]
    assert tenant.CAMPAIGN.later(spec, {first: raised}) == []
