"""What was observed after the onset of an incident."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin.nouns.access import AccessSigns
from twin.nouns.alert import Alert
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.drops import Drops
from twin.nouns.flow_mix import FlowMix
from twin.nouns.telemetry import FloatArray
from twin.nouns.topology import Interface, Topology

_SUSPECT_LOSS_SIGMAS = 4.0
_SUSPECT_LOSS_FLOOR = 0.004


LEAST_LOST = 5e-4
"""Share that a probe path loses anyway, at least (assumed)."""


SILENT_AFTER = 4.0
"""Readings in a row that a device has missed when it is taken to be silent."""

_FRACTIONS = np.geomspace(0.004, 1.0, 24)
"""Of what an egress sends, as may be lost."""

_RETURN_NATS = 4.6
"""Each return beyond the first is that unlikely of a link that does not flap: a failure that is
repaired within minutes is one in a hundred (assumed)."""

_FEWEST_NODES = 5
"""Of fewer nodes, what the one in the middle draws says nothing of all."""


def common_ratio(inbound_ratio: FloatArray) -> float:
    """The median of what nodes draw / what was expected, (n,); NaN where few of them are known."""
    known = inbound_ratio[np.isfinite(inbound_ratio)]
    return float(np.median(known)) if len(known) >= _FEWEST_NODES else math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """What probes lost, and over which egresses they go.

    `sent`, `lost`: (p,) packets since the onset. `usual`: (p,) share lost before it. `shares`:
    (p, n_arcs) of each path's traffic that crosses each egress. `ends`: (p, 2) numbers of the nodes
    from and to which it goes. `classes`: (p,) the number of the traffic class of each.
    """

    sent: FloatArray
    lost: FloatArray
    usual: FloatArray
    shares: FloatArray
    ends: NDArray[np.int64]
    classes: NDArray[np.int64] | None = None

    def support(self, arc: int, fraction: float | FloatArray) -> float | None:
        """How much the probes that cross `arc` speak for its losing `fraction`, which may be given
        by class, against its losing nothing (nats); None where none crosses it.
        """
        rows = np.flatnonzero((self.shares[:, arc] > 0) & (self.sent > 0))
        if not len(rows):
            return None
        sent, lost = self.sent[rows], np.minimum(self.lost[rows], self.sent[rows])
        usual = np.clip(self.usual[rows], LEAST_LOST, 0.5)
        share = self.shares[rows, arc]
        own = 0 if self.classes is None else self.classes[rows]
        lose = np.broadcast_to(np.broadcast_to(fraction, (3,))[own], share.shape)
        spread = _binomial_ratio(sent, lost, usual, share * lose)
        whole = _binomial_ratio(sent, lost, usual, lose)
        # Its packets are spread like the traffic, or take one of the ways, all of them.
        with np.errstate(divide="ignore"):
            one_way = np.logaddexp(np.log(share) + whole, np.log1p(-np.minimum(share, 1.0)))
        return float(np.logaddexp(spread, one_way).sum() - len(rows) * math.log(2.0))

    def likeliest(self, arcs: Sequence[int]) -> tuple[float, float]:
        """The share that each of `arcs` loses by what the probes say that cross it, and how much
        they speak for that (nats); (0, 0) where none crosses any.
        """
        said = [
            (sum(self.support(arc, share) or 0.0 for arc in arcs), share)
            for share in _FRACTIONS.tolist()
        ]
        nats, share = max(said)
        return (share, nats) if nats > 0.0 else (0.0, 0.0)


def _binomial_ratio(
    sent: FloatArray, lost: FloatArray, usual: FloatArray, more: FloatArray
) -> FloatArray:
    """(k,) log likelihood of losing `more` besides what is usual, against losing what is usual."""
    share = np.minimum(usual + more * (1.0 - usual), 1.0 - 1e-9)
    ratio = lost * np.log(share / usual) + (sent - lost) * np.log((1 - share) / (1 - usual))
    return np.asarray(ratio)


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """Means over `rounds` clean rounds: NaN where no reading was clean.

    `sent_bps`: (n_arcs,). `load_sigma`: (n_arcs,) standard deviation of log(sent / expected) when
    healthy. `loss`, `loss_sigma`: (n_arcs,) share of what was sent that did not arrive in any of
    the last rounds, and its noise. `drop_fraction`: (n_arcs,). `inbound_ratio`, `inbound_sigma`:
    (n,) traffic drawn by each node / expected, and the deviation of its log when healthy.
    `down_since`: link -> time. `one_end`: of these links, those that only one end says are down
    while the other would say so too, with that end. `one_source`: nodes that draw more only by what
    one exporter says, with that exporter. `risen`: (n_arcs,) log of what was sent after the onset
    over what was sent before. `probes`: what probes say, None where nobody had to ask them.
    `drops`: what egresses drop by class, None where none does. `late`: links over which probes were
    found to take longer since the onset, by so many seconds, and so many minutes ago
    (`late_minutes`). `returns`: links whose adjacency was lost or came back since the onset, with
    when it has come back lately. `returns_by`: of these, those of which one end alone said so, with
    that end. `now_s`: when all this is known, 0 where that is not told. `read_s`: device -> when it
    was last read. `missed`: device -> how many readings it has missed since, by how often it
    usually is. `unreported`: telemetry of which nothing has come yet that was measured after the
    onset. `flow_mix`: what flows towards nodes are like, None where no flow record has come since.
    `access`: who logged in to each device lately, and what was reached from there. `alerts`: what
    other monitoring systems say or said since the onset, with the rates of their rules.
    """

    rounds: int
    sent_bps: FloatArray
    load_bias: FloatArray
    load_sigma: FloatArray
    loss: FloatArray
    loss_sigma: FloatArray
    drop_fraction: FloatArray
    inbound_ratio: FloatArray
    inbound_sigma: FloatArray
    down_since: dict[str, float]
    running: NetworkConfiguration
    one_end: Mapping[str, str] = field(default_factory=dict)
    one_source: Mapping[str, str] = field(default_factory=dict)
    risen: FloatArray | None = None
    probes: Crossings | None = None
    drops: Drops | None = None
    late: Mapping[str, float] = field(default_factory=dict)
    late_minutes: Mapping[str, float] = field(default_factory=dict)
    returns: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    returns_by: Mapping[str, str] = field(default_factory=dict)
    now_s: float = 0.0
    read_s: Mapping[str, float] = field(default_factory=dict)
    missed: Mapping[str, float] = field(default_factory=dict)
    unreported: tuple[str, ...] = ()
    flow_mix: FlowMix | None = None
    access: Mapping[str, AccessSigns] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()

    @property
    def common_ratio(self) -> float:
        """What the node in the middle draws / what was expected; NaN where few are known."""
        return common_ratio(self.inbound_ratio)

    def is_silent(self, node: str) -> bool:
        """Whether nothing has come from `node` for several readings."""
        return self.missed.get(node, 0.0) >= SILENT_AFTER

    @property
    def suspect_loss(self) -> FloatArray:
        """(n_arcs,) the share lost above which an egress may lose silently."""
        return np.maximum(_SUSPECT_LOSS_SIGMAS * self.loss_sigma, _SUSPECT_LOSS_FLOOR)

    def returned_nats(self, link: str) -> float:
        """How unlikely it is that `link` has come back so often and does not flap."""
        return _RETURN_NATS * max(0, len(self.returns.get(link, ())) - 1)

    def claimant(self, egress: Interface, topology: Topology) -> str:
        """Whose counters alone would make it seem that `egress` loses, if nothing is lost.

        Of the two ends, the one at more of the egresses that seem to lose; else the sender, where
        it sends more than before by most of what is missing, and the receiver otherwise.
        """
        arc, receiver = topology.arc_of(egress), topology.link(egress.link).other_end(egress.node)
        suspect = {int(i) // 2 for i in np.flatnonzero(self.loss > self.suspect_loss)}
        at_sender, at_receiver = (
            sum(topology.link_index[x.id] in suspect for x in topology.links_at(node))
            for node in (egress.node, receiver)
        )
        if at_sender != at_receiver:
            return egress.node if at_sender > at_receiver else receiver
        missing = -math.log1p(-min(float(self.loss[arc]), 0.999))
        risen = self.risen is not None and self.risen[arc] > 0.5 * missing
        return egress.node if risen else receiver
