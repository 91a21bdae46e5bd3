"""Which adjacencies are lost, from reports that repeat, come late, contradict one another or are
lost.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple

from twin.nouns.telemetry import AdjacencyEvent
from twin.tracking.kept import kept_times


class Verdict(StrEnum):
    """What a report was worth: it changed what is known, said it again, or came too late."""

    NEWS = "news"
    REPEAT = "repeat"
    LATE = "late"


_KEPT = 32
"""Returns of a link that are kept: more do not say more."""


FLAPS_WITHIN_S = 600.0
"""Between two returns of a link that flaps."""

_FLAPS = 3
"""So many returns are more than a repair that was tried twice."""


class Return(NamedTuple):
    """An adjacency came back at `time_s`.

    `claimed_by`: the only end that had said that it was lost, "" where both had.
    """

    time_s: float
    claimed_by: str


class Adjacencies:
    """The last report of every end of every link; it grows with the links, never with the reports.

    The caller sees to it that every event names an end of a link that exists. `flaps`: how often
    each link's adjacency has come back.
    """

    def __init__(
        self,
        down_ends: Mapping[str, Sequence[str]] | None = None,
        kept: Mapping[str, Any] | None = None,
        now_s: float = math.inf,
    ) -> None:
        """What the two dumps wrote; `kept` is empty where only the ends were kept.

        Reports of a time after `now_s` are forgotten: they would make late of all that come.
        """
        kept = kept or {}
        self.flaps: dict[str, int] = dict(kept.get("flaps", {}))
        self._reports: dict[tuple[str, str], tuple[float, bool]] = {
            (node, link): (time_s, up)
            for node, link, time_s, up in kept.get("reports", [])
            if time_s <= now_s
        }
        self._down_ends = {link: set(ends) for link, ends in (down_ends or {}).items() if ends}
        self._up_stamp = kept_times(kept.get("up_stamp"), now_s)
        self._returns = {
            link: [Return(time_s, by) for time_s, by in returns if time_s <= now_s]
            for link, returns in kept.get("returns", {}).items()
        }

    @property
    def down_links(self) -> frozenset[str]:
        """Links over which at least one end has lost its adjacency."""
        return frozenset(self._down_ends)

    def down_since(self, link: str) -> float:
        """When the first of the ends that are down lost it, by its clock; inf where none is."""
        ends = self._down_ends.get(link, ())
        known = (self._reports.get((node, link)) for node in ends)
        return min((report[0] for report in known if report), default=math.inf)

    def returns(self, link: str) -> Sequence[Return]:
        """The last returns of its adjacency, in the order in which they were reported."""
        return self._returns.get(link, ())

    def flapping(self, now_s: float) -> frozenset[str]:
        """Links that have come back again and again, and may do so any time."""
        return frozenset(link for link, known in self._returns.items() if _flaps(known, now_s))

    def flaps_since(self, link: str) -> float:
        """When `link`, which flaps, came back for the time that showed it; -inf: long ago."""
        times = [back.time_s for back in self._returns[link]]
        gaps = [i for i, (a, b) in enumerate(pairwise(times)) if b - a > FLAPS_WITHIN_S]
        run = times[gaps[-1] + 1 :] if gaps else times
        return run[_FLAPS - 1] if len(run) < _KEPT else -math.inf

    @property
    def returned(self) -> Collection[str]:
        """The links of which a return is known."""
        return self._returns.keys()

    def take(self, event: AdjacencyEvent, time_s: float) -> Verdict:
        """Take what `event.node` reports of `time_s`."""
        end = (event.node, event.link)
        stamp_s, was_up = self._reports.get(end, (-math.inf, None))
        if time_s < stamp_s:
            return Verdict.LATE
        self._reports[end] = (time_s, event.up)
        if event.up:
            returned = self._come_back(event.link, time_s)
            return Verdict.REPEAT if was_up and not returned else Verdict.NEWS
        if time_s < self._up_stamp.get(event.link, -math.inf):
            # The other end has reported since that the adjacency is back.
            return Verdict.LATE
        ends = self._down_ends.setdefault(event.link, set())
        if event.node in ends:
            return Verdict.REPEAT
        ends.add(event.node)
        return Verdict.NEWS

    def _come_back(self, link: str, time_s: float) -> bool:
        """Whether any end was down that is not any more.

        Both ends agree on an adjacency (RFC 2328 section 10): one end that is up again proves the
        other, whose own report may be lost. An end that was lost after `time_s` it does not prove:
        an old report that is sent again must not hide a new loss.
        """
        self._up_stamp[link] = max(time_s, self._up_stamp.get(link, -math.inf))
        ends = self._down_ends.get(link, set())
        back = {n for n in ends if self._reports.get((n, link), (-math.inf, False))[0] <= time_s}
        by = next(iter(ends)) if len(ends) == 1 else ""
        ends -= back
        if back and not ends:
            known = self._returns.setdefault(link, [])
            known.append(Return(time_s, by))
            del known[:-_KEPT]
            del self._down_ends[link]
            self.flaps[link] = self.flaps.get(link, 0) + 1
        return bool(back)

    def dump(self) -> dict[str, Any]:
        """JSON-able; the constructor takes it back."""
        return {
            "reports": [[node, link, *report] for (node, link), report in self._reports.items()],
            "up_stamp": self._up_stamp,
            "flaps": self.flaps,
            **({"returns": self._returns} if self._returns else {}),
        }

    def dump_down_ends(self) -> dict[str, list[str]]:
        """The ends that have lost their adjacency, by link."""
        return {link: sorted(ends) for link, ends in self._down_ends.items()}


def _flaps(known: Sequence[Return], now_s: float) -> bool:
    times = [*(back.time_s for back in known[-_FLAPS:]), now_s]
    near = all(later - before <= FLAPS_WITHIN_S for before, later in pairwise(times))
    return len(times) > _FLAPS and near
