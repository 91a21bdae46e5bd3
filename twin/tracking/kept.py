"""What a tracker wrote down, put right where it is not what it should be.

A number that is not finite, once it is kept, would be learned from for ever.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.nouns.telemetry import FloatArray

_GONE = object()


def sound(kept: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """`kept` without numbers that are not finite, and the names of the parts that had some.

    In a list of numbers None takes their place; what else holds one is left out, and is learned
    again.
    """
    found = {name: _sound(part) for name, part in kept.items()}
    parts = tuple(name for name, part in kept.items() if found[name] is not part)
    return {name: part for name, part in found.items() if part is not _GONE}, parts


def _sound(part: Any) -> Any:
    """`part` itself if all is well with it."""
    if isinstance(part, float):
        return part if math.isfinite(part) else _GONE
    if isinstance(part, dict):
        entries = {name: _sound(value) for name, value in part.items()}
        if all(entries[name] is value for name, value in part.items()):
            return part
        return {name: value for name, value in entries.items() if value is not _GONE}
    if isinstance(part, list):
        items = [_sound(value) for value in part]
        if all(new is old for new, old in zip(items, part, strict=True)):
            return part
        if all(isinstance(value, float | int | None) for value in part):
            return [None if value is _GONE else value for value in items]
        # An entry of several values is whole or is none.
        mixed = [
            _GONE if new is not old and _is_entry(old) else new
            for new, old in zip(items, part, strict=True)
        ]
        return [value for value in mixed if value is not _GONE]
    return part


def _is_entry(value: Any) -> bool:
    """Whether it is one thing of several values, not a row of a matrix."""
    if isinstance(value, dict):
        return True
    return isinstance(value, list) and any(isinstance(part, str) for part in value)


def kept_array(
    kept: Mapping[str, Any], name: str, default: FloatArray, least: float, most: float
) -> FloatArray:
    """The array `name` of `kept`; of `default` where it has no number from `least` to `most`.

    All of `default` where it has another shape.
    """
    given = kept.get(name)
    if given is None:
        return np.array(default, dtype=np.float64)
    try:
        found = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        return np.array(default, dtype=np.float64)
    if found.shape != default.shape:
        return np.array(default, dtype=np.float64)
    return np.where((found >= least) & (found <= most), found, default)


def kept_times(given: Mapping[str, float] | None, until_s: float) -> dict[str, float]:
    """Times by name (Unix seconds), without those after `until_s`."""
    return {name: time_s for name, time_s in (given or {}).items() if time_s <= until_s}
