"""Events that somebody supposes, in force in a state of the network."""

import re
from collections.abc import Iterator

from twin.errors import BadInput
from twin.events.phrases import read_what_if
from twin.events.what_if import WhatIf
from twin.nouns.state import NetworkState

MOST_EVENTS = 8


def events_of(text: str, state: NetworkState) -> WhatIf:
    """The events that `text` names, in its order.

    Raises:
        BadInput: it cannot be read, contradicts itself, or names none, or too many.
    """
    parts = parts_of(text)
    if not parts:
        raise BadInput('no event is named; write for example "link A-B down"')
    if len(parts) > MOST_EVENTS:
        raise BadInput(f"{len(parts)} events at once, at most {MOST_EVENTS} are tried")
    return read_what_if("; ".join(parts), state.topology)


def suppose(text: str, state: NetworkState) -> NetworkState:
    """`state` once the events that `text` names are in force, and routing has converged.

    Raises:
        BadInput: it cannot be read, contradicts itself, or names none, or too many.
    """
    for event in events_of(text, state):
        state = event.after(state)
    return state


def parts_of(text: str) -> list[str]:
    """The phrases of `text`, blanks made even."""
    return [" ".join(p.split()) for p in re.split(r"[;\n]", text) if p.strip()]


def already_so(text: str, state: NetworkState) -> Iterator[str]:
    """The phrases of `text` that change nothing, each with those before it in force."""
    for part in parts_of(text):
        then = suppose(part, state)
        if (then.down_links, then.running, then.topology) == (
            state.down_links,
            state.running,
            state.topology,
        ):
            yield part
        state = then
