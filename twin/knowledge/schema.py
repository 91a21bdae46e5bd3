"""Which kinds of things and relations there are, what their properties mean, and what needs what.

Kinds are open: whoever brings another registers it with a `Schema`. docs/knowledge.md is the table
of those that ship, and a test compares it with `shipped_schema`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from twin.errors import BadInput
from twin.knowledge.facts import (
    BadFact,
    Properties,
    Provenance,
    Relation,
    Thing,
    Value,
    require_text,
    value_of,
)

Layer = Literal["physical", "power", "ip", "compute", "mobile core", "service", "operations"]
PropertyType = Literal["text", "texts", "number", "whole", "yes or no"]

RESERVED = frozenset(
    {"network", "kind", "id", "qualifier", "source", "recorded_s", "valid_from_s", "valid_until_s"}
)
"""Names that stores keep identity and provenance under."""

_LONGEST_NAME = 64


class UnknownKind(BadInput):
    """A fact is of a kind that nobody has registered."""

    def __init__(self, noun: str, kind: str, known: Iterable[str]) -> None:
        listed = sorted(known)
        near = get_close_matches(kind, listed, n=1)
        hint = f'did you mean "{near[0]}"?' if near else "noctua graph stats lists the kinds"
        super().__init__(f'"{kind}" is no kind of {noun} ({hint})')


@dataclass(frozen=True, slots=True)
class Property:
    """A property; a unit stands in its name (`_s`, `_bps`, `_km`, `_w`), or there is none."""

    name: str
    type: PropertyType
    meaning: str


@dataclass(frozen=True, slots=True)
class ThingKind:
    """A kind of thing. `rank`: the order of layers that needs follow, upwards."""

    name: str
    layer: Layer
    rank: int
    meaning: str
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """That one end of a relation is down without the other.

    `dependent`: which end. `enough`: how many of a group have to be up where the relation itself
    does not say so in `k`; None for all. `operability`: it decides whether a remedy can be
    applied, and takes nothing down.
    """

    dependent: Literal["source", "target"]
    mechanism: str
    enough: int | None = None
    operability: bool = False


@dataclass(frozen=True, slots=True)
class RelationKind:
    """A kind of relation from one of `sources` to one of `targets`, kinds both; () for any."""

    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    meaning: str
    need: Need | None = None


OF_NEEDS = (
    Property("group", "text", "relations of a kind and a group are alternatives to one another"),
    Property("k", "whole", "how many of the group have to be up"),
    Property("hold_s", "number", "how long the dependent goes on without: battery, thermal mass"),
    Property("strength", "number", "probability 0..1 that it goes down, where that is not certain"),
)
"""Properties that every relation which is a need may have."""


class Schema:
    """The kinds that facts may be of."""

    def __init__(
        self, things: Iterable[ThingKind] = (), relations: Iterable[RelationKind] = ()
    ) -> None:
        self._things: dict[str, ThingKind] = {}
        self._relations: dict[str, RelationKind] = {}
        for thing in things:
            self.register_thing(thing)
        for relation in relations:
            self.register_relation(relation)

    @property
    def things(self) -> Mapping[str, ThingKind]:
        """By name, in order of registration."""
        return self._things

    @property
    def relations(self) -> Mapping[str, RelationKind]:
        """By name, in order of registration."""
        return self._relations

    def register_thing(self, kind: ThingKind) -> None:
        """Add a kind of thing. Raises BadInput: its name is taken, or no name."""
        self._require_free(kind.name)
        for one in kind.properties:
            if one.name in RESERVED:
                raise BadInput(f'kind "{kind.name}": no property can be called "{one.name}"')
        self._things[kind.name] = kind

    def register_relation(self, kind: RelationKind) -> None:
        """Add a kind of relation. Raises BadInput: its name is taken, or it joins no known kind."""
        self._require_free(kind.name)
        for end in (*kind.sources, *kind.targets):
            if end not in self._things:
                raise UnknownKind("thing", end, self._things)
        self._relations[kind.name] = kind

    def _require_free(self, name: str) -> None:
        require_text(name, "the name of a kind", _LONGEST_NAME)
        if not name.isidentifier():
            raise BadInput(f'"{name}" cannot name a kind; use letters, digits and _')
        if name in self._things or name in self._relations:
            raise BadInput(f'a kind "{name}" is registered already; choose another name')

    def thing(self, kind: str) -> ThingKind:
        """The kind of that name. Raises UnknownKind."""
        if kind not in self._things:
            raise UnknownKind("thing", kind, self._things)
        return self._things[kind]

    def relation(self, kind: str) -> RelationKind:
        """The kind of that name. Raises UnknownKind."""
        if kind not in self._relations:
            raise UnknownKind("relation", kind, self._relations)
        return self._relations[kind]

    def checked_thing(self, thing: Thing) -> Thing:
        """The thing as it is stored. Raises BadFact, UnknownKind."""
        kind = self.thing(thing.kind)
        require_text(thing.id, f"the id of a {thing.kind}")
        what = f'{thing.kind} "{thing.id}"'
        properties = _checked(thing.properties, kind.properties, what)
        _check_provenance(thing.provenance, what)
        return Thing(thing.kind, thing.id, properties, thing.provenance)

    def checked_relation(self, relation: Relation) -> Relation:
        """The relation as it is stored. Raises BadFact, UnknownKind."""
        kind = self.relation(relation.kind)
        what = f'{relation.kind} of {relation.source[0]} "{relation.source[1]}"'
        for (end, _), allowed in (
            (relation.source, kind.sources),
            (relation.target, kind.targets),
        ):
            self.thing(end)
            if allowed and end not in allowed:
                raise BadFact(f"{what} joins a {end}; it joins {' or '.join(allowed)} there")
        if relation.qualifier:
            require_text(relation.qualifier, f"{what}: the qualifier")
        properties = _checked(relation.properties, OF_NEEDS if kind.need else (), what)
        _check_provenance(relation.provenance, what)
        return Relation(
            relation.kind,
            relation.source,
            relation.target,
            relation.qualifier,
            properties,
            relation.provenance,
        )


def _check_provenance(provenance: Provenance, what: str) -> None:
    value_of(provenance.source, f"{what}: its source")
    for time_s in (provenance.recorded_s, provenance.valid_from_s, provenance.valid_until_s):
        if time_s is not None:
            value_of(time_s, f"{what}: a time")


def _checked(given: Properties, known: tuple[Property, ...], what: str) -> Properties:
    if not given:
        return given
    by_name = {one.name: one for one in known}
    checked: dict[str, Value] = {}
    for name in sorted(given):
        if name not in by_name:
            near = get_close_matches(name, by_name, n=1)
            hint = f' (did you mean "{near[0]}"?)' if near else ""
            raise BadFact(f'{what} has no property "{name}"{hint}')
        value = value_of(given[name], f"{what}: {name}")
        checked[name] = _typed(value, by_name[name], f"{what}: {name}")
    return checked


def _typed(value: Value, of: Property, what: str) -> Value:
    match of.type:
        case "number" if isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        case "number" if isinstance(value, float):
            return value
        case "whole" if isinstance(value, int) and not isinstance(value, bool):
            return value
        case "text" if isinstance(value, str):
            return value
        case "yes or no" if isinstance(value, bool):
            return value
        case "texts" if isinstance(value, tuple) and all(isinstance(v, str) for v in value):
            return value
    raise BadFact(f"{what} is {value!r}; expected {of.type} ({of.meaning})")
