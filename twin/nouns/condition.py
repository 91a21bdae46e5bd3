"""What can be wrong with the watch itself: one closed vocabulary, in which each kind says what it
means and what a person does about it.

While a condition stands, changes on the network are refused by its name, and detection goes on.
"""

from enum import StrEnum
from typing import NamedTuple

from twin.nouns.base import Noun
from twin.nouns.moments import utc


class ConditionKind(StrEnum):
    """The name under which it is said, refused and written down."""

    DISK_FULL = "disk_full"
    STORE_LOST = "store_lost"
    CLOCK_STEPPED = "clock_stepped"
    CLOCK_APART = "clock_apart"
    WORKERS_LOST = "workers_lost"
    COLLECTOR_SILENT = "collector_silent"
    GRAPH_LOST = "graph_lost"

    @property
    def means(self) -> str:
        """What does not work meanwhile, and what does."""
        return _MEANINGS[self].means

    @property
    def remedy(self) -> str:
        """What a person does about it."""
        return _MEANINGS[self].remedy


class _Meaning(NamedTuple):
    means: str
    remedy: str


_MEANINGS: dict[ConditionKind, _Meaning] = {
    ConditionKind.DISK_FULL: _Meaning(
        "nothing is recorded, and no incident is opened or carried on until there is room; what is "
        "seen meanwhile is kept in memory",
        "make room on that disk; the watch goes on by itself",
    ),
    ConditionKind.STORE_LOST: _Meaning(
        "the state directory does not take or keep what is written, so that nothing is recorded; "
        "what is seen meanwhile is kept in memory",
        "put back what is gone, or make it writable again; the watch goes on by itself",
    ),
    ConditionKind.CLOCK_STEPPED: _Meaning(
        "somebody has set the machine's clock under the watch, which goes on counting as before it",
        "set the clock right (NTP); if the new time is the right one, start the watch again",
    ),
    ConditionKind.CLOCK_APART: _Meaning(
        "the watch's clock contradicts the network's or the journal's, so that timers, windows and "
        "expiry cannot be trusted",
        "check both clocks against NTP, and set right the one that is wrong",
    ),
    ConditionKind.WORKERS_LOST: _Meaning(
        "the workers that play what may happen have gone, so that no remedy can be tried out",
        "start the workers again, or set NOCTUA_RUNNER to in-process",
    ),
    ConditionKind.COLLECTOR_SILENT: _Meaning(
        "what the collector does not return is not known, so that no change on the network can be "
        "judged",
        "see why the collector returns nothing; the watch goes on by itself",
    ),
    ConditionKind.GRAPH_LOST: _Meaning(
        "what is on record of the network may have changed meanwhile, so that whom a change would "
        "hit is not known; diagnosis goes on from what is known, and what is written waits",
        "start the server that NOCTUA_GRAPH names; what waits is then written, and the watch goes "
        "on by itself",
    ),
}


class Condition(Noun):
    """What is wrong with the watch of `network`. `detail`: this case, in words.

    `since_s`: by the watch's clock, which nobody can set; None where it is not known.
    """

    network: str
    kind: ConditionKind
    detail: str
    since_s: float | None = None

    @property
    def finding(self) -> str:
        """Its name, since when it stands, and what it is."""
        since = "" if self.since_s is None else f" since {utc(self.since_s)}"
        return f"{self.kind}{since}: {self.detail}"

    @property
    def text(self) -> str:
        """The finding, what it means and what to do, in one line."""
        kind = self.kind
        return f"{self.finding}. {_sentence(kind.means)} {_sentence(kind.remedy)}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
