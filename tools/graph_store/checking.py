"""Facts as they are given to a store, checked before anything is written."""

from collections.abc import Iterable

from twin.knowledge.facts import Facts, Relation, Thing
from twin.knowledge.schema import Schema


def checked(schema: Schema, things: Iterable[Thing], relations: Iterable[Relation]) -> Facts:
    """The facts as they are stored, in order. Raises BadFact, UnknownKind."""
    return Facts.of(
        [schema.checked_thing(thing) for thing in things],
        [schema.checked_relation(relation) for relation in relations],
    )
