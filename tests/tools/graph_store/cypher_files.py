"""The files of the Neo4j store's queries."""

from pathlib import Path

FOLDER = Path(__file__).parents[3] / "tools" / "graph_store"
FILES = sorted((FOLDER / "cypher").glob("*.cypher"))
