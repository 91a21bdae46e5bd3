"""The Cypher files use nothing that a community server lacks, and put nothing into their text."""

import re
from pathlib import Path

import pytest

from tests.tools.graph_store.cypher_files import FILES, FOLDER
from tools.graph_store.neo4j import refuse_beyond_reading
from twin.errors import BadInput

LACKING = re.compile(
    r"(NODE|REL|RELATIONSHIP)\s+KEY|FULLTEXT|LOAD\s+CSV|apoc\.|\bid\("
    r"|REQUIRE[^;]*IS (NOT NULL|TYPED|::)|\bCALL\s+\w",
    re.IGNORECASE,
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_query_needs_no_more_than_a_community_server(file: Path) -> None:
    text = file.read_text("utf-8")
    assert not LACKING.search(text)
    assert "{}" not in text
    assert "%s" not in text


@pytest.mark.parametrize(
    "cypher",
    [
        "CREATE CONSTRAINT c FOR (n:Thing) REQUIRE n.id IS NODE KEY",
        "CREATE CONSTRAINT c FOR (n:Thing) REQUIRE n.id IS NOT NULL",
        "CREATE FULLTEXT INDEX f FOR (n:Thing) ON EACH [n.id]",
        "CALL db.index.fulltext.queryNodes('f', 'x') YIELD node RETURN node",
        "RETURN apoc.text.join(['a'], '')",
        "load csv FROM 'file:///x' AS row RETURN row",
        "MATCH (n) RETURN id(n)",
    ],
)
def test_what_a_community_server_lacks_is_noticed(cypher: str) -> None:
    assert LACKING.search(cypher)


def test_every_query_is_asked_and_every_query_asked_is_there() -> None:
    asked = set(re.findall(r'"([a-z_]+)"', (FOLDER / "neo4j.py").read_text("utf-8")))
    named = {file.stem for file in FILES}
    assert named <= asked


@pytest.mark.parametrize(
    "cypher",
    [
        "LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row",
        "load\tcsv FROM 'x' AS row RETURN row",
        "LOAD/* x */CSV FROM 'x' AS row RETURN row",
        "RETURN 'http://' LOAD // y\nCSV FROM 'x' AS row RETURN row",
        "WITH '//' AS a LOAD/**/CSV FROM 'x' AS row RETURN row",
        "\\u004cOAD CSV FROM 'x' AS row RETURN row",
        "CALL dbms.listConfig()",
        "CALL/**/db.labels()",
        "CALL `db`.labels()",
        "CALL`db`.labels()",
    ],
)
def test_console_refuses_what_reaches_past_the_graph(cypher: str) -> None:
    with pytest.raises(BadInput):
        refuse_beyond_reading(cypher)


@pytest.mark.parametrize(
    "cypher",
    [
        "MATCH (n:Thing) RETURN count(n)",
        "MATCH (n) CALL (n) { RETURN n.id AS x } RETURN x",
        "MATCH (n {id: 'https://x'}) RETURN n // a comment",
    ],
)
def test_console_lets_reading_pass(cypher: str) -> None:
    refuse_beyond_reading(cypher)
