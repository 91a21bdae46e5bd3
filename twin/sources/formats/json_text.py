"""JSON as the formats that are written in it need it."""

import json
from functools import lru_cache

from twin.errors import BadTopology

DEEPEST = 64
"""No format of a network nests deeper; what does is refused before it is decoded."""


def json_or_none(text: str) -> object | None:
    """The JSON value in `text`, None where it is not JSON; shared by all callers, so left as is."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return _decoded(text)
    except (ValueError, RecursionError):
        return None


def json_value(text: str, name: str) -> object:
    """The same; `name` is how errors call the source.

    Raises:
        BadTopology: it is not JSON (the text says where), or nested beyond DEEPEST.
    """
    try:
        return _decoded(text)
    except RecursionError as exc:
        raise BadTopology(f"{name}: nested deeper than {DEEPEST} levels") from exc
    except ValueError as exc:
        raise BadTopology(f"{name}: not JSON ({exc})") from exc


# Every format in turn looks at the same text.
@lru_cache(maxsize=1)
def _decoded(text: str) -> object:
    value = json.loads(text)
    level: list[object] = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (
                outer.values()
                if isinstance(outer, dict)
                else outer
                if isinstance(outer, list)
                else ()
            )
            if isinstance(inner, dict | list)
        ]
        if not level:
            return value
    raise RecursionError


def kind(value: object) -> str:
    """What `value` is, in words."""
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "a boolean"),
        (str, "a string"),
        (int, "a number"),
        (float, "a number"),
        (list, "a list"),
        (dict, "an object"),
    )
    return next((words for kind, words in kinds if isinstance(value, kind)), "nothing")
