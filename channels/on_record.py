"""The knowledge graph of a network, for what people do to it from outside a watch."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from graphs.state_directory import StateDirectory

if TYPE_CHECKING:
    from tools.graph_store.protocol import KnowledgeGraph
    from twin.nouns.inventory import Inventory


@contextmanager
def graph_on_record(
    state: StateDirectory, network: str, inventory: "Inventory", now_s: float
) -> Iterator["KnowledgeGraph"]:
    """The graph, with what is on record of the network in it.

    Raises:
        GraphUnavailable: it does not answer.
    """
    from tools.graph_store.opening import open_graph
    from twin.knowledge.recorded import INVENTORY, facts_of

    with closing(open_graph(state.knowledge_file(network), network, os.environ)) as graph:
        if not graph.snapshot().ids("link"):
            facts = facts_of(inventory, now_s)
            graph.replace(INVENTORY, facts.things, facts.relations)
        yield graph
