"""Records as they are kept: some dependencies missing, some stale, some of another thing.

What devices themselves report (interfaces, links, who ends where) stays right; what people write
down is wrong at random, each dependency by a draw of its own. The shares are assumed.
"""

import random
from dataclasses import dataclass

from twin.errors import BadInput
from twin.knowledge.facts import Facts, Relation, ThingKey

WRITTEN_DOWN = frozenset(
    {
        "in_duct", "in_cable", "fed_by", "powered_by", "cooled_by", "hosted_on", "attached_to",
        "member_of", "located_at", "needs",
    }
)  # fmt: skip
"""Kinds of relations that people keep."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Shares of the dependencies that are not on record (`missing`), that are beside one that held
    before (`stale`), and that are on record of another thing of the kind (`misplaced`).
    """

    missing: float
    stale: float
    misplaced: float


LEVELS = (Mismatch(0.0, 0.0, 0.0), Mismatch(0.05, 0.03, 0.03), Mismatch(0.15, 0.08, 0.08))
"""By level: right, well kept, badly kept."""


def as_recorded(facts: Facts, level: int, seed: int = 1) -> Facts:
    """`facts` as records of that level have them; the same arguments, the same records.

    Raises:
        BadInput: there is no such level.
    """
    if not 0 <= level < len(LEVELS):
        raise BadInput(f"there is no mismatch {level}; choose one of 0 to {len(LEVELS) - 1}")
    wrong, drawn = LEVELS[level], random.Random(f"records {level} {seed}")
    others: dict[str, list[ThingKey]] = {}
    for thing in facts.things:
        others.setdefault(thing.kind, []).append(thing.key)
    kept: dict[object, Relation] = {}
    for one in facts.relations:
        for found in _written(one, wrong, others[one.target[0]], drawn):
            kept.setdefault(found.identity, found)
    return Facts.of(facts.things, list(kept.values()))


def _written(
    one: Relation, wrong: Mismatch, others: list[ThingKey], drawn: random.Random
) -> list[Relation]:
    if one.kind not in WRITTEN_DOWN:
        return [one]
    draw = drawn.random()
    elsewhere = Relation(
        one.kind, one.source, drawn.choice(others), one.qualifier, one.properties, one.provenance
    )
    if draw < wrong.missing:
        return []
    if draw < wrong.missing + wrong.misplaced:
        return [elsewhere]
    if draw < wrong.missing + wrong.misplaced + wrong.stale:
        return [one, elsewhere]
    return [one]
