"""Links that are not as they are on record: bundles that lack members, and links that are late."""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from twin.nouns.topology import Topology
from twin.tracking.kept import kept_times

_SAME_DELAY = 0.1
"""A delay that is measured anew within this share of the one that is known is the same."""


class AlteredLinks:
    """What was found of links, and when; `topology` has it all. Times are Unix seconds."""

    def __init__(self, built: Topology, kept: Mapping[str, Any], now_s: float) -> None:
        """`built`: as on record. `kept`: what `dump` wrote; nothing was found after `now_s`."""
        self._built = built
        self._short_since_s = kept_times(kept.get("short_since"), now_s)
        late = kept.get("late", {})
        self._late: dict[str, float] = {link: added_s for link, (added_s, _) in late.items()}
        self._late_since_s: dict[str, float] = {x: min(s, now_s) for x, (_, s) in late.items()}
        self._short: dict[str, int] = {}
        for link, capacity_bps in kept.get("short_links", {}).items():
            self.shorten(link, round(capacity_bps / built.link(link).member_bps), at_s=0.0)
        self.topology = self.topology_at(math.inf)

    def shorten(self, link: str, members: int, at_s: float) -> None:
        """Believe from `at_s` on that the bundle `link` has so many members."""
        self._short[link] = members
        self._short_since_s.setdefault(link, at_s)
        self.topology = self.topology_at(math.inf)

    def lengthen(self, links: Iterable[str]) -> None:
        """Forget that bundles are short: what is so still is found again."""
        for link in sorted(set(links) & self._short.keys()):
            del self._short[link], self._short_since_s[link]
            self.topology = self.topology_at(math.inf)

    def delay(self, link: str, added_s: float, at_s: float) -> None:
        """Believe from `at_s` on that `link` takes so much longer than built; 0: it does not."""
        if added_s > 0.0:
            self._late_since_s.setdefault(link, at_s)
            known = self._late.get(link, 0.0)
            # Noise of a round makes no other network.
            if abs(added_s - known) <= _SAME_DELAY * known:
                return
            self._late[link] = added_s
        elif self._late.pop(link, None) is None:
            return
        else:
            del self._late_since_s[link]
        self.topology = self.topology_at(math.inf)

    def mend(self, links: Collection[str]) -> None:
        """Forget that links are short or late: what is so still is found again."""
        self.lengthen(links)
        for link in links:
            self.delay(link, 0.0, at_s=math.inf)

    @property
    def short(self) -> dict[str, float]:
        """What is left of the capacity of the bundles that are short, bit/s."""
        return {link: self.topology.link(link).capacity_bps for link in self._short}

    def short_since(self, time_s: float) -> Mapping[str, int]:
        """The bundles that were found to be short after `time_s`, with the members left."""
        return {x: n for x, n in self._short.items() if self._short_since_s[x] > time_s}

    @property
    def late(self) -> Collection[str]:
        """The links that take longer than on record."""
        return self._late.keys()

    def late_since(self, time_s: float) -> Mapping[str, tuple[float, float]]:
        """The links that were found to be late after `time_s`: by how much, and since when."""
        since = self._late_since_s
        return {x: (added_s, since[x]) for x, added_s in self._late.items() if since[x] > time_s}

    def topology_at(self, time_s: float) -> Topology:
        """As on record, with what was found by `time_s`."""
        found = self._built
        for link, members in self._short.items():
            if self._short_since_s[link] <= time_s:
                found = found.with_members(link, members)
        for link, added_s in self._late.items():
            if self._late_since_s[link] <= time_s:
                found = found.with_late(link, added_s)
        return found

    def dump(self) -> dict[str, Any]:
        """What is known of links, JSON-able; the constructor takes it back."""
        return {
            "short_links": self.short,
            **({"short_since": self._short_since_s} if self._short else {}),
            **({"late": late} if (late := self.late_since(-math.inf)) else {}),
        }
