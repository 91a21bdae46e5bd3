"""Forecasts: intervals that hold what they should, and remedies compared on the same draws."""

import numpy as np
import pytest

from twin.errors import UnknownLink
from twin.events.actions.drain_link import DrainLink
from twin.forecasting import Uncertainty, demand_factors, forecast, sample_assessments
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

CERTAIN = Uncertainty(
    pair_sigma=0, common_sigma=0, split_sigma=0, short_bundle_probability=0, counter_sigma=0
)


@pytest.fixture(scope="module")
def twin() -> Twin:
    return Twin(build_inventory(WorldSpec(topology="sndlib/germany50")))


@pytest.fixture(scope="module")
def cut(twin: Twin) -> NetworkState:
    return twin.state(down_links=twin.inventory.topology.shared_risk_group("duct:Hamburg:1").links)


def test_without_uncertainty_the_forecast_is_the_assessment(twin: Twin, cut: NetworkState) -> None:
    exact = twin.assess(cut)
    result = forecast(twin, cut, uncertainty=CERTAIN, rollouts=3, seed=1)
    for value, interval in (
        (exact.utilisation.max(), result.max_utilisation),
        (exact.breached_services, result.breached_services),
        (exact.lost_bps, result.lost_bps),
    ):
        assert interval.p05 == interval.p95 == pytest.approx(value)
    for key, interval in result.utilisation.items():
        node, link = key.split("|")
        arc = twin.inventory.topology.arc_of(Interface(node=node, link=link))
        assert interval.median == pytest.approx(exact.carried_utilisation[arc])
    in_breach = {v.service for v in exact.verdicts if v.in_breach}
    assert result.service_breach_probability == dict.fromkeys(sorted(in_breach), 1.0)


def test_same_seed_same_forecast(twin: Twin, cut: NetworkState) -> None:
    other = Twin(twin.inventory)
    assert forecast(twin, cut, seed=7) == forecast(other, cut, seed=7)
    assert forecast(twin, cut, seed=7) != forecast(twin, cut, seed=8)


def test_the_busiest_egresses_are_watched_by_default(twin: Twin, cut: NetworkState) -> None:
    result = forecast(twin, cut, seed=1)
    arcs = np.argsort(-twin.assess(cut).utilisation)[:3]
    keys = {f"{e.node}|{e.link}" for e in map(twin.inventory.topology.egress_of, arcs)}
    assert len(result.utilisation) == 5
    assert keys <= set(result.utilisation)
    assert (result.rollouts, result.seed) == (64, 1)


def test_named_egresses_are_watched(twin: Twin) -> None:
    egress = twin.inventory.topology.egress_of(11)
    result = forecast(twin, twin.state(), seed=1, watch=[egress])
    assert list(result.utilisation) == [f"{egress.node}|{egress.link}"]
    with pytest.raises(UnknownLink):
        forecast(twin, twin.state(), seed=1, watch=[Interface(node="Ulm", link="none")])


def test_interval_holds_about_nine_draws_in_ten(twin: Twin) -> None:
    state = twin.state()
    (key, interval), *_ = forecast(twin, state, rollouts=400, seed=1).utilisation.items()
    node, link = key.split("|")
    arc = twin.inventory.topology.arc_of(Interface(node=node, link=link))
    fresh = sample_assessments(twin, state, rollouts=400, seed=2).carried_utilisation[:, arc]
    inside = np.mean([interval.holds(float(value)) for value in fresh])
    assert 0.85 <= inside <= 0.95


def test_remedies_are_compared_on_the_same_draws(twin: Twin, cut: NetworkState) -> None:
    inventory = twin.inventory
    # A drain far away moves little, so that paired differences are much smaller than the spread.
    action = DrainLink(link=inventory.topology.links_at("Passau")[0].id)
    running = action.configured(cut.running, inventory.intended, inventory.topology)
    before = sample_assessments(twin, cut, seed=5).lost_bps
    after = sample_assessments(
        twin, twin.state(running, cut.traffic, cut.down_links), seed=5
    ).lost_bps
    unpaired = sample_assessments(twin, cut, seed=6).lost_bps
    assert np.std(after - before) < 0.1 * np.std(unpaired - before)


def test_demand_factors_have_the_spread_that_is_asked_for() -> None:
    asked = Uncertainty(pair_sigma=0.3, common_sigma=0.1)
    logs = np.log(demand_factors(asked, 40, 400, seed=3))
    assert np.std(logs.mean(axis=(1, 2))) == pytest.approx(0.1, rel=0.15)
    assert np.std(logs - logs.mean(axis=(1, 2), keepdims=True)) == pytest.approx(0.3, rel=0.02)


def test_short_bundle_shows_as_loss_and_not_as_more_than_capacity(twin: Twin) -> None:
    always = CERTAIN.model_copy(update={"short_bundle_probability": 1.0})
    doubled = twin.state(traffic=twin.inventory.peak_traffic.scaled(1.9))
    full = sample_assessments(twin, doubled, uncertainty=CERTAIN, rollouts=1, seed=1)
    short = sample_assessments(twin, doubled, uncertainty=always, rollouts=1, seed=1)
    assert full.lost_bps[0] == pytest.approx(0.0, abs=1.0)
    assert short.lost_bps[0] > 1e9
    assert short.carried_utilisation.max() <= 1.0
