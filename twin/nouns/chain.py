"""What follows from a scenario: causes and effects, each with the mechanism between them."""

from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt

from twin.events.action import Action, in_words
from twin.events.fault import Fault
from twin.nouns.base import Noun, content_hash

Share = Annotated[float, Field(ge=0.0, le=1.0, strict=True)]
Seconds = Annotated[float, Field(gt=0.0, le=86_400.0, strict=True)]


class Happening(Noun):
    """`fault` is in force, or `actions` are, from `at_s` until `until_s` (None: to the end).

    `cause`: the place in its chain of what brought it about by `mechanism`, None where nothing in
    the chain did. `depth`: of the causes and effects up to it, itself included.
    """

    at_s: float
    until_s: float | None = None
    fault: Fault | None = None
    actions: tuple[Action, ...] = ()
    mechanism: str = ""
    why: str = ""
    cause: NonNegativeInt | None = None
    depth: PositiveInt = 1

    def is_in_force(self, time_s: float) -> bool:
        """Whether it holds then."""
        return self.at_s <= time_s and (self.until_s is None or time_s < self.until_s)

    @property
    def id(self) -> str:
        """Of the fault; what we do is what we do."""
        return self.fault.id if self.fault else "actions"

    def describe(self) -> str:
        """In words."""
        if self.fault is not None:
            return self.fault.describe()
        return "; ".join(in_words(self.actions))


class Chain(Noun):
    """One draw. `happenings`: the initial events, then what follows in the order in which it was
    found. `slo_minutes`: service-minutes in breach beyond those of a day on which nothing happens.
    """

    seed: int
    happenings: tuple[Happening, ...]
    slo_minutes: float

    @property
    def depth(self) -> int:
        """Of the longest chain of causes and effects that ends in a fault; an initial event alone
        is 1. What we do lengthens a chain where a fault follows from it.
        """
        return max(happening.depth for happening in self.happenings if happening.fault)

    @property
    def signature(self) -> str:
        """The same where the same follows from the same, whenever."""
        return content_hash({"edges": sorted(map(list, self._edges()))})[:8]

    def told(self) -> tuple[tuple[int, ...], ...]:
        """The places of what happens, those together that are the same from the same, as where an
        adjacency is lost again and again; in order of time.
        """
        found: dict[tuple[str, str, str], list[int]] = {}
        for place in sorted(range(len(self.happenings)), key=lambda i: self.happenings[i].at_s):
            one = self.happenings[place]
            # Initial events are each their own, though they may be alike.
            key = self._edge(place) if one.mechanism else ("", str(place), "")
            found.setdefault(key, []).append(place)
        return tuple(map(tuple, found.values()))

    def _edges(self) -> set[tuple[str, str, str]]:
        return {self._edge(i) for i, one in enumerate(self.happenings) if one.mechanism}

    def _edge(self, place: int) -> tuple[str, str, str]:
        one = self.happenings[place]
        cause = "" if one.cause is None else self.happenings[one.cause].id
        return one.mechanism, one.id, cause


class Chains(Noun):
    """Draws of what follows from one scenario, each as likely as another."""

    scenario: str
    draws: tuple[Chain, ...]

    @property
    def slo_minutes(self) -> float:
        """In the mean of the draws."""
        return sum(chain.slo_minutes for chain in self.draws) / len(self.draws)

    @property
    def deepest(self) -> int:
        """The depth of the deepest."""
        return max(chain.depth for chain in self.draws)

    def shares(self) -> tuple[tuple[float, Chain], ...]:
        """Each chain that was drawn, with the share of draws that are like it; the most frequent
        first. A chain that was never drawn has no probability.
        """
        found: dict[str, list[Chain]] = {}
        for chain in self.draws:
            found.setdefault(chain.signature, []).append(chain)
        ranked = sorted(found.values(), key=lambda alike: (-len(alike), -alike[0].slo_minutes))
        return tuple((len(alike) / len(self.draws), alike[0]) for alike in ranked)


class ChainRates(Noun):
    """How likely what follows is. All is assumed and meant to be replaced, but for the timers.

    `unprotected`: of networks, those in which control traffic has no queue of its own, so that
    overload drops hellos as it does best effort (RFC 4222 asks for priority). `hello_s`, `hellos`:
    an adjacency is down once so many hellos in a row, one each `hello_s`, did not arrive (10 s and
    4: samples of RFC 2328, appendix C.3). `adjacency_back_s`: for how long then.

    `returning`: of what could not be sent while services were down, what comes on top once they
    are back, for `returning_s`.

    `repair_fails`: of repairs, those after which it takes as long once more. `wrong_link`: those
    in which the crew takes another link down, for `wrong_link_s` before the end.

    `reaction_s`: from an event to our remedy being in force.
    """

    unprotected: Share = 0.1
    hello_s: Seconds = 10.0
    hellos: Annotated[int, Field(ge=1, le=100, strict=True)] = 4
    adjacency_back_s: Seconds = 120.0
    returning: Annotated[float, Field(ge=0.0, le=10.0, strict=True)] = 0.5
    returning_s: Seconds = 600.0
    repair_fails: Share = 0.05
    wrong_link: Share = 0.02
    wrong_link_s: Seconds = 1800.0
    reaction_s: Seconds = 900.0
