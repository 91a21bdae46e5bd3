"""Facts as text: JSON lines, one fact a line in a fixed order, so that two files can be compared.

    {"format": "noctua-knowledge-2"}
    {"thing": ["device", "A"], "properties": {"platform": "FRR"}, "source": "netbox"}
    {"relation": "located_at", "from": ["device", "A"], "to": ["site", "S"]}

A fact may also have recorded_s, valid_from_s and valid_until_s, and a relation a qualifier.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from twin.errors import BadInput
from twin.knowledge.facts import (
    BadFact,
    Facts,
    Properties,
    Provenance,
    Relation,
    Thing,
    ThingKey,
    value_of,
)

FORMAT = "noctua-knowledge-2"

MOST_BYTES = 512 * 2**20

_HEADER = json.dumps({"format": FORMAT})

_SAID = ("source", "recorded_s", "valid_from_s", "valid_until_s")
_OF_THING = {"thing", "properties", *_SAID}
_OF_RELATION = {"relation", "from", "to", "qualifier", "properties", *_SAID}


def lines_of(facts: Facts) -> Iterator[str]:
    """The file, line by line without line ends."""
    yield json.dumps({"format": FORMAT})
    for thing in facts.things:
        yield _line({"thing": list(thing.key)}, thing.properties, thing.provenance)
    for one in facts.relations:
        ends = {"relation": one.kind, "from": list(one.source), "to": list(one.target)}
        qualified = {"qualifier": one.qualifier} if one.qualifier else {}
        yield _line({**ends, **qualified}, one.properties, one.provenance)


def _line(identity: Mapping[str, object], properties: Properties, said: Provenance) -> str:
    own = {"properties": dict(sorted(properties.items()))} if properties else {}
    times = {name: getattr(said, name) for name in _SAID}
    known = {name: value for name, value in times.items() if value not in ("", None)}
    return json.dumps({**identity, **own, **known}, ensure_ascii=False)


def facts_in(lines: Iterable[str], name: str, source: str = "") -> Facts:
    """The facts of a file. `name`: of the file, for errors; `source`: of facts that name none.

    Raises:
        BadFact: a line is no fact; a fact stands there twice; two ids of one kind look alike (they
            are equal by NFKC, Unicode Standard Annex 15).
        BadInput: it is no such file.
    """
    things: dict[ThingKey, Thing] = {}
    relations: dict[object, Relation] = {}
    alike: dict[ThingKey, str] = {}
    number = 0
    for number, line in enumerate(lines, start=1):
        where = f"{name}, line {number}"
        given = _object(line, where)
        if number == 1:
            _require_format(given, name)
        elif "thing" in given:
            thing = _thing(given, where, source)
            _require_new(thing.key in things, where)
            _require_unlike(thing, alike, where)
            things[thing.key] = thing
        elif "relation" in given:
            relation = _relation(given, where, source)
            _require_new(relation.identity in relations, where)
            relations[relation.identity] = relation
        else:
            raise BadFact(f'{where}: neither a "thing" nor a "relation"')
    if not number:
        raise BadInput(f"{name}: is empty; its first line has to be {_HEADER}")
    return Facts.of(things.values(), relations.values())


def _require_format(given: Mapping[str, Any], name: str) -> None:
    if given.get("format") != FORMAT:
        raise BadInput(
            f"{name}: its first line has to be {_HEADER}, and says {str(given)[:60]}; "
            "noctua graph export writes such files"
        )


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise BadFact(f"{where}: is no JSON ({exc})"[:200]) from exc
    if not isinstance(given, dict):
        raise BadFact(f"{where}: is no JSON object")
    return given


def _require_new(known: bool, where: str) -> None:
    if known:
        raise BadFact(f"{where}: the fact stands there twice; keep one of them")


def _require_unlike(thing: Thing, alike: dict[ThingKey, str], where: str) -> None:
    other = alike.setdefault((thing.kind, unicodedata.normalize("NFKC", thing.id)), thing.id)
    if other != thing.id:
        raise BadFact(
            f"{where}: {thing.kind} {thing.id!a} looks like {other!a}; write both the same way"
        )


def _thing(given: Mapping[str, Any], where: str, source: str) -> Thing:
    _require_known(given, _OF_THING, where)
    return Thing(*_key(given["thing"], where), *_rest(given, where, source))


def _relation(given: Mapping[str, Any], where: str, source: str) -> Relation:
    _require_known(given, _OF_RELATION, where)
    ends = (_key(given.get("from"), where), _key(given.get("to"), where))
    qualifier = given.get("qualifier", "")
    if not isinstance(given["relation"], str) or not isinstance(qualifier, str):
        raise BadFact(f"{where}: kind and qualifier of a relation are text")
    return Relation(given["relation"], *ends, qualifier, *_rest(given, where, source))


def _require_known(given: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(set(given) - known):
        raise BadFact(f'{where}: "{unknown[0]}" is no part of a fact')


def _key(given: object, where: str) -> ThingKey:
    match given:
        case [str() as kind, str() as name]:
            return kind, name
    raise BadFact(f"{where}: a thing is named by [kind, id], not by {str(given)[:60]}")


def _rest(given: Mapping[str, Any], where: str, source: str) -> tuple[Properties, Provenance]:
    properties = given.get("properties", {})
    if not isinstance(properties, dict):
        raise BadFact(f"{where}: properties are an object")
    times = [_time(given, name, where) for name in _SAID[1:]]
    told = given.get("source", source)
    if not isinstance(told, str):
        raise BadFact(f"{where}: source is text")
    values = {key: value_of(value, f"{where}: {key}") for key, value in properties.items()}
    return values, Provenance(told, times[0] or 0.0, times[1], times[2])


def _time(given: Mapping[str, Any], name: str, where: str) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadFact(f"{where}: {name} is a time in seconds")
    return float(value)
