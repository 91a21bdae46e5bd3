"""What every channel of telemetry shows, and how surprising that is if certain faults are all.

A channel is one measured thing: the load, the loss, the drops or the configuration of one egress,
one adjacency, what one node draws, what one probe loses. Its surprise under a set of faults is the
log of how likely a broad density makes what was seen, over how likely the faults make it: far below
0 where they fit well, 0 where nothing was read.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from twin.diagnosis.likelihood import (
    ADJACENCY_MISSED,
    ADJACENCY_SPURIOUS,
    HALF,
    LOAD_TEMPER,
    Likelihood,
)
from twin.events.fault import Fault
from twin.events.faults.misconfiguration import CHANGE_UNEXPLAINED
from twin.events.faults.unannounced_drain import UnannouncedDrain
from twin.nouns.drops import DROPS_HALF_AT, DROPS_WIDTH, MUCH, MUCH_HALF_AT, SEEN
from twin.nouns.evidence import AGREE_NATS, CLAIM_NATS, MOST_NATS, Evidence
from twin.nouns.incident import EVERYWHERE
from twin.nouns.observation import LEAST_LOST
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.nouns.topology import Interface
from twin.physics.compiled import IntArray, arc_weights, compile_topology, discards_of
from twin.physics.loads import deliveries, lossless
from twin.physics.routing import discarding, route

_STUDENT_4 = math.log(0.375)
"""Of the density of Student's t with four degrees of freedom, in its middle."""

_GAUSS = -0.5 * math.log(2 * math.pi)

# What something for which there is no kind would show (assumed): broad, and the same everywhere.
_LOSS_UP_TO = 0.5
_INBOUND_SPREAD = 0.7
_DROPS, _DIFFERS, _LOSES_ADJACENCY = 0.3, 0.1, 0.3

_LEAST_LOSS_SIGMA, _LEAST_INBOUND_SIGMA, _ESTIMATE_ERROR = 1e-4, 0.03, 0.1

_HELD_BACK = 0.3
"""Log standard deviation of what arrives over an egress that drops: senders hold back, and nobody
knows by how much (assumed)."""

_DROPS_LEAST = 1e-4
"""Chance that an egress drops however empty it is, at least (assumed)."""

_PROBES_AGREE, _PROBES_ODD, _PROBE_TEMPER = 30.0, 1e-3, 0.5
"""Probes of one pair lose unevenly, one in a thousand whatever it likes, and neighbouring ones err
together (assumed)."""

_EMPTIED, _MOST_EMPTIED = 0.3, 3
"""An egress that sends less than this share of what is expected is taken to be kept free of
traffic; so many links at most are asked about."""

_FAR = 2.0 * DROPS_WIDTH
"""So far below the load at which a queue drops with chance 1/2, it does not."""

_LEAST_TOLD = 0.5
"""Nats; less is not told."""

_CROSSES = 0.3
"""A probe tells of an egress that so much of it crosses."""


@dataclass(frozen=True, eq=False)
class Places:
    """`names` of places, one of them several times where it may show in several ways. Channel
    `channel[k]` is at place number `place[k]`.
    """

    names: Sequence[str]
    channel: IntArray
    place: IntArray

    def summed(self, values: FloatArray) -> FloatArray:
        """(n_places,), of `values` (n_channels,)."""
        return np.asarray(np.bincount(self.place, values[self.channel], len(self.names)), float)


@dataclass(frozen=True)
class _Supposed:
    """The network if `faults` are all that is wrong: `state`, and (n_arcs,) in bit/s
    the `loads`, and what is left of the `capacity`.
    """

    faults: Sequence[Fault]
    state: NetworkState
    loads: FloatArray
    capacity: FloatArray


class Channels:
    """All channels of one observation, numbered: of egresses four times, links, nodes three times,
    probes.
    """

    def __init__(self, likelihood: Likelihood) -> None:
        self.likelihood = likelihood
        self._seen, self._normal = likelihood.observation, likelihood.normal
        topology = self._normal.topology
        self._topology = topology
        self._capacity = np.repeat([x.capacity_bps for x in topology.links], 2)
        self._probes = 0 if self._seen.probes is None else len(self._seen.probes.sent)

    def surprises(self, faults: Sequence[Fault]) -> FloatArray:
        """(n_channels,), nats, at most MOST_NATS; CLAIM_NATS where one device alone says so."""
        supposed = self._supposed(faults)
        parts = (
            self._loads(supposed),
            self._losses(supposed),
            self._drops(supposed),
            self._differences(supposed),
            self._adjacencies(supposed),
            self._inbound(supposed),
            self._flow_mixes(supposed),
            self._probe_losses(supposed),
        )
        return np.clip(np.concatenate(parts), -MOST_NATS, self._most)

    def drops(self, faults: Sequence[Fault]) -> list[Evidence]:
        """How egresses that drop, or do not, weigh for `faults`, which say how full they are.

        What a fault does to drops besides, it weighs itself.
        """
        supposed = self._supposed(faults)
        ratio = self._drops(self._supposed(())) - self._drops(supposed)
        ratio[self._dropping_by(faults) | (supposed.capacity != self._capacity)] = 0.0
        return [
            Evidence(
                observation=f"{self._topology.egress_of(int(arc))} drops {seen:.1%} of its load"
                if (seen := self._seen.drop_fraction[arc]) > SEEN
                else f"{self._topology.egress_of(int(arc))} drops nothing",
                log_likelihood_ratio=float(ratio[arc]),
            )
            for arc in np.flatnonzero(np.abs(ratio) > _LEAST_TOLD)
        ]

    def by_probes_alone(self, faults: Sequence[Fault]) -> list[Evidence]:
        """How probes weigh for `faults` that leave them no way, or by which egresses lose of which
        counters do not tell. No fault weighs that itself, or several would explain the same loss.
        """
        probes, supposed = self._seen.probes, self._supposed(faults)
        if probes is None:
            return []
        none_left = self._without_a_way(supposed.state, probes.ends) > 0
        untold = (self._lost(supposed) > 0) & np.isnan(self._seen.loss)
        crossing = (probes.shares[:, untold].sum(axis=1) > 0) & ~none_left
        ratio = self._probe_losses(self._supposed(())) - self._probe_losses(supposed)
        told = (
            (none_left, "that would have no way"),
            (crossing, "over egresses of which counters do not tell"),
        )
        return [
            Evidence(observation=f"{of.sum()} probes {which}", log_likelihood_ratio=weight)
            for of, which in told
            if abs(weight := float(ratio[of].sum())) > _LEAST_TOLD
        ]

    def emptied(
        self, faults: Sequence[Fault], surprise: FloatArray
    ) -> Iterator[tuple[str, IntArray, FloatArray]]:
        """Egresses and links that carry far less than if `faults` are all: each with its channels,
        and the `surprise` of all channels where traffic keeps off it as well.
        """
        expected = self.likelihood.loads_after(faults) * np.exp(self._seen.load_bias)
        with np.errstate(invalid="ignore"):
            gone = (self._seen.sent_bps < _EMPTIED * expected) & (surprise[: len(expected)] > 1.0)
        by_link = np.where(gone, surprise[: len(expected)], 0.0).reshape(-1, 2).sum(axis=1)
        for i in np.argsort(-by_link)[:_MOST_EMPTIED].tolist():
            link, arcs = self._topology.links[i], [2 * i, 2 * i + 1]
            places: list[tuple[str, tuple[str, ...], IntArray]] = []
            for arc in arcs:
                if gone[arc]:
                    egress = self._topology.egress_of(arc)
                    places.append((str(egress), (egress.node,), self._of_arcs([arc])))
            if places:
                own = np.append(self._of_arcs(arcs), self._adjacency_of(i))
                places.append((link.id, (link.a, link.b), own))
            for place, nodes, own in places:
                drain = UnannouncedDrain(link=link.id, nodes=nodes)
                yield place, own, self.surprises((*faults, drain))

    @cached_property
    def may_ripple(self) -> NDArray[np.bool_]:
        """(n_channels,): loads, losses, drops and probes, where trouble elsewhere may show."""
        n_arcs, n_nodes = self._topology.n_arcs, len(self._topology.nodes)
        rest = n_arcs + len(self._topology.links) + 3 * n_nodes
        return np.repeat([True, False, True], [3 * n_arcs, rest, self._probes])

    @cached_property
    def is_probe(self) -> NDArray[np.bool_]:
        """(n_channels,): the last ones."""
        return np.arange(len(self.may_ripple)) >= self._first_probe

    def total(self, nats: FloatArray, of: IntArray | None = None) -> float:
        """The sum of `nats` (n_channels,) over the channels `of`, or all; probes together weigh no
        more than they do for a fault.
        """
        own, probes = (nats, self.is_probe) if of is None else (nats[of], self.is_probe[of])
        return float(own[~probes].sum() + np.clip(own[probes].sum(), -MOST_NATS, MOST_NATS))

    @cached_property
    def places(self) -> "Places":
        """Every place at which something may be wrong, with its channels."""
        found = list(self._places())
        return Places(
            names=[name for name, _ in found],
            channel=np.concatenate([of for _, of in found]),
            place=np.repeat(np.arange(len(found)), [len(of) for _, of in found]),
        )

    def _places(self) -> Iterator[tuple[str, IntArray]]:
        topology = self._topology
        for arc in range(topology.n_arcs):
            yield str(topology.egress_of(arc)), self._of_arcs([arc])
        for i, link in enumerate(topology.links):
            yield link.id, np.append(self._of_arcs([2 * i, 2 * i + 1]), self._adjacency_of(i))
        for j, node in enumerate(topology.nodes):
            links = [topology.link_index[x.id] for x in topology.links_at(node.id)]
            arcs = [arc for i in links for arc in (2 * i, 2 * i + 1)]
            drawn = self._drawn_by(j)
            own = [*(self._adjacency_of(i) for i in links), *drawn]
            ends = np.concatenate([self._towards(j), self._from(j)])
            yield node.id, np.unique(np.concatenate([self._of_arcs(arcs), own, ends]))
            yield node.id, np.concatenate([self._towards(j), drawn])
            yield node.id, self._from(j)
        yield EVERYWHERE, np.arange(len(self.may_ripple))

    # Which channels are where
    # -----------------------------------------------------------------------------------------

    def _of_arcs(self, arcs: Sequence[int]) -> IntArray:
        n_arcs = self._topology.n_arcs
        own: IntArray = np.add.outer(np.arange(4) * n_arcs, np.asarray(arcs)).ravel()
        if self._seen.probes is None:
            return own
        crossing = (self._seen.probes.shares[:, arcs] > _CROSSES).any(axis=1)
        return np.concatenate([own, self._first_probe + np.flatnonzero(crossing)])

    def _adjacency_of(self, link: int) -> int:
        return 4 * self._topology.n_arcs + link

    def _inbound_of(self, node: int) -> int:
        return 4 * self._topology.n_arcs + len(self._topology.links) + node

    def _drawn_by(self, node: int) -> IntArray:
        """What the node draws, how large the flows are, and how many addresses they come from."""
        return self._inbound_of(node) + len(self._topology.nodes) * np.arange(3)

    @property
    def _first_probe(self) -> int:
        return self._inbound_of(3 * len(self._topology.nodes))

    def _towards(self, node: int) -> IntArray:
        return self._ending(1, node)

    def _from(self, node: int) -> IntArray:
        return self._ending(0, node)

    def _ending(self, end: int, node: int) -> IntArray:
        if self._seen.probes is None:
            return np.zeros(0, np.int64)
        own: IntArray = np.flatnonzero(self._seen.probes.ends[:, end] == node)
        return self._first_probe + own

    # How surprising each is
    # -----------------------------------------------------------------------------------------

    def _loads(self, supposed: _Supposed) -> FloatArray:
        terms = self.likelihood.load_terms(supposed.faults) + _STUDENT_4
        known = np.isfinite(self._seen.sent_bps)
        return np.where(known, LOAD_TEMPER * (-np.log(self._capacity) - terms), 0.0)

    def _losses(self, supposed: _Supposed) -> FloatArray:
        lost = self._lost(supposed)
        noise = np.maximum(self._seen.loss_sigma, _LEAST_LOSS_SIGMA)
        sigma = np.hypot(noise, _ESTIMATE_ERROR * lost)
        # Where both ends are read at other moments more may arrive than was sent.
        z = (np.maximum(self._seen.loss, 0.0) - lost) / sigma
        surprise = -math.log(_LOSS_UP_TO) - (_GAUSS - 0.5 * z**2 - np.log(sigma))
        # What a link loses that comes and goes is lost before it is sent.
        links = {link for fault in supposed.faults for link in fault.unsteady_links}
        unsteady = np.repeat([link.id in links for link in self._topology.links], 2)
        return np.where(np.isfinite(surprise) & ~unsteady, surprise, 0.0)

    def _drops(self, supposed: _Supposed) -> FloatArray:
        offered = supposed.loads * np.exp(self._seen.load_bias) / supposed.capacity
        is_dropping = self._seen.drop_fraction > SEEN
        half_at = np.where(self._seen.drop_fraction > MUCH, MUCH_HALF_AT, DROPS_HALF_AT)
        if (counted := self._seen.drops) is not None:
            # What is offered less than fits has no full queue, however much it should be offered.
            lately = counted.lately_bps / supposed.capacity
            offered = np.where(is_dropping & (lately < half_at - _FAR), lately, offered)
        drops = 1.0 / (1.0 + np.exp(np.clip((half_at - offered) / DROPS_WIDTH, -60.0, 60.0)))
        drops[self._hits_voice] = 0.0
        drops[self._dropping_by(supposed.faults)] = 1.0
        spurious = _DROPS_LEAST if counted is None else counted.spurious
        drops = np.clip(drops, np.where(is_dropping, spurious, _DROPS_LEAST), 1.0 - 1e-2)
        drops[self._policed(supposed.state)] = 0.5
        surprise = np.where(is_dropping, np.log(_DROPS / drops), np.log((1 - _DROPS) / (1 - drops)))
        return np.where(np.isfinite(self._seen.drop_fraction), surprise, 0.0)

    @cached_property
    def _hits_voice(self) -> NDArray[np.bool_]:
        """(n_arcs,) egresses whose drops hit voice, which no queue's do."""
        counted, arcs = self._seen.drops, range(self._topology.n_arcs)
        return np.array([counted is not None and bool(counted.hits_voice(a)) for a in arcs])

    def _differences(self, supposed: _Supposed) -> FloatArray:
        surprise = np.full(self._topology.n_arcs, math.log1p(-_DIFFERS))
        explained = {i for fault in supposed.faults for i in fault.wrong_interfaces()}
        for egress in self._different:
            known = egress in explained
            ratio = math.log(_DIFFERS) - (0.0 if known else math.log(CHANGE_UNEXPLAINED))
            surprise[self._topology.arc_of(egress)] = ratio
        return surprise

    def _adjacencies(self, supposed: _Supposed) -> FloatArray:
        seen, topology = self._seen, self._topology
        down = {x for fault in supposed.faults for x in fault.links_down(topology)}
        unsteady = {x for fault in supposed.faults for x in fault.unsteady_links} - down
        held_down = 1.0 - ADJACENCY_MISSED
        surprise = np.full(len(topology.links), math.log1p(-_LOSES_ADJACENCY))
        for link in down | unsteady | seen.down_since.keys() | seen.returns.keys():
            back = 0.0 if link in unsteady else seen.returned_nats(link)
            if link in unsteady:
                broad = _LOSES_ADJACENCY if link in seen.down_since else 1 - _LOSES_ADJACENCY
                ratio = math.log(broad / HALF)
            elif link not in seen.down_since and link in down:
                ratio = math.log((1 - _LOSES_ADJACENCY) / ADJACENCY_MISSED)
            elif link not in seen.down_since:
                ratio = math.log(_LOSES_ADJACENCY if back else 1 - _LOSES_ADJACENCY)
            elif link in down:
                ratio = math.log(_LOSES_ADJACENCY / held_down)
            else:
                held = self.likelihood.held_nats(link)
                ratio = math.log(_LOSES_ADJACENCY / ADJACENCY_SPURIOUS) + held
            surprise[topology.link_index[link]] = ratio + back
        return surprise

    def _inbound(self, supposed: _Supposed) -> FloatArray:
        drawn, usual = (
            s.traffic.rates_bps.sum(axis=(0, 1)) for s in (supposed.state, self._normal)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            more, seen = np.log(drawn / usual), np.log(self._seen.inbound_ratio)
        noise = np.maximum(self._seen.inbound_sigma, _LEAST_INBOUND_SIGMA)
        noise = np.hypot(noise, _HELD_BACK * self._behind_drops)
        sigma = np.hypot(noise, np.where(np.abs(more) > 1e-9, _ESTIMATE_ERROR, 0.0))
        sharp = -0.5 * ((seen - more) / sigma) ** 2 - np.log(sigma)
        broad = -0.5 * (seen / _INBOUND_SPREAD) ** 2 - math.log(_INBOUND_SPREAD)
        surprise = broad - sharp
        return np.where(np.isfinite(surprise), surprise, 0.0)

    def _flow_mixes(self, supposed: _Supposed) -> FloatArray:
        mix = self._seen.flow_mix
        if mix is None:
            return np.zeros(2 * len(self._topology.nodes))
        sharp = mix.log_density(self.likelihood.expected_mix(supposed.faults))
        return np.asarray((mix.log_broad() - sharp).ravel())

    @cached_property
    def _behind_drops(self) -> FloatArray:
        """(n_nodes,) share of what each node draws that crosses an egress which drops, as the
        network runs now.
        """
        dropping = np.nan_to_num(self._seen.drop_fraction) > SEEN
        if not dropping.any():
            return np.zeros(len(self._topology.nodes))
        compiled = compile_topology(self._topology)
        down = self._normal.down_links | self._seen.down_since.keys()
        weights = arc_weights(self._topology, self._seen.running, down)
        passing = lossless(compiled.n_arcs, 1, 1)
        ways, none = route(compiled, weights), np.zeros_like(passing)
        reached, _ = deliveries(compiled, ways, passing, none)
        passing[dropping] = 0.0
        spared, _ = deliveries(compiled, ways, passing, none)
        rates_bps = self._normal.traffic.rates_bps.sum(axis=0)
        drawn_bps, spared_bps = ((rates_bps * s[0, 0]).sum(axis=0) for s in (reached, spared))
        return np.asarray((drawn_bps - spared_bps) / np.maximum(drawn_bps, 1.0))

    def _probe_losses(self, supposed: _Supposed) -> FloatArray:
        probes = self._seen.probes
        if probes is None:
            return np.zeros(0)
        more = np.clip(probes.shares @ self._lost(supposed) + self._dropped, 0.0, 1.0)
        more = np.maximum(more, self._without_a_way(supposed.state, probes.ends))
        usual = np.clip(probes.usual, LEAST_LOST, 0.5)
        mean = np.clip(usual + more * (1.0 - usual), LEAST_LOST, 1.0 - LEAST_LOST)
        lost = np.minimum(probes.lost, probes.sent)
        broad = -np.log(probes.sent + 1.0)
        sharp = np.logaddexp(
            math.log1p(-_PROBES_ODD) + _beta_binomial(lost, probes.sent, mean, _PROBES_AGREE),
            math.log(_PROBES_ODD) + broad,
        )
        return np.where(probes.sent > 0, _PROBE_TEMPER * (broad - sharp), 0.0)

    @cached_property
    def _dropped(self) -> FloatArray:
        """(n_probes,) share that egresses were seen to drop of the class of each probe."""
        probes, drops = self._seen.probes, self._seen.drops
        if probes is None or drops is None:
            return np.zeros(self._probes)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = drops.dropped_bps / (drops.dropped_bps + drops.sent_bps)
        seen = (self._seen.drop_fraction > SEEN)[:, None] & np.isfinite(share)
        share = np.where(seen, share, 0.0)
        if probes.classes is None:
            return np.asarray(probes.shares @ share.max(axis=1))
        return np.asarray((probes.shares * share[:, probes.classes].T).sum(axis=1))

    # What they are asked about
    # -----------------------------------------------------------------------------------------

    def _supposed(self, faults: Sequence[Fault]) -> _Supposed:
        state = self._normal
        for fault in faults:
            state = fault.after(state)
        capacity = np.repeat([x.capacity_bps for x in state.topology.links], 2)
        return _Supposed(faults, state, self.likelihood.loads_after(faults), capacity)

    def _lost(self, supposed: _Supposed) -> FloatArray:
        """(n_arcs,) share that is lost and that no counter tells of, beyond what is normal."""
        lost = np.zeros(self._topology.n_arcs)
        for egress, share in supposed.state.egress_loss.items():
            if share != self._normal.egress_loss.get(egress):
                lost[self._topology.arc_of(egress)] = share
        counted = np.isfinite(self._seen.drop_fraction)
        lost[self._dropping_by(supposed.faults) & counted] = 0.0
        with np.errstate(divide="ignore"):
            kept = supposed.capacity / (supposed.loads * np.exp(self._seen.load_bias))
        return np.where(counted, lost, 1.0 - (1.0 - lost) * np.minimum(kept, 1.0))

    def _dropping_by(self, faults: Sequence[Fault]) -> NDArray[np.bool_]:
        """(n_arcs,) whether an egress drops by a fault however empty it is."""
        found = np.zeros(self._topology.n_arcs, np.bool_)
        for egress in (e for fault in faults for e in fault.drops_at):
            found[self._topology.arc_of(egress)] = True
        return found

    def _without_a_way(self, state: NetworkState, ends: IntArray) -> FloatArray:
        """(k,) share of what goes between `ends` (k, 2) that static routes discard in `state`, and
        not normally, or that no links which are up join.
        """
        topology, normal = self._topology, self._normal
        discards = discards_of(topology, state.running)
        lost = np.zeros(len(ends))
        if state.down_links:
            part = self._parts(state.down_links)
            lost = (part[ends[:, 0]] != part[ends[:, 1]]).astype(float)
        if discards == discards_of(topology, normal.running):
            return lost
        compiled = compile_topology(topology)
        weights = arc_weights(topology, state.running, state.down_links)
        routing = discarding(route(compiled, weights), discards)
        passing = lossless(compiled.n_arcs, 1, 1)
        delivered, _ = deliveries(compiled, routing, passing, np.zeros_like(passing))
        return np.asarray(np.maximum(lost, 1.0 - delivered[0, 0, ends[:, 0], ends[:, 1]]))

    def _parts(self, down_links: Collection[str]) -> IntArray:
        """(n_nodes,) the number of the part of the network that each node is in."""
        topology = self._topology
        graph: nx.Graph[int] = nx.empty_graph(len(topology.nodes))
        graph.add_edges_from(
            (topology.node_index[link.a], topology.node_index[link.b])
            for link in topology.links
            if link.id not in down_links
        )
        part = np.zeros(len(topology.nodes), np.int64)
        for number, nodes in enumerate(nx.connected_components(graph)):
            part[list(nodes)] = number
        return part

    def _policed(self, state: NetworkState) -> list[int]:
        return [
            self._topology.arc_of(Interface(node=device.node, link=interface.link))
            for device in state.running.devices
            for interface in device.interfaces
            if interface.policers
        ]

    @cached_property
    def _different(self) -> frozenset[Interface]:
        """Interfaces that run something else than before."""
        now, before = self._seen.running.devices, self._normal.running.devices
        return frozenset(
            Interface(node=new.node, link=runs.link)
            for new, old in zip(now, before, strict=True)
            if new != old
            for runs, ran in zip(new.interfaces, old.interfaces, strict=True)
            if runs != ran
        )

    @cached_property
    def _most(self) -> FloatArray:
        """(n_channels,): however much one device claims alone, it is one device that says so."""
        most = np.full(len(self.may_ripple), MOST_NATS)
        topology, seen = self._topology, self._seen
        for link in seen.one_end.keys() | seen.returns_by.keys():
            most[self._adjacency_of(topology.link_index[link])] = CLAIM_NATS
        for node in seen.one_source:
            most[self._inbound_of(topology.node_index[node])] = CLAIM_NATS
        for node in seen.flow_mix.one_source if seen.flow_mix else ():
            most[self._drawn_by(topology.node_index[node])[1:]] = CLAIM_NATS
        for arc in np.flatnonzero(seen.loss > seen.suspect_loss):
            said = None if seen.probes is None else seen.probes.support(int(arc), seen.loss[arc])
            if said is None or said < AGREE_NATS:
                most[topology.n_arcs + arc] = CLAIM_NATS
        return most


def _beta_binomial(
    lost: FloatArray, sent: FloatArray, mean: FloatArray, agree: float
) -> FloatArray:
    """(k,) log of the chance to lose so many."""
    a, b = mean * agree, (1.0 - mean) * agree
    return (
        _log_gamma(sent + 1)
        - _log_gamma(lost + 1)
        - _log_gamma(sent - lost + 1)
        + _log_gamma(lost + a)
        + _log_gamma(sent - lost + b)
        - _log_gamma(sent + agree)
        - _log_gamma(a)
        - _log_gamma(b)
        + math.lgamma(agree)
    )


def _log_gamma(values: FloatArray) -> FloatArray:
    return np.array([math.lgamma(v) for v in values.tolist()])
