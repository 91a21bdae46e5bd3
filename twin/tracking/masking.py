"""What a record may hold: a number that nothing can have measured is as good as not read.

Who sends records is a device, or whoever collects from devices, and either may be broken or lie.
Nothing here raises, whatever a field holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.nouns.left_out import Oddity
from twin.nouns.telemetry import FloatArray, Quantity

BoolArray = NDArray[np.bool_]

OLDEST_S = 31 * 86_400.0
"""What claims to be older happened when it was heard of: no collector keeps records for a month,
and the clock of a device that was never set is decades behind."""

LATEST_S = 1e11
"""A stamp that is a time at all is nearer to 1970 than this, three thousand years."""

AHEAD_S = 60.0
"""A stamp so far ahead of its arrival is believed to be odd, not only a clock that is a little off.
"""

_FEW = 64
"""Up to so many numbers are looked at faster one by one than all together."""


@dataclass(frozen=True, slots=True)
class Masked:
    """Numbers of which what was odd is NaN. `odd`: where, by why; empty if nothing was."""

    values: FloatArray
    odd: Mapping[Oddity, BoolArray]


def is_plain(value: object, what: Quantity, shape: tuple[int, ...]) -> bool:
    """Whether all of `value` was read, and is possible: then there is nothing to mask."""
    if type(value) is not np.ndarray or value.dtype != np.float64 or value.shape != shape:
        return False
    if value.size > _FEW:
        return bool(what.least <= value.min() and value.max() <= what.most)
    numbers = value.ravel().tolist()
    # With NaN among them their sum is NaN, whatever the least and the largest are taken to be.
    return not numbers or (
        sum(numbers) < np.inf and what.least <= min(numbers) and max(numbers) <= what.most
    )


def masked(value: object, what: Quantity, shape: tuple[int, ...]) -> Masked:
    """`value` as float64 of `shape`, NaN where it was not read, or cannot be what was read."""
    found = _floats(value, shape)
    if found is None:
        nothing = np.full(shape, np.nan)
        return Masked(
            nothing, {Oddity.UNREADABLE: np.ones(shape, np.bool_)} if nothing.size else {}
        )
    numbers, unreadable = found
    infinite = np.isinf(numbers)
    with np.errstate(invalid="ignore"):
        negative = (numbers < what.least) & ~infinite
        beyond = (numbers > what.most) & ~infinite
    reasons = {
        Oddity.NOT_FINITE: infinite,
        Oddity.NEGATIVE: negative,
        Oddity.IMPOSSIBLE: beyond,
        Oddity.UNREADABLE: unreadable,
    }
    odd = {why: where for why, where in reasons.items() if where.any()}
    if odd:
        numbers = np.where(infinite | negative | beyond | unreadable, np.nan, numbers)
    return Masked(numbers, odd)


def _floats(value: object, shape: tuple[int, ...]) -> tuple[FloatArray, BoolArray] | None:
    """The numbers, and where there is none; None if it has another shape."""
    try:
        given = np.asarray(value)
        if given.dtype.kind not in "fiu":
            given = np.asarray(value, dtype=object)
    except (ValueError, TypeError, OverflowError):
        return None
    if given.shape != shape:
        return None
    if given.dtype.kind in "fiu":
        return given.astype(np.float64), np.zeros(shape, np.bool_)
    each = [_float(one) for one in given.ravel().tolist()]
    numbers = np.array([np.nan if one is None else one for one in each]).reshape(shape)
    return numbers, np.array([one is None for one in each]).reshape(shape)


def _float(value: object) -> float | None:
    """`value` as a float, infinite where it is too large for one; None if it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return None
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def moment(time_s: object, heard_s: float) -> tuple[float, bool]:
    """When something happened that was heard of at `heard_s`, and whether its stamp is odd.

    What is stamped later than it was heard of happened then at the latest: believed, it would make
    late of everything that comes until then.
    """
    said_s = _float(time_s)
    if said_s is not None and heard_s - OLDEST_S <= said_s <= heard_s:
        return said_s, False
    return heard_s, said_s is None or not heard_s < said_s <= heard_s + AHEAD_S
