"""GraphML, as NetworkX and yEd write it, and as the Topology Zoo is published.

Parsed by NetworkX; the attributes that are read are those of `attributes`. Links of more than two
ends (<hyperedge>) are left out, and said so. A graph whose links are each a link of its own, also
where two have opposite ends, says `multigraph` 1 in its <data>.
"""

import io
import warnings
from typing import Any
from xml.etree import ElementTree

import networkx as nx

from twin.errors import BadTopology
from twin.sources.formats.attributes import AttributedGraph, network_of
from twin.sources.formats.format import Format
from twin.sources.formats.quantities import in_words
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
        remarks.append(f"{counts['hyperedge']} links of more than two ends (hyperedges) left out")
    root = ElementTree.fromstring(text)
    directed, ids = _straightened(root)
    graph = _parsed(root, name)
    lines = [
        (str(a), str(b), {"id": ids[position], **attributes})
        for a, b, position, attributes in sorted(
            graph.edges(keys=True, data=True), key=lambda edge: int(edge[2])
        )
    ]
    if len(lines) < len(ids):
        remarks.append(f"{len(ids) - len(lines)} links of graphs within the graph left out")
    return network_of(
        AttributedGraph(
            name,
            [(str(key), attributes) for key, attributes in graph.nodes(data=True)],
            lines,
            graph.graph,
            True if directed else (False if graph.graph.get("multigraph") == 1 else None),
            unit_key='a <data> of the graph named "capacity_unit" with "{unit}"',
            remarks=tuple(remarks),
        )
    )


def write_graphml(network: ParsedNetwork) -> str:
    """`network` as GraphML."""
    # Directed while it is written: NetworkX turns links of undirected graphs round.
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(multigraph=1, **text_attributes(network))
    for node in network.nodes:
        graph.add_node(node.id, **node_attributes(node))
    for number, link in enumerate(network.links):
        graph.add_edge(link.a, link.b, number, **link_attributes(link, network))
    draft = io.BytesIO()
    # Not the writer that takes lxml where it is installed: the same text everywhere.
    nx.write_graphml_xml(graph, draft)
    root = ElementTree.fromstring(draft.getvalue())
    ElementTree.register_namespace("", _NAMESPACE)
    for part in root.iter(f"{{{_NAMESPACE}}}graph"):
        part.set("edgedefault", "undirected")
        # Edges last, in the order of the network's links, which numbers parallel ones.
        part[:] = sorted(
            part,
            key=lambda child: int(child.get("id", "0")) if child.tag.endswith("}edge") else -1,
        )
    return ElementTree.tostring(root, encoding="unicode") + "\n"


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


_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"


def _straightened(root: "ElementTree.Element[str]") -> tuple[bool, list[str | None]]:
    """Change the document so that NetworkX keeps each line as it is written.

    It refuses hyperedges and mixed directions, turns lines of undirected graphs round, and merges
    lines of one id. Returns whether any line is one direction, and the id of each line, whose
    position is its id from now on.
    """
    directed = False
    ids: list[str | None] = []
    for element in root.iter():
        if not element.tag.startswith("{"):
            element.tag = f"{{{_NAMESPACE}}}{element.tag}"
    for graph in root.iter(f"{{{_NAMESPACE}}}graph"):
        default = graph.get("edgedefault", "undirected")
        graph.set("edgedefault", "directed")
        graph[:] = [child for child in graph if child.tag != f"{{{_NAMESPACE}}}hyperedge"]
        for child in graph:
            if child.tag == f"{{{_NAMESPACE}}}edge":
                said = child.attrib.pop("directed", None)
                directed |= said == "true" or (said is None and default == "directed")
                ids.append(child.get("id"))
                child.set("id", str(len(ids) - 1))
    return directed, ids


def _parsed(root: "ElementTree.Element[str]", name: str) -> "nx.MultiDiGraph[Any]":
    text = ElementTree.tostring(root, encoding="unicode")
    try:
        with warnings.catch_warnings():
            # Ports and types that it does not know; no attribute that is read depends on them.
            warnings.simplefilter("ignore")
            graph = nx.parse_graphml(text, force_multigraph=True)
    # The parser lets out whatever it trips over, KeyError and AttributeError among it.
    except Exception as exc:
        raise BadTopology(f"{name}: cannot be read as GraphML ({in_words(exc)})") from exc
    return nx.MultiDiGraph(graph)
