"""GML, as NetworkX writes it and as the Topology Zoo is published.

Parsed by NetworkX; the attributes that are read are those of `attributes`. Published files list
several links between two nodes without saying `multigraph 1`; each is a link of its own.
"""

import re
from typing import Any

import networkx as nx

from twin.errors import BadTopology
from twin.sources.formats.attributes import AttributedGraph, network_of
from twin.sources.formats.format import Format
from twin.sources.formats.written import link_attributes, node_attributes, text_attributes
from twin.sources.parsed import ParsedNetwork

DEEPEST = 64

_GRAPH = re.compile(r"(?:^|\s)graph\s*\[", re.MULTILINE)
_MULTIGRAPH = re.compile(r"^\s*multigraph\s+(\d+)", re.MULTILINE)
_QUOTED = re.compile(r'"[^"]*"')


def read_gml(text: str, name: str) -> ParsedNetwork:
    """Read `text`; `name` is how errors call the source.

    Raises:
        BadTopology: not GML, nested too deep, or what `network_of` refuses.
    """
    _refuse_deep(text, name)
    said = _MULTIGRAPH.search(text)
    several = said is not None and said[1] != "0"
    graph = _parsed(_GRAPH.sub(lambda found: f"{found[0]}\n  multigraph 1\n", text, count=1), name)
    return network_of(
        AttributedGraph(
            name,
            [(str(key), attributes) for key, attributes in graph.nodes(data=True)],
            [(str(a), str(b), attributes) for a, b, attributes in graph.edges(data=True)],
            graph.graph,
            True if graph.is_directed() else (False if several else None),
            unit_key='capacity_unit "{}" in the graph',
        )
    )


def write_gml(network: ParsedNetwork) -> str:
    """`network` as GML."""
    graph: nx.MultiGraph[int] = nx.MultiGraph(**text_attributes(network))
    number = {node.id: i for i, node in enumerate(network.nodes)}
    for node in network.nodes:
        graph.add_node(number[node.id], name=node.id, **node_attributes(node))
    for link in network.links:
        graph.add_edge(number[link.a], number[link.b], **link_attributes(link, network))
    return "\n".join(nx.generate_gml(graph)) + "\n"


GML = Format(
    name="GML",
    example=(
        'graph [\n  node [ id 0 label "Oslo" ]\n  node [ id 1 label "Bergen" ]\n'
        "  edge [ source 0 target 1 capacity 10000000000.0 ]\n]"
    ),
    recognises=lambda text: (
        _GRAPH.search(text[:20_000]) is not None and text.lstrip()[:1] not in "{[<"
    ),
    read=read_gml,
    write=write_gml,
)


def _refuse_deep(text: str, name: str) -> None:
    depth = 0
    for mark in re.findall(r"[\[\]]", _QUOTED.sub("", text)):
        depth += 1 if mark == "[" else -1
        if depth > DEEPEST:
            raise BadTopology(f"{name}: nested deeper than {DEEPEST} levels")


def _parsed(text: str, name: str) -> "nx.Graph[Any]":
    try:
        graph = nx.parse_gml(text, label="id")
    # The parser lets out whatever it trips over, IndexError and TypeError among it.
    except Exception as exc:
        raise BadTopology(f"{name}: cannot be read as GML ({exc!r:.200})") from exc
    return graph
