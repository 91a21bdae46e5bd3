"""What is wrong with a value that a person wrote, in words that the person knows."""

import json
from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

_LONGEST_SHOWN = 40

_EXPECTED = {
    "bool": "true or false",
    "datetime": "a time",
    "dict": "a mapping of keys to values",
    "finite": "a finite number",
    "float": "a number",
    "int": "a whole number",
    "is": "another kind of value",
    "list": "a list",
    "literal": "one of its values",
    "model": "a mapping of keys to values",
    "string": "a text",
    "tuple": "a list",
}
"""By the first word of what a validator calls the error."""

_BOUNDS = {
    "greater_than": ("gt", "not above"),
    "greater_than_equal": ("ge", "below"),
    "less_than": ("lt", "not below"),
    "less_than_equal": ("le", "above"),
}


def objection(problem: ErrorDetails, known: Collection[str] = ()) -> str:
    """`problem` in words: where it is, what stands there, and what was expected.

    `known`: keys of the whole, one of which may be meant by one that is none.
    """
    place = ".".join(str(part) for part in problem["loc"])
    said = _said(problem, known if len(problem["loc"]) == 1 else ())
    return f"{place}: {said}" if place else said


def _said(problem: ErrorDetails, known: Collection[str]) -> str:
    kind, given, found = problem["type"], problem.get("ctx", {}), _shown(problem["input"])
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        near = get_close_matches(str(problem["loc"][-1]), known, n=1)
        return f'there is no such key; did you mean "{near[0]}"?' if near else "no such key"
    if kind == "value_error":
        return str(given["error"])
    if kind == "string_too_long":
        return f"has more than {given['max_length']:,} characters"
    if kind == "string_too_short":
        return "is empty"
    if kind in _BOUNDS:
        bound, said = _BOUNDS[kind]
        return f"{found} is {said} {given[bound]:,.10g}"
    return f"{found} is not {_EXPECTED.get(kind.partition('_')[0], 'what is expected there')}"


def _shown(value: Any) -> str:
    """As it was written, the beginning of it."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
