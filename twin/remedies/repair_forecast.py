"""When the field is done, learned from what it said of past orders and how long these took.

An accelerated failure time model: the logarithm of what an order still takes is a sum over what is
known of it (how long it has lasted, what was found, what is waited for, what the crew says), and an
error. The errors are those that orders showed which were not learned from (split conformal, for
each stage of what is known), so that intervals hold as often as they say, whatever the errors look
like, as long as orders go on as they did.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np
from pydantic import model_validator

from twin.errors import BadInput
from twin.nouns.base import Noun
from twin.nouns.field_note import FieldNote
from twin.physics.compiled import FloatArray

Stage = Literal["nothing", "found", "estimate"]
"""What is known: nothing yet, what is wrong, or how long the crew thinks that it takes."""

STAGES: tuple[Stage, ...] = get_args(Stage)

LOOKED_AT_S = tuple(900.0 * 2**i for i in range(6))
"""After the order: when those that are learned from are looked at, as long as they are open; once
more at its beginning."""

FEWEST = 40
"""Past orders that something can be learned from."""

_SHORTEST_S = 300.0
"""Less remaining time is not told apart, nor promised."""

_STIFFNESS = 1e-3
"""Of the least squares (ridge), where few orders say little of something."""


class PastOrder(Noun):
    """An order that is over. `notes`: in order of time."""

    ordered_s: float
    done_s: float
    notes: tuple[FieldNote, ...] = ()

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        times = [note.time_s for note in self.notes]
        if self.done_s <= self.ordered_s or times != sorted(times):
            raise ValueError("it ends after it is ordered, and its notes stand in order of time")
        return self


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order at `now_s`. `notes`: all that was said by then."""

    ordered_s: float
    now_s: float
    notes: tuple[FieldNote, ...] = ()

    @property
    def stage(self) -> Stage:
        """How much is known of it."""
        if any(note.remaining_s is not None for note in self.notes):
            return "estimate"
        return "found" if any(note.found or note.waits for note in self.notes) else "nothing"

    @property
    def said_s(self) -> float | None:
        """What is left of what the crew said last, at least 0; None where it said nothing."""
        for note in reversed(self.notes):
            if note.remaining_s is not None:
                return max(0.0, note.time_s + note.remaining_s - self.now_s)
        return None

    @property
    def known(self) -> FloatArray:
        """What goes into the forecast, as numbers."""
        elapsed_s, said_s = self.now_s - self.ordered_s, self.said_s
        found = next((note.found for note in reversed(self.notes) if note.found), None)
        waits = any(note.waits for note in self.notes)
        is_over = said_s is not None and said_s <= _SHORTEST_S
        said = math.log(said_s / 3600.0) if said_s and not is_over else 0.0
        lasted = math.log1p(elapsed_s / 3600.0)
        return np.array(
            [
                *(float(self.stage == stage) for stage in STAGES),
                *(lasted * (self.stage == stage) for stage in STAGES),
                *(float(found == what) for what in ("loose", "damage", "defect")),
                float(waits),
                float(waits) * lasted,
                said,
                said * (found == "defect"),
                float(is_over),
                float(is_over) * lasted,
            ]
        )


@dataclass(frozen=True, slots=True)
class RepairForecast:
    """What an order still takes: `hours` times one of `errors`, each as likely, in order of size.

    Beyond the largest error nothing is known; what is as rare takes up to twice as long.
    """

    hours: float
    errors: tuple[float, ...]

    def survival(self, more_s: float, lasted_s: float = 0.0) -> float:
        """The probability that it goes on for `more_s`. `lasted_s` is in the forecast already."""
        ratio = more_s / (3600.0 * self.hours)
        if ratio <= 0.0:
            return 1.0
        grid = (0.0, *self.errors, 2.0 * self.errors[-1])
        i = bisect_left(grid, ratio)
        if i == len(grid):
            return 0.0
        within = (ratio - grid[i - 1]) / (grid[i] - grid[i - 1]) if grid[i] > grid[i - 1] else 1.0
        return 1.0 - (i - 1 + within) / (len(grid) - 1)

    def quantile_s(self, share: float) -> float:
        """Within so many seconds it is over with that probability."""
        grid = np.array([0.0, *self.errors, 2.0 * self.errors[-1]])
        at = np.linspace(0.0, 1.0, len(grid))
        return 3600.0 * self.hours * float(np.interp(share, at, grid))


class RepairModel(Noun):
    """`weights`: of what is known of an order. `errors`: by stage, factors on what is forecast, in
    order of size. `learned_from`: how many orders, of `source`.
    """

    weights: tuple[float, ...]
    errors: dict[Stage, tuple[float, ...]]
    learned_from: int
    source: str

    def forecast(self, order: OpenOrder) -> RepairForecast:
        """When `order` is done."""
        hours = math.exp(float(np.array(self.weights) @ order.known))
        return RepairForecast(hours, self.errors[order.stage])

    @classmethod
    def learned(cls, orders: Sequence[PastOrder], source: str) -> Self:
        """Of `orders`, every other one of which gives the errors, and nothing else.

        Raises:
            BadInput: there are fewer than FEWEST, or of a stage nothing is seen.
        """
        if len(orders) < FEWEST:
            raise BadInput(
                f"{source}: {len(orders)} orders that are over; at least {FEWEST} are learned from"
            )
        known, log_hours = _as_arrays(orders[::2])
        inverse = known.T @ known + _STIFFNESS * np.eye(known.shape[1])
        weights = np.linalg.solve(inverse, known.T @ log_hours)
        errors: dict[Stage, list[float]] = {stage: [] for stage in STAGES}
        for order, left_s in looked_at(orders[1::2]):
            hours = math.exp(float(weights @ order.known))
            errors[order.stage].append(_hours(left_s) / hours)
        every = sorted(error for found in errors.values() for error in found)
        return cls(
            weights=tuple(weights.tolist()),
            errors={stage: tuple(sorted(found) or every) for stage, found in errors.items()},
            learned_from=len(orders),
            source=source,
        )


def looked_at(orders: Iterable[PastOrder]) -> Iterator[tuple[OpenOrder, float]]:
    """Each of `orders` at some moments while it was open, and how much longer it took (seconds)."""
    for past in orders:
        for after_s in (0.0, *LOOKED_AT_S):
            now_s = past.ordered_s + after_s
            if now_s >= past.done_s:
                break
            said = tuple(note for note in past.notes if note.time_s <= now_s)
            yield OpenOrder(past.ordered_s, now_s, said), past.done_s - now_s


def _as_arrays(orders: Iterable[PastOrder]) -> tuple[FloatArray, FloatArray]:
    found = list(looked_at(orders))
    known = np.array([order.known for order, _ in found])
    return known, np.array([math.log(_hours(left_s)) for _, left_s in found])


def _hours(left_s: float) -> float:
    return max(left_s, _SHORTEST_S) / 3600.0
