"""Facts: things and how they are related, each with where it is from and when it holds.

Property values are what every store keeps unchanged: text, truth values, whole numbers of 64 bits,
finite numbers, and lists of one of these. What is not known is absent; there is no null.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import cast

from twin.errors import BadInput

Scalar = str | bool | int | float
Value = Scalar | tuple[str, ...] | tuple[bool, ...] | tuple[int, ...] | tuple[float, ...]
Properties = Mapping[str, Value]

ThingKey = tuple[str, str]
"""Kind and id."""

LONGEST_ID = 1024
"""Characters. Neo4j indexes at most 8 kB of a key, and a character takes up to four bytes."""


class BadFact(BadInput):
    """A fact that not every store would keep unchanged."""


class UnknownThing(BadInput):
    """A thing is named that the graph does not have."""

    def __init__(self, kind: str, name: str, known: Iterable[str] = ()) -> None:
        near = get_close_matches(name, list(known), n=1)
        hint = f' (did you mean "{near[0]}"?)' if near else ""
        super().__init__(f'{kind} "{name}" is not in the knowledge graph{hint}')


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a fact is from, and when it holds.

    `source`: the system of record that says so, "" where nobody said. `recorded_s`: when it was
    first recorded as it is. `valid_from_s`, `valid_until_s`: it holds from then, and before then;
    None leaves that side open. Times are Unix seconds, UTC.
    """

    source: str = ""
    recorded_s: float = 0.0
    valid_from_s: float | None = None
    valid_until_s: float | None = None

    def holds_at(self, at_s: float) -> bool:
        """Whether the fact holds at that time."""
        begun = self.valid_from_s is None or self.valid_from_s <= at_s
        return begun and (self.valid_until_s is None or at_s < self.valid_until_s)


UNSAID = Provenance()


@dataclass(frozen=True, slots=True)
class Thing:
    """A node of the graph; `id` is unique within its kind. An interface's id is "node|link"."""

    kind: str
    id: str
    properties: Properties = field(default_factory=dict)
    provenance: Provenance = UNSAID

    @property
    def key(self) -> ThingKey:
        """Kind and id."""
        return self.kind, self.id


@dataclass(frozen=True, slots=True)
class Relation:
    """An edge of the graph; `qualifier` tells apart parallel ones of a kind."""

    kind: str
    source: ThingKey
    target: ThingKey
    qualifier: str = ""
    properties: Properties = field(default_factory=dict)
    provenance: Provenance = UNSAID

    @property
    def identity(self) -> tuple[str, ThingKey, ThingKey, str]:
        """What makes it this relation: the same again replaces it."""
        return self.kind, self.source, self.target, self.qualifier


@dataclass(frozen=True, slots=True)
class Facts:
    """Things in order of kind and id, and relations among them in order of identity."""

    things: tuple[Thing, ...] = ()
    relations: tuple[Relation, ...] = ()

    @classmethod
    def of(cls, things: Iterable[Thing], relations: Iterable[Relation]) -> "Facts":
        """The last of each identity, in order."""
        by_key = {thing.key: thing for thing in things}
        by_identity = {relation.identity: relation for relation in relations}
        return cls(
            tuple(by_key[key] for key in sorted(by_key)),
            tuple(by_identity[key] for key in sorted(by_identity)),
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """What turns one set of facts into another."""

    put: Facts = field(default_factory=Facts)
    removed_things: tuple[ThingKey, ...] = ()
    removed_relations: tuple[tuple[str, ThingKey, ThingKey, str], ...] = ()

    @property
    def size(self) -> int:
        """How many facts are put or removed."""
        put = len(self.put.things) + len(self.put.relations)
        return put + len(self.removed_things) + len(self.removed_relations)

    def __bool__(self) -> bool:
        return bool(self.size)


def difference(now: Facts, wanted: Facts, source: str | None = None) -> Difference:
    """What makes `wanted` of `now`; of what is not wanted only facts of `source` go, None: all.

    A fact that differs in nothing but when it was recorded stays as it is: it was recorded then.
    """
    things = {thing.key: thing for thing in now.things}
    relations = {relation.identity: relation for relation in now.relations}
    keys = {thing.key for thing in wanted.things}
    identities = {relation.identity for relation in wanted.relations}
    return Difference(
        put=Facts(
            tuple(t for t in wanted.things if not _is_same(things.get(t.key), t)),
            tuple(r for r in wanted.relations if not _is_same(relations.get(r.identity), r)),
        ),
        removed_things=tuple(
            key
            for key, thing in things.items()
            if key not in keys and source in (None, thing.provenance.source)
        ),
        removed_relations=tuple(
            identity
            for identity, relation in relations.items()
            if identity not in identities and source in (None, relation.provenance.source)
        ),
    )


def _is_same(one: Thing | Relation | None, other: Thing | Relation) -> bool:
    if one is None or one.properties != other.properties:
        return False
    mine, theirs = one.provenance, other.provenance
    return (mine.source, mine.valid_from_s, mine.valid_until_s) == (
        theirs.source,
        theirs.valid_from_s,
        theirs.valid_until_s,
    ) and all(type(value) is type(other.properties[name]) for name, value in one.properties.items())


def require_text(text: str, what: str, longest: int = LONGEST_ID) -> None:
    """Refuse what is no key in every store.

    Raises:
        BadFact: it is empty, too long, or has characters that cannot be written in UTF-8.
    """
    if not text:
        raise BadFact(f"{what} is empty; name it")
    if len(text) > longest:
        raise BadFact(f'{what} "{text[:40]}..." has {len(text)} characters, more than {longest}')
    require_writable(text, what)


def require_writable(text: str, what: str) -> None:
    """Refuse text that not every store writes. Raises BadFact."""
    if "\0" in text:
        raise BadFact(f"{what} has a zero byte in it; take it out")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise BadFact(f"{what} has a lone surrogate in it, which is no text; take it out") from exc


def value_of(given: object, what: str) -> Value:
    """`given` as a property's value; lists become tuples.

    Raises:
        BadFact: not every store would keep it: a null, a map, a mixed or nested list, a number
            that is not finite or takes more than 64 bits.
    """
    if isinstance(given, list | tuple):
        items = [_scalar(item, f"{what}, an item") for item in given]
        if len({type(item) for item in items}) > 1:
            raise BadFact(f"{what} is a list of several types; a list is of one")
        return cast("Value", tuple(items))
    return _scalar(given, what)


def _scalar(given: object, what: str) -> Scalar:
    if isinstance(given, str):
        require_writable(given, what)
        return given
    if isinstance(given, bool):
        return given
    if isinstance(given, int):
        if not -(2**63) <= given < 2**63:
            raise BadFact(f"{what} is {given:.3e}, more than 64 bits hold")
        return given
    if isinstance(given, float):
        if not math.isfinite(given):
            raise BadFact(f"{what} is {given}; leave out what is not known")
        return given
    found = "null" if given is None else f"a {type(given).__name__}"
    raise BadFact(f"{what} is {found}; it may be text, a number, true or false, or a list of one")
