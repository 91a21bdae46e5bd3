"""How much a text may hold: what is larger is refused before it costs memory or time."""

import re
from collections.abc import Iterable

from twin.errors import BadTopology

MOST_NODES = 6_000
"""Demand and distance are known for each pair of nodes, which takes gigabytes for so many."""

MOST_LINES = 100_000
"""Lines between nodes; a link may be two of them."""

MOST_PARALLEL = 128
"""Links between the same two nodes: the failure of each changes the load of all the others."""

MOST_VALUES = 4_000_000
"""Values in a JSON text, or lines of any text: as Python objects about 500 MB."""

LONGEST_NAME = 256
"""Characters of a name, or of any other text that is kept with a node or a link."""

MOST_BPS = 1e18
"""More than all networks of the world carry together: whoever writes it did not mean it."""


def refuse_many(count: int, most: int, what: str, name: str, remedy: str = "") -> None:
    """Raises BadTopology where there are more than `most` of `what` (a plural noun)."""
    if count > most:
        raise BadTopology(
            f"{name}: it has {count:,} {what}; up to {most:,} are read"
            f"{f'; {remedy}' if remedy else ''}"
        )


def refuse_many_lines(text: str, name: str) -> None:
    """Raises BadTopology where `text` has more than MOST_VALUES lines."""
    refuse_many(sum(map(text.count, _LINE_ENDS)), MOST_VALUES, "lines", name)


_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""Where `str.splitlines` ends a line."""


_ODD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters, halves of characters (lone surrogates), and what is no character."""


def refuse_odd_texts(texts: Iterable[str], name: str) -> None:
    """Refuse texts that not every file could be written with, or that nobody could read.

    Raises:
        BadTopology: one has a control character in it, or half of a character, or is longer than
            LONGEST_NAME.
    """
    for text in texts:
        if len(text) > LONGEST_NAME:
            raise BadTopology(
                f'{name}: the name or text "{text:.40}..." has {len(text):,} characters; up to '
                f"{LONGEST_NAME} are read"
            )
        odd = _ODD.search(text)
        if odd is not None:
            shown = _ODD.sub("\N{REPLACEMENT CHARACTER}", text)
            raise BadTopology(
                f'{name}: the name or text "{shown:.80}" has U+{ord(odd[0]):04X} in it, which is '
                "no character that can be written; leave it out"
            )
