"""Nodes, links and groups by the names that people type.

A link is its id, or its two ends in either order ("A-B", "A--B", "A to B"). Capitals and accents do
not matter where only one name is meant, and a part of a name is never taken for it.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from itertools import pairwise
from typing import NoReturn, TypeVar

from twin.errors import BadInput, SeveralMeant, UnknownLink, UnknownNode, UnknownSharedRiskGroup
from twin.nouns.topology import Interface, Link, Node, SharedRiskGroup, Topology

T = TypeVar("T")


def find_node(topology: Topology, text: str) -> Node:
    """The node that `text` means: its id, in whatever capitals and accents.

    Raises:
        UnknownNode: there is none; the text names the nearest.
        BadInput: several could be meant.
    """
    return topology.node(find_node_id(text, topology.node_index, topology.name))


def find_node_id(text: str, ids: Collection[str], where: str) -> str:
    """The one of `ids` that `text` means; `where` is how errors call what has them.

    Raises UnknownNode or BadInput, as `find_node` does.
    """
    found = _one_of(text, ids, "node")
    if found is None:
        raise UnknownNode(text, ids, where)
    return found


def find_link(topology: Topology, text: str) -> Link:
    """The link that `text` means: its id, or its two ends in either order, as in "Kiel-Hamburg".

    Raises:
        BadInput: there is none, and the text names the nearest, or the neighbours of the ends; or
            several could be meant, such as parallel links.
    """
    return find_link_and_end(topology, text)[0]


def find_group(topology: Topology, text: str) -> SharedRiskGroup:
    """The shared-risk group that `text` means: its id, in whatever capitals and accents.

    Raises:
        UnknownSharedRiskGroup: there is none; the text names the nearest.
        BadInput: several could be meant.
    """
    known = [group.id for group in topology.shared_risk_groups]
    found = _one_of(text, known, "shared-risk group")
    if found is None:
        raise UnknownSharedRiskGroup(text, known, topology.name)
    return topology.shared_risk_group(found)


def find_group_of_link(topology: Topology, text: str) -> SharedRiskGroup:
    """The one shared-risk group of the link that `text` means.

    Raises:
        BadInput: there is no such link, or it is in no group, or in several, which are named.
    """
    link = find_link(topology, text)
    groups = [group for group in topology.shared_risk_groups if link.id in group.links]
    if not groups:
        raise BadInput(f'link "{link.id}" of {topology.name} is in no shared-risk group')
    if len(groups) > 1:
        listed = _listed(group.id for group in groups)
        raise BadInput(f'link "{link.id}" is in the shared-risk groups {listed}; name one of them')
    return groups[0]


def find_ends(topology: Topology, text: str) -> tuple[str, str]:
    """The two nodes that `text` means, as in "Kiel-Hamburg" or "Kiel and Hamburg", linked or not.

    Raises:
        BadInput: one of them is not there, or several pairs could be meant.
    """
    pairs = sorted(_ends(topology, text) or _ends(topology, text, SEPARATOR))
    if len(pairs) == 1:
        return pairs[0]
    if pairs:
        listed = _listed(f"{a} to {b}" for a, b in pairs)
        raise BadInput(f'"{text}" could be {listed}; write it as one of these')
    for cut in _BETWEEN.finditer(text):
        _refuse_end(topology, text, (text[: cut.start()], text[cut.end() :]))
    raise BadInput(f'"{text}" names no two nodes of {topology.name}; expected them as in "A-B"')


SEPARATOR = re.compile(r"\s*(?:[,;&]\s*(?:and\b\s*)?|\band\b\s*)", re.IGNORECASE)
"""Between things of a list; names may hold it themselves, as "Washington, DC"."""


def find_all(text: str, find: Callable[[str], T]) -> tuple[T, ...]:
    """What `find` makes of each name in a list, as "A, B and C", the longest names first.

    Raises:
        BadInput: `find` does, for what stands where no name begins.
    """
    parts = parts_of(text)
    found: list[T] = []
    begin = 0
    while begin < len(parts):
        for end in range(len(parts), begin, -1):
            try:
                found.append(find(text[parts[begin][0] : parts[end - 1][1]]))
            except BadInput:
                if end == begin + 1:
                    raise
                continue
            begin = end
            break
    return tuple(found)


def parts_of(text: str) -> list[tuple[int, int]]:
    """Where the parts between separators begin and end in `text`; empty ones are left out."""
    cuts = [(0, 0), *(cut.span() for cut in SEPARATOR.finditer(text)), (len(text), len(text))]
    spans = [(before[1], after[0]) for before, after in pairwise(cuts)]
    return [(begin, end) for begin, end in spans if text[begin:end].strip()]


def find_link_and_end(topology: Topology, text: str) -> tuple[Link, str | None]:
    """The link, and the end that `text` names first, None where it does not say.

    Raises BadInput, as `find_link` does.
    """
    found = _one_of(text, topology.link_index, "link")
    if found is not None:
        link = topology.link(found)
        plain = re.sub(r"#\d+$", "", link.id)
        named = {pair for pair in _ends(topology, plain) if set(pair) == {link.a, link.b}}
        return link, named.pop()[0] if len(named) == 1 else None
    plain, _, number = text.partition("#")
    pairs = _ends(topology, plain if number.isdigit() else text)
    joined = {
        (link.id, a)
        for a, b in pairs
        for link in topology.links_at(a)
        if b in (link.a, link.b) and (not number.isdigit() or link.id.endswith(f"#{number}"))
    }
    if not joined:
        _refuse_link(topology, text, pairs)
    if len(joined) > 1:
        ids = sorted({link for link, _ in joined}, key=topology.link_index.__getitem__)
        raise SeveralMeant(
            f'"{text}" could be any of the links {_listed(ids)}; name one by its id', text, ids
        )
    link_id, first = joined.pop()
    return topology.link(link_id), first


def find_egresses(topology: Topology, said: Mapping[str, str]) -> tuple[Interface, ...]:
    """The ends of the LINK that is `said`: that at NODE, both ("both ways"), or the end that the
    link names first.

    Raises:
        BadInput: there is no such link or end, or the words do not say which end is meant.
    """
    link, first = find_link_and_end(topology, said["LINK"])
    if "both ways" in said:
        ends: tuple[str, ...] = (link.a, link.b)
    elif "NODE" in said:
        ends = (find_node(topology, said["NODE"]).id,)
        link.other_end(ends[0])
    elif first is not None:
        ends = (first,)
    else:
        raise BadInput(
            f'the name of link "{link.id}" does not say in which direction; add '
            f'"from {link.a}", "from {link.b}", or "both ways"'
        )
    return tuple(Interface(node=end, link=link.id) for end in ends)


_BETWEEN = re.compile(r"\s+to\s+|\s*(?:<?-+>|[-–—]+|↔|→)\s*", re.IGNORECASE)


def _ends(
    topology: Topology, text: str, between: re.Pattern[str] = _BETWEEN
) -> set[tuple[str, str]]:
    """Every way to read `text` as two different nodes; names may hold hyphens themselves."""
    found = set()
    for cut in between.finditer(text):
        a = _one_of(text[: cut.start()], topology.node_index, "node")
        b = _one_of(text[cut.end() :], topology.node_index, "node")
        if a and b and a != b:
            found.add((a, b))
    return found


def _refuse_link(topology: Topology, text: str, pairs: Iterable[tuple[str, str]]) -> NoReturn:
    for a, b in sorted(pairs):
        near = _neighbours(topology, a)
        reaches = f"links from {a} go to {_listed(near)}" if near else f"{a} has no links"
        raise BadInput(f'no link of {topology.name} joins "{a}" and "{b}"; {reaches}')
    for cut in _BETWEEN.finditer(text):
        _refuse_end(topology, text, (text[: cut.start()], text[cut.end() :]))
    raise UnknownLink(text, topology.link_index, topology.name)


def _refuse_end(topology: Topology, text: str, ends: tuple[str, str]) -> None:
    """Raises BadInput where one end is known and the other is not."""
    nodes = [_one_of(end, topology.node_index, "node") for end in ends]
    known = [node for node in nodes if node is not None]
    if len(known) != 1:
        return
    unknown = ends[nodes.index(None)]
    near = get_close_matches(unknown, _neighbours(topology, known[0]), n=1)
    near = near or get_close_matches(unknown, topology.node_index, n=1)
    meant = f' (did you mean "{near[0]}"?)' if near else ""
    raise BadInput(f'link "{text}": node "{unknown}" is not in {topology.name}{meant}')


def _neighbours(topology: Topology, node: str) -> list[str]:
    return [link.other_end(node) for link in topology.links_at(node)]


def _one_of(text: str, known: Iterable[str], noun: str) -> str | None:
    """The name that `text` is: exactly, or but for capitals and accents.

    Raises BadInput: several names differ in these alone, and none is `text` exactly.
    """
    text = text.strip()
    names = tuple(known)
    if text in names:
        return text
    for fold in _FOLDS:
        alike = _folded(names, fold).get(fold(text), ())
        if len(alike) > 1:
            raise SeveralMeant(
                f'"{text}" could be any of the {noun}s {_listed(alike)}; write it exactly',
                text,
                alike,
            )
        if alike:
            return alike[0]
    return None


# What cannot be read is tried in many ways, and a network has thousands of names.
@lru_cache(maxsize=16)
def _folded(names: tuple[str, ...], fold: Callable[[str], str]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        found[fold(name)] = (*found.get(fold(name), ()), name)
    return found


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _written_out(text: str) -> str:
    """As where there are no such letters: Koeln for Köln, Aarhus for Århus."""
    composed = unicodedata.normalize("NFC", text.casefold())
    return _plain("".join(_LETTERS.get(c, c) for c in composed))


_LETTERS = {"ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "ø": "oe", "œ": "oe", "å": "aa", "þ": "th"}

_FOLDS: tuple[Callable[[str], str], ...] = (str.casefold, _plain, _written_out)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
