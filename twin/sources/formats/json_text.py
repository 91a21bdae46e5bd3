"""JSON as the formats that are written in it need it."""

import json
from functools import lru_cache

from twin.errors import BadTopology
from twin.sources.formats.limits import MOST_VALUES

DEEPEST = 64
"""No format of a network nests deeper; what does is refused before it is decoded."""


def json_or_none(text: str) -> object | None:
    """The JSON value in `text`, None where it is not JSON; shared by all callers, so left as is."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return _decoded(text)
    except BadTopology:
        return None


def json_value(text: str, name: str) -> object:
    """The same; `name` is how errors call the source.

    Raises:
        BadTopology: it is not JSON (the text says where), nested beyond DEEPEST, or of more than
            MOST_VALUES.
    """
    try:
        return _decoded(text)
    except BadTopology as exc:
        raise BadTopology(f"{name}: {exc}") from exc


def _decoded(text: str) -> object:
    value, refusal = _tried(text)
    if refusal:
        raise BadTopology(refusal)
    return value


# Every format in turn looks at the same text, also where it is refused.
@lru_cache(maxsize=1)
def _tried(text: str) -> tuple[object, str]:
    """The value in `text`, or why there is none."""
    values = sum(map(text.count, ",[{"))
    if values > MOST_VALUES:
        return None, f"it has {values:,} values; up to {MOST_VALUES:,} are read"
    try:
        value = json.loads(text)
    except RecursionError:
        return None, _TOO_DEEP
    except ValueError as exc:
        return None, f"not JSON ({exc})"
    return (None, _TOO_DEEP) if _is_deep(value) else (value, "")


_TOO_DEEP = f"nested deeper than {DEEPEST} levels"


def forget() -> None:
    """Let go of the text that was looked at last, and of what it says."""
    _tried.cache_clear()


def _is_deep(value: object) -> bool:
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
            return False
    return True


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
