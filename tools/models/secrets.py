"""Keys, tokens and passwords of the environment, which no text of a model may hold."""

import re
from collections.abc import Callable, Iterable, Mapping

from tools.models.screen import Screen

BLANK = "(a secret)"
"""What is read in place of one."""

_NAMES = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)\Z", re.IGNORECASE)
_SHORTEST = 8
"""Characters; a shorter value may be a word of any text."""

_LONGEST = 4096
_HALF_ESCAPE = re.compile(r"(?:\\+(?:u[0-9a-fA-F]{0,3})?|%[0-9a-fA-F]?)\Z")
_ESCAPE = re.compile(r"\\+u00([0-9a-fA-F]{2})|%([0-9a-fA-F]{2})|\\+(/)")


def secrets_of(environ: Mapping[str, str], named: Iterable[str] = ()) -> "Secrets":
    """What `environ` calls a key, a token, a secret or a password, and what is `named` besides."""
    names = {*named, *(name for name in environ if _NAMES.search(name))}
    return Secrets(environ.get(name, "") for name in names)


class Secrets(Screen):
    """Blanks `values` in both directions: as they stand, and escaped as JSON and URLs do."""

    def __init__(self, values: Iterable[str]) -> None:
        fitting = {v for v in (each.strip() for each in values) if _SHORTEST <= len(v) <= _LONGEST}
        self._values = sorted(fitting, key=lambda value: (-len(value), value))
        self._firsts = {value[0] for value in self._values} | {"\\", "%"}
        spelt = "|".join("".join(map(_ways, value)) for value in self._values)
        self._pattern = re.compile(spelt) if spelt else None
        self._reach = 6 * max(map(len, self._values), default=0)

    def __bool__(self) -> bool:
        return bool(self._values)

    def __repr__(self) -> str:
        return f"Secrets({len(self._values)})"

    def hide(self, text: str) -> str:
        """`text` without them."""
        return text if self._pattern is None else self._pattern.sub(BLANK, text)

    def restore(self, text: str, written: Callable[[str], str] = str, before: str = "") -> str:
        """`text` without them: nothing is restored."""
        return self.hide(text)

    def held_back(self, text: str) -> int:
        """How many of the last characters of `text` may be the beginning of one."""
        for start in range(max(0, len(text) - self._reach), len(text)):
            if text[start] not in self._firsts:
                continue
            begun = _ESCAPE.sub(_character, _HALF_ESCAPE.sub("", text[start:]))
            if any(value.startswith(begun) for value in self._values):
                return len(text) - start
        return 0


def _ways(character: str) -> str:
    ways = [re.escape(character)]
    if character.isascii():
        code = format(ord(character), "02x")
        ways.append(rf"(?i:\\+u00{code}|%{code})")
    if character == "/":
        ways.append(r"\\+/")
    return f"(?:{'|'.join(ways)})"


def _character(escape: re.Match[str]) -> str:
    return escape[3] or chr(int(escape[1] or escape[2], 16))
