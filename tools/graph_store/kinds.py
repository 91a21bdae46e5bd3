"""The kinds of facts that are known here: those that ship, and what other distributions bring."""

from tools.provided import GRAPH_KINDS, blaming, load, provided
from twin.knowledge.kinds import shipped_schema
from twin.knowledge.schema import Schema


def known_kinds() -> Schema:
    """All of them.

    Raises:
        BadInput: a distribution brings a kind that is registered already, or fails.
    """
    schema = shipped_schema()
    for name in provided(GRAPH_KINDS):
        register = load(GRAPH_KINDS, name)
        with blaming(GRAPH_KINDS, name):
            register(schema)
    return schema
