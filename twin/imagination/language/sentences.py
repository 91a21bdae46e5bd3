"""Days as sentences, and back.

A sentence has what was asked for (how much a day is to cost, and what it is to change), the hour,
the demand, the surge and the work that are under way, and the events in order of time; each but the
first begins with its delay. What the twin says in between is not part of it (see dependency).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from twin.events.fault import AnyFault
from twin.imagination.days import BEGIN, DELAYS_S, DEMANDS, NOTHING, Timed, point_of, timed
from twin.imagination.generators.generator import Point
from twin.imagination.language.dependency import Dependencies
from twin.imagination.language.lexicon import Lexicon
from twin.imagination.language.vocabulary import (
    ANY_CHANGE,
    ANY_LOSS,
    END,
    ID,
    LOSSES,
    NONE,
    WORDS,
)
from twin.imagination.strikes import Strike, Strikes
from twin.nouns.risk_scenario import MOST_EVENTS

ANYTHING = (ID[ANY_LOSS], ID[ANY_CHANGE])
WORST = (ID[f"loss {LOSSES - 1}"], ID[ANY_CHANGE])
NO_LOSS = (ID["loss 0"], ID[ANY_CHANGE])
"""What may be asked for: any day, and one that costs about as much as the worst that is known, and
one that costs nothing."""

_FIRST_HOUR, _FIRST_DEMAND, _FIRST_DELAY = ID["hour 0"], ID["demand 0"], ID["after 0"]


def asked(cost: float, worst: float, events: Sequence[Strike]) -> tuple[int, int]:
    """The prefix of a day with these events that costs `cost` where `worst` is known."""
    changes = {one.changes for one in events}
    loss = ID[f"loss {loss_bucket(cost, worst)}"]
    return loss, ID[f"change {changes.pop() if len(changes) == 1 else 'mixed'}"]


def loss_bucket(cost: float, worst: float) -> int:
    """0: it costs nothing; the highest is within a tenth of the worst."""
    if cost <= 0.0 or worst <= 0.0:
        return 0
    share = cost / worst
    return 1 + sum(share >= least for least in (0.5, 0.75, 0.9)[: LOSSES - 2])


def conditions_said(point: Point, lexicon: Lexicon) -> list[int]:
    """The words of the hour, the demand, the surge and the work."""
    hour, demand, *lasting = point[:BEGIN]
    found = [_FIRST_HOUR + hour, _FIRST_DEMAND + demand]
    for one in lasting:
        found += [ID[NONE]] if one == NOTHING else lexicon.said(one)
    return found


def events_said(point: Point, lexicon: Lexicon) -> list[list[int]]:
    """The words of each event."""
    return [
        [*([_FIRST_DELAY + delay] if place else []), *lexicon.said(event)]
        for place, (event, delay) in enumerate(timed(point))
    ]


def in_force(
    conditions: Sequence[int], events: Sequence[Timed], strikes: Strikes
) -> tuple[AnyFault, ...]:
    """What is so when the last of `events` has struck: of a surge and of work half was over when
    the first did.
    """
    now_s = DELAYS_S[events[-1][1]]
    surge, work = conditions[2:BEGIN]
    lasting = [(surge, 0, strikes.all[surge].lasts_s // 2)] if surge != NOTHING else []
    lasting += [(work, 0, strikes.all[work].work_s // 2)] if work != NOTHING else []
    lasting += [(event, DELAYS_S[delay], strikes.all[event].lasts_s) for event, delay in events]
    return tuple(
        strikes.all[which].fault for which, begin_s, lasts_s in lasting if now_s < begin_s + lasts_s
    )


def said(point: Point, lexicon: Lexicon) -> list[int]:
    """The whole sentence, without what was asked for."""
    events = [word for event in events_said(point, lexicon) for word in event]
    ended = [] if len(timed(point)) == MOST_EVENTS else [ID[END]]
    return [*conditions_said(point, lexicon), *events, *ended]


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence with what the twin says in between: `words`, and of each whether it is one of the
    sentence.
    """

    words: tuple[int, ...]
    own: tuple[bool, ...]


def told(
    point: Point, asked_for: Sequence[int], lexicon: Lexicon, dependencies: Dependencies
) -> Told:
    """The day `point` as a model reads it, behind what it is told of the network."""
    words, own = [*asked_for], [False] * len(asked_for)

    def say(more: Sequence[int], *, by_model: bool) -> None:
        words.extend(more)
        own.extend([by_model] * len(more))

    say(conditions_said(point, lexicon), by_model=True)
    events, demand = timed(point), DEMANDS[point[1]]
    for place, event in enumerate(events_said(point, lexicon), start=1):
        say(event, by_model=True)
        if place < MOST_EVENTS:
            faults = in_force(point[:BEGIN], events[:place], lexicon.strikes)
            say(dependencies.after(demand, faults), by_model=False)
    if len(events) < MOST_EVENTS:
        say([ID[END]], by_model=True)
    return Told(tuple(words), tuple(own))


def read(sentence: Sequence[int], lexicon: Lexicon) -> Point:
    """The day of a sentence, without what was asked for.

    Raises:
        LookupError: it is no sentence of this network.
    """
    words = list(sentence)
    conditions = [words.pop(0) - _FIRST_HOUR, words.pop(0) - _FIRST_DEMAND]
    for _ in range(2):
        if words[0] == ID[NONE]:
            words.pop(0)
            conditions.append(NOTHING)
        else:
            conditions.append(_read_strike(words, lexicon))
    events = [(_read_strike(words, lexicon), 0)]
    while words and words[0] != ID[END]:
        delay = words.pop(0) - _FIRST_DELAY
        events.append((_read_strike(words, lexicon), delay))
    return point_of(conditions, events)


def _read_strike(words: list[int], lexicon: Lexicon) -> int:
    """Takes the first strike off `words`: no strike's words begin another's."""
    for end in range(2, lexicon.words.shape[1] + 1):
        try:
            found = lexicon.read(words[:end])
        except LookupError:
            continue
        del words[:end]
        return found
    raise LookupError(" ".join(WORDS[word] for word in words))
