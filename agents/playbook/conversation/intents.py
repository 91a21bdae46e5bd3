"""What a question asks, read by likeness: its words against pages of phrasings, one page a topic.

A page (`phrasings/*.yaml`) holds ways in which operators ask for what one topic's answer tells,
with names, figures and times as slots. A question is compared with each of them by what it is made
of (word stems, pairs of them, pieces of words), rare parts weighing more. No list says which words
ask for what; which phrasing was the nearest can be shown. The model is small, has no random part,
and is made from the pages at first use.

Source: cosine of tf-idf vectors, Salton and Buckley, Information Processing & Management 24 (1988);
pieces of words as in Cavnar and Trenkle, SDAIR 1994. The weights of the parts are our own.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from math import log, sqrt

import yaml

from agents.playbook.conversation.spelling import respelled

_NEAR = 0.30
"""How near the nearest phrasings of a topic have to be, as cosine, to be clearly meant."""

_CLEAR = 0.05
"""How much nearer than those of any other topic."""

_ALONE = 0.20
"""How near they have to be where no other topic comes near: is at most `_FAR` as near."""

_FAR = 0.7

_NEAREST = 3
"""Phrasings of a topic that decide together, so that no single one does."""

_PIECE = 4
"""Letters of the pieces of words, by which a mistyped word is still like itself."""

_WORD = re.compile(r"[A-Z]+|[a-zäöüß][\w'-]*")
_BESIDE = re.compile(
    r"\b(?:right now|at the moment|at present|at this (?:time|moment)|currently|now|today"
    r"|please|pls|plz|thanks|thx|thank you|just|really|actually|kindly|hi|hello|hey|ok|so|well"
    r"|i|we|the|a|an)\b"
)
"""Words that ask for nothing, and would make all that is asked of the present alike."""

_SLOTS = (
    (re.compile(r"\b([A-Z]+)\d+\b"), r"\1"),
    (re.compile(r"\bGROUP\b"), "DUCT"),
    (re.compile(r"\d+(?:\.\d+)? ?(?:%|percent|per cent|pct)"), "SHARE"),
    (re.compile(r"\d+(?:\.\d+)? ?[gt](?:ig|bit|bps|b)?(?: ?/ ?s)?\b"), "RATE"),
    (re.compile(r"\b\d{1,2}[:.]\d\d\b|\b\d{1,2} ?(?:h|am|pm|hours?|min(?:utes?)?)\b"), "TIME"),
    (re.compile(r"\b\d+(?:\.\d+)?\b"), "N"),
)
_ENDINGS = re.compile(r"(?:ings?|ed|es|s|ly|e)$")
_SHORTEST_STEM = 3
_SAME = {"vs": "versus", "whats": "what", "whos": "who", "pls": "please", "tkt": "ticket"}
_LIKE_SLOT = frozenset({"NODE", "LINK", "CUSTOMER", "SERVICE", "DUCT", "TIME", "SHARE", "RATE", "N",
                        "EVENT", "INCIDENT", "PLAN"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One way of asking for `topic`, and what it is made of."""

    topic: str
    text: str
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like a question is to a topic: cosine of its nearest phrasings, 0..1, on average.

    `nearest`: the first of them.
    """

    topic: str
    score: float
    nearest: str


def words_in(line: str) -> list[str]:
    """The words of a line with marks, slots in place of names and figures."""
    for pattern, slot in _SLOTS:
        line = pattern.sub(slot, line)
    return _WORD.findall(_BESIDE.sub(" ", line))


def stem(word: str) -> str:
    """`word` without the commonest endings; slots stay."""
    if word in _LIKE_SLOT:
        return word
    word = _SAME.get(word, word)
    bare = _ENDINGS.sub("", word)
    return bare if len(bare) >= _SHORTEST_STEM else word


def _parts_of(words: Sequence[str]) -> Iterator[tuple[str, float]]:
    """What a phrasing is made of, and how much each part weighs before it is known how rare."""
    stems = [stem(w) for w in words]
    for one in stems:
        yield one, 1.0
    for a, b in pairwise(["^", *stems, "$"]):
        yield f"{a} {b}", 0.7
    for word in words:
        if word in _LIKE_SLOT:
            continue
        whole = f"<{word}>"
        for i in range(len(whole) - _PIECE + 1):
            yield f"~{whole[i : i + _PIECE]}", 0.35


class Intents:
    """The topics that phrasings are known of."""

    def __init__(self, pages: Mapping[str, Sequence[str]]) -> None:
        """`pages`: the phrasings of each topic."""
        counted = [
            (topic, text, _counted(words_in(text)))
            for topic, page in pages.items()
            for text in page
            if not _LIKE_SLOT.issuperset(words_in(text))
        ]
        number = Counter(part for _, _, parts in counted for part in parts)
        self._rarity = {part: log((1 + len(counted)) / n) for part, n in number.items()}
        self._phrasings = [Phrasing(t, text, self._weighed(parts)) for t, text, parts in counted]
        self._having: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for at, phrasing in enumerate(self._phrasings):
            for part, weight in phrasing.parts.items():
                self._having[part].append((at, weight))
        self._words = {topic: _vocabulary(page) for topic, page in pages.items()}

    def ranked(self, line: str) -> list[Likeness]:
        """The topics by how like `line` is to them, the likest first."""
        words = words_in(line)
        if _LIKE_SLOT.issuperset(words):
            # Names alone ask for nothing.
            return []
        mine = self._weighed(_counted(words))
        score: dict[int, float] = defaultdict(float)
        for part, weight in mine.items():
            for at, other in self._having.get(part, ()):
                score[at] += weight * other
        nearest: dict[str, list[int]] = defaultdict(list)
        for at in sorted(score, key=lambda at: (-score[at], at)):
            nearest[self._phrasings[at].topic].append(at)
        found = [
            Likeness(topic, sum(score[at] for at in near[:_NEAREST]) / _NEAREST,
                     self._phrasings[near[0]].text)
            for topic, near in nearest.items()
        ]  # fmt: skip
        return sorted(found, key=lambda one: -one.score)

    def says(self, topic: str, word: str, before: str, after: str, *, hard: bool) -> bool:
        """Whether the page of `topic` says `word`; a `hard` one only beside a neighbour of it."""
        known = self._words.get(topic)
        if known is None:
            return False
        one = stem(word)
        if not hard:
            return one in known
        return f"{stem(before)} {one}" in known or f"{one} {stem(after)}" in known

    def slots(self, topic: str) -> frozenset[str]:
        """Which names the phrasings of `topic` have, as slots."""
        found = self._words.get(topic, frozenset()) & _LIKE_SLOT
        return found | {"CUSTOMER"} if "SERVICE" in found else found

    def _weighed(self, parts: Mapping[str, float]) -> dict[str, float]:
        """`parts` times how rare they are, of length 1; a word that no page has is the rarest."""
        rarest = log(1 + len(self._rarity))
        rare = {
            part: weight * self._rarity.get(part, rarest if part.isalpha() else 0.0)
            for part, weight in parts.items()
        }
        length = sqrt(sum(w * w for w in rare.values())) or 1.0
        return {part: weight / length for part, weight in rare.items() if weight}


def clearest(ranked: Iterable[Likeness]) -> Likeness | None:
    """The first of `ranked` if it is clearly before the second; None if it is not."""
    first, second = [*ranked, None, None][:2]
    if first is None:
        return None
    other = 0.0 if second is None else second.score
    near = first.score >= _NEAR and first.score - other >= _CLEAR
    alone = first.score >= _ALONE and other <= _FAR * first.score
    return first if near or alone else None


def _counted(words: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for part, weight in _parts_of(words):
        found[part] = weight
    return found


def _vocabulary(page: Sequence[str]) -> frozenset[str]:
    """The stems of a page, and its pairs of stems."""
    found: set[str] = set()
    for text in page:
        stems = ["^", *(stem(w) for w in words_in(text)), "$"]
        found.update(stems)
        found.update(f"{a} {b}" for a, b in pairwise(stems))
    return frozenset(found)


BEYOND = "beyond: "
"""Before the reason for which a page of questions cannot be answered, as the name of its topic."""


@cache
def pages() -> Mapping[str, Sequence[str]]:
    """The phrasings that lie beside this module, as they are read."""
    found: dict[str, list[str]] = {}
    for name in ("state", "history", "topology", "whatif", "beyond"):
        text = files(__package__).joinpath("phrasings", f"{name}.yaml").read_text(encoding="utf-8")
        for topic, lines in yaml.safe_load(text).items():
            named = f"{BEYOND}{topic}" if name == "beyond" else topic
            found[named] = [_as_read(line) for line in lines.splitlines()]
    return found


def _as_read(text: str) -> str:
    """A phrasing in the words in which questions are read."""
    numbered = re.sub(r"\b[A-Z]{4,}\b", lambda m: f"{m.group()}0", text)
    return respelled(numbered)


@lru_cache(maxsize=256)
def likely_topics(line: str) -> tuple[Likeness, ...]:
    """The topics of the shipped pages by how like `line` is to them, the likest first."""
    return tuple(shipped_intents().ranked(line))


@cache
def shipped_intents() -> Intents:
    """The model of the shipped pages."""
    return Intents(pages())
