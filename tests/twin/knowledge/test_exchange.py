"""Facts in files: what was written is read again, and what is no fact is told with its line."""

import json

import pytest

from tests.tools.change.in_memory import inventory
from twin.errors import BadInput
from twin.knowledge.exchange import FORMAT, facts_in, lines_of
from twin.knowledge.facts import (
    BadFact,
    Facts,
    Provenance,
    Relation,
    Thing,
    difference,
)
from twin.knowledge.recorded import facts_of

HEADER = json.dumps({"format": FORMAT})


def test_what_was_written_is_read_again() -> None:
    facts = facts_of(inventory(), 5.0)
    lines = list(lines_of(facts))
    assert facts_in(lines, "f.jsonl") == facts
    assert list(lines_of(facts_in(lines, "f.jsonl"))) == lines


def test_facts_that_name_no_source_are_of_the_one_that_is_given() -> None:
    lines = [
        HEADER,
        '{"thing": ["owner", "x"]}',
        '{"thing": ["owner", "y"], "source": "z", "valid_until_s": 9}',
    ]
    found = facts_in(lines, "f.jsonl", "crm").things
    assert [t.provenance for t in found] == [
        Provenance("crm"),
        Provenance("z", valid_until_s=9.0),
    ]
    assert found[1].provenance.holds_at(8.9)
    assert not found[1].provenance.holds_at(9.0)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: is no JSON"),
        ("[1]", "line 2: is no JSON object"),
        ("[" * 100_000, "line 2: is no JSON"),
        ("{}", 'neither a "thing" nor a "relation"'),
        ('{"thing": "A"}', "named by .kind, id., not by A"),
        ('{"thing": ["device", "A"], "colour": 1}', '"colour" is no part of a fact'),
        ('{"thing": ["device", "A"], "properties": []}', "properties are an object"),
        ('{"thing": ["device", "A"], "properties": {"role": null}}', "line 2: role is null"),
        ('{"thing": ["device", "A"], "recorded_s": "now"}', "recorded_s is a time in seconds"),
        ('{"thing": ["device", "A"], "source": 3}', "source is text"),
        ('{"relation": "needs", "from": ["device", "A"]}', "named by .kind, id., not by None"),
    ],
)
def test_line_that_is_no_fact_is_told(line: str, said: str) -> None:
    with pytest.raises(BadFact, match=said):
        facts_in([HEADER, line], "f.jsonl")


def test_ids_that_look_alike_are_refused() -> None:
    one, other = '{"thing": ["owner", "\u212b"]}', '{"thing": ["owner", "\u00c5"]}'
    with pytest.raises(BadFact, match=r"line 3: owner '.xc5' looks like '.u212b'"):
        facts_in([HEADER, one, other], "f.jsonl")
    assert len(facts_in([HEADER, one], "f.jsonl").things) == 1


def test_the_same_fact_twice_is_refused() -> None:
    with pytest.raises(BadFact, match="line 3: the fact stands there twice"):
        facts_in([HEADER, '{"thing": ["owner", "x"]}', '{"thing": ["owner", "x"]}'], "f.jsonl")


@pytest.mark.parametrize("lines", [[], ['{"format": "noctua-knowledge-3"}'], ['{"thing": []}']])
def test_another_file_or_version_is_refused(lines: list[str]) -> None:
    with pytest.raises(BadInput, match=r"f\.jsonl: .*noctua-knowledge-2"):
        facts_in(lines, "f.jsonl")


def test_difference_is_what_one_set_of_facts_lacks_to_be_another() -> None:
    kept, changed = Thing("owner", "kept"), Thing("site", "S", {"role": "core"})
    ours, theirs = (Thing("owner", s, provenance=Provenance(s)) for s in ("ours", "theirs"))
    owned = Relation("owned_by", changed.key, kept.key)
    now = Facts.of([kept, changed, ours, theirs], [owned])
    became = Thing("site", "S", {"role": "edge"})
    later = Thing("owner", "kept", provenance=Provenance(recorded_s=9.0))
    found = difference(now, Facts.of([later, became], []), source="ours")
    assert found.put == Facts((became,)), "when it was recorded makes no difference"
    assert found.removed_things == (("owner", "ours"),)
    assert found.removed_relations == ()
    everything = difference(now, Facts.of([later, became], []))
    assert set(everything.removed_things) == {("owner", "ours"), ("owner", "theirs")}
    assert everything.removed_relations == (owned.identity,)
    assert not difference(now, now)
    whole, number = Thing("x", "a", {"n": 1}), Thing("x", "a", {"n": 1.0})
    assert difference(Facts((whole,)), Facts((number,))), "1 and 1.0 are not the same value"
