"""What was told of a network and not believed, since nothing can have measured it."""

from collections.abc import Iterable
from enum import StrEnum

from twin.nouns.base import Noun


class Oddity(StrEnum):
    """Why something was left out."""

    NOT_FINITE = "not finite"
    NEGATIVE = "negative"
    IMPOSSIBLE = "beyond what is possible"
    BACKWARDS = "counters ran backwards"
    CONTRADICTED = "more received than the far end sent"
    UNREADABLE = "not of its form"
    STAMP = "stamped at an impossible time"


class LeftOut(Noun):
    """What was left out of what one source said. `times`: how often, by why; `last_s`: the last."""

    source: str
    times: dict[Oddity, int]
    last_s: float

    @property
    def is_odd(self) -> bool:
        """Whether there is more than counters that were reset, as devices do that restart."""
        return any(why is not Oddity.BACKWARDS for why in self.times)

    def describe(self) -> str:
        """In words: "A: not finite (12), counters ran backwards (1)"."""
        return f"{self.source}: {', '.join(f'{why} ({n})' for why, n in self.times.items())}"


def left_out_text(found: Iterable[LeftOut]) -> str:
    """One line for wherever it is said how a network is; "" where there is nothing to say."""
    told = "; ".join(one.describe() for one in found)
    return f"not believed: {told}" if told else ""
