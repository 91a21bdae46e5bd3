"""The policy of the conversation: what the grammar reads is looked up and said; the rest is
declined.

A question is answered as a whole or not at all: every word has to fit, every name has to mean one
thing, and every figure comes from a result that the answer cites.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from agents.playbook.answers import SAYS, examples
from agents.playbook.grammar import Grammar, Reading, Token
from agents.playbook.looking_up import Asked, Decline, LookUp, quoted
from agents.playbook.view import ToolChoice, TranscriptView, answer


def conversation(view: TranscriptView) -> ToolChoice:
    """Read the question, look up what it asks, and say it; or decline and say what can be asked."""
    asked = Asked(view)
    try:
        text = _answer(asked)
        return answer({"text": text, "citations": asked.cited, "declined": False})
    except LookUp as needed:
        return needed.choice
    except Decline as why:
        reason = str(why)
    try:
        return answer(
            {
                "text": f"{reason} {examples(asked)}",
                "citations": asked.cited,
                "declined": True,
            }
        )
    except LookUp as needed:
        return needed.choice


@cache
def grammar() -> Grammar:
    """The shipped grammar."""
    return Grammar.shipped()


# Reading -------------------------------------------------------------------------------------


def _answer(asked: Asked) -> str:
    reading = _read(asked, asked.question, asked.history)
    if reading.intent == "command":
        raise Decline(
            "I only look and never change anything. Changes are made by the plans of incidents, "
            "which people approve or reject with noctua approve PLAN and noctua reject PLAN; ask "
            "what would happen if it were done."
        )
    return SAYS[reading.intent](asked, reading)


def _read(asked: Asked, question: str, history: Sequence[Mapping[str, str]]) -> Reading:
    tokens, near = _tokens(asked, question)
    if not tokens:
        raise Decline("There is no question.")
    readings = grammar().read(tokens)
    joined = tokens if readings else _with_pairs(asked, tokens)
    if joined is not tokens:
        readings = grammar().read(joined)
    if not readings and history and (followed := _follow_up(asked, joined, history)):
        return followed
    if len(readings) == 1:
        return _with_context(asked, readings[0], tokens, history)
    if readings:
        raise Decline("The question can be read in several ways.")
    _refuse_names(joined)
    raise Decline(_not_understood(joined, near))


def _not_understood(tokens: Sequence[Token], near: Mapping[str, Sequence[str]]) -> str:
    unknown = grammar().unknown(tokens)
    hints = [
        f"«{word}» is no name here (did you mean {' or '.join(near[word])}?)"
        for word in unknown
        if near.get(word)
    ]
    if hints:
        return f"I cannot answer that: {'; '.join(hints)}."
    if unknown:
        return f"I cannot answer that: I do not understand {', '.join(quoted(unknown))}."
    return "I know the words, but not what they ask together."


def _tokens(asked: Asked, question: str) -> tuple[list[Token], dict[str, Sequence[str]]]:
    found = asked.glance("find_names", text=question)
    tokens: list[Token] = []
    position = 0
    for name in found["names"]:
        if not name["exact"] and grammar().is_word(name["text"]):
            continue
        tokens += grammar().words_of(question[position : name["start"]], opens=not position)
        tokens.append(_name_token(name))
        position = name["end"]
        if question[position : position + 2] in ("'s", "\u2019s"):
            position += 2
    tokens += grammar().words_of(question[position:], opens=not position)
    near = {hint["text"].casefold(): hint["near"] for hint in found["near"]}
    return tokens, near


def _name_token(name: Mapping[str, Any]) -> Token:
    kind, ids = name["kind"], name["ids"]
    if kind == "link" and not ids:
        return Token("NOLINK", name["text"], "nolink", name["text"])
    value = ids[0] if len(ids) == 1 else "|".join(ids)
    slot = kind if len(ids) == 1 else "several"
    return Token(slot.upper(), name["text"], slot, value)


def _refuse_names(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.slot == "nolink":
            raise Decline(f"No link joins the ends of «{token.text}».")
        if token.slot == "several":
            meant = " or ".join(token.value.split("|"))
            raise Decline(f"«{token.text}» could mean {meant}; name one.")


_PAIRS: tuple[tuple[str, ...], ...] = (
    ("link", "between", "NODE", "and", "NODE"),
    ("link", "from", "NODE", "to", "NODE"),
    ("link", "NODE", "to", "NODE"),
    ("link", "NODE", "NODE"),
    ("NODE", "to", "NODE", "link"),
    ("NODE", "and", "NODE", "link"),
    ("NODE", "NODE", "link"),
)


def _with_pairs(asked: Asked, tokens: list[Token]) -> list[Token]:
    """Two nodes that are named as a link become that link."""
    for position in range(len(tokens)):
        for shape in _PAIRS:
            part = tokens[position : position + len(shape)]
            if tuple(t.word for t in part) != shape:
                continue
            a, b = (t.value for t in part if t.slot == "node")
            found = asked.glance("find_names", text=f"{a} -- {b}")["names"]
            if len(found) != 1 or found[0]["kind"] != "link":
                continue
            rest = tokens[position + len(shape) :]
            return _with_pairs(asked, [*tokens[:position], _name_token(found[0]), *rest])
    return tokens


_AT_A_TIME = frozenset(
    {"effect", "breach_if", "overload_if", "load_if", "safe", "worst_links", "worst_nodes"}
)
_ABOUT_INCIDENTS = frozenset(
    {
        "incident", "when", "cause", "changed", "approved", "minutes", "remedies", "why_plan",
        "why_not_drain", "field",
    }
)  # fmt: skip


def _follow_up(
    asked: Asked, tokens: Sequence[Token], history: Sequence[Mapping[str, str]]
) -> Reading | None:
    """The question before, with what this one names in its place; None if it is no follow-up."""
    follow_ups = [r for r in grammar().read_follow_up(tokens) if r.slots]
    if len(follow_ups) != 1:
        return None
    said = follow_ups[0]
    before = _read(asked, history[-1]["question"], history[:-1])
    slots, types = dict(before.slots), dict(before.types)
    for name, value in said.slots.items():
        kind = said.types[name]
        same = [n for n, k in types.items() if k == kind]
        if kind == "time" and before.intent in _AT_A_TIME:
            slots["time"], types["time"] = value, "time"
        elif kind == "class" and before.intent in ("effect", "breach_if", "breach"):
            slots["class"], types["class"] = value, "class"
        elif len(same) == 1:
            slots[same[0]] = value
        else:
            return None
    return replace(before, slots=slots, types=types)


def _with_context(
    asked: Asked, reading: Reading, tokens: Sequence[Token], history: Sequence[Mapping[str, str]]
) -> Reading:
    """An incident that was named before goes on being talked about."""
    if reading.intent not in _ABOUT_INCIDENTS or "incident" in reading.slots:
        return reading
    if any(t.word == "last" for t in tokens):
        return replace(reading, slots={**reading.slots, "last": "last"})
    for exchange in reversed(history):
        named = asked.glance("find_names", text=exchange["question"])["names"]
        ids = [n["ids"][0] for n in named if n["kind"] == "incident" and len(n["ids"]) == 1]
        if ids:
            return replace(reading, slots={**reading.slots, "incident": ids[-1]})
    return reading
