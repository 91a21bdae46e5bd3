"""The record of the tests on a real Neo4j is of the store as it stands."""

import json

from tests.tools.graph_store.record import RECORD, store_hash


def test_record_is_of_this_store() -> None:
    record = json.loads(RECORD.read_text("utf-8"))
    assert record["store"] == store_hash(), (
        "the store, its queries or their tests are newer than their record on a real Neo4j: "
        "run make neo4j-record"
    )
    assert record["server"].startswith("Neo4j/5.")
    assert record["tests"] == len(record["passed"]) >= 40
    assert record["kills"] > 0
