"""Lasting loss takes adjacencies down: where all hellos of a dead interval are lost.

Each hello is lost by itself, as often as what shares its queue: business and best effort where
control traffic has no queue of its own. What a line loses, it loses of all.
"""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from twin.events.faults.link_down import LinkDown
from twin.imagination.chains.mechanism import Moment, Seen
from twin.nouns.chain import ChainRates, Happening
from twin.nouns.traffic_class import TRAFFIC_CLASSES, TrafficClass
from twin.physics.compiled import FloatArray, egress_loss_of

_SHARED = [TRAFFIC_CLASSES.index(x) for x in (TrafficClass.BUSINESS, TrafficClass.BEST_EFFORT)]
"""Classes that share a queue: what both lose there, a full queue drops and no policer of one."""

_STEP_S = 900.0
"""While something is lost, the network is looked at anew so often: demand moves."""

_LEAST = 1e-7
"""A chance in a dead interval that is smaller strikes less than once in a year."""

_LESS = 0.9
"""Without its cause, an egress would lose less than this much of what it does."""


class LostHellos:
    """Source: RFC 2328 for the timers; RFC 4222 for that hellos are to have priority. That losses
    are independent of each other is our simplification.
    """

    name: ClassVar[str] = "hellos lost"
    memoryless: ClassVar[bool] = True

    def follows(self, moment: Moment, numbers: np.random.Generator) -> Iterable[Happening]:
        """See Mechanism: of the links that do not survive a dead interval, the first."""
        if moment.is_protected and not moment.at(1.0)[1].egress_loss:
            return
        steps = np.arange(moment.begin_s, moment.end_s, _STEP_S).tolist()
        highest = max(moment.level(t) for t in steps)
        if not (self._chances(moment, Seen.of(*moment.at(highest))) > _LEAST).any():
            return
        dead_s = moment.rates.hellos * moment.rates.hello_s
        for begin_s in steps:
            seen = Seen.of(*moment.at(moment.level(begin_s)))
            chances = self._chances(moment, seen)
            links = np.flatnonzero(chances > _LEAST)
            if not links.size:
                continue
            survived = numbers.geometric(chances[links])
            first = int(survived.argmin())
            at_s = begin_s + dead_s * float(survived[first])
            if at_s < min(begin_s + _STEP_S, moment.end_s):
                yield self._down(moment, seen, int(links[first]), begin_s, at_s)
                return

    def _chances(self, moment: Moment, seen: Seen) -> FloatArray:
        """(links,) that all hellos of a dead interval are lost one way, of those that are up."""
        each = _loss(seen, moment.is_protected)
        up = [seen.state.is_usable(link.id) for link in seen.state.topology.links]
        return np.where(up, chance_in_dead_interval(each, moment.rates), 0.0)

    def _down(
        self, moment: Moment, seen: Seen, place: int, begin_s: float, at_s: float
    ) -> Happening:
        topology, loss = seen.state.topology, _loss(seen, moment.is_protected)
        arc = 2 * place + int(loss[2 * place + 1] > loss[2 * place])
        egress = topology.egress_of(arc)
        lost = Happening(
            at_s=at_s,
            until_s=at_s + moment.rates.adjacency_back_s,
            fault=LinkDown(link=egress.link),
            mechanism=self.name,
            why=f"{egress.node} loses {loss[arc]:.0%} of what it sends over {egress.link}, and "
            f"{moment.rates.hellos} hellos in a row",
        )
        return moment.follow(_cause(moment, begin_s, arc, float(loss[arc])), lost)


def _loss(seen: Seen, is_protected: bool) -> FloatArray:
    """(n_arcs,) of the hellos that each egress sends, those that do not arrive."""
    silent = egress_loss_of(seen.state.topology, seen.state.egress_loss)
    return lost_hellos(seen.assessment.dropped, silent, is_protected)


def lost_hellos(dropped: FloatArray, silent: FloatArray, is_protected: bool) -> FloatArray:
    """Of the hellos that each egress sends, those that do not arrive. `dropped`: of what arrives
    there, (..., 3) by class; `silent`: lost on the line, (...).
    """
    queue = 0.0 if is_protected else dropped[..., _SHARED].min(axis=-1)
    return np.asarray(1.0 - (1.0 - silent) * (1.0 - queue))


def chance_in_dead_interval(lost: FloatArray, rates: ChainRates) -> FloatArray:
    """(links, ...) that all hellos of a dead interval are lost one way. `lost`: (n_arcs, ...)."""
    each = lost**rates.hellos
    return np.asarray(1.0 - (1.0 - each[0::2]) * (1.0 - each[1::2]))


def _cause(moment: Moment, time_s: float, arc: int, loss: float) -> int | None:
    """The last of what is in force without which the egress would lose less; None if it would lose
    as much without any of it.
    """
    for place in sorted(moment.in_force, key=lambda i: -moment.happenings[i].at_s):
        without = Seen.of(*moment.at_without(place)(moment.level(time_s)))
        if _loss(without, moment.is_protected)[arc] < _LESS * loss:
            return place
    return None
