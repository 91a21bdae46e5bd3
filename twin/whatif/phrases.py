"""What-ifs as a person writes them: "link A-B down; weight C-D 20".

    link LINK down            both directions fail
    link LINK up              a link that was down comes back
    node NODE down            every link at the node fails
    group GROUP down          every link of the shared-risk group fails
    weight LINK N             the end that LINK names first is configured with weight N
    weight LINK from NODE N   the same for the end at NODE
    weight LINK N both ways   both ends

Phrases are separated by ";" or by lines. LINK is an id, or its two ends in either order ("A-B",
"A--B", "A to B"). Capitals and accents do not matter where only one name is meant, and a part of a
name is never taken for it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import NoReturn

from twin.errors import BadInput, UnknownLink, UnknownNode, UnknownSharedRiskGroup
from twin.nouns.configuration import MAX_IGP_WEIGHT
from twin.nouns.topology import Link, Node, SharedRiskGroup, Topology
from twin.whatif.events import (
    Event,
    GroupFailure,
    LinkFailure,
    LinkRepair,
    NodeFailure,
    WeightChange,
    WhatIf,
)

EXPECTED = (
    '"link A-B down", "link A-B up", "node A down", "group G down" or "weight A-B 20", several of '
    'them separated by ";"'
)


def read_what_if(text: str, topology: Topology) -> WhatIf:
    """The events that `text` names, in its order.

    Raises:
        BadInput: nothing is named, a phrase is not one of the above, a name is not in the topology
            or could mean several things there, a weight is no integer in 1..MAX_IGP_WEIGHT, or two
            phrases contradict each other (a link down and up, two weights for one end). The text
            names the word, what was expected, and what comes near.
    """
    phrases = [" ".join(part.split()) for part in re.split(r"[;\n]", text)]
    events = tuple(
        event for phrase in phrases if phrase for event in _read_phrase(phrase, topology)
    )
    if not events:
        raise BadInput(f"the what-if names no event; expected {EXPECTED}")
    _refuse_contradictions(events)
    return events


def find_node(topology: Topology, text: str) -> Node:
    """The node that `text` means: its id, in whatever capitals and accents.

    Raises:
        UnknownNode: there is none; the text names the nearest.
        BadInput: several could be meant.
    """
    found = _one_of(text, topology.node_index, "node")
    if found is None:
        raise UnknownNode(text, topology.node_index, topology.name)
    return topology.node(found)


def find_link(topology: Topology, text: str) -> Link:
    """The link that `text` means: its id, or its two ends in either order, as in "Kiel-Hamburg".

    Raises:
        BadInput: there is none, and the text names the nearest, or the neighbours of the ends; or
            several could be meant, such as parallel links.
    """
    return _find_link(topology, text)[0]


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


def _refuse_contradictions(events: WhatIf) -> None:
    said: dict[tuple[str, ...], Event] = {}
    for event in events:
        match event:
            case LinkFailure(link=link) | LinkRepair(link=link):
                about: tuple[str, ...] = (link,)
            case WeightChange(node=node, link=link):
                about = (node, link)
            case _:
                continue
        before = said.setdefault(about, event)
        if before != event:
            raise BadInput(
                f'the what-if contradicts itself: "{_phrase(before)}" and "{_phrase(event)}"'
            )


def _read_phrase(phrase: str, topology: Topology) -> Iterator[Event]:
    kind, _, rest = phrase.partition(" ")
    match kind.casefold():
        case "link":
            name, word = _name_and_word(phrase, rest, ("down", "up"))
            link = find_link(topology, name).id
            yield LinkFailure(link) if word == "down" else LinkRepair(link)
        case "node":
            yield NodeFailure(find_node(topology, _name_and_word(phrase, rest, ("down",))[0]).id)
        case "group":
            yield GroupFailure(find_group(topology, _name_and_word(phrase, rest, ("down",))[0]).id)
        case "weight":
            yield from _read_weight(phrase, rest, topology)
        case _:
            near = get_close_matches(kind.casefold(), ("link", "node", "group", "weight"), n=1)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            raise BadInput(f'"{phrase}" begins with "{kind}"{hint} (expected {EXPECTED})')


def _name_and_word(phrase: str, rest: str, words: tuple[str, ...]) -> tuple[str, str]:
    name, _, word = rest.rpartition(" ")
    if not name or word.casefold() not in words:
        wanted = " or ".join(f'"{w}"' for w in words)
        raise BadInput(
            f'"{phrase}" ends with "{word or phrase}", expected a name and then {wanted}'
        )
    return name, word.casefold()


_WEIGHT = re.compile(
    r"(?P<link>.+?)(?: from (?P<node>.+?))?(?: to| =)? (?P<number>\S+?)(?P<both> both ways)?",
    re.IGNORECASE,
)


def _read_weight(phrase: str, rest: str, topology: Topology) -> Iterator[Event]:
    parts = _WEIGHT.fullmatch(rest)
    if parts is None:
        raise BadInput(f'"{phrase}": expected a link and then its weight, as in "weight A-B 20"')
    weight = _weight(phrase, parts["number"])
    link, first = _find_link(topology, parts["link"])
    if parts["both"]:
        ends: tuple[str, ...] = (link.a, link.b)
    elif parts["node"] is not None:
        node = find_node(topology, parts["node"]).id
        link.other_end(node)
        ends = (node,)
    elif first is not None:
        ends = (first,)
    else:
        raise BadInput(
            f'"{phrase}": the name of link "{link.id}" does not say in which direction; write '
            f'"weight {link.id} from {link.a} {weight}", "from {link.b}", or "{weight} both ways"'
        )
    yield from (WeightChange(end, link.id, weight) for end in ends)


def _weight(phrase: str, text: str) -> int:
    # Python refuses to convert thousands of digits, so they are counted first.
    if not re.fullmatch(r"0*[1-9][0-9]{0,4}", text) or int(text.lstrip("0")) > MAX_IGP_WEIGHT:
        raise BadInput(
            f'"{phrase}": the weight is "{text}", expected an integer in 1..{MAX_IGP_WEIGHT}'
        )
    return int(text.lstrip("0"))


def _find_link(topology: Topology, text: str) -> tuple[Link, str | None]:
    """The link, and the end that `text` names first, None where it does not say."""
    found = _one_of(text, topology.link_index, "link")
    if found is not None:
        link = topology.link(found)
        plain = re.sub(r"#\d+$", "", link.id)
        named = {pair for pair in _ends(topology, plain) if set(pair) == {link.a, link.b}}
        return link, named.pop()[0] if len(named) == 1 else None
    pairs = _ends(topology, text)
    joined = {
        (link.id, a) for a, b in pairs for link in topology.links_at(a) if b in (link.a, link.b)
    }
    if not joined:
        _refuse_link(topology, text, pairs)
    if len(joined) > 1:
        ids = sorted({link for link, _ in joined}, key=topology.link_index.__getitem__)
        raise BadInput(f'"{text}" could be any of the links {_listed(ids)}; name one by its id')
    link_id, first = joined.pop()
    return topology.link(link_id), first


_BETWEEN = re.compile(r"\s+to\s+|\s*(?:<?-+>|[-–—]+|↔|→)\s*", re.IGNORECASE)


def _ends(topology: Topology, text: str) -> set[tuple[str, str]]:
    """Every way to read `text` as two different nodes; names may hold hyphens themselves."""
    found = set()
    for cut in _BETWEEN.finditer(text):
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
        alike = [name for name in names if fold(name) == fold(text)]
        if len(alike) > 1:
            raise BadInput(
                f'"{text}" could be any of the {noun}s {_listed(alike)}; write it exactly'
            )
        if alike:
            return alike[0]
    return None


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


_FOLDS: tuple[Callable[[str], str], ...] = (str.casefold, _plain)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def what_if_text(what_if: WhatIf) -> str:
    """`what_if` in words that `read_what_if` takes back."""
    return "; ".join(_phrase(event) for event in what_if) or "nothing"


def _phrase(event: Event) -> str:
    match event:
        case LinkFailure(link=link):
            return f"link {link} down"
        case LinkRepair(link=link):
            return f"link {link} up"
        case NodeFailure(node=node):
            return f"node {node} down"
        case GroupFailure(group=group):
            return f"group {group} down"
        case WeightChange(node=node, link=link, weight=weight):
            return f"weight {link} from {node} {weight}"
