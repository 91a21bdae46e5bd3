"""Names found in a text however they are written there.

A name is its letters and digits. A text is read as the letters and digits in it, after NFKC and
case folding, without accents, format characters and whatever else stands between them, and in a
second reading with what URLs, HTML, JSON and mail escape undone. So `to-UlmeResearch-10G`,
`Ulme%20Research` and `U.l.m.e R&eacute;search` hold the name that `Ulme Research` is.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

BEGIN = r"(?:(?<![^\W_])|(?<=\\[nrtbf])|(?<=\\u[0-9a-fA-F]{4}))"
"""Where a word may begin. An underscore joins words. In JSON text that nobody parsed, the letter
before a name may belong to an escape such as \\n."""

END = r"(?![^\W_])"
"""Where a word may end."""

_BEGIN, _END = re.compile(BEGIN), re.compile(END)

_AS_IT_STANDS = re.compile(r"(?P<run>[A-Za-z0-9]+)|(?P<other>.)", re.DOTALL)
_UNESCAPED = re.compile(
    r"(?P<run>[A-Za-z0-9]+)"
    # Line ends, tags, and the colours of a terminal.
    r"|(?P<blank>\\+[nrtbf]|</?[A-Za-z][^<>]{0,80}>"
    r"|(?:\x1b|\\+(?:u001b|x1b|033))\[[0-9;]{0,20}[A-Za-z])"
    # Also what was escaped several times over: %2520, &amp;nbsp;, \\\\u00f6.
    r"|(?P<percent>(?:[%=](?:25)*[0-9A-Fa-f]{2})+)"
    r"|(?P<entity>&(?:amp;)*(?:\#x?[0-9A-Fa-f]{1,6}|[A-Za-z]\w{1,30});)"
    r"|(?P<code>(?:\\+u[0-9a-fA-F]{4})+|\\+x[0-9a-fA-F]{2})"
    r"|(?P<octal>(?:\\+[0-3][0-7]{2})+)"
    r"|(?P<other>.)",
    re.DOTALL,
)
_ESCAPES = re.compile(r"[%=&\\<\x1b]")

_LATIN = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"}
"""Letters that are no letter with an accent."""

_TWO_LETTERS = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}
"""How log lines write what is not ASCII; without the accent is the other way."""

_MARKS = "™℠"
"""Marks behind names, which NFKC makes letters of."""

_AND = ("and", "und", "et", "y", "e")
_LEGAL_FORMS = re.compile(
    r"(?:[\s,.]+(?:gmbh|mbh|ag|se|kg|kgaa|ohg|ug|e\.?\s?k|e\.?\s?v|e\.?\s?g|ltd|limited|llc|llp|lp"
    r"|inc|corp|corporation|plc|sa|s\.a|sas|sarl|srl|spa|s\.p\.a|nv|n\.v|bv|b\.v|ab|as|asa|aps|oy"
    r"|oyj|a/s|pty|co)\.?|\s*&\s*co\.?)+$",
    re.IGNORECASE,
)
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")
_PLURALS = ("s", "es", "n", "en", "e")
_CUT_MARKS = ("…", "...")

_SHORTEST_INSIDE = 5
"""Letters from which on a name is found in the middle of a word, if no ordinary word holds it."""

_LONG = 8
"""Letters that do not stand side by side by accident."""

_SHORTEST_CUT = 4
"""Letters of a name in front of a mark that something was cut off, from which on they say whose
name it is."""

_SHORTEST_PART = 6
"""The same where no mark stands."""

_MOST_BETWEEN = 24
"""Characters between two letters of a name: a line may end there, and the next one be indented."""


@cache
def ordinary_words() -> frozenset[str]:
    """Words of prompts, schemas and log lines."""
    lines = resources.files("tools.models").joinpath("ordinary_words.txt").read_text("utf-8")
    words = [line for line in lines.splitlines() if not line.startswith("#")]
    # A single letter is a letter.
    return frozenset(" ".join(words).split()) | frozenset("abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True)
class Name:
    """A name to be found. `kind`: of whom or what."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Found:
    """A name at `start` to `end` of a text."""

    start: int
    end: int
    name: Name


@dataclass(frozen=True, slots=True)
class _Writing:
    """One way to write a name. `words`: the lengths of its words in letters."""

    letters: str
    words: tuple[int, ...]
    name: Name
    inside: bool
    ordinary: bool

    @property
    def turns(self) -> bool:
        """Whether the word may also end where the case turns, or a digit or a plural follows."""
        return len(self.letters) > 3 and not self.ordinary


@dataclass(frozen=True, slots=True)
class _Part:
    """Letters that a name begins or ends with. `least`: how many say whose, without a mark."""

    name: Name
    is_head: bool
    least: int


@dataclass(slots=True)
class _Reading:
    """The letters and digits of `text`, and where each stands."""

    text: str
    letters: str
    starts: list[int]
    ends: list[int]

    def begins(self, i: int) -> bool:
        """Whether a word may begin with the letter `i`."""
        at = self.starts[i]
        return i == 0 or self.ends[i - 1] != at or _BEGIN.match(self.text, at) is not None

    def ceases(self, i: int) -> bool:
        """Whether a word may end before the letter `i`."""
        if i == len(self.letters) or self.ends[i - 1] != self.starts[i]:
            return True
        return _END.match(self.text, self.ends[i - 1]) is not None

    def changes(self, i: int) -> bool:
        """Whether the case, or letters and digits, say that a word begins with the letter `i`."""
        before, here = self.text[self.ends[i - 1] - 1], self.text[self.starts[i]]
        if before.isdigit() != here.isdigit():
            return True
        following = self.text[self.starts[i] + 1 : self.starts[i] + 2]
        return here.isupper() and (not before.isupper() or following.islower())

    def pieces(self, i: int, j: int) -> list[str]:
        """The letters `i` to `j` as they stand together."""
        cuts = [k for k in range(i + 1, j) if self.starts[k] > self.ends[k - 1]]
        return [self.letters[a:b] for a, b in pairwise([i, *cuts, j])]

    def is_near(self, i: int, j: int) -> bool:
        """Whether the letters `i` to `j` stand close together."""
        if self.ends[j - 1] - self.starts[i] <= _MOST_BETWEEN:
            return True
        gaps = (self.starts[k] - self.ends[k - 1] for k in range(i + 1, j))
        return all(gap <= _MOST_BETWEEN for gap in gaps)

    def is_small(self, i: int, j: int) -> bool:
        """Whether no letter from `i` to `j` is a capital."""
        spelt = self.text[self.starts[i] : self.ends[j - 1]]
        return spelt == spelt.lower()


class Names:
    """Finds `names` (name -> kind).

    `places`: names that are to be read, such as those of nodes. A name is not looked for in the
    middle of one of them, and a part of it is not what they are called.
    """

    def __init__(self, names: Mapping[str, str], places: Iterable[str] = ()) -> None:
        self._ordinary = ordinary_words()
        self._places = {word for place in places for word in _words_of(place)}
        self._holding = "\n".join(self._ordinary), "\n".join(self._places)
        self._whole: dict[str, _Writing] = {}
        self._parts: dict[str, _Part] = {}
        tiny = []
        for name in (Name(text, kind) for text, kind in sorted(names.items()) if text):
            if len(letters_of(name.text)) < 3:
                tiny.append(name)
                continue
            for words in _writings(name.text):
                self._add(name, words)
        self._lengths = _by_beginning(self._whole)
        self._part_lengths = _by_beginning(self._parts)
        self._tiny = {name.text.casefold(): name for name in tiny}
        spelt = "|".join(re.escape(name.text) for name in tiny)
        self._tiny_pattern = re.compile(f"{BEGIN}(?:{spelt}){END}", re.IGNORECASE) if tiny else None

    def found_in(self, text: str) -> list[Found]:
        """Where they stand, in no order; what is found may overlap."""
        readings = [_read(text, _AS_IT_STANDS)]
        if _ESCAPES.search(text):
            readings.append(_read(text, _UNESCAPED))
        return [*self._tiny_ones(text), *(f for r in readings for f in self._found(r))]

    def _add(self, name: Name, words: tuple[str, ...]) -> None:
        letters = "".join(words)
        lengths = tuple(map(len, words))
        writing = _Writing(
            letters, lengths, name, self._is_distinct(letters), letters in self._ordinary
        )
        self._whole.setdefault(letters, writing)
        self._add_parts(name, letters, lengths)

    def _is_distinct(self, letters: str) -> bool:
        """Whether nothing else has `letters` in the middle of a word."""
        if any(unicodedata.name(c, "").startswith(_UNSPACED) for c in letters):
            return True
        if len(letters) < _SHORTEST_INSIDE or letters.isdigit():
            return False
        ordinary, places = self._holding
        return letters not in ordinary and (len(letters) >= _LONG or letters not in places)

    def _add_parts(self, name: Name, letters: str, words: tuple[int, ...]) -> None:
        # An id that begins like another one is another one.
        never = len(letters) + 1
        most = -(-len(letters) * (4 if len(words) > 1 else 3) // 5)
        by_word = [min(most, n + 2) if len(words) > 1 else most for n in words]
        for size in range(_SHORTEST_CUT, len(letters)):
            least = never if name.kind == "service" else max(_SHORTEST_PART, by_word[0])
            self._add_part(letters[:size], _Part(name, True, least))
        for size in range(_SHORTEST_PART, len(letters)):
            least = never if name.kind == "service" else max(_LONG, by_word[-1])
            self._add_part(letters[-size:], _Part(name, False, least))

    def _add_part(self, letters: str, part: _Part) -> None:
        known = self._parts.get(letters)
        if known is None or part.least < known.least:
            self._parts[letters] = part

    def _tiny_ones(self, text: str) -> Iterator[Found]:
        if self._tiny_pattern is None:
            return
        for match in self._tiny_pattern.finditer(text):
            if match[0] not in self._ordinary:
                yield Found(match.start(), match.end(), self._tiny[match[0].casefold()])

    def _found(self, reading: _Reading) -> Iterator[Found]:
        letters = reading.letters
        for i in range(len(letters) - 2):
            beginning = letters[i : i + 3]
            if beginning not in self._part_lengths and beginning not in self._lengths:
                continue
            found = self._whole_at(reading, i, beginning) or self._part_at(reading, i, beginning)
            if found is not None:
                name, j = found
                yield Found(reading.starts[i], reading.ends[j - 1], name)

    def _whole_at(self, reading: _Reading, i: int, beginning: str) -> tuple[Name, int] | None:
        for length in self._lengths.get(beginning, ()):
            writing = self._whole.get(reading.letters[i : i + length])
            if writing is None or i + length > len(reading.letters):
                continue
            j = self._end_of(writing, reading, i)
            if j is not None:
                return writing.name, j
        return None

    def _end_of(self, writing: _Writing, reading: _Reading, i: int) -> int | None:
        """Where `writing` ends, if it stands at `i`."""
        j = i + len(writing.letters)
        if not reading.is_near(i, j):
            return None
        if writing.ordinary and reading.is_small(i, j):
            return None
        pieces = reading.pieces(i, j)
        is_as_known = len(pieces) == 1 or tuple(map(len, pieces)) == writing.words
        if not is_as_known and self._is_talk(reading, i, j, pieces):
            return None
        end = self._word_end(writing, reading, j)
        if end is not None and self._is_begun(reading, i, writing.turns):
            return end
        # Where a number goes on, it may be another id, and is hidden all the same if it is unknown.
        if not writing.inside:
            return None
        return j if is_as_known or len(writing.letters) >= _LONG else None

    def _is_begun(self, reading: _Reading, i: int, turns: bool) -> bool:
        return reading.begins(i) or (turns and reading.changes(i))

    def _word_end(self, writing: _Writing, reading: _Reading, j: int) -> int | None:
        """Where the word ends that goes to `j`, or to the end of a plural."""
        if reading.ceases(j) or (writing.turns and reading.changes(j)):
            return j
        for plural in _PLURALS if writing.turns else ():
            end = j + len(plural)
            if reading.letters[j:end] == plural and (reading.ceases(end) or reading.changes(end)):
                return end
        return None

    def _part_at(self, reading: _Reading, i: int, beginning: str) -> tuple[Name, int] | None:
        lengths = self._part_lengths.get(beginning)
        if not lengths or not self._is_begun(reading, i, True):
            return None
        for length in lengths:
            j = i + length
            part = self._parts.get(reading.letters[i:j])
            if part is None or j > len(reading.letters) or not reading.is_near(i, j):
                continue
            if not (reading.ceases(j) or reading.changes(j)):
                continue
            if self._says_whose(part, reading, i, j):
                return part.name, j
        return None

    def _says_whose(self, part: _Part, reading: _Reading, i: int, j: int) -> bool:
        pieces = reading.pieces(i, j)
        letters = "".join(pieces)
        if letters in self._ordinary or letters in self._places:
            return False
        if self._is_talk(reading, i, j, pieces):
            return False
        if j - i >= part.least:
            return True
        text = reading.text
        if part.is_head:
            return text.startswith(_CUT_MARKS, reading.ends[j - 1])
        return text.endswith(_CUT_MARKS, 0, reading.starts[i])

    def _is_talk(self, reading: _Reading, i: int, j: int, pieces: list[str]) -> bool:
        """Whether the letters are ordinary words that stand side by side by accident."""
        return reading.is_small(i, j) and all(piece in self._ordinary for piece in pieces)


def letters_of(text: str) -> str:
    """The letters and digits of `text`."""
    return _read(text, _AS_IT_STANDS).letters


def _writings(name: str) -> list[tuple[str, ...]]:
    """The words of `name` in every way in which it is written."""
    cores = [name, _LEGAL_FORMS.sub("", name)]
    cores += [core.replace("&", f" {word} ") for core in cores for word in _AND if "&" in core]
    plain = [_folded_words(core) for core in cores]
    spelt = [_folded_words("".join(map(_in_two, unicodedata.normalize("NFC", c)))) for c in cores]
    found = [words for words in (*plain, *spelt) if sum(map(len, words)) > 2]
    turned = [words[::-1] for words in found if 1 < len(words) < 5]
    turned += [(*words[-1:], *words[:-1]) for words in found if 2 < len(words) < 5]
    owned = [(*w[:i], w[i] + "s", *w[i + 1 :]) for w in found for i in range(len(w) - 1)]
    return list(dict.fromkeys([*found, *turned, *owned]))


def _in_two(letter: str) -> str:
    return _TWO_LETTERS.get(letter.lower(), letter)


def _folded_words(text: str) -> tuple[str, ...]:
    reading = _read(text, _AS_IT_STANDS)
    return tuple(reading.pieces(0, len(reading.letters))) if reading.letters else ()


def _words_of(place: str) -> list[str]:
    words = _folded_words(place)
    return [*words, "".join(words)]


def _by_beginning(known: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """By the first three letters, the lengths of what begins with them, the longest first."""
    lengths: dict[str, set[int]] = {}
    for letters in known:
        lengths.setdefault(letters[:3], set()).add(len(letters))
    return {beginning: tuple(sorted(each, reverse=True)) for beginning, each in lengths.items()}


def _read(text: str, units: re.Pattern[str]) -> _Reading:
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for unit in units.finditer(text):
        start, end = unit.span()
        if unit.lastgroup == "run":
            letters.append(unit[0].lower())
            starts.extend(range(start, end))
            ends.extend(range(start + 1, end + 1))
            continue
        said = _unescaped(unit)
        for letter in "".join(map(_folded, said)):
            letters.append(letter)
            starts.append(start)
            ends.append(end)
    return _Reading(text, "".join(letters), starts, ends)


def _unescaped(unit: re.Match[str]) -> str:
    match unit.lastgroup:
        case "percent":
            codes = re.findall(r"[%=](?:25)*([0-9A-Fa-f]{2})", unit[0])
            return bytes.fromhex("".join(codes)).decode("utf-8", "replace")
        case "entity":
            return html.unescape(f"&{unit[0].removeprefix('&').replace('amp;', '')}")
        case "code":
            codes = re.findall(r"\\[ux]([0-9a-fA-F]{2,4})", unit[0])
            units = b"".join(int(code, 16).to_bytes(2, "big") for code in codes)
            return units.decode("utf-16-be", "replace")
        case "octal":
            codes = re.findall(r"\\([0-7]{3})", unit[0])
            return bytes(int(code, 8) for code in codes).decode("utf-8", "replace")
        case "blank":
            return " "
    return unit[0]


@cache
def _folded(character: str) -> str:
    """The letters and digits of one character."""
    if character in _MARKS:
        return ""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", character).casefold())
    return "".join(_LATIN.get(c, c) for c in apart if c.isalnum())
