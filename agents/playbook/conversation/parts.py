"""The parts of a question that ask by themselves: "what is open, and who is hit if A-B fails?".

A part keeps what is supposed, the time and the names of the question wherever it has none of its
own: what stands behind a condition is asked under it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.playbook.conversation.coverage import harmless
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Decline
from agents.playbook.conversation.times import past_spans, time_spans

_SENTENCE = re.compile(r" (?:[?;]|\.|!|--?|\u2013|\u2014)(?: |$)")
_ASKS = (
    r"(?:what|which|who|whom|whose|how|where|why|when|is|are|was|were|do|does|did|has|have|can"
    r"|could|will|would|should|any|anything|show|tell|give|list)"
)
_JOINT = re.compile(
    rf"(?: ,)? (?:,|and|but|or|plus|also|then) (?=(?:(?:also|then|if so|so) )*{_ASKS}\b)"
)
_NOW = re.compile(
    r"\b(?:now|today|currently|at the moment|right now|at present|as it is|already|ever|last"
    r"|newest|yesterday|open)\b"
)
"""Words of what is so, and is not supposed."""

_FEWEST_WORDS = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A part that asks. `said`: its words; `gist`: the question that it is by itself.

    `begin`: where it begins; `rests_on`: where the parts begin that suppose something for it too.
    """

    said: str
    gist: Gist
    begin: int
    rests_on: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    begin: int
    end: int
    sentence: int
    asked: bool


def parts_of(gist: Gist) -> list[Part]:
    """The parts of `gist` that ask, in order; none if it cannot be taken apart."""
    clauses = _clauses(gist.line)
    asking = [c for c in clauses if _asks(c)]
    if len(asking) < 2:
        return []
    try:
        return [_part(gist, c, clauses) for c in asking]
    except Decline:
        return []


def tells_apart(gist: Gist) -> bool:
    """Whether a sentence of the question asks of what is so, and another of what is supposed."""
    clauses = [c for c in _clauses(gist.line) if _asks(c)]
    begins = [e.begin for e in gist.events]
    so = {c.sentence for c in clauses if _NOW.search(c.text)}
    supposed = {c.sentence for c in clauses if any(c.begin <= b < c.end for b in begins)}
    return bool(so - supposed) and bool(supposed)


def _clauses(line: str) -> list[_Clause]:
    found: list[_Clause] = []
    begin = 0
    for sentence, cut in enumerate([*_SENTENCE.finditer(f"{line} . ")]):
        end, asked = min(cut.start(), len(line)), "?" in cut.group()
        first = begin
        for joint in _JOINT.finditer(line, begin, end):
            text = line[first : joint.start()].strip()
            found.append(_Clause(text, first, joint.start(), sentence, False))
            first = joint.end()
        found.append(_Clause(line[first:end].strip(), first, end, sentence, asked))
        begin = min(cut.end(), len(line))
    return [c for c in found if len(c.text.split()) >= _FEWEST_WORDS or _names(c.text)]


def _asks(clause: _Clause) -> bool:
    begins = harmless().questions.match(clause.text) is not None
    return clause.asked or begins or re.search(rf"(?:^|, ){_ASKS}\b", clause.text) is not None


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"\b[A-Z]+\d+\b", text)))


def _part(gist: Gist, clause: _Clause, clauses: Sequence[_Clause]) -> Part:
    """`clause` with what holds for it of the rest of the question."""
    line = clause.text
    rests_on: set[int] = set()
    supposed = [e for e in gist.events if not clause.begin <= e.begin < clause.end]
    alone = _NOW.search(line) is not None
    mine = any(clause.begin <= e.begin < clause.end for e in gist.events)
    if not mine and not alone:
        # What is supposed later in the same sentence holds as well, and what was before it.
        held = [e for e in supposed if e.begin < clause.begin or _same(e.begin, clause, clauses)]
        for other in clauses:
            events = [gist.line[e.begin : e.end] for e in held if _holds(other, e.begin)]
            if events and _asks(other):
                rests_on.add(other.begin)
                line = f"if {' and '.join(events)} , {line}"
            elif events:
                # All of it: what else is said there may change what is supposed.
                line = f"{other.text} , {line}"
    if not alone and gist.more is not None and not any(_inside(s, clause) for s in gist.more.spans):
        line = f"{line} with {' '.join(gist.line[a:b] for a, b in gist.more.spans)}"
    over = list(past_spans(gist.line))
    times = [(a, b) for a, b in time_spans(gist.line) if all(b <= c or d <= a for c, d in over)]
    if times and not alone and not any(_inside(s, clause) for s in times):
        line = f"{line} {gist.line[times[0][0] : times[0][1]]}"
    before = [c for c in clauses if c.begin < clause.begin and _names(c.text)]
    if not _names(line) and before:
        if not _asks(before[-1]) and not any(_holds(before[-1], e.begin) for e in gist.events):
            line = f"{before[-1].text} , {line}"
        elif _POINTS.search(line):
            line = f"{line} , for {' and '.join(_names(before[-1].text))}"
    by_itself = replace(gist, line=" ".join(line.split()), told=set())
    return Part(clause.text, by_itself, clause.begin, frozenset(rests_on))


_POINTS = re.compile(r"\b(?:it|its|they|them|their|that|those|these|this|there|same)\b")
"""Words that stand for what was named before."""


def _holds(clause: _Clause, at: int) -> bool:
    return clause.begin <= at < clause.end


def _inside(span: tuple[int, int], clause: _Clause) -> bool:
    return clause.begin <= span[0] < clause.end


def _same(at: int, clause: _Clause, clauses: Sequence[_Clause]) -> bool:
    """Whether `at` lies in the sentence of `clause`."""
    mine = [c for c in clauses if c.sentence == clause.sentence]
    return mine[0].begin <= at < mine[-1].end
