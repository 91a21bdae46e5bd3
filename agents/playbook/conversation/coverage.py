"""Which words of a question are accounted for: what is left over must not change its sense.

A word is accounted for by what was recognised (a name, an event, a time, a cue of the topic), or
because it says nothing of its own ("please", "the"); the file `harmless.yaml` lists those. What is
left over is graded. A name, a hard word (a figure, what negates, excludes or changes something) and
all that is left of a condition change what is asked, so that the question must not be answered.
Any other word that is left must be named beside the answer.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import pairwise

import yaml

_WORD = re.compile(
    r"[A-Z]+\d+|\d+[ -]?(?:min(?:ute)?s?|h|hrs?|hours?)\b"
    r"|[^\s,?!;()\"\u201c\u201d&/]*[\w%][^\s,?!;()\"\u201c\u201d&/]*"
)
_CLAUSE_END = re.compile(r" (?:[,.?!;:()]|-|--|\u2013|\u2014) |$")
_NAME = re.compile(r"[A-Z]+\d+")
_CONTRAST = re.compile(r"(?:(?<=, )|(?<=and )|(?<=but )|(?<=or )|^)not\b")
"""A "not" that sets something apart from what is asked ("and not Ulm"), and denies nothing."""


@dataclass(frozen=True, slots=True)
class Left:
    """What nothing accounts for, in the order in which it stands.

    `asked`: names, hard words, or of a condition: the question must not be answered. `unread`:
    other words of the clauses that ask. `background`: other words of clauses that do not ask.
    `aside`: words of further questions, which stay open.
    """

    asked: tuple[str, ...]
    unread: tuple[str, ...]
    background: tuple[str, ...]
    aside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Harmless:
    """Words and phrases without a sense of their own here, and words that have weight anywhere.

    `conditions`, `questions`: how a clause begins that limits what is asked, or asks by itself.
    `parts`: either of them inside a clause.
    """

    words: frozenset[str]
    phrases: re.Pattern[str]
    hard: re.Pattern[str]
    denials: re.Pattern[str]
    changes: re.Pattern[str]
    conditions: re.Pattern[str]
    questions: re.Pattern[str]
    parts: re.Pattern[str]


@cache
def harmless() -> Harmless:
    """Those that lie beside this module."""
    data = yaml.safe_load(files(__package__).joinpath("harmless.yaml").read_text(encoding="utf-8"))
    return Harmless(
        words=frozenset(word for line in data["words"] for word in str(line).split()),
        phrases=whole_words(data["phrases"]),
        hard=_any(*data["hard"], *data["denials"], *data["changes"]),
        denials=_any(*data["denials"]),
        changes=_any(*data["changes"]),
        conditions=_beginning(data["conditions"]),
        questions=_beginning(data["questions"]),
        parts=re.compile(
            rf" (?=(?:{'|'.join(data['conditions'])})\b)"
            rf"| (?=(?:and|or|but|so|then) (?:{'|'.join(data['questions'])})\b)"
        ),
    )


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(patterns)})")


def whole_words(patterns: Iterable[str]) -> re.Pattern[str]:
    """Any of `patterns`, as whole words."""
    return re.compile("|".join(rf"(?<!\w)(?:{p})(?!\w)" for p in patterns))


def _beginning(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\s*(?:(?:and|but|so|also|then|or) )*(?:{'|'.join(patterns)})\b")


def asks_by_itself(line: str, at: int) -> bool:
    """Whether the clause around `at` begins as a question does."""
    # The end of what is searched counts as the end of a clause, with no sign there.
    ends = [m.end() for m in _CLAUSE_END.finditer(line, 0, at) if m.group()]
    begin = ends[-1] if ends else 0
    return harmless().questions.match(line, begin) is not None


class Coverage:
    """The words of `line`, with those struck out that are accounted for.

    `line`: names as marks (LINK0), all else in small letters, words and signs apart by one blank.
    """

    def __init__(self, line: str) -> None:
        self.line = line
        self._read = bytearray(len(line))
        self._asking: list[int] = []
        known = harmless()
        self.read(known.phrases)
        for word in _WORD.finditer(line):
            if word.group() in known.words:
                self.read_span(*word.span())
        self._empty = bytes(self._read)

    def read(self, pattern: re.Pattern[str], *, asks: bool = False) -> bool:
        """Account for what matches; whether anything does. `asks`: its clause is what is asked."""
        found = list(pattern.finditer(self.line))
        for match in found:
            self.read_span(*match.span(), asks=asks)
        return bool(found)

    def read_words(self, pattern: re.Pattern[str]) -> None:
        """Account for words of a concept, but for one that negates or limits by itself."""
        for match in pattern.finditer(self.line):
            if not harmless().denials.fullmatch(match.group()):
                self.read_span(*match.span())

    def read_span(self, begin: int, end: int, *, asks: bool = False) -> None:
        """Account for what stands from `begin` to before `end`."""
        self._read[begin:end] = b"\1" * (end - begin)
        if asks:
            self._asking.append(begin)

    def is_read(self, begin: int, end: int) -> bool:
        """Whether something accounts for all the words from `begin` to before `end`."""
        return not self._unread(begin, end)

    def left(self) -> Left:
        """The words that nothing accounts for."""
        left = _Sorted()
        begin = 0
        for cut in _CLAUSE_END.finditer(self.line):
            if cut.start() < begin:
                continue
            self._sort(begin, cut, left)
            begin = cut.end()
        over = len(left.unread) + len(left.aside)
        if over > 1 and 2 * over > left.content:
            # Most of what is asked was not read, so what was read may not be what is meant.
            left.asked += [*left.unread, *left.aside]
            left.unread, left.aside = [], []
        return Left(*(tuple(dict.fromkeys(x)) for x in left.words()))

    def _sort(self, begin: int, cut: re.Match[str], left: "_Sorted") -> None:
        """Grade what is left of the clause from `begin` to `cut`."""
        known = harmless()
        clause = self.line[begin : cut.start()]
        words = self._unread(begin, cut.start())
        if self._asks(begin, cut.start()):
            left.content += len(self._content(begin, cut.start()))
            inner = [begin + m.end() for m in known.parts.finditer(clause)]
            for first, last in pairwise([begin, *inner, cut.start()]):
                self._sort_part(first, last, left)
        elif known.conditions.match(clause):
            _condition(words, left)
        elif known.questions.match(clause) or (cut.group().strip() == "?" and "?" in self.line):
            left.content += len(self._content(begin, cut.start()))
            left.aside += words
        else:
            for word in words:
                weighs = _NAME.fullmatch(word) or known.changes.fullmatch(word)
                (left.asked if weighs else left.background).append(word)

    def _sort_part(self, begin: int, end: int, left: "_Sorted") -> None:
        """Grade what is left of a part of a clause that asks."""
        known = harmless()
        words = self._unread(begin, end)
        if "not" in words and _CONTRAST.search(self.line[begin:end]):
            words.remove("not")
            left.unread.append("not")
        if self._asks(begin, end):
            _grade(words, left.asked, left.unread)
        elif known.conditions.match(self.line, begin, end):
            _condition(words, left)
        elif re.match(r"(?:and|or|but|so|then) ", self.line[begin:end]):
            left.aside += words
        else:
            _grade(words, left.asked, left.unread)

    def _asks(self, begin: int, end: int) -> bool:
        return any(begin <= at < end for at in self._asking)

    def _unread(self, begin: int, end: int) -> list[str]:
        found = _WORD.finditer(self.line, begin, end)
        return [w.group() for w in found if not all(self._read[w.start() : w.end()])]

    def _content(self, begin: int, end: int) -> list[str]:
        """The words that say something of their own."""
        found = _WORD.finditer(self.line, begin, end)
        return [w.group() for w in found if not all(self._empty[w.start() : w.end()])]


@dataclass(slots=True)
class _Sorted:
    """As `Left`, with how many words of the clauses that ask say something."""

    asked: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    background: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    content: int = 0

    def words(self) -> tuple[list[str], ...]:
        """The lists, in the order of `Left`."""
        return self.asked, self.unread, self.background, self.aside


def _condition(words: list[str], left: _Sorted) -> None:
    """Grade what is left of a condition: a word by itself that is not hard says little."""
    hard = harmless().hard
    weighs = len(words) > 1 or any(_NAME.fullmatch(w) or hard.fullmatch(w) for w in words)
    (left.asked if weighs else left.unread).extend(words)


def _grade(words: Iterable[str], asked: list[str], other: list[str]) -> None:
    """Those of weight to `asked`, the others to `other`."""
    hard = harmless().hard
    for word in words:
        (asked if _NAME.fullmatch(word) or hard.fullmatch(word) else other).append(word)
