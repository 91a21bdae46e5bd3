"""Which words of a question are accounted for: what is left over must not change its sense.

A word is accounted for by what was recognised (a name, an event, a time, a cue of the topic), or
because it says nothing of its own ("please", "the"); the file `harmless.yaml` lists those. What is
left in the clause that asks was not understood. In another clause it may be the background of the
question, if it has no word of weight: no name, no figure, nothing that negates, limits or compares.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

_WORD = re.compile(r"[A-Z]+\d+|[^\s,?!;()\"\u201c\u201d&/]*[\w%][^\s,?!;()\"\u201c\u201d&/]*")
_CLAUSE_END = re.compile(r" (?:[,.?!;:()]|-|--|\u2013|\u2014) |$")
_NAME = re.compile(r"[A-Z]+\d+")


@dataclass(frozen=True, slots=True)
class Left:
    """What nothing accounts for. `asked`: in clauses that ask, or of weight; `aside`: in other
    questions of their own; both in the order in which they stand."""

    asked: tuple[str, ...]
    aside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Harmless:
    """Words and phrases without a sense of their own here, and words that have weight anywhere.

    `conditions`, `questions`: how a clause begins that limits what is asked, or asks by itself.
    """

    words: frozenset[str]
    phrases: re.Pattern[str]
    weighty: re.Pattern[str]
    conditions: re.Pattern[str]
    questions: re.Pattern[str]


@cache
def harmless() -> Harmless:
    """Those that lie beside this module."""
    data = yaml.safe_load(files(__package__).joinpath("harmless.yaml").read_text(encoding="utf-8"))
    return Harmless(
        words=frozenset(word for line in data["words"] for word in str(line).split()),
        phrases=whole_words(data["phrases"]),
        weighty=re.compile(rf"(?:{'|'.join(data['weighty'])})"),
        conditions=_beginning(data["conditions"]),
        questions=_beginning(data["questions"]),
    )


def whole_words(patterns: Iterable[str]) -> re.Pattern[str]:
    """Any of `patterns`, as whole words."""
    return re.compile("|".join(rf"(?<!\w)(?:{p})(?!\w)" for p in patterns))


def _beginning(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\s*(?:(?:and|but|so|also|then|or) )*(?:{'|'.join(patterns)})\b")


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

    def read(self, pattern: re.Pattern[str], *, asks: bool = False) -> bool:
        """Account for what matches; whether anything does. `asks`: its clause is what is asked."""
        found = list(pattern.finditer(self.line))
        for match in found:
            self.read_span(*match.span(), asks=asks)
        return bool(found)

    def read_span(self, begin: int, end: int, *, asks: bool = False) -> None:
        """Account for what stands from `begin` to before `end`."""
        self._read[begin:end] = b"\1" * (end - begin)
        if asks:
            self._asking.append(begin)

    def left(self) -> Left:
        """The words that nothing accounts for."""
        asked: list[str] = []
        aside: list[str] = []
        begin = 0
        for cut in _CLAUSE_END.finditer(self.line):
            if cut.start() < begin:
                continue
            words = self._unread(begin, cut.start())
            if words:
                self._sort(words, begin, cut, asked, aside)
            begin = cut.end()
        return Left(tuple(dict.fromkeys(asked)), tuple(dict.fromkeys(aside)))

    def _sort(
        self,
        words: Sequence[str],
        begin: int,
        cut: re.Match[str],
        asked: list[str],
        aside: list[str],
    ) -> None:
        known = harmless()
        clause = self.line[begin : cut.start()]
        if any(begin <= at < cut.start() for at in self._asking) or known.conditions.match(clause):
            asked += words
        elif known.questions.match(clause) or (cut.group().strip() == "?" and "?" in self.line):
            aside += words
        else:
            asked += [w for w in words if _NAME.fullmatch(w) or known.weighty.fullmatch(w)]

    def _unread(self, begin: int, end: int) -> list[str]:
        found = _WORD.finditer(self.line, begin, end)
        return [w.group() for w in found if not all(self._read[w.start() : w.end()])]
