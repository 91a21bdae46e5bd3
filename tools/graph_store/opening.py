"""Which store the knowledge graph of a network lies in: one setting."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tools.graph_store.embedded import EmbeddedGraph
from tools.graph_store.kinds import known_kinds
from tools.graph_store.protocol import KnowledgeGraph
from twin.errors import BadInput

GRAPH_SETTING = "NOCTUA_GRAPH"
"""The address of a Neo4j; where it is not set, the graph is a file of the state directory."""


def open_graph(file: Path, network: str, environ: Mapping[str, str]) -> KnowledgeGraph:
    """The knowledge graph of `network`: in `file`, or on the server that NOCTUA_GRAPH names.

    Of one on a server, what is needed while it does not answer is kept beside `file`.

    Raises:
        BadInput: the setting is no address of a Neo4j, or what it takes is missing or refused.
        GraphUnavailable: the server does not answer, and nothing is kept of its graph.
        CorruptGraph: the file is no knowledge graph.
    """
    address = environ.get(GRAPH_SETTING, "").strip()
    if not address:
        return EmbeddedGraph.open(file, known_kinds())
    if "://" not in address:
        raise BadInput(
            f'{GRAPH_SETTING} is "{address}"; expected an address such as bolt://127.0.0.1:7687'
        )
    # The driver is an extra, and takes half a second to import.
    from tools.graph_store.forwarding import ForwardingGraph
    from tools.graph_store.neo4j import Neo4jGraph, neo4j_settings
    from tools.graph_store.standby import Standby

    settings, kinds = neo4j_settings(address, environ), known_kinds()
    return ForwardingGraph.open(
        partial(Neo4jGraph.open, settings, network, kinds),
        settings.address,
        Standby.open(file.with_suffix(".standby")),
        kinds,
    )
