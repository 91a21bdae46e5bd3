"""Pseudonyms for customers' names and addresses: what a model reads instead of them, and back.

A pseudonym says its kind and is otherwise a keyed hash, as in customer-x4k2q. The same name has the
same one for as long as the key lasts, and every spelling has its own, so that `restore(hide(text))`
is `text`. Whoever lacks the key cannot find the name by trying names.
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
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

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

# An underscore joins words. In JSON text that nobody parsed, the letter before a name may belong to
# an escape such as \n.
_BEGIN = r"(?:(?<![^\W_])|(?<=\\[nrtbf])|(?<=\\u[0-9a-fA-F]{4}))"
_END = r"(?![^\W_])"

# In a lookahead, since what looks like one may hold another: customer-customer-x4k2q.
_TOKEN = re.compile(
    rf"(?=((?:{'|'.join(KINDS)})-[a-z2-7]{{{_TAG},12}}(?:-[a-z2-7]{{{_SPELLING},12}})?))",
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
        _BEGIN
        + r"[A-ZÄÖÜ][\w.-]{0,40}(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer|ring)"
        r" \d{1,4}[a-z]?(?:, \d{4,5} [A-ZÄÖÜ][\w-]{1,40})?(?!\w)",
    ),
    (
        "place",
        r"(?<!\w)\d{1,5}[A-Za-z]? (?:[A-Z][\w'-]{1,30} ){1,3}"
        r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Boulevard|Blvd|Square|Court|Way)(?!\w)",
    ),
)

_ASCII = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa"}
"""How log lines write what is not ASCII."""

_CUT = "…"
_SHORTEST_CUT = 4
"""Letters of a name that was cut short, from which on they say whose name it is."""


def names_of(inventory: Inventory) -> dict[str, str]:
    """Name -> kind: the customers and the ids of their services. The rest goes by pattern."""
    customers = {service.customer: "customer" for service in inventory.services}
    return {service.id: "service" for service in inventory.services} | customers


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


class Pseudonyms:
    """Pseudonyms for `names` (name -> kind) and for what looks like an address.

    `key`: secret; the same key gives the same pseudonyms.
    """

    def __init__(self, names: Mapping[str, str], key: bytes) -> None:
        self._key = key
        self._lock = threading.Lock()
        self._by_spelling: dict[str, str] = {}
        self._by_token: dict[str, str] = {}
        self._canonical = {_folded(name): (name, kind) for name, kind in names.items() if name}
        self._longest = max(map(len, names), default=0)
        for name, kind in sorted(self._canonical.values()):
            self._token_of(name, kind)
        self._pattern = _compiled(names)

    def hide(self, text: str) -> str:
        """`text` with a pseudonym in place of every name and address; JSON in it stays JSON."""
        return _through_json(text, self._hide_plain)

    def restore(self, text: str, written: Callable[[str], str] = str) -> str:
        """`text` with every pseudonym of ours undone; `written` says how a name is written in it.

        A pseudonym may have changed its case on the way.
        """
        done = 0
        pieces = []
        for match in _TOKEN.finditer(text):
            token = self._known_token(match[1].lower())
            if token is None or match.start() < done:
                continue
            pieces += [text[done : match.start()], written(self._by_token[token])]
            done = match.start() + len(token)
        return "".join([*pieces, text[done:]])

    def _known_token(self, found: str) -> str | None:
        """The longest one that `found` begins with: a word of the text may follow."""
        ends = range(len(found), _TAG, -1)
        return next((found[:end] for end in ends if found[:end] in self._by_token), None)

    def hide_in(self, value: Any) -> Any:
        """A copy of a JSON value in which every string, keys too, is hidden."""
        return _mapped(value, self.hide)

    def restore_in(self, value: Any) -> Any:
        """A copy of a JSON value in which every string, keys too, is restored."""
        return _mapped(value, self.restore)

    def hide_in_schema(self, schema: Any) -> Any:
        """A copy of a tool's schema: what it says and allows is hidden, what it calls things not.

        Names of tools and of their arguments are ours.
        """
        if isinstance(schema, list):
            return [self.hide_in_schema(item) for item in schema]
        if not isinstance(schema, dict):
            return schema
        hidden = {}
        for key, value in schema.items():
            if key in ("description", "enum", "const", "default", "examples", "title", "pattern"):
                named = isinstance(value, dict)  # an argument that is called so
                hidden[key] = self.hide_in_schema(value) if named else self.hide_in(value)
            else:
                hidden[key] = self.hide_in_schema(value)
        return hidden

    def held_back(self, text: str) -> int:
        """How many of the last characters of `text` may be the beginning of a pseudonym."""
        first = max(0, len(text) - _LONGEST_TOKEN)
        for start in range(first, len(text)):
            if _may_go_on(text[start:].lower()):
                return len(text) - start
        return 0

    def _hide_plain(self, text: str) -> str:
        *cut, whole = text.split(_CUT)
        hidden = [self._hide_cut(piece) + _CUT for piece in cut]
        return "".join([*hidden, self._pattern.sub(self._replacement, whole)])

    def _hide_cut(self, text: str) -> str:
        """`text` hidden; a name may have been cut short at its end."""
        for start in range(max(0, len(text) - self._longest), len(text) - _SHORTEST_CUT + 1):
            if start and text[start - 1].isalnum():
                continue
            folded = _folded(text[start:])
            for name, (_, kind) in self._canonical.items():
                if name.startswith(folded):
                    head = self._pattern.sub(self._replacement, text[:start])
                    return head + self._token_of(text[start:], kind)
        return self._pattern.sub(self._replacement, text)

    def _replacement(self, match: re.Match[str]) -> str:
        kind, spelling = (match.lastgroup or "").partition("_")[0], match[0]
        if kind != "ip":
            return self._token_of(spelling, kind)
        try:
            ipaddress.ip_interface(spelling)
        except ValueError:
            return spelling
        if not any(c.isalnum() for c in spelling):
            return spelling  # "::" alone is punctuation
        return self._token_of(spelling, "prefix" if "/" in spelling else "address")

    def _token_of(self, spelling: str, kind: str) -> str:
        if known := self._by_spelling.get(spelling):
            return known
        folded = _folded(spelling)
        canonical, named = self._canonical.get(folded, (spelling, kind))
        with self._lock:
            token = self._free(f"{named}-", f"{named}|{folded}", _TAG, canonical, spelling)
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


def _compiled(names: Iterable[str]) -> re.Pattern[str]:
    # The longest first: a name may begin another. E-mails before names: they may hold one.
    spelt = sorted({s for n in names if n for s in (n, *_escaped(n))}, key=lambda n: (-len(n), n))
    known = [rf"(?P<customer>(?i:{_BEGIN}(?:{'|'.join(map(_loosely, spelt))}){_END}))"]
    patterns = [f"(?P<{kind}_{i}>{text})" for i, (kind, text) in enumerate(_PATTERNS)]
    return re.compile("|".join([f"(?P<email>{_EMAIL})", *(known if spelt else []), *patterns]))


def _escaped(name: str) -> tuple[str, str]:
    """How JSON writes `name`."""
    return json.dumps(name, ensure_ascii=False)[1:-1], json.dumps(name)[1:-1]


def _loosely(name: str) -> str:
    """`name` with blanks, hyphens or underscores between its words, and also in mere ASCII."""
    words = ["".join(map(_letter, word)) for word in re.split(r"[\s_-]+", name)]
    return r"[\s_-]{1,4}".join(words)


def _letter(letter: str) -> str:
    if letter.isascii():
        return re.escape(letter)
    decomposed = unicodedata.normalize("NFD", letter)
    ways = dict.fromkeys([letter, decomposed, decomposed[0], _ASCII.get(letter.lower(), letter)])
    return f"(?:{'|'.join(map(re.escape, ways))})"


def _folded(name: str) -> str:
    """The same for every spelling that `_loosely` takes, but for accents that were left out."""
    composed = unicodedata.normalize("NFC", name).casefold()
    return re.sub(r"[\s_-]+", " ", "".join(_ASCII.get(c, c) for c in composed))


def _may_go_on(text: str) -> bool:
    return bool(_BEGUN.fullmatch(text)) or any(f"{kind}-".startswith(text) for kind in KINDS)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {
            change(k) if isinstance(k, str) else k: _mapped(v, change) for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [_mapped(item, change) for item in value]
    return value


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
        changed = _mapped(value, change)
        # As it stood, where nothing was changed: its blanks may matter to somebody.
        told = text[start:end] if changed == value else _json_text(changed)
        pieces += [change(text[done:start]), told]
        done = end
    return "".join([*pieces, change(text[done:])])


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
