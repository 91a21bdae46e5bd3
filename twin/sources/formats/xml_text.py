"""XML that may come from anybody."""

from collections import Counter
from typing import Any
from xml.parsers import expat

from twin.errors import BadTopology
from twin.sources.formats.limits import refuse_many

DEEPEST = 64
"""No format of a network nests deeper."""

MOST_ELEMENTS = 1_500_000
"""As Python objects about 500 MB."""


def looks_like_xml(text: str, root: str) -> bool:
    """Whether `text` begins as XML and has an element `root` near its beginning."""
    begin = text.lstrip()[:10_000]
    return begin.startswith("<") and f"<{root}" in begin.replace("<ns0:", "<")


def surveyed(text: str, name: str) -> Counter[str]:
    """How often each element occurs, by its local name, before anything is built of it.

    Raises:
        BadTopology: it is not well-formed, defines entities (which can expand without bound), is
            nested deeper than DEEPEST, or has more than MOST_ELEMENTS.
    """
    counts: Counter[str] = Counter()
    depth = elements = 0

    def start(tag: str, _: Any) -> None:
        nonlocal depth, elements
        depth += 1
        if depth > DEEPEST:
            raise BadTopology(f"{name}: nested deeper than {DEEPEST} levels")
        counts[tag.rpartition("}")[2]] += 1
        elements += 1
        refuse_many(elements, MOST_ELEMENTS, "XML elements or more", name)

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def entity(*_: Any) -> None:
        raise BadTopology(f"{name}: defines XML entities, which is refused; write their text out")

    # As ElementTree makes it, so that it refuses what ElementTree would: a prefix without a
    # namespace, and a namespace with a brace in it.
    parser = expat.ParserCreate(None, "}")
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(text, True)
    except expat.ExpatError as exc:
        raise BadTopology(f"{name}: not well-formed XML ({exc})") from exc
    except UnicodeError as exc:
        raise BadTopology(f"{name}: not text that XML can hold ({exc})") from exc
    return counts
