"""Reads a question by a grammar of patterns with typed slots, all of it or not at all.

The grammar is data, the YAML files beside this module: it knows how they are written, not what they
say.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

import yaml

from twin.errors import BadInput

SLOTS = frozenset(
    {
        "node", "link", "nolink", "service", "customer", "group", "incident", "plan", "thing",
        "class", "time", "number", "what",
    }
)  # fmt: skip
"""What a slot may hold; "what" is a word for something that can be counted."""

COUNTED = ("node", "link", "service", "customer", "srlg")


class BadGrammar(BadInput):
    """The grammar's file says something that cannot be meant."""


@dataclass(frozen=True, slots=True)
class Token:
    """A canonical word (`slot` is "") or a slot with its `value`. `text`: as it was written.

    `end`: of a link, the node whose egress was named, "" if none was.
    """

    word: str
    text: str
    slot: str = ""
    value: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question asks: an intent, and what fills its slots by name."""

    intent: str
    slots: Mapping[str, str]
    types: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Pattern:
    regex: re.Pattern[str]
    groups: Mapping[str, tuple[str, str]]


SUBJECTS = ("topology", "dependencies", "state", "whatif", "history", "commands")


def shipped_data() -> dict[str, Any]:
    """The shipped words, and the patterns of every subject as `intents`."""
    data = _yaml("words")
    return {**data, "intents": {k: v for s in SUBJECTS for k, v in _yaml(s).items()}}


def _yaml(name: str) -> dict[str, Any]:
    text = files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


class Grammar:
    """Patterns by intent, and the words that they are made of.

    Raises:
        BadGrammar: a word has two meanings, or a part or slot does not exist.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._words: dict[tuple[str, ...], str] = {}
        self._openers = [tuple(_split(o)) for o in data["openers"]]
        for form in data["unsaid"]:
            self._enter(form, "")
        for lemma, forms in data["words"].items():
            for form in forms:
                self._enter(form, lemma)
        self.classes = {tuple(_split(f)): c for c, fs in data["classes"].items() for f in fs}
        self.times = {tuple(_split(f)): t for t, fs in data["times"].items() for f in fs}
        self._parts: Mapping[str, str] = data["parts"]
        self._known: set[str] = set()
        self.intents = {
            intent: [self._compile(text, intent) for text in patterns]
            for intent, patterns in data["intents"].items()
        }
        self.follow_ups = {
            name: self._compile(text, name) for name, text in data["follow_ups"].items()
        }

    @classmethod
    def shipped(cls) -> "Grammar":
        """The grammar that lies beside this module."""
        return cls(shipped_data())

    def _enter(self, form: str, lemma: str) -> None:
        key = tuple(_split(str(form)))
        if self._words.setdefault(key, lemma) != lemma:
            raise BadGrammar(f'"{form}" stands for "{self._words[key]}" and for "{lemma}"')

    @cached_property
    def _longest(self) -> int:
        return max(map(len, [*self._words, *self.classes, *self.times]))

    def is_word(self, text: str) -> bool:
        """Whether the grammar knows `text` as a word of its own."""
        key = tuple(_split(text))
        return key in self._words or text.casefold() in self._known

    def words_of(self, text: str, *, opens: bool = False) -> list[Token]:
        """`text` in canonical words, classes and times; it holds no names.

        `opens`: it begins a question, so polite words at its beginning are left out.
        """
        parts = self._without_openers(_split(text)) if opens else _split(text)
        found: list[Token] = []
        position = 0
        while position < len(parts):
            token, count = self._word_at(parts, position)
            if token is not None:
                found.append(token)
            position += count
        return found

    def _word_at(self, parts: Sequence[str], position: int) -> tuple[Token | None, int]:
        for count in range(min(self._longest, len(parts) - position), 0, -1):
            key = tuple(parts[position : position + count])
            text = " ".join(key)
            if key in self.classes:
                return Token("CLASS", text, "class", self.classes[key]), count
            if key in self.times:
                return Token("TIME", text, "time", self.times[key]), count
            if key in self._words:
                word = self._words[key]
                return (Token(word, text) if word else None), count
        written = parts[position]
        if time := _clock(parts, position):
            return Token(
                "TIME", " ".join(parts[position : position + time[1]]), "time", time[0]
            ), time[1]
        if written.isdecimal():
            return Token("NUMBER", written, "number", written), 1
        if written in _NUMBERS:
            return Token("NUMBER", written, "number", str(_NUMBERS.index(written) + 2)), 1
        return Token(written, written), 1

    def _without_openers(self, parts: list[str]) -> list[str]:
        while cut := max((len(o) for o in self._openers if tuple(parts[: len(o)]) == o), default=0):
            parts = parts[cut:]
        return parts

    def unknown(self, tokens: Sequence[Token]) -> list[str]:
        """Words that stand in no pattern, as they were written."""
        return [t.text for t in tokens if not t.slot and t.word not in self._known]

    def read(self, tokens: Sequence[Token], *, whole: bool = True) -> list[Reading]:
        """Every intent whose patterns fit all of `tokens`, once each.

        `whole`: they are all of a question, so that its beginning may be left out.
        """
        for opening in _OPENINGS if whole else _OPENINGS[:1]:
            found: list[Reading] = []
            for variant in _variants([*opening, *tokens]):
                for intent, patterns in self.intents.items():
                    found += _fits(intent, patterns, variant)
            if found:
                return list({(r.intent, *sorted(r.slots.items())): r for r in found}.values())
        return []

    def read_follow_up(self, tokens: Sequence[Token]) -> list[Reading]:
        """Every follow-up that fits all of `tokens`."""
        return [
            reading
            for name, pattern in self.follow_ups.items()
            for reading in _fits(name, [pattern], tokens)
        ]

    @staticmethod
    def pieces(pattern: str) -> list[str]:
        """Words, slots, named parts and signs of a pattern, in order."""
        return _PIECE.findall(pattern)

    def _compile(self, text: str, where: str) -> _Pattern:
        groups: dict[str, tuple[str, str]] = {}
        source = "".join(self._sources(text, where, groups))
        try:
            return _Pattern(re.compile(source), groups)
        except re.error as exc:
            raise BadGrammar(f"{where}: {text!r} cannot be compiled ({exc})") from exc

    def _sources(self, text: str, where: str, groups: dict[str, tuple[str, str]]) -> Iterator[str]:
        for piece in self.pieces(text):
            if piece in _SIGNS:
                yield _SIGNS[piece]
            elif piece.startswith("{"):
                part = piece[1:-1]
                if part not in self._parts:
                    raise BadGrammar(f"{where}: there is no part {piece}")
                yield f"(?:{''.join(self._sources(self._parts[part], where, groups))})"
            elif piece.startswith("<"):
                name, _, kind = piece[1:-1].partition(":")
                kind = kind or name
                if kind not in SLOTS:
                    raise BadGrammar(f"{where}: there is no slot {piece}")
                group = f"g{len(groups)}"
                groups[group] = (name, kind)
                yield f"(?P<{group}>{_slot(kind)} )"
            else:
                word = self._words.get((piece,), piece)
                self._known.add(word)
                yield f"{re.escape(word)} " if word else ""


_OPENINGS: tuple[tuple[Token, ...], ...] = (
    (),
    (Token("what", "what"), Token("be", "is")),
    (Token("list", "list"),),
    (Token("be", "is"),),
    (Token("be", "is"), Token("there", "there")),
)
"""What a question may have left out at its beginning: "capacity of A-B?", "the status, please",
"A-B down?", "any alarms?"."""

_PIECE = re.compile(r"[\[\]()|]|\{\w+\}|<[\w:]+>|[^\s\[\]()|{}<>]+")
_SIGNS = {"[": "(?:", "]": ")?", "(": "(?:", ")": ")", "|": "|"}
_NUMBERS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def _slot(kind: str) -> str:
    if kind == "what":
        return f"(?:{'|'.join(COUNTED)})"
    return rf"{kind.upper()}\d+"


def _fits(intent: str, patterns: Iterable[_Pattern], tokens: Sequence[Token]) -> list[Reading]:
    line = "".join(f"{t.word}{i} " if t.slot else f"{t.word} " for i, t in enumerate(tokens))
    found = []
    for pattern in patterns:
        match = pattern.regex.fullmatch(line)
        if match is None:
            continue
        slots: dict[str, str] = {}
        types: dict[str, str] = {}
        agrees = True
        for group, (name, kind) in pattern.groups.items():
            held = match[group]
            if held is None:
                continue
            value = held.strip() if kind == "what" else tokens[_number(held)].value
            agrees &= slots.setdefault(name, value) == value
            types[name] = kind
        if agrees:
            found.append(Reading(intent, slots, types))
    return found


def _number(held: str) -> int:
    return int(held.strip().lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


def _variants(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The tokens, and without a word for what a name says by itself: "link A-B" is "A-B"."""
    yield tokens
    shorter = [
        t
        for i, t in enumerate(tokens)
        if t.slot
        or not (
            (i + 1 < len(tokens) and tokens[i + 1].slot == t.word)
            or (i and tokens[i - 1].slot == t.word and t.word == "link")
        )
    ]
    if len(shorter) < len(tokens):
        yield shorter


def _split(text: str) -> list[str]:
    text = text.casefold().replace("\u2019", "'")
    text = re.sub(r"\bcan't\b", "can not", text)
    text = re.sub(r"\bwon't\b", "would not", text)
    text = re.sub(r"\b([tgmk]bit)/s\b|\b([tgmk]b)ps\b", lambda m: m[1] or f"{m[2]}it", text)
    text = re.sub(r"\b(what|who|how|where|when|there|here)s\b", r"\1 's", text)
    text = re.sub(r"n't\b", " not", text)
    text = re.sub(r"'(s|re|ve|d|ll|m)\b", r" '\1", text)
    return re.findall(r"\d{1,2}[:.]\d{2}|\d+(?=[ap]m\b)|\d+(?=h\b)|'\w+|[^\W_]+(?:-[^\W_]+)*", text)


def _clock(parts: Sequence[str], position: int) -> tuple[str, int] | None:
    """HH:MM from "18:00", "6 pm", "18 h" or "18 o clock", and how many parts it took."""
    written = parts[position]
    if exact := re.fullmatch(r"(\d{1,2})[:.](\d{2})", written):
        hour, minute, count = int(exact[1]), int(exact[2]), 1
    elif written.isdecimal() and position + 1 < len(parts):
        following = parts[position + 1]
        hour, minute, count = int(written), 0, 2
        if following == "h":
            pass
        elif following == "o" and parts[position + 2 : position + 3] in (["clock"], ["'clock"]):
            count = 3
        elif following not in ("am", "pm") or not 1 <= hour <= 12:
            return None
    else:
        return None
    after = parts[position + count] if position + count < len(parts) else ""
    half = parts[position + 1] if count == 2 and parts[position + 1] in ("am", "pm") else ""
    if not half and count == 1 and after in ("am", "pm"):
        half, count = after, 2
        if not 1 <= hour <= 12:
            return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    if not (0 <= hour < 24 and 0 <= minute < 60):
        return None
    return f"{hour:02d}:{minute:02d}", count
