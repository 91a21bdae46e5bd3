"""What egresses drop and count, and whether a full queue would do so."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from twin.nouns.evidence import MOST_NATS
from twin.nouns.telemetry import FloatArray

SEEN = 0.002
"""Share of what is offered that an egress has to drop for it to be seen: as alarms count drops."""

DROPS_HALF_AT, DROPS_WIDTH = 0.88, 0.03
"""A queue drops with chance 1/2 at this load over the capacity, by bursts; logistic around it."""

MUCH, MUCH_HALF_AT = 0.02, 0.97
"""Bursts alone lose less than this share: where more is lost, the mean itself is about what fits.
"""

_SPURIOUS = 1e-4
"""Chance that an egress that is far from full drops, round after round, and nothing is wrong; each
further minute makes it e times less likely, up to twenty (assumed)."""

_MOST_MINUTES = 20.0

_SHORT_BEFORE = 0.01
"""Chance that a bundle lacked a member before, unseen because it never carried so much (assumed, as
in forecasts)."""

_NEVER_SEEN = 0.01
"""Chance that an egress is full and its drops are not seen (assumed)."""

EVEN = 0.5
"""Where voice loses more than this share of what all lose, the drops are no queue's: it spares
voice."""

_AS_MUCH = 0.97
_LEAST_BPS = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Drops:
    """Means over the clean rounds since the onset, NaN where nothing was read.

    `sent_bps`, `dropped_bps`: (n_arcs, 3) by class, voice first. `carried_bps`: (n_arcs,) the most
    that each egress sent in a round before the onset, 0 where that is not known. `lately_bps`:
    (n_arcs,) the most that each was offered in one of the last rounds, NaN where none was read.
    `minutes`: since the onset. `short`: bundles that were found to be short since then, with the
    members left.
    """

    sent_bps: FloatArray
    dropped_bps: FloatArray
    carried_bps: FloatArray
    lately_bps: FloatArray
    minutes: float
    short: Mapping[str, int]

    @property
    def spurious(self) -> float:
        """Chance that an egress far from full has dropped for so long, and nothing is wrong."""
        return _SPURIOUS * math.exp(-min(self.minutes, _MOST_MINUTES))

    def share(self, arc: int) -> float:
        """What `arc` drops of what it is offered, 0..1; NaN where nothing was read."""
        offered_bps = self.offered_bps(arc)
        return float(self.dropped_bps[arc].sum()) / offered_bps if offered_bps else 0.0

    def offered_bps(self, arc: int) -> float:
        """All classes."""
        return float((self.sent_bps[arc] + self.dropped_bps[arc]).sum())

    def by_class(self, arc: int) -> FloatArray:
        """(3,) what each class loses of its own at `arc`; 0 where it sends nothing."""
        offered_bps = self.sent_bps[arc] + self.dropped_bps[arc]
        lost = np.zeros(len(offered_bps))
        np.divide(self.dropped_bps[arc], offered_bps, out=lost, where=offered_bps > 0)
        return lost

    def is_seen(self, arc: int) -> bool:
        """Whether `arc` drops enough to be seen."""
        return self.share(arc) > SEEN

    def unlikely(self, arc: int, capacity_bps: float, member_bps: float) -> float:
        """How unlikely (nats) it is that `arc` drops if nothing is wrong; 0 where it does not.

        It may be full of `capacity_bps`, or of that less a member where it never carried so much;
        where voice is hit as well, it is neither.
        """
        if not self.is_seen(arc):
            return 0.0
        if self.hits_voice(arc):
            return min(-math.log(self.spurious), MOST_NATS)
        offered_bps = self.offered_bps(arc)
        chance = max(self.spurious, _queue_drops(offered_bps / capacity_bps))
        less_bps = capacity_bps - member_bps
        if less_bps > 0.0 and self.carried_bps[arc] < _AS_MUCH * less_bps:
            chance = max(chance, _SHORT_BEFORE * _queue_drops(offered_bps / less_bps))
        return min(-math.log(chance), MOST_NATS)

    def full_of(
        self, arc: int, left_bps: float, capacity_bps: float, member_bps: float
    ) -> float | None:
        """How much its drops, or that there are none, speak for `left_bps` being all that is left
        of `capacity_bps` (nats, against nothing being wrong); None where nothing was read.
        """
        offered_bps = self.offered_bps(arc)
        if not math.isfinite(offered_bps):
            return None
        left = _queue_drops(offered_bps / left_bps)
        if self.is_seen(arc):
            return self.unlikely(arc, capacity_bps, member_bps) + math.log(max(left, _SPURIOUS))
        built = _queue_drops(offered_bps / capacity_bps)
        return math.log(max(1.0 - left, _NEVER_SEEN)) - math.log(max(1.0 - built, _NEVER_SEEN))

    def voice_share(self, arc: int) -> float | None:
        """What voice loses of its own, over what all lose of theirs: a queue spares voice, errors
        on the line do not. None where nothing is dropped, or no voice is sent.
        """
        voice_bps = float(self.sent_bps[arc, 0] + self.dropped_bps[arc, 0])
        if not self.is_seen(arc) or not voice_bps > _LEAST_BPS:
            return None
        return float(self.by_class(arc)[0]) / self.share(arc)

    def hits_voice(self, arc: int) -> bool | None:
        """Whether voice loses about as all else does, which no queue makes it; None as above."""
        share = self.voice_share(arc)
        return None if share is None else share > EVEN


def _queue_drops(load: float) -> float:
    """Chance that a queue drops at `load`, offered over capacity."""
    return 1.0 / (1.0 + math.exp(min((DROPS_HALF_AT - load) / DROPS_WIDTH, 500.0)))
