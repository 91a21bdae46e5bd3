"""What-ifs as a person writes them: "link A-B down; weight C-D 20".

    link LINK down            both directions fail
    link LINK up              a link that was down comes back
    node NODE down            every link at the node fails
    group GROUP down          every link of the shared-risk group fails
    weight LINK N             the end that LINK names first is configured with weight N
    weight LINK from NODE N   the same for the end at NODE
    weight LINK N both ways   both ends
    drain LINK                both ends advertise the highest weight; "undrain LINK" takes it back

Phrases are separated by ";" or by lines. `twin.events.names` says how things are named.
"""

import re
from difflib import get_close_matches

from twin.errors import BadInput
from twin.events.what_if import FORMS, Event, WhatIf
from twin.nouns.topology import Topology

EXPECTED = (
    '"link A-B down", "link A-B up", "node A down", "group G down", "weight A-B 20" or '
    '"drain A-B", several of them separated by ";"'
)


def read_what_if(text: str, topology: Topology) -> WhatIf:
    """The events that `text` names, in its order.

    Raises:
        BadInput: nothing is named, a phrase is not one of the above, a name is not in the topology
            or could mean several things there, a weight is out of range, or two phrases contradict
            each other (a link down and up, two weights for one end). The text names the word, what
            was expected, and what comes near.
    """
    phrases = [" ".join(part.split()) for part in re.split(r"[;\n]", text)]
    events = tuple(
        event for phrase in phrases if phrase for event in _read_phrase(phrase, topology)
    )
    if not events:
        raise BadInput(f"the what-if names no event; expected {EXPECTED}")
    _refuse_contradictions(events)
    return events


def what_if_text(what_if: WhatIf) -> str:
    """`what_if` in words that `read_what_if` takes back."""
    return "; ".join(event.phrase() for event in what_if) or "nothing"


def _refuse_contradictions(events: WhatIf) -> None:
    said: dict[tuple[str, ...], Event] = {}
    for event in events:
        before = said.setdefault(event.subject(), event)
        if before != event:
            raise BadInput(
                f'the what-if contradicts itself: "{before.phrase()}" and "{event.phrase()}"'
            )


def _read_phrase(phrase: str, topology: Topology) -> tuple[Event, ...]:
    first, _, rest = phrase.partition(" ")
    word = first.casefold()
    endings = {last: kind for (begins, last), kind in FORMS.items() if begins == word}
    if not endings:
        words = tuple(dict.fromkeys(begins for begins, _ in FORMS))
        near = get_close_matches(word, words, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise BadInput(f'"{phrase}" begins with "{first}"{hint} (expected {EXPECTED})')
    kind, named = _kind_and_name(phrase, rest, endings)
    return kind.read(named, phrase, topology)


def _kind_and_name(
    phrase: str, rest: str, endings: dict[str, type[Event]]
) -> tuple[type[Event], str]:
    if "" in endings:
        if not rest:
            raise BadInput(
                f'"{phrase}" ends with "{phrase}", expected a name (expected {EXPECTED})'
            )
        return endings[""], rest
    name, _, last = rest.rpartition(" ")
    if not name or last.casefold() not in endings:
        wanted = " or ".join(f'"{w}"' for w in endings)
        raise BadInput(
            f'"{phrase}" ends with "{last or phrase}", expected a name and then {wanted}'
        )
    return endings[last.casefold()], name
