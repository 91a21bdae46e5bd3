"""Which single failures take each thing down: worked out for all things at once, from below.

Dependencies have no circles, so what takes a thing down alone follows from what takes down alone
what it needs. A path asks the link graph what each failure leaves of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from twin.knowledge.snapshot import Index
from twin.knowledge.wiring import Wiring


class Needed(Protocol):
    """A group of things, of which `enough` have to be up."""

    @property
    def members(self) -> tuple[int, ...]:
        """By position."""
        ...

    @property
    def enough(self) -> int:
        """At least one."""
        ...


class SingleFailures:
    """By position of each thing: the things whose failure alone takes it down, itself first."""

    def __init__(self, things: int, needs: Mapping[int, Sequence[Needed]], wiring: Wiring) -> None:
        self._needs = needs
        self._of: dict[int, tuple[int, ...]] = {}
        self._cutting: dict[int, set[int]] = {}
        for carrier in wiring.carriers:
            self._settle(carrier)
        self._ask(wiring)
        for path in wiring.ends:
            self._settle(path)
        for thing in needs:
            self._settle(thing)
        found = [self._of.get(thing, (thing,)) for thing in range(things)]
        self._offsets = np.cumsum([0, *map(len, found)])
        self._causes = np.fromiter((one for of in found for one in of), np.int64)
        del self._of, self._cutting

    def of(self, things: range | int) -> Index:
        """Of a thing, or of each of several that stand side by side."""
        if isinstance(things, int):
            things = range(things, things + 1)
        return self._causes[self._offsets[things.start] : self._offsets[things.stop]]

    def _ask(self, wiring: Wiring) -> None:
        """Which failures cut each path: many leave the same missing, and that is asked once."""
        taken: dict[int, list[int]] = {}
        for carrier in wiring.carriers:
            for cause in self._of[carrier]:
                taken.setdefault(cause, []).append(carrier)
        asked: dict[tuple[int, ...], set[int]] = {}
        for cause, carriers in taken.items():
            missing = wiring.missing(carriers)
            if missing not in asked:
                asked[missing] = wiring.cut(missing)
            for path in asked[missing]:
                self._cutting.setdefault(path, set()).add(cause)

    def _settle(self, thing: int) -> None:
        """What it needs comes first; chains may be longer than Python's stack."""
        asked = [thing]
        while asked:
            one = asked[-1]
            if one in self._of:
                asked.pop()
                continue
            groups = self._needs.get(one, ())
            open_ = [m for of in groups for m in of.members if m not in self._of]
            open_ = [m for m in open_ if m in self._needs or m in self._cutting]
            if open_:
                asked.extend(open_)
                continue
            causes = set(self._cutting.get(one, ()))
            for group in groups:
                causes.update(self._short(group))
            causes.discard(one)
            self._of[one] = (one, *causes)
            asked.pop()

    def _short(self, group: Needed) -> Iterable[int]:
        """The failures that alone leave fewer than enough of a group."""
        of = [self._of.get(member, (member,)) for member in group.members]
        most_lost = len(of) - group.enough
        if not most_lost:
            return {cause for one in of for cause in one}
        counts = Counter(cause for one in of for cause in one)
        return [cause for cause, lost in counts.items() if lost > most_lost]
