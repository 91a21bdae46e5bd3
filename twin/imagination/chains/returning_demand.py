"""What could not be sent is asked for again once services are back."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from twin.events.faults.traffic_spike import TrafficSpike
from twin.imagination.chains.mechanism import Moment, Seen
from twin.nouns.chain import Happening
from twin.physics.compiled import FloatArray

_SHAPE = 4.0
"""Of the gamma distribution of what comes back: half as much and twice as much are both usual
(assumed)."""

_LEAST_GONE, _LEAST_S = 0.1, 300.0
"""Of what a node draws, for so long: nobody counts less, or asks again after less (assumed)."""

_LEAST_MORE = 0.01
"""Of what a node draws: less is no surge."""

_MOST_TARGETS = 3


class ReturningDemand:
    """Towards each node that was cut off in part, a share of what it missed comes on top."""

    name: ClassVar[str] = "demand comes back"
    memoryless: ClassVar[bool] = False

    def follows(self, moment: Moment, numbers: np.random.Generator) -> Iterable[Happening]:
        """See Mechanism: where something has ended that lasted, and more arrives than before;
        that which lasted longest is the cause.
        """
        faults = [i for i in moment.ended if moment.happenings[i].fault]
        cause = min(faults, key=lambda i: moment.happenings[i].at_s, default=None)
        if cause is None or moment.begin_s - moment.happenings[cause].at_s < _LEAST_S:
            return
        missed = _missed(moment.before) - _missed(moment.now)
        topology = moment.now.state.topology
        for node in np.argsort(-missed, kind="stable")[:_MOST_TARGETS].tolist():
            if missed[node] < _LEAST_GONE:
                return
            more = missed[node] * moment.rates.returning * numbers.gamma(_SHAPE, 1.0 / _SHAPE)
            target = topology.nodes[node].id
            back = Happening(
                at_s=moment.begin_s,
                until_s=moment.begin_s + moment.rates.returning_s,
                fault=TrafficSpike(target=target, factor=1.0 + round(float(more), 3)),
                mechanism=self.name,
                why=f"{missed[node]:.0%} of what {target} draws did not arrive before",
            )
            if more >= _LEAST_MORE:
                yield moment.follow(cause, back)


def _missed(seen: Seen) -> FloatArray:
    """(nodes,) of the traffic that each node draws, the share that does not arrive."""
    traffic = seen.assessment.traffic_bps
    lost = (traffic * (1.0 - seen.assessment.delivered)).sum(axis=(0, 1))
    return np.asarray(lost / np.maximum(traffic.sum(axis=(0, 1)), 1.0))
