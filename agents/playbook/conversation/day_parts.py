"""Times that are said with a part of the day: "8 in the evening" is 20:00."""

from collections.abc import Sequence
from dataclasses import replace

from agents.playbook.conversation.grammar import Token

_HOURS = {
    "morning": range(12),
    "afternoon": range(12, 19),
    "evening": range(16, 24),
    "tonight": (*range(17, 24), *range(5)),
    "night": (*range(20, 24), *range(6)),
}
"""The hours that each part of a day has."""

_BETWEEN = frozenset({"in", "at", "by", "around"})


def with_day_parts(tokens: Sequence[Token]) -> list[Token]:
    """`tokens` with the part of the day read into the only time of day.

    Where the two do not go together both stay, and then the question cannot be read.
    """
    parts = [i for i, t in enumerate(tokens) if t.word in _HOURS]
    times = [i for i, t in enumerate(tokens) if _hour(tokens, i) is not None]
    if len(parts) != 1 or len(times) != 1:
        return list(tokens)
    (part,), (time,) = parts, times
    hour = _hour(tokens, time)
    hours = _HOURS[tokens[part].word]
    if hour is not None and hour not in hours:
        hour += 12
    if hour not in hours:
        return list(tokens)
    minutes = tokens[time].value.partition(":")[2] or "00"
    read = replace(tokens[time], word="TIME", slot="time", value=f"{hour:02d}:{minutes}")
    dropped = {part}
    if part > time + 1 and all(t.word in _BETWEEN for t in tokens[time + 1 : part]):
        dropped |= set(range(time + 1, part))
    elif part and tokens[part - 1].word in _BETWEEN:
        dropped.add(part - 1)
    return [read if i == time else t for i, t in enumerate(tokens) if i not in dropped]


def _hour(tokens: Sequence[Token], position: int) -> int | None:
    token = tokens[position]
    if token.slot == "time" and ":" in token.value:
        return int(token.value.partition(":")[0])
    said = token.slot == "number" and position and tokens[position - 1].word in _BETWEEN
    return int(token.value) if said and int(token.value) < 24 else None
