"""From the words of a question to what it asks: names, pronouns, follow-ups, and two in one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from agents.conversation.names import FoundName
from agents.conversation.queries.topology import FIND_NAMES, Text
from agents.conversation.role import Exchange
from agents.playbook.conversation.day_parts import with_day_parts
from agents.playbook.conversation.grammar import Grammar, Reading, Token
from agents.playbook.conversation.looking_up import Asked, Decline, NotUnderstood, quoted

History = Sequence[Exchange]


@cache
def grammar() -> Grammar:
    """The shipped grammar."""
    return Grammar.shipped()


def readings_of(asked: Asked) -> list[Reading]:
    """What is asked: one thing, or several that are joined by "and".

    Raises:
        Decline: it is not understood, or could mean several things.
    """
    tokens, _ = _tokens(asked, asked.question)
    try:
        return [_read(asked, asked.question, asked.history)]
    except Decline:
        if several := _read_each(asked, tokens, asked.history):
            return several
        raise


def _read(asked: Asked, question: str, history: History) -> Reading:
    tokens, near = _tokens(asked, question)
    if not tokens:
        raise Decline("There is no question.")
    only_names = all(t.slot for t in tokens)
    if history and only_names and (followed := _follow_up(asked, tokens, history)):
        return followed
    meant = _it_meant(asked, tokens, _talked_of(asked, history))
    readings, joined = _fitting(asked, meant)
    if not readings and tokens[0].slot in _THINGS:
        readings = _named_first(asked, tokens[0], tokens[1:])
    if not readings and history and (followed := _follow_up(asked, joined, history)):
        return followed
    if len(readings) == 1:
        return _with_context(asked, readings[0], tokens, history)
    if readings:
        raise Decline("The question can be read in several ways.")
    _refuse_names(joined)
    raise NotUnderstood(_not_understood(joined, near))


def _named_first(asked: Asked, thing: Token, tokens: list[Token]) -> list[Reading]:
    """ "Hannover: what is it connected to?" """
    meant = _it_meant(asked, tokens, [thing])
    return _fitting(asked, meant)[0] if meant != tokens else []


def _fitting(
    asked: Asked, tokens: list[Token], *, whole: bool = True
) -> tuple[list[Reading], list[Token]]:
    """What `tokens` can be read as, and `tokens` with two nodes as a link where that helps.

    An egress is its link at one end, or just its link where nothing is asked of one end.
    """
    readings = grammar().read(_with_ends(tokens), whole=whole) or grammar().read(
        tokens, whole=whole
    )
    if readings:
        return readings, tokens
    joined = _with_pairs(asked, tokens)
    return (grammar().read(joined, whole=whole) if joined is not tokens else []), joined


def _with_ends(tokens: Sequence[Token]) -> list[Token]:
    """`tokens` with every egress as "LINK at NODE"."""
    found: list[Token] = []
    for token in tokens:
        found.append(token)
        if token.end:
            found += [Token("at", "at"), Token("NODE", token.end, "node", token.end)]
    return found


# Two questions in one ------------------------------------------------------------------------

_SUPPOSING = frozenset({"effect", "breach_if", "overload_if", "load_if", "safe"})
_ASKING = frozenset(
    {"what", "how", "be", "was", "do", "did", "have", "would", "can", "when", "why", "where",
     "someone", "at"}
)  # fmt: skip


def _read_each(asked: Asked, tokens: list[Token], history: History) -> list[Reading]:
    """The questions that "and" joins, each of which can be read by itself; none if there are none.

    What is supposed in one of them may be meant in the other as well, so a what-if goes only with
    another one.
    """
    for position, token in enumerate(tokens):
        first, rest = tokens[:position], tokens[position + 1 :]
        if token.word != "and" or not first or not rest or rest[0].word not in _ASKING:
            continue
        known, _ = _fitting(asked, _it_meant(asked, first, _talked_of(asked, history)))
        rest = _it_meant(asked, rest, [t for t in first if t.slot in _THINGS])
        following, _ = _fitting(asked, rest, whole=False)
        if len(known) != 1 or len(following) != 1:
            continue
        pair = [
            known[0],
            replace(following[0], slots={**_incident(known[0]), **following[0].slots}),
        ]
        pair = [_with_context(asked, reading, tokens, history) for reading in pair]
        if len({reading.intent in _SUPPOSING for reading in pair}) == 1:
            return pair[:1] if pair[0] == pair[1] else pair
    return []


def _incident(reading: Reading) -> dict[str, str]:
    return {k: v for k, v in reading.slots.items() if k in ("incident", "plan", "last")}


# What "it" is --------------------------------------------------------------------------------

_THINGS = frozenset({"node", "link", "service", "customer", "group", "thing", "several"})


def _talked_of(asked: Asked, history: History) -> list[Token]:
    """The things that were named last, but for incidents, which "it" means if nothing was."""
    for exchange in reversed(history):
        tokens, _ = _tokens(asked, exchange.question)
        named = [t for t in _with_pairs(asked, tokens) if t.slot in _THINGS]
        if named or not any(t.word == "it" for t in tokens):
            return named
    return []


def _it_meant(asked: Asked, tokens: list[Token], named: Iterable[Token]) -> list[Token]:
    """`tokens` with "it" as the one thing that was named, if they make sense so.

    Raises:
        Decline: "it" might be an incident or something that was named.
    """
    things = {t.value: t for t in named}
    if not things or not any(t.word == "it" for t in tokens):
        return tokens
    if len(things) == 1:
        (thing,) = things.values()
        meant = [thing if t.word == "it" else t for t in tokens]
        if _fitting(asked, meant)[0]:
            return meant
    if any(r.intent in _ABOUT_INCIDENTS for r in _fitting(asked, tokens)[0]):
        raise Decline(f"«it» could be an incident or {' or '.join(things)}; name what you mean.")
    return tokens


# Words ---------------------------------------------------------------------------------------


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


def _tokens(asked: Asked, question: str) -> tuple[list[Token], Mapping[str, Sequence[str]]]:
    found = asked.glance(FIND_NAMES, Text(text=question))
    tokens: list[Token] = []
    position = 0
    for name in found.names:
        # What only the knowledge graph has may be called like any word.
        if (name.kind == "thing" or not name.exact) and grammar().is_word(name.text):
            continue
        tokens += grammar().words_of(question[position : name.start], opens=not position)
        tokens.append(_name_token(name))
        position = name.end
        if question[position : position + 2] in ("'s", "\u2019s"):
            position += 2
    tokens += grammar().words_of(question[position:], opens=not position)
    near = {hint.text.casefold(): hint.near for hint in found.near}
    return with_day_parts(tokens), near


def _name_token(name: FoundName) -> Token:
    kind, ids = name.kind, name.ids
    if kind == "link" and not ids:
        return Token("NOLINK", name.text, "nolink", name.text)
    value = " or ".join(ids)
    slot = kind if len(ids) == 1 else "several"
    # Several customers of one name are all meant, which the grammar has no slot for.
    word = "CUSTOMER" if kind == "customer" and slot == "several" else slot.upper()
    return Token(word, name.text, slot, value, name.egress_of or "")


def _refuse_names(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.slot == "nolink":
            raise NotUnderstood(f"No link joins the ends of «{token.text}».")
        if token.slot == "several" and token.word == "CUSTOMER":
            raise NotUnderstood(f"«{token.text}» are several customers.")
        if token.slot == "several":
            raise Decline(f"«{token.text}» could mean {token.value}; name one.")


_PAIRS: tuple[tuple[str, ...], ...] = (
    ("link", "between", "NODE", "and", "NODE"),
    ("link", "from", "NODE", "to", "NODE"),
    ("link", "NODE", "to", "NODE"),
    ("link", "NODE", "NODE"),
    ("NODE", "to", "NODE", "link"),
    ("NODE", "and", "NODE", "link"),
    ("NODE", "NODE", "link"),
    ("between", "NODE", "and", "NODE"),
    ("NODE", "to", "NODE"),
)


def _with_pairs(asked: Asked, tokens: list[Token]) -> list[Token]:
    """Two nodes that are named as a link become that link."""
    for position in range(len(tokens)):
        for shape in _PAIRS:
            part = tokens[position : position + len(shape)]
            if tuple(t.word for t in part) != shape:
                continue
            a, b = (t.value for t in part if t.slot == "node")
            found = asked.glance(FIND_NAMES, Text(text=f"{a} -- {b}")).names
            if len(found) != 1 or found[0].kind != "link":
                continue
            if not found[0].ids and "link" not in shape:
                continue
            rest = tokens[position + len(shape) :]
            return _with_pairs(asked, [*tokens[:position], _name_token(found[0]), *rest])
    return tokens


_AT_A_TIME = frozenset(
    {"effect", "breach_if", "overload_if", "load_if", "safe", "worst_links", "worst_nodes"}
)
_ABOUT_INCIDENTS = frozenset(
    {
        "incident", "when", "cause", "changed", "approved", "rejected", "minutes", "remedies",
        "why_plan", "why_nothing", "why_not_drain", "field", "open_incidents",
    }
)  # fmt: skip


def _follow_up(asked: Asked, tokens: Sequence[Token], history: History) -> Reading | None:
    """The question before, with what this one names in its place; None if it is no follow-up."""
    follow_ups = [r for r in grammar().read_follow_up(tokens) if r.slots or r.intent == "why"]
    if len(follow_ups) != 1:
        return None
    said = follow_ups[0]
    before = _read(asked, history[-1].question, history[:-1])
    if said.intent == "why":
        return _why(before)
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


_PLANNED = frozenset({"changed", "approved", "waiting", "remedies", "why_plan", "why_not_drain"})


def _why(before: Reading) -> Reading:
    """A bare "why?" after something that a plan did."""
    if before.intent not in _PLANNED:
        raise Decline(
            "I can say why a plan was chosen, why a link was not drained and what caused an "
            "incident, but not why that is so."
        )
    return Reading("why_plan", _incident(before), {})


def _with_context(
    asked: Asked, reading: Reading, tokens: Sequence[Token], history: History
) -> Reading:
    """An incident that was named before goes on being talked about."""
    if reading.intent not in _ABOUT_INCIDENTS or "incident" in reading.slots:
        return reading
    if any(t.word == "last" for t in tokens):
        return replace(reading, slots={**reading.slots, "last": "last"})
    for exchange in reversed(history):
        named = asked.glance(FIND_NAMES, Text(text=exchange.question)).names
        ids = [n.ids[0] for n in named if n.kind == "incident" and len(n.ids) == 1]
        if ids:
            return replace(reading, slots={**reading.slots, "incident": ids[-1]})
    return reading
