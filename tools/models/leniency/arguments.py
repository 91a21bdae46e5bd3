"""The object that a call's arguments are, in whatever writing they came."""

import ast
import re
import warnings
from collections.abc import Callable
from typing import Any

from tools.models.leniency.json_text import (
    Contradiction,
    TooMuch,
    decoded,
    decoded_at,
    object_of,
)

LONGEST = 200_000
"""Characters of a text that is read leniently; what is longer is read strictly or not at all."""

ENCODED_TWICE = "arguments encoded twice"
FENCED = "arguments in a fence, or with marks of the model's template around them"
IN_A_LIST = "arguments as a list of one object"
REPEATED = "arguments that repeat themselves, or close a bracket too many"
LITERAL = "arguments with single quotes, bare keys, commas at the end, or Python's constants"

MARK = r"<[^<>\n]{1,80}>|\[/?[A-Z_]{3,24}\]"
"""A tag or a special token."""

_AROUND = re.compile(rf"\s*(?:(?:```\w*|{MARK})\s*)*+")
_BEHIND = re.compile(rf"(?:```|{MARK})\Z")
_LONGEST_MARK = 90
_CLOSERS = re.compile(r"[\s}\]]*\Z")
_CONSTANTS = {"true": True, "false": False, "null": None, "undefined": None}
_MOST_ENCODED = 3


class NotLiteral(ValueError):
    """A text is no literal."""


def object_in(text: str, tell: Callable[[str], None]) -> dict[str, Any] | None:
    """The one object that `text` holds, None where it holds none, more, or perhaps half of one.

    `tell` hears what was forgiven.
    """
    for _ in range(_MOST_ENCODED):
        value = value_in(text, tell)
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            tell(IN_A_LIST)
            value = value[0]
        if isinstance(value, dict):
            return value
        if not isinstance(value, str) or value == text:
            return None
        tell(ENCODED_TWICE)
        text = value
    return None


def value_in(text: str, tell: Callable[[str], None]) -> Any:
    """The one JSON value in `text`; None also where there is none."""
    try:
        return decoded(text)
    except (Contradiction, TooMuch):
        return None
    except ValueError:
        if len(text) > LONGEST:
            return None
    # What may be nothing always matches.
    bare = _without_end(text[_AROUND.match(text).end() :])  # type: ignore[union-attr]
    if bare != text:
        tell(FENCED)
    try:
        return _repeated(bare, tell)
    except (Contradiction, TooMuch):
        return None
    except ValueError:
        pass
    try:
        value = literal(bare)
    except NotLiteral:
        return None
    tell(LITERAL)
    return value


def _without_end(text: str) -> str:
    """`text` without the blanks, fences and marks at its end."""
    end = len(text)
    while True:
        while end and text[end - 1].isspace():
            end -= 1
        start = max(0, end - _LONGEST_MARK)
        mark = _BEHIND.search(text, start, end)
        if mark is None:
            return text[:end]
        end = mark.start()


def _repeated(text: str, tell: Callable[[str], None]) -> Any:
    """The value that `text` says once or several times over. Raises ValueError."""
    first, end = decoded_at(text, 0)
    while not _CLOSERS.match(text, end):
        tell(REPEATED)
        start = len(text) - len(text[end:].lstrip())
        again, end = decoded_at(text, start)
        if again != first:
            raise ValueError("two different values")
    if text[end:].strip():
        tell(REPEATED)
    return first


def literal(text: str) -> Any:
    """The value of a literal of Python or JavaScript. Raises NotLiteral."""
    try:
        with warnings.catch_warnings():
            # JSON knows escapes that Python warns of.
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval")
        return literal_of(tree.body)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise NotLiteral(text[:80]) from error


def literal_of(node: ast.expr) -> Any:
    """The value of a parsed literal. Raises NotLiteral."""
    match node:
        case ast.Constant(value=str() | bool() | int() | float() | None as value):
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [literal_of(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            pairs = [(_key(k), literal_of(v)) for k, v in zip(keys, values, strict=True)]
            return object_of(pairs)
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
    raise NotLiteral(ast.dump(node)[:80])


def _key(node: ast.expr | None) -> str:
    match node:
        case ast.Constant(value=str() as key) | ast.Name(id=key):
            return key
    raise NotLiteral("a key that is no name")
