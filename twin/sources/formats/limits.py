"""How much a text may hold: what is larger is refused before it costs memory or time."""

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


def refuse_odd_texts(texts: Iterable[str], name: str) -> None:
    """Refuse texts that no file could be written with, or that nobody could read.

    Raises:
        BadTopology: one has half of a character in it (a lone surrogate), or is longer than
            LONGEST_NAME.
    """
    for text in texts:
        if len(text) > LONGEST_NAME:
            raise BadTopology(
                f'{name}: the name or text "{text:.40}..." has {len(text):,} characters; up to '
                f"{LONGEST_NAME} are read"
            )
        # Python's own test: an ASCII text costs nothing.
        if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
            shown = text.encode("ascii", "backslashreplace").decode()
            raise BadTopology(
                f'{name}: "{shown:.80}" has half of a character in it (a lone surrogate); '
                "write the character out"
            )
