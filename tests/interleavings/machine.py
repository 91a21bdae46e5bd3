"""The schedule, as hypothesis draws it: who goes on, how far, and what happens meanwhile."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.interleavings.processes import TTL_S
from tests.interleavings.seams import HeldJournal, JournalFile
from tests.interleavings.world import PEOPLE, Course, Decision, Opening, Tally, World
from tests.tools.change.in_memory import Trouble

T = TypeVar("T")

_SILENCE_S = TTL_S + 1
_DECISIONS: tuple[Decision, ...] = ("approve", "approve", "reject")


@dataclass(frozen=True)
class GoesOn:
    """A watcher comes to so many points more, and to the next one that begins with `until`."""

    number: int
    points: int
    until: str

    def __call__(self, world: World) -> None:
        world.watch(self.number, self.points, self.until)


@dataclass(frozen=True)
class Sleeps:
    """A watcher stands still until its lease is out; the other one goes on."""

    number: int
    points: int
    until: str

    def __call__(self, world: World) -> None:
        world.pass_time(_SILENCE_S, frozenset({self.number}))
        world.watch(1 - self.number, self.points, self.until)


@dataclass(frozen=True)
class Answers:
    """Somebody answers the newest question, or goes on with an answer that is not through."""

    who: str
    decision: Decision
    points: int

    def __call__(self, world: World) -> None:
        world.answer(self.who, self.decision, self.points)


@dataclass(frozen=True)
class Passes:
    """All clocks go on; whoever sleeps does not renew its lease."""

    seconds: float
    asleep: frozenset[int]

    def __call__(self, world: World) -> None:
        world.pass_time(self.seconds, self.asleep)


@dataclass(frozen=True)
class Dies:
    """A watcher is killed where it stands."""

    number: int

    def __call__(self, world: World) -> None:
        world.die(self.number)


@dataclass(frozen=True)
class Fails:
    """A device fails once, or does what it is told without a reply."""

    trouble: Trouble

    def __call__(self, world: World) -> None:
        world.trouble(self.trouble)


Event = Callable[[World], None]

# Names of points begin like this: a call to a device, its end, a transaction, its end.
_GOES_ON = [
    GoesOn(*given)
    for given in product(
        (0, 1), (1, 2, 3, 5, 8, 13, 21, 34, 55), ("", "call", "done", "transaction", "written")
    )
]
_SLEEPS = [Sleeps(*given) for given in product((0, 1), (1, 5, 13, 34, 89), ("", "call", "done"))]
_ANSWERS = [Answers(*given) for given in product(sorted(PEOPLE), _DECISIONS, (3, 8, 8, 8))]
# Shorter and longer than a lease (30), than the time to confirm in (570), than a return timer (600)
# and than a question waits (1800).
_PASSES = [
    Passes(seconds, frozenset(asleep))
    for seconds, asleep in product(
        (1.0, _SILENCE_S, 300.0, 575.0, 601.0, 1801.0), ((), (0,), (1,), (0, 1))
    )
]
_MISHAPS: list[Event] = [
    *(Dies(number) for number in (0, 1) for _ in range(8)),
    *(
        Fails(Trouble(*given))
        for given in product(("stage", "commit", "confirm", "roll_back"), "AB", (False, True))
    ),
]


def _weighted(*kinds: tuple[int, Sequence[Event]]) -> list[Event]:
    """Events of which each kind has its share, in percent."""
    scale = max(len(events) for _, events in kinds)
    return [
        events[place % len(events)]
        for percent, events in kinds
        for place in range(percent * scale // 10)
    ]


_EVENTS = _weighted((54, _GOES_ON), (14, _SLEEPS), (16, _ANSWERS), (8, _PASSES), (8, _MISHAPS))
_MOSTLY = st.sampled_from([True, True, True, False])
_OPENINGS: st.SearchStrategy[Opening] = st.sampled_from(
    ["detected", "asked", "approved", "approved", "approved", "committed", "committed"]
)
_RARELY = st.sampled_from([False, False, True])


class TwoProcesses(RuleBasedStateMachine):
    """One interleaving. One rule draws faster than one for every kind, and none is left out."""

    def __init__(self, file: JournalFile, journal_type: type[HeldJournal], tally: Tally) -> None:
        super().__init__()
        self._file, self._type, self._tally = file, journal_type, tally
        self._world: World | None = None
        self._failed = False

    @initialize(two_people=_RARELY, kept=_MOSTLY, answered=_MOSTLY, opening=_OPENINGS)
    def begin(self, two_people: bool, kept: bool, answered: bool, opening: Opening) -> None:
        course = Course(two_people=two_people, kept=kept, answered=answered, opening=opening)
        self._world = World(self._file, self._type, self._tally, course)
        self._do(World.open)

    @rule(event=st.sampled_from(_EVENTS))
    def happens(self, event: Event) -> None:
        self._do(event)

    def _do(self, event: Event) -> None:
        assert self._world is not None
        try:
            event(self._world)
        except BaseException:
            self._failed = True
            raise

    def teardown(self) -> None:
        """Let all run to the end, unless something is wrong already."""
        if self._world is None:
            return
        try:
            if not self._failed:
                self._world.settle()
        finally:
            self._world.close()
