"""The link graph, and the paths that ask it whether their ends still reach each other."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class _Look:
    """The devices that one look around has reached, and those from which it goes on."""

    reached: set[int]
    ahead: deque[int]


class Wiring:
    """Which devices links join, and which paths hang on them; all by position.

    `ends`: the two devices of each path that the records join at all: what they do not join has
    not been cut. `links`: the two devices of each link.
    """

    def __init__(
        self, links: Mapping[int, tuple[int, int]], ends: Mapping[int, tuple[int, int]]
    ) -> None:
        self.links = links
        self._at: dict[int, list[tuple[int, int]]] = {}
        for link, (a, b) in links.items():
            self._at.setdefault(a, []).append((link, b))
            self._at.setdefault(b, []).append((link, a))
        for device in {device for two in ends.values() for device in two}:
            self._at.setdefault(device, [])
        self._part: dict[int, int] = {}
        for device in self._at:
            if device not in self._part:
                self._part.update(dict.fromkeys(self._reached(device, {}), device))
        self.ends = {p: (a, b) for p, (a, b) in ends.items() if self._part[a] == self._part[b]}
        self._paths_at: dict[int, list[int]] = {}
        for path, two in self.ends.items():
            for device in set(two):
                self._paths_at.setdefault(device, []).append(path)
        self.carriers = frozenset({*links, *self._at})

    def carries(self, position: int) -> bool:
        """Whether it is a link or a device, so that paths may hang on it."""
        return position in self.carriers

    def missing(self, down: Iterable[int]) -> tuple[int, ...]:
        """What is missing in the link graph: devices, and links that are down by themselves."""
        here = {one for one in down if one in self.carriers}
        gone = [one for one in here if one not in self.links or here.isdisjoint(self.links[one])]
        return tuple(sorted(gone))

    def cut(self, down: Collection[int]) -> set[int]:
        """The paths whose ends do not reach each other without what is down.

        From beside what is missing one looks around, in turns, until all have met but one part:
        that is what is left of the network, and need not be looked at.
        """
        missing = self.missing(down)
        cut = {path for one in missing for path in self._paths_at.get(one, ())}
        for part in self._cut_off(missing):
            for device in part:
                for path in self._paths_at.get(device, ()):
                    a, b = self.ends[path]
                    if (a in part) != (b in part):
                        cut.add(path)
        return cut

    def _cut_off(self, missing: Collection[int]) -> Iterator[set[int]]:
        """The parts that are no longer joined to what is left of the network, by devices."""
        gone = set(missing)
        starts: dict[int, list[int]] = {}
        for start in sorted(self._beside(gone)):
            starts.setdefault(self._part[start], []).append(start)
        for of_part in starts.values():
            owner = {start: _Look({start}, deque([start])) for start in of_part}
            looking = dict.fromkeys(owner.values())
            while len(looking) > 1:
                look = next(iter(looking))
                del looking[look]
                if not look.ahead:
                    yield look.reached
                    continue
                for link, other in self._at[look.ahead.popleft()]:
                    if other in gone or link in gone:
                        continue
                    met = owner.get(other)
                    if met is None:
                        owner[other] = look
                        look.reached.add(other)
                        look.ahead.append(other)
                    elif met is not look:
                        del looking[met]
                        look = _joined(look, met, owner)
                looking[look] = None

    def _beside(self, gone: set[int]) -> set[int]:
        beside: set[int] = set()
        for one in gone:
            if one in self.links:
                beside.update(self.links[one])
            else:
                beside.update(other for _, other in self._at[one])
        return beside - gone

    def edges_of(self, paths: Iterable[int], down: Collection[int]) -> dict[int, tuple[int, ...]]:
        """Of each path: what is down at the edge of what its first end reaches, or its ends."""
        found: dict[int, tuple[int, ...]] = {}
        known: dict[int, tuple[int, ...]] = {}
        for path in paths:
            a, b = self.ends[path]
            if fallen := [end for end in (a, b) if end in down]:
                found[path] = tuple(fallen)
                continue
            if a not in known:
                part = self._reached(a, down)
                known.update(dict.fromkeys(part, self._edge(part, down)))
            found[path] = known[a]
        return found

    def _edge(self, part: set[int], down: Collection[int]) -> tuple[int, ...]:
        edge: set[int] = set()
        for device in part:
            for link, other in self._at[device]:
                if link in down and other not in part:
                    edge.add(link)
                elif other in down:
                    edge.add(other)
        return tuple(sorted(edge))

    def _reached(self, start: int, down: Collection[int]) -> set[int]:
        reached, asked = {start}, [start]
        while asked:
            for link, other in self._at[asked.pop()]:
                if other not in reached and other not in down and link not in down:
                    reached.add(other)
                    asked.append(other)
        return reached


def _joined(one: _Look, other: _Look, owner: dict[int, _Look]) -> _Look:
    """Two looks that have met, as one; the smaller is moved."""
    small, large = sorted((one, other), key=lambda look: len(look.reached))
    owner.update(dict.fromkeys(small.reached, large))
    large.reached |= small.reached
    large.ahead.extend(small.ahead)
    return large
