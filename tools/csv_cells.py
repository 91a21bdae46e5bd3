"""Cells of CSV that a spreadsheet shows as they are: no formula, no control character.

A text that a spreadsheet would take for a formula has an apostrophe before it. One with control
characters (an escape byte moves a terminal's cursor) is written as JSON text behind `'\\`. Both are
taken back by `plain_cell`.

Source: OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection
"""

import json
import re

_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

_AS_JSON = "'\\"


def guarded_cell(value: object) -> object:
    """`value` as it is written; what is no text stays as it is."""
    if not isinstance(value, str):
        return value
    if _CONTROL.search(value):
        return _CONTROL.sub(_escape, f"{_AS_JSON}{json.dumps(value, ensure_ascii=False)}")
    return f"'{value}" if value.startswith(_BEGINNINGS) else value


def plain_cell(text: str) -> str:
    """The text that `guarded_cell` wrote as `text`. Raises ValueError: it wrote no such thing."""
    if text.startswith(_AS_JSON):
        return str(json.loads(text.removeprefix(_AS_JSON)))
    return text.removeprefix("'")


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
