"""JSON that a model or its server wrote, decoded only if it is of a size that a reply has."""

import json
import re
from collections.abc import Iterable
from typing import Any

MOST_VALUES = 100_000
"""Values of one text, and events of one stream; a reply of 32k tokens has that many events."""

DEEPEST = 64
"""Lists and objects inside each other; arguments of calls need a dozen."""

_PARTS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|[\[{]|[\]}]|,', re.DOTALL)


class TooMuch(ValueError):
    """A text has more values than are read, or holds them deeper in each other."""


class Contradiction(ValueError):
    """An object has one key twice, with different values."""


def decoded(text: str) -> Any:
    """The one value that `text` is.

    Raises:
        TooMuch: see there; nothing was decoded.
        ValueError: it is no JSON, or a Contradiction.
    """
    _require_bounded(text, 0)
    return json.loads(text, strict=False, object_pairs_hook=object_of)


def decoded_at(text: str, start: int) -> tuple[Any, int]:
    """The value that begins at `start`, and where it ends. Raises as `decoded` does."""
    _require_bounded(text, start)
    return _DECODER.raw_decode(text, start)


def is_deeper(value: Any) -> bool:
    """Whether lists and objects stand inside each other in `value` on more than DEEPEST levels."""
    layer = [value]
    for _ in range(DEEPEST):
        layer = [inner for each in layer for inner in _inside(each)]
    return any(isinstance(each, dict | list) for each in layer)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of `pairs`. Raises Contradiction."""
    value = dict(pairs)
    if len(value) < len(pairs) and any(value[key] != each for key, each in pairs):
        raise Contradiction("an object has one key twice, with different values")
    return value


_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=object_of)


def _require_bounded(text: str, start: int) -> None:
    """Look at the brackets and commas of the value that begins at `start`."""
    depth, values = 0, 1
    for part in _PARTS.finditer(text, start):
        match text[part.start()]:
            case "[" | "{":
                depth += 1
                values += 1
                if depth > DEEPEST:
                    raise TooMuch(f"JSON that is deeper than {DEEPEST} levels")
            case "]" | "}":
                depth -= 1
            case ",":
                values += 1
        if depth <= 0:
            return
        if values > MOST_VALUES:
            raise TooMuch(f"JSON with more than {MOST_VALUES:,} values")
