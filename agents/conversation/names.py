"""Finds what a text names: nodes, links, services, customers, incidents, plans.

A name may be written in any capitals, with or without umlauts and punctuation; of a name of several
words the first ones do, if only one name begins with them; the first word of customers' names
stands for all of these. Nothing is guessed: where several things
could be meant, all are given. An egress is read as its link, written node|link or node[link].
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

from twin.nouns.base import IfGiven, Noun
from twin.nouns.inventory import Inventory

NameKind = Literal["node", "link", "service", "customer", "group", "incident", "plan", "thing"]

_SHORTEST_PART = 4
"""Letters that the beginning of a name needs to stand for it: "New" is nobody's name."""

_MOST_NEAR = 3
_NEAR = 0.75


class FoundName(Noun):
    """A name in a text, from character `start` to before `end`.

    `ids`: what could be meant; none where `kind` is link and the two ends have no link. `exact`:
    whether it stands in the text as it is on record. `egress_of`: the node that the link leaves,
    where an egress is named.
    """

    text: str
    start: int
    end: int
    kind: NameKind
    ids: tuple[str, ...]
    exact: bool
    egress_of: IfGiven[str] = None


class NearName(Noun):
    """A word that is no name, and the names that it resembles."""

    text: str
    start: int
    near: tuple[str, ...]


class FoundNames(Noun):
    """Everything that a text names, in its order."""

    names: tuple[FoundName, ...]
    near: tuple[NearName, ...]


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int


class Names:
    """The names that a conversation may use."""

    def __init__(
        self,
        inventory: Inventory,
        incidents: Iterable[str] = (),
        plans: Iterable[str] = (),
        things: Iterable[str] = (),
    ) -> None:
        """`things`: ids of what else the knowledge graph has; any other name goes before them."""
        self._topology = inventory.topology
        self._keys: dict[tuple[str, ...], dict[NameKind, list[str]]] = {}
        self._parts: dict[tuple[str, ...], list[str]] = {}
        self._enter("node", (n.id for n in inventory.topology.nodes))
        self._enter("group", (g.id for g in inventory.topology.shared_risk_groups))
        self._enter("link", (x.id for x in inventory.topology.links if "#" in x.id))
        self._enter("service", (s.id for s in inventory.services))
        self._enter("customer", sorted({s.customer for s in inventory.services}))
        self._enter("incident", incidents)
        self._enter("plan", plans)
        self._enter("thing", (t for t in things if not _keys(t) & self._keys.keys()))
        self._families: dict[tuple[str, ...], list[str]] = {}
        for customer in sorted({s.customer for s in inventory.services}):
            for part in _parts(customer):
                if len(part) == 1:
                    self._families.setdefault(part, []).append(customer)
        for exonym, place in _exonyms().items():
            words = tuple(exonym.split())
            if (place,) in self._keys and words not in self._keys:
                self._keys[words] = self._keys[place,]
        for node in inventory.topology.nodes:
            for part in _parts(node.id):
                self._parts.setdefault(part, []).append(node.id)
        self._longest = max(map(len, [*self._keys, *self._parts]), default=0)

    def _enter(self, kind: NameKind, ids: Iterable[str]) -> None:
        for id_ in ids:
            for key in _keys(id_):
                known = self._keys.setdefault(key, {}).setdefault(kind, [])
                if id_ not in known:
                    known.append(id_)

    def find(self, text: str) -> FoundNames:
        """What `text` names, longest names first, and words that come near a name."""
        words = [_Word(m.group(), m.start(), m.end()) for m in _WORD.finditer(text)]
        found: list[FoundName] = []
        near: list[NearName] = []
        position = 0
        while position < len(words):
            name, count = self._name_at(text, words, position)
            if name is not None:
                found.append(name)
            elif hint := self._near(words[position]):
                near.append(hint)
            position += count
        found, near = self._mistyped_ends(text, found, near)
        links = list(self._links(text, found))
        return FoundNames(names=tuple(self._egresses(text, links)), near=tuple(near))

    def _mistyped_ends(
        self, text: str, found: list[FoundName], near: list[NearName]
    ) -> tuple[list[FoundName], list[NearName]]:
        """With a mistyped end of "A-B" as the node that it resembles, where a link joins both."""
        left: list[NearName] = []
        for hint in near:
            end = hint.start + len(hint.text)
            beside = [
                one
                for one in found
                if one.kind == "node"
                and (
                    _HYPHEN.fullmatch(text[end : one.start])
                    or _HYPHEN.fullmatch(text[one.end : hint.start])
                )
            ]
            meant = {
                node
                for one in beside
                for node in hint.near
                if any(x.other_end(node) in one.ids for x in self._topology.links_at(node))
            }
            if len(meant) == 1:
                node = FoundName(
                    text=hint.text,
                    start=hint.start,
                    end=end,
                    kind="node",
                    ids=tuple(meant),
                    exact=False,
                )
                found = sorted([*found, node], key=lambda one: one.start)
            else:
                left.append(hint)
        return found, left

    def _name_at(
        self, text: str, words: Sequence[_Word], position: int
    ) -> tuple[FoundName | None, int]:
        for count in range(min(self._longest, len(words) - position), 0, -1):
            chosen = words[position : position + count]
            start, end = chosen[0].start, chosen[-1].end
            if count > 1 and not _belongs_together(text[start:end]):
                continue
            found = self._kinds_of(chosen)
            if found is not None:
                kind, ids = found
                end = _closed(text, start, end, ids)
                written = text[start:end]
                return FoundName(
                    text=written, start=start, end=end, kind=kind, ids=ids, exact=written in ids
                ), count
        return None, 1

    def _kinds_of(self, words: Sequence[_Word]) -> tuple[NameKind, tuple[str, ...]] | None:
        for key in _folded([w.text for w in words]):
            kinds = self._keys.get(key)
            if kinds:
                kind = next(iter(kinds))
                return kind, tuple(kinds[kind])
        for key in _folded([w.text for w in words]):
            if sum(map(len, key)) >= _SHORTEST_PART and key in self._parts:
                return "node", tuple(self._parts[key])
        for key in _folded([w.text for w in words]):
            if sum(map(len, key)) >= _SHORTEST_PART and key in self._families:
                return "customer", tuple(self._families[key])
        return None

    def _links(self, text: str, found: Sequence[FoundName]) -> Iterator[FoundName]:
        """Two nodes with a dash between them are a link."""
        position = 0
        while position < len(found):
            one = found[position]
            other = found[position + 1] if position + 1 < len(found) else None
            if (
                other is not None
                and one.kind == other.kind == "node"
                and _DASH.fullmatch(text[one.end : other.start])
            ):
                yield self._link(text, one, other)
                position += 2
                continue
            yield one
            position += 1

    def _link(self, text: str, one: FoundName, other: FoundName) -> FoundName:
        ids = tuple(
            link.id
            for a in one.ids
            for link in self._topology.links_at(a)
            if link.other_end(a) in other.ids
        )
        written = text[one.start : other.end]
        return FoundName(
            text=written,
            start=one.start,
            end=other.end,
            kind="link",
            ids=tuple(dict.fromkeys(ids)),
            exact=written in ids,
        )

    def _egresses(self, text: str, found: Sequence[FoundName]) -> Iterator[FoundName]:
        """A node with a bar or a bracket before one of its links is that link's egress."""
        position = 0
        while position < len(found):
            one, *others = found[position : position + 2]
            egress = self._egress(text, one, others[0]) if others else None
            yield egress or one
            position += 1 if egress is None else 2

    def _egress(self, text: str, one: FoundName, other: FoundName) -> FoundName | None:
        sign = text[one.end : other.start].strip()
        closed = other.end + len(text[other.end :]) - len(text[other.end :].lstrip())
        if sign == "[" and not text.startswith("]", closed):
            return None
        if sign not in ("|", "[") or (one.kind, other.kind) != ("node", "link"):
            return None
        (node, *more_nodes), links = one.ids, other.ids
        if more_nodes or len(links) != 1 or links[0] not in self._links_at(node):
            return None
        end = other.end if sign == "|" else closed + 1
        written = text[one.start : end]
        return other.model_copy(
            update={"text": written, "start": one.start, "end": end, "egress_of": node}
        )

    def _links_at(self, node: str) -> set[str]:
        return {link.id for link in self._topology.links_at(node)}

    def _near(self, word: _Word) -> NearName | None:
        if len(word.text) < _SHORTEST_PART:
            return None
        known = {_fold(n.id, "ae"): n.id for n in self._topology.nodes}
        alike = get_close_matches(_fold(word.text, "ae"), known, n=_MOST_NEAR, cutoff=_NEAR)
        if not alike:
            return None
        return NearName(text=word.text, start=word.start, near=tuple(known[a] for a in alike))


@cache
def _exonyms() -> dict[str, str]:
    """English names of places, and what these are called where they lie, both folded."""
    text = files(__package__).joinpath("exonyms.yaml").read_text(encoding="utf-8")
    return {str(exonym): str(place) for exonym, place in yaml.safe_load(text).items()}


_HYPHEN = re.compile(r"--?|[–—/]|->")
"""Between two ends that are typed as a link, without blanks."""

_DASH = re.compile(r"\s*(?:-{1,2}|[–—/]|<?->|[→↔])\s*")

_JOINED = re.compile(r"[\s\-.,:;#()/'|>]*")


def _belongs_together(text: str) -> bool:
    """Whether only blanks and punctuation of names stand between the words of `text`."""
    return all(_JOINED.fullmatch(gap) for gap in re.split(r"[^\W_]+", text))


def _closed(text: str, start: int, end: int, ids: Sequence[str]) -> int:
    """`end`, after the punctuation that ends the name itself, as in "New York (Pennsauken)"."""
    for id_ in ids:
        if text[start : start + len(id_)].casefold() == id_.casefold():
            return max(end, start + len(id_))
    return end


_SPELLED_OUT = {"ae": str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})}
_BARE = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "é": "e", "è": "e", "á": "a"})


_SPELLED = re.compile("([aou])e")
_WORD = re.compile(r"[^\W_]+")


def _fold(word: str, umlauts: str) -> str:
    return word.casefold().translate(_SPELLED_OUT.get(umlauts, {})).translate(_BARE)


def _folded(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    yield tuple(_fold(w, "ae") for w in words)
    yield tuple(_fold(w, "a") for w in words)


def _keys(id_: str) -> set[tuple[str, ...]]:
    spelled_out = _fold(id_, "ae")
    # As somebody writes it who has no umlauts: Muenchen is Munchen.
    without_dots = _SPELLED.sub(r"\1", spelled_out)
    return {tuple(_WORD.findall(text)) for text in (spelled_out, _fold(id_, "a"), without_dots)}


def _parts(id_: str) -> set[tuple[str, ...]]:
    """What may stand for a node of several words or with a number: how its name begins."""
    found: set[tuple[str, ...]] = set()
    for key in _keys(id_):
        found |= {key[:count] for count in range(1, len(key))}
        bare = (*key[:-1], key[-1].rstrip("0123456789"))
        if bare[-1]:
            found.add(bare)
    return found - _keys(id_)
