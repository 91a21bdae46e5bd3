"""Records that are wrong at random, and how far that is seen in who is hit."""

from functools import cache

import pytest

from evals.records import compare
from twin.errors import BadInput
from twin.knowledge.facts import Facts, Relation
from twin.knowledge.kinds import shipped_schema
from twin.sources.operator_network import operator_facts
from twin.sources.world import WorldSpec, build_inventory
from twin.sources.wrong_records import LEVELS, WRITTEN_DOWN, as_recorded


@cache
def _truth() -> Facts:
    return operator_facts(build_inventory(WorldSpec(topology="sndlib/abilene")))


def _written(facts: Facts) -> dict[object, Relation]:
    return {r.identity: r for r in facts.relations if r.kind in WRITTEN_DOWN}


def test_level_0_is_the_truth_and_the_same_seed_gives_the_same_records() -> None:
    assert as_recorded(_truth(), 0) == _truth()
    assert as_recorded(_truth(), 2, 3) == as_recorded(_truth(), 2, 3)
    assert as_recorded(_truth(), 2, 3) != as_recorded(_truth(), 2, 4)


@pytest.mark.parametrize("level", [1, 2])
def test_shares_are_wrong_as_stated_and_what_devices_report_is_right(level: int) -> None:
    true, wrong = _written(_truth()), LEVELS[level]
    gone = more = 0
    for seed in range(20):
        records = as_recorded(_truth(), level, seed)
        said = _written(records)
        gone += len(true.keys() - said.keys())
        more += len(said.keys() - true.keys())
        assert records.things == _truth().things
        reported = [r for r in records.relations if r.kind not in WRITTEN_DOWN]
        assert reported == [r for r in _truth().relations if r.kind not in WRITTEN_DOWN]
    drawn = 20 * len(true)
    # One that is put elsewhere may fall on one that is there, or on itself.
    assert gone / drawn == pytest.approx(wrong.missing + wrong.misplaced, rel=0.15)
    assert 0.5 < more / drawn / (wrong.stale + wrong.misplaced) < 1.05


def test_records_stay_facts_that_a_graph_takes() -> None:
    schema, records = shipped_schema(), as_recorded(_truth(), 2)
    assert [schema.checked_relation(one) for one in records.relations] == list(records.relations)


def test_unknown_level_is_refused() -> None:
    with pytest.raises(BadInput, match="choose one of 0 to 2"):
        as_recorded(_truth(), 3)


def test_worse_records_say_less_well_who_is_hit() -> None:
    right, little, much = (compare(_truth(), as_recorded(_truth(), level)).f1 for level in range(3))
    assert right == 1.0 > little > much
