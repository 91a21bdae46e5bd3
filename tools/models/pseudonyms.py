"""Pseudonyms for customers' names and addresses: what a model reads instead of them, and back.

A pseudonym says its kind and is otherwise a keyed hash, as in customer-x4k2q. The same name has the
same one for as long as the key lasts, and every spelling has its own, so that `restore(hide(text))`
is `text`. Whoever lacks the key cannot find the name by trying names.

A pseudonym stands, and is restored, only as a word of its own; a name that is glued to others is
hidden with the word that it stands in. So whatever was restored is hidden again: at the edges of a
word even the shortest name is found.
"""

import base64
import hashlib
import hmac
import ipaddress
import json
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from tools.models.screen import Screen, mapped
from tools.models.spellings import BEGIN, END, Name, Names
from twin.errors import BadInput
from twin.nouns.inventory import Inventory

KEY_FILE = "pseudonyms.key"
"""In the state directory, readable by its owner alone."""

_KEY_BYTES = 32
_TAG = 5
_SPELLING = 4

KINDS = ("customer", "service", "email", "prefix", "address", "phone", "place")

_BEGUN = re.compile(rf"(?:{'|'.join(KINDS)})-[a-z2-7]*(?:-[a-z2-7]*)?")

_OPENING = re.compile(r"^[ \t]*[\[{]", re.MULTILINE)
_DECODER = json.JSONDecoder()

_LONGEST_TOKEN = 40
"""Characters; what is held back of a stream is never longer."""

_WORD_ENDS = re.compile(END)
_WORD_BEGINS = re.compile(BEGIN)

# In a lookahead, since what looks like one may hold another: customer-customer-x4k2q.
_TOKEN = re.compile(
    rf"{BEGIN}(?=((?:{'|'.join(KINDS)})-[a-z2-7]{{{_TAG},12}}(?:-[a-z2-7]{{{_SPELLING},12}})?))",
    re.IGNORECASE,
)

# Every repetition has an end, or a long run of one letter would take for ever.
_EMAIL = r"(?<!\\)[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"

_PATTERNS = (
    ("address", r"https?://[^\s\"'<>\\]+"),
    ("address", r"(?<![\w:])(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}(?![\w:])"),
    ("ip", r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?![\w/]|\.\d)"),
    ("ip", r"(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?:/\d{1,3})?(?![\w:])"),
    ("phone", r"(?<![\w+.])(?:\+|00)[1-9]\d{0,2}[ ()/-]{0,2}\d(?:[ ()/-]{0,2}\d){5,12}(?!\w)"),
    (
        "place",
        BEGIN + r"[A-ZÄÖÜ][\w.-]{0,40}(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer|ring)"
        r" \d{1,4}[a-z]?(?:, \d{4,5} [A-ZÄÖÜ][\w-]{1,40})?(?!\w)",
    ),
    (
        "place",
        r"(?<!\w)\d{1,5}[A-Za-z]? (?:[A-Z][\w'-]{1,30} ){1,3}"
        r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Boulevard|Blvd|Square|Court|Way)(?!\w)",
    ),
)

_PATTERN = re.compile(
    "|".join(
        [
            f"(?P<email>{_EMAIL})",
            *(f"(?P<{kind}_{i}>{text})" for i, (kind, text) in enumerate(_PATTERNS)),
        ]
    )
)

_Span = tuple[int, int, Name]
"""From where to where in a text what is hidden stands, and whose it is."""

_MOST_KEPT = 256
"""Texts of which the hidden form is remembered: every call says again what the last one said."""


def names_of(inventory: Inventory) -> dict[str, str]:
    """Name -> kind: the customers and the ids of their services. The rest goes by pattern."""
    customers = {service.customer: "customer" for service in inventory.services}
    return {service.id: "service" for service in inventory.services} | customers


def places_of(inventory: Inventory) -> list[str]:
    """What a model reads as it stands: the names of nodes and sites."""
    return [name for node in inventory.topology.nodes for name in (node.id, node.site) if name]


def state_key(state: Path) -> bytes:
    """The key of a state directory, made on first use with mode 0600.

    Raises:
        BadInput: the file cannot be made or read, is no key, or others may read it.
    """
    file = state / KEY_FILE
    try:
        if not file.exists():
            _make_key(file)
        if file.stat().st_mode & 0o077:
            raise BadInput(f"{file}: others may read it; chmod 600 {file}")
        key = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: cannot be read or made ({error.strerror})") from error
    if len(key) != _KEY_BYTES:
        raise BadInput(f"{file}: is no key of {_KEY_BYTES} bytes; put it aside, a new one is made")
    return key


def _make_key(file: Path) -> None:
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(secrets.token_bytes(_KEY_BYTES))
        # A link, not a rename: of two processes that begin at once, the first one's key stays.
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


class Pseudonyms(Screen):
    """Pseudonyms for `names` (name -> kind) and for what looks like an address.

    `key`: secret; the same key gives the same pseudonyms. `places`: names that a model reads as
    they stand, for which no part of a name is to be taken.
    """

    def __init__(self, names: Mapping[str, str], key: bytes, places: Iterable[str] = ()) -> None:
        self._key = key
        self._lock = threading.Lock()
        self._by_spelling: dict[str, str] = {}
        self._by_token: dict[str, str] = {}
        self._names = Names(names, places)
        for name, kind in sorted(names.items()):
            if name:
                self._token_of(name, Name(name, kind))
        self._hidden = lru_cache(_MOST_KEPT)(self._hide_plain)

    def hide(self, text: str) -> str:
        """`text` with a pseudonym in place of every name and address; JSON in it stays JSON."""
        return _through_json(text, self._hidden)

    def restore(self, text: str, written: Callable[[str], str] = str, before: str = "") -> str:
        """`text` with every pseudonym of ours undone; `written` says how a name is written in it.

        A pseudonym may have changed its case on the way. One that is glued to a letter or a digit
        is none. `before`: what stands in front of `text` where that is a piece of a longer one.
        """
        whole = before + text
        done = len(before)
        pieces = []
        for match in _TOKEN.finditer(whole, done):
            token = self._known_token(whole, match.start(), len(match[1]))
            if token is None or match.start() < done:
                continue
            pieces += [whole[done : match.start()], written(self._by_token[token])]
            done = match.start() + len(token)
        return "".join([*pieces, whole[done:]])

    def _known_token(self, text: str, start: int, most: int) -> str | None:
        """The longest one that stands at `start`: another word of the text may follow."""
        for size in range(most, _TAG, -1):
            token = text[start : start + size].lower()
            if token in self._by_token and _WORD_ENDS.match(text, start + size):
                return token
        return None

    def held_back(self, text: str) -> int:
        """How many of the last characters of `text` may be the beginning of a pseudonym."""
        first = max(0, len(text) - _LONGEST_TOKEN)
        for start in range(first, len(text)):
            if _may_go_on(text[start:].lower()):
                return len(text) - start
        return 0

    def _hide_plain(self, text: str) -> str:
        done = 0
        pieces = []
        for start, end, name in _joined(text, self._found_in(text)):
            spelling = text[start:end]
            pieces += [text[done:start], self._token_of(spelling, name)]
            done = end
        return "".join([*pieces, text[done:]])

    def _found_in(self, text: str) -> list[_Span]:
        spans: list[_Span] = [(f.start, f.end, f.name) for f in self._names.found_in(text)]
        for match in _PATTERN.finditer(text):
            kind, spelling = (match.lastgroup or "").partition("_")[0], match[0]
            if kind == "ip" and not _is_ip(spelling):
                continue
            if kind == "ip":
                kind = "prefix" if "/" in spelling else "address"
            spans.append((*match.span(), Name(spelling, kind)))
        return spans

    def _token_of(self, spelling: str, name: Name) -> str:
        if known := self._by_spelling.get(spelling):
            return known
        with self._lock:
            what = f"{name.kind}|{name.text.casefold()}"
            token = self._free(f"{name.kind}-", what, _TAG, name.text, spelling)
            self._by_spelling[spelling] = token
            self._by_token[token] = spelling
        return token

    def _free(self, before: str, what: str, size: int, canonical: str, spelling: str) -> str:
        base = before + self._tag(what, size)
        if spelling != canonical:
            base += "-" + self._tag(f"{what}|{spelling}", _SPELLING)
        # Two names with one hash are rare, and must not become one name.
        more = 0
        while self._by_token.get(base, spelling) != spelling:
            more += 1
            base += self._tag(f"{what}|{spelling}|{more}", 1)
        return base

    def _tag(self, what: str, size: int) -> str:
        digest = hmac.new(self._key, what.encode(), hashlib.sha256).digest()
        return base64.b32encode(digest).decode().lower()[:size]


def _is_ip(spelling: str) -> bool:
    try:
        ipaddress.ip_interface(spelling)
    except ValueError:
        return False
    return any(c.isalnum() for c in spelling)  # "::" alone is punctuation


def _joined(text: str, spans: Iterable[_Span]) -> list[_Span]:
    """`spans` in order, each a word of its own: what overlaps or touches is one, the longest's."""
    grown = [(*_grown(text, start, end), end - start, name) for start, end, name in spans]
    joined: list[tuple[int, int, int, Name]] = []
    for start, end, size, name in sorted(grown, key=lambda each: (each[0], -each[2])):
        if joined and start <= joined[-1][1]:
            first, last, longest, whose = joined[-1]
            if size > longest:
                longest, whose = size, name
            joined[-1] = first, max(last, end), longest, whose
        else:
            joined.append((start, end, size, name))
    return [(start, end, name) for start, end, _, name in joined]


def _grown(text: str, start: int, end: int) -> tuple[int, int]:
    while not _WORD_BEGINS.match(text, start):
        start -= 1
    while not _WORD_ENDS.match(text, end):
        end += 1
    return start, end


def _may_go_on(text: str) -> bool:
    return bool(_BEGUN.fullmatch(text)) or any(f"{kind}-".startswith(text) for kind in KINDS)


def _through_json(text: str, change: Callable[[str], str]) -> str:
    """`text` changed: the strings of what is JSON in it one by one, and the rest as it stands."""
    done = 0
    pieces = []
    for opening in _OPENING.finditer(text):
        start = opening.end() - 1
        if start < done:
            continue
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        changed = mapped(value, change)
        # As it stood, where nothing was changed: its blanks may matter to somebody.
        told = text[start:end] if changed == value else _json_text(changed)
        pieces += [change(text[done:start]), told]
        done = end
    return "".join([*pieces, change(text[done:])])


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
