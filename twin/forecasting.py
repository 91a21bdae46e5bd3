"""What a state will look like when it is measured: quantiles over sampled demand and parameters.

All samples share one routing, and the same seed draws the same samples for every state of a
network, so that the difference between two remedies is paired and not noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from twin.nouns.base import Noun
from twin.nouns.forecast import Forecast, Interval
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface, Topology
from twin.physics.assessment import flows, service_levels
from twin.physics.compiled import FloatArray, egress_loss_of, entry_limits_of, policer_rates
from twin.physics.twin import Twin

QUANTILES = (0.05, 0.5, 0.95)
WATCHED = 5
"""How many egresses are watched when the caller names none: the busiest."""


class Uncertainty(Noun):
    """How wrong the twin may be. Sigmas are of the natural logarithm; medians are 1 throughout.

    `pair_sigma`: demand of each pair, on its own. `common_sigma`: all demand together.
    `split_sigma`: the share that hashing gives each of several equal-cost next hops.
    `short_bundle_probability`: that a link of two or more members has one fewer than on record.
    `counter_sigma`: what counters show against the mean load, per egress: sampling, jitter and
    bursts.
    """

    pair_sigma: float = Field(default=0.15, ge=0)
    common_sigma: float = Field(default=0.05, ge=0)
    split_sigma: float = Field(default=0.30, ge=0)
    short_bundle_probability: float = Field(default=0.01, ge=0, le=1)
    counter_sigma: float = Field(default=0.01, ge=0)


DEFAULT_UNCERTAINTY = Uncertainty()


@dataclass(frozen=True, slots=True, eq=False)
class SampledAssessments:
    """S draws of one state; draw s of two states of one network under one seed belong together.

    `utilisation` (offered load / capacity on record, may exceed 1) and `carried_utilisation` (as
    counters would show it): (S, n_arcs). `max_utilisation` (S,) of the former. `lost_bps`: (S,).
    `in_breach`: (S, n_services). `breached`: (S,), number of services in breach.
    """

    utilisation: FloatArray
    carried_utilisation: FloatArray
    max_utilisation: FloatArray
    lost_bps: FloatArray
    in_breach: NDArray[np.bool_]
    breached: NDArray[np.int64]


def forecast(
    twin: Twin,
    state: NetworkState,
    *,
    uncertainty: Uncertainty = DEFAULT_UNCERTAINTY,
    rollouts: int = 64,
    seed: int,
    watch: Sequence[Interface] = (),
) -> Forecast:
    """Quantiles of `state` over `rollouts` draws.

    `watch`: egresses whose carried utilisation is forecast (default: the WATCHED busiest by
    median).

    Raises:
        UnknownNode, UnknownLink: `watch` names what does not exist.
    """
    samples = sample_assessments(twin, state, uncertainty=uncertainty, rollouts=rollouts, seed=seed)
    return forecast_of(twin, samples, seed=seed, watch=watch)


def forecast_of(
    twin: Twin, samples: SampledAssessments, *, seed: int, watch: Sequence[Interface] = ()
) -> Forecast:
    """The forecast that `samples`, drawn with `seed`, amount to."""
    topology = twin.inventory.topology
    arcs = [topology.arc_of(egress) for egress in watch] or _busiest(samples)
    share = samples.in_breach.mean(axis=0)
    services = twin.services.services
    return Forecast(
        utilisation={
            _egress_key(topology, arc): _interval(samples.carried_utilisation[:, arc])
            for arc in arcs
        },
        max_utilisation=_interval(samples.max_utilisation),
        breached_services=_interval(samples.breached),
        lost_bps=_interval(samples.lost_bps),
        service_breach_probability={services[i].id: float(share[i]) for i in np.flatnonzero(share)},
        rollouts=len(samples.lost_bps),
        seed=seed,
    )


def _busiest(samples: SampledAssessments) -> list[int]:
    medians = np.median(samples.utilisation, axis=0)
    return [int(arc) for arc in np.argsort(-medians, kind="stable")[:WATCHED]]


def _egress_key(topology: Topology, arc: int) -> str:
    return str(topology.egress_of(arc))


def _interval(values: NDArray[np.float64] | NDArray[np.int64]) -> Interval:
    low, middle, high = (float(q) for q in np.quantile(values, QUANTILES))
    return Interval(p05=low, median=middle, p95=high)


def sample_assessments(
    twin: Twin,
    state: NetworkState,
    *,
    uncertainty: Uncertainty = DEFAULT_UNCERTAINTY,
    rollouts: int = 64,
    seed: int,
) -> SampledAssessments:
    """Assess `rollouts` draws of `state` over its one routing."""
    compiled, topology = twin.compiled, state.topology
    draw = draw_samples(twin, uncertainty, rollouts, seed)
    traffic = draw.demand[:, None] * state.traffic.rates_bps
    result = flows(
        compiled,
        twin.route(state),
        traffic,
        policed_bps=policer_rates(topology, state.running),
        silent_loss=egress_loss_of(topology, state.egress_loss),
        capacity_bps=draw.capacity_bps,
        split=draw.split,
        parameters=twin.parameters,
        entry_bps=entry_limits_of(topology, state.running),
    )
    levels = service_levels(twin.services, result.delivered, result.delay_s)
    on_record = compiled.capacity_bps[:, None]
    utilisation = result.offered_bps.sum(axis=2) / on_record
    carried = (result.arriving_bps * result.sent).sum(axis=2) / on_record
    return SampledAssessments(
        utilisation=utilisation.T,
        carried_utilisation=(carried * draw.counter).T,
        max_utilisation=utilisation.max(axis=0),
        lost_bps=np.einsum("skij,skij->s", traffic, 1.0 - result.delivered),
        in_breach=levels.in_breach,
        breached=levels.in_breach.sum(axis=1),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """S samples of what is not known.

    `demand`: (S, n, n), factors. `split`, `capacity_bps`, `counter`: (n_arcs, S).
    """

    demand: FloatArray
    split: FloatArray
    capacity_bps: FloatArray
    counter: FloatArray


def draw_samples(twin: Twin, uncertainty: Uncertainty, rollouts: int, seed: int) -> Draw:
    """Samples that depend on the network and the seed alone, never on the state.

    `demand`: (S, n, n). `split`, `capacity_bps`, `counter`: (n_arcs, S).
    """
    n, links = twin.compiled.n_nodes, twin.inventory.topology.links
    rng = np.random.default_rng((seed, 1))
    per_arc = (2 * len(links), rollouts)
    split = np.exp(uncertainty.split_sigma * rng.standard_normal(per_arc))
    counter = np.exp(uncertainty.counter_sigma * rng.standard_normal(per_arc))
    members = np.array([link.members for link in links])[:, None]
    short = rng.random((len(links), rollouts)) < uncertainty.short_bundle_probability
    left = np.where(short & (members > 1), (members - 1) / members, 1.0)
    return Draw(
        demand=demand_factors(uncertainty, n, rollouts, seed),
        split=split,
        capacity_bps=twin.compiled.capacity_bps[:, None] * np.repeat(left, 2, axis=0),
        counter=counter,
    )


def demand_factors(uncertainty: Uncertainty, n_nodes: int, rollouts: int, seed: int) -> FloatArray:
    """Factors on the demand of each pair, (S, n, n), log-normal with median 1."""
    rng = np.random.default_rng((seed, 0))
    common = uncertainty.common_sigma * rng.standard_normal((rollouts, 1, 1))
    pair = uncertainty.pair_sigma * rng.standard_normal((rollouts, n_nodes, n_nodes))
    return np.exp(common + pair)
