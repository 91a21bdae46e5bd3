"""GraphML, as NetworkX and yEd write it, and as the Topology Zoo is published.

Parsed by NetworkX; the attributes that are read are those of `attributes`. Links of more than two
ends (<hyperedge>) are left out, and said so.
"""

import io
import warnings
from typing import Any
from xml.etree import ElementTree

import networkx as nx

from twin.errors import BadTopology
from twin.sources.formats.attributes import AttributedGraph, network_of
from twin.sources.formats.format import Format
from twin.sources.formats.written import link_attributes, node_attributes, text_attributes
from twin.sources.formats.xml_text import looks_like_xml, surveyed
from twin.sources.parsed import ParsedNetwork


def read_graphml(text: str, name: str) -> ParsedNetwork:
    """Read `text`; `name` is how errors call the source.

    Raises:
        BadTopology: not well-formed, not GraphML, entities are defined, or what `network_of`
            refuses.
    """
    text = text.lstrip()
    counts = surveyed(text, name)
    remarks = []
    if counts["hyperedge"]:
        text = _without_hyperedges(text)
        remarks.append(f"{counts['hyperedge']} links of more than two ends (hyperedges) left out")
    graph = _parsed(text, name)
    lines = [(str(a), str(b), attributes) for a, b, attributes in graph.edges(data=True)]
    if len(lines) < counts["edge"]:
        remarks.append(
            f"{counts['edge'] - len(lines)} links left out: the same id between the same two "
            "nodes, or in a nested graph"
        )
    return network_of(
        AttributedGraph(
            name,
            [(str(key), attributes) for key, attributes in graph.nodes(data=True)],
            lines,
            graph.graph,
            True if graph.is_directed() else None,
            unit_key='a <data> of the graph named "capacity_unit" with "{}"',
            remarks=tuple(remarks),
        )
    )


def write_graphml(network: ParsedNetwork) -> str:
    """`network` as GraphML."""
    graph: nx.MultiGraph[str] = nx.MultiGraph(**text_attributes(network))
    for node in network.nodes:
        graph.add_node(node.id, **node_attributes(node))
    for link in network.links:
        graph.add_edge(link.a, link.b, **link_attributes(link, network))
    draft = io.BytesIO()
    # Not the writer that takes lxml where it is installed: the same text everywhere.
    nx.write_graphml_xml(graph, draft)
    return draft.getvalue().decode()


GRAPHML = Format(
    name="GraphML",
    example=(
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
        '<key id="c" for="edge" attr.name="capacity" attr.type="double"/>\n'
        '<graph edgedefault="undirected"><node id="Oslo"/><node id="Bergen"/>\n'
        '<edge source="Oslo" target="Bergen"><data key="c">10e9</data></edge></graph></graphml>'
    ),
    recognises=lambda text: looks_like_xml(text, "graphml"),
    read=read_graphml,
    write=write_graphml,
)


def _without_hyperedges(text: str) -> str:
    root = ElementTree.fromstring(text)
    for graph in root.iter():
        for child in list(graph):
            if child.tag.rpartition("}")[2] == "hyperedge":
                graph.remove(child)
    return ElementTree.tostring(root, encoding="unicode")


def _parsed(text: str, name: str) -> "nx.Graph[Any]":
    try:
        with warnings.catch_warnings():
            # Ports and types that it does not know; no attribute that is read depends on them.
            warnings.simplefilter("ignore")
            graph = nx.parse_graphml(text, force_multigraph=True)
    # The parser lets out whatever it trips over, KeyError and AttributeError among it.
    except Exception as exc:
        raise BadTopology(f"{name}: cannot be read as GraphML ({exc!r:.200})") from exc
    return graph
