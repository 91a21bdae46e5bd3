"""The queries of the Neo4j store: one file each in `cypher/`, by name, with parameters only."""

from functools import cache
from importlib import resources


@cache
def query(name: str) -> str:
    """The text of `cypher/<name>.cypher`."""
    file = resources.files("tools.graph_store") / "cypher" / f"{name}.cypher"
    return file.read_text("utf-8")
