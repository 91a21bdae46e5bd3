"""What is true of a network and on no record: drawn once per seed, by mismatch level."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tools.network.emulated.data_plane import flow
from tools.network.emulated.forwarding import FlowSet, trace
from tools.network.emulated.mismatch import Mismatch
from tools.network.emulated.queues import Egresses
from tools.network.emulated.randomness import stream
from tools.network.emulated.routing import Tables, shortest_arcs
from tools.network.emulated.wiring import (
    BoolArray,
    FloatArray,
    IntArray,
    Wiring,
    egress_arc,
    wiring_of,
)
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import Inventory
from twin.nouns.topology import Interface, Topology
from twin.nouns.traffic import TrafficMatrix

HARMLESS = 0.6
"""A hidden difference never lifts an egress above this utilisation at the designed peak, unless the
egress was above it before: the healthy network is healthy."""

CALM = 0.65
"""Hidden demand factors never lift an egress above this at the designed peak, unless the design
itself comes within a tenth of it; drift and noise come on top."""


@dataclass(frozen=True, eq=False)
class Hidden:
    """The hidden values.

    `demand_factor`: (3, n_pairs). `capacity_bps`, `buffer_s`, `burst_cv`: (n_arcs,). `weights`:
    what runs in place of the recorded IGP weight. `short_bundles`: links that lack a member.
    `missing_groups`: ids on no record. `bfd`: (n_links,). `flood_s`, `spf_s`, `fib_s`, `apply_s`:
    how long each router takes to pass on an LSA, to start SPF, to install routes, to apply a
    commit.
    """

    flows: FlowSet
    demand_factor: FloatArray
    capacity_bps: FloatArray
    buffer_s: FloatArray
    burst_cv: FloatArray
    weights: dict[Interface, int]
    short_bundles: tuple[str, ...]
    missing_groups: tuple[str, ...]
    bfd: BoolArray
    flood_s: FloatArray
    spf_s: FloatArray
    fib_s: FloatArray
    apply_s: FloatArray

    def initial_configuration(self, intended: NetworkConfiguration) -> NetworkConfiguration:
        """What runs at the start: what is intended, but for the weights that nobody wrote down."""
        running = intended
        for interface, weight in self.weights.items():
            before = running.device(interface.node).interface(interface.link)
            changed = before.model_copy(update={"igp_weight": weight})
            running = running.with_interface(interface.node, changed)
        return running


def pairs_of(designed: Inventory) -> tuple[IntArray, IntArray]:
    """Source and target index of each pair with demand, a service or a probe, in matrix order."""
    index = designed.topology.node_index
    wanted = designed.peak_traffic.rates_bps.sum(axis=0) > 0
    for service in designed.services:
        for a, b in service.pairs:
            wanted[index[a], index[b]] = True
    for probe in designed.probes:
        wanted[index[probe.source], index[probe.target]] = True
    np.fill_diagonal(wanted, val=False)
    source, target = np.nonzero(wanted)
    return source.astype(np.int64), target.astype(np.int64)


def draw_hidden(designed: Inventory, level: Mismatch, seed: int) -> Hidden:
    """The hidden values of `seed` at `level`. The same arguments give the same values."""
    topology = designed.topology
    wiring = wiring_of(topology)
    n, n_arcs = wiring.n_nodes, wiring.n_arcs
    source, target = pairs_of(designed)
    common = stream(seed, "day").normal(0.0, level.day_sigma) if level.day_sigma else 0.0
    slow = stream(seed, "routers")
    hidden = Hidden(
        flows=_flows(source, target, n, level, seed),
        demand_factor=np.exp(common)
        * _lognormal(seed, "demand", level.demand_sigma, (3, len(source))),
        capacity_bps=np.repeat([x.capacity_bps for x in topology.links], 2).astype(np.float64),
        buffer_s=level.buffer_s * _lognormal(seed, "buffer", level.egress_sigma, (n_arcs,)),
        burst_cv=level.burst_cv * _lognormal(seed, "burst", level.egress_sigma, (n_arcs,)),
        weights={},
        short_bundles=(),
        missing_groups=_missing_groups(topology, level, seed),
        bfd=stream(seed, "bfd").random(len(topology.links)) < level.bfd_share,
        flood_s=slow.uniform(0.005, 0.03, n),
        spf_s=slow.uniform(0.05, 0.2, n),
        fib_s=slow.uniform(0.05, 0.8, n),
        apply_s=slow.uniform(0.2, 1.0, n),
    )
    hidden = _tame_demand(designed, wiring, hidden)
    trial = _Trial(designed, wiring, hidden)
    hidden = _shorten_bundles(designed, hidden, trial, level, seed)
    return _change_weights(designed, hidden, trial, level, seed)


def recorded(designed: Inventory, hidden: Hidden, level: Mismatch, seed: int) -> Inventory:
    """What the operator has on record: the design, less what is on no record, and another day's
    traffic as sampled flow records gave it."""
    groups = tuple(
        g for g in designed.topology.shared_risk_groups if g.id not in hidden.missing_groups
    )
    rates = designed.peak_traffic.rates_bps
    if level.record_sigma:
        rates = rates * _lognormal(seed, "record", level.record_sigma, rates.shape)
    if level.record_sampling:
        rates = sampled(rates, 3600.0, level.record_sampling, stream(seed, "record sampling"))
    return replace(
        designed,
        topology=designed.topology.model_copy(update={"shared_risk_groups": groups}),
        peak_traffic=TrafficMatrix(designed.peak_traffic.nodes, rates),
    )


def sampled(
    rates_bps: FloatArray, over_s: float, one_in: int, numbers: np.random.Generator
) -> FloatArray:
    """The rates that records of one packet (1000 byte) in `one_in` give. `one_in` 0: exact."""
    if not one_in:
        return rates_bps
    bits = 8000.0 * one_in
    packets = numbers.poisson(rates_bps * over_s / bits).astype(np.float64)
    return packets * bits / over_s


def counted(count: FloatArray, one_in: int, numbers: np.random.Generator) -> FloatArray:
    """How many packets samples of one in `one_in` make of `count`. `one_in` 0: exact."""
    if not one_in:
        return count
    return np.asarray(numbers.poisson(count / one_in) * float(one_in))


def _lognormal(seed: int, purpose: str, sigma: float, shape: tuple[int, ...]) -> FloatArray:
    """Mean 1."""
    if not sigma:
        return np.ones(shape)
    factor: FloatArray = np.exp(
        sigma * stream(seed, purpose).standard_normal(shape) - 0.5 * sigma * sigma
    )
    return factor


def _flows(source: IntArray, target: IntArray, n: int, level: Mismatch, seed: int) -> FlowSet:
    sizes = _lognormal(seed, "sizes", level.size_sigma, (3, len(source), level.flows))
    salt: NDArray[np.uint64] = stream(seed, "salt").integers(0, 2**63, n).astype(np.uint64)
    return FlowSet(
        source, target, sizes / sizes.sum(axis=2, keepdims=True), salt, even=level.size_sigma == 0
    )


def _missing_groups(topology: Topology, level: Mismatch, seed: int) -> tuple[str, ...]:
    groups = [g.id for g in topology.shared_risk_groups]
    if not groups or not level.missing_groups:
        return ()
    count = min(len(groups), max(1, round(level.missing_groups * len(groups))))
    chosen = stream(seed, "groups").choice(len(groups), count, replace=False)
    return tuple(groups[i] for i in sorted(chosen))


class _Trial:
    """Loads at the designed peak, to tell which hidden differences are harmless."""

    def __init__(self, designed: Inventory, wiring: Wiring, hidden: Hidden) -> None:
        self._wiring = wiring
        self._flows = hidden.flows
        rates = designed.peak_traffic.rates_bps[:, hidden.flows.source, hidden.flows.target]
        self._rates = rates * hidden.demand_factor
        self.weights = np.full(wiring.n_arcs, np.inf)
        for device in designed.intended.devices:
            for interface in device.interfaces:
                arc = egress_arc(designed.topology, device.node, interface.link)
                self.weights[arc] = interface.advertised_weight
        self.before = self.load(self.weights)

    def load(self, weights: FloatArray) -> FloatArray:
        """bit/s per arc, (n_arcs,), as if no queue ever dropped anything."""
        n_arcs = self._wiring.n_arcs
        tables = Tables.converged(self._wiring, shortest_arcs(self._wiring, weights))
        ample = Egresses(
            capacity_bps=np.full(n_arcs, 1e18),
            burst_cv=np.zeros(n_arcs),
            buffer_s=np.zeros(n_arcs),
            police_bps=np.full((3, n_arcs), np.inf),
            line_loss=np.zeros(n_arcs),
            silent_loss=np.zeros(n_arcs),
            late_s=np.zeros(n_arcs),
            dead=np.zeros(n_arcs, np.bool_),
        )
        self.paths = trace(self._wiring, tables, self._flows)
        slowed = np.ones_like(self._rates)
        moment = flow(
            self._wiring, self.paths, self._rates, ample, np.zeros((3, 1)), slowed, adapt=False
        )
        load: FloatArray = moment.offered.sum(axis=0)
        return load

    def harmless(self, load: FloatArray, capacity_bps: FloatArray) -> bool:
        """Whether no egress is lifted above HARMLESS."""
        lifted = load > self.before * 1.001
        return not bool((lifted & (load > HARMLESS * capacity_bps)).any())


def _tame_demand(designed: Inventory, wiring: Wiring, hidden: Hidden) -> Hidden:
    """Pairs that lift an egress above CALM get a smaller factor."""
    plain = replace(hidden, demand_factor=np.ones_like(hidden.demand_factor))
    design = _Trial(designed, wiring, plain).before
    limit = np.maximum(CALM * hidden.capacity_bps, 1.1 * design)
    for _ in range(5):
        trial = _Trial(designed, wiring, hidden)
        excess = trial.before / limit
        if excess.max(initial=0.0) <= 1.0:
            break
        relief = np.ones(len(hidden.flows.source))
        paths = trial.paths
        np.maximum.at(relief, paths.pair[paths.step_path], excess[paths.step_arc])
        hidden = replace(hidden, demand_factor=hidden.demand_factor / relief)
    return hidden


def _shorten_bundles(
    designed: Inventory, hidden: Hidden, trial: _Trial, level: Mismatch, seed: int
) -> Hidden:
    links = designed.topology.links
    order = stream(seed, "bundles").permutation(len(links))
    capacity = hidden.capacity_bps.copy()
    short: list[str] = []
    for i in order:
        link = links[i]
        if len(short) == level.short_bundles:
            break
        left = link.capacity_bps * (link.members - 1) / link.members
        if link.members > 1 and trial.before[2 * i : 2 * i + 2].max() <= HARMLESS * left:
            capacity[2 * i : 2 * i + 2] = left
            short.append(link.id)
    return replace(hidden, capacity_bps=capacity, short_bundles=tuple(short))


def _change_weights(
    designed: Inventory, hidden: Hidden, trial: _Trial, level: Mismatch, seed: int
) -> Hidden:
    topology = designed.topology
    draw = stream(seed, "weights")
    weights, current = dict(hidden.weights), trial.weights.copy()
    for arc in draw.permutation(len(current)):
        if len(weights) == level.wrong_weights:
            break
        changed = current.copy()
        changed[arc] = max(1, round(current[arc] * draw.choice([0.5, 0.7, 1.4, 2.0])))
        load = trial.load(changed)
        moved = np.abs(load - trial.before).sum() > 0.002 * trial.before.sum()
        if changed[arc] != current[arc] and moved and trial.harmless(load, hidden.capacity_bps):
            current = changed
            weights[topology.egress_of(int(arc))] = int(changed[arc])
    return replace(hidden, weights=weights)
