"""GML, as NetworkX writes it and as the Topology Zoo is published.

Parsed by NetworkX; the attributes that are read are those of `attributes`. Published files list
several links between two nodes without saying `multigraph 1`; each is a link of its own.
"""

import itertools
import re
from typing import Any

import networkx as nx

from twin.errors import BadTopology
from twin.sources.formats.attributes import AttributedGraph, network_of
from twin.sources.formats.format import Format
from twin.sources.formats.limits import refuse_many
from twin.sources.formats.quantities import in_words
from twin.sources.formats.written import link_attributes, node_attributes, text_attributes
from twin.sources.parsed import ParsedNetwork

DEEPEST = 64

LONGEST = 4 * 2**20
"""Characters of a text without what stands in quotes; NetworkX needs a second for each million."""

_GRAPH = re.compile(r"(?:^|\s)graph\s*\[", re.MULTILINE)
_QUOTED = re.compile(r'"[^"]*"')
_EDGE = re.compile(r'"[^"]*"|\bedge\s*\[')
_POSITION = "NoctuaPosition"


def read_gml(text: str, name: str) -> ParsedNetwork:
    """Read `text`; `name` is how errors call the source.

    Raises:
        BadTopology: not GML, nested too deep, too long, or what `network_of` refuses.
    """
    bare = _QUOTED.sub('""', text)
    refuse_many(len(bare), LONGEST, "characters outside quotes", name)
    _refuse_deep(bare, name)
    directed = _says("directed", bare)
    graph = _parsed(_straightened(text), name)
    lines = [
        (str(a), str(b), {k: v for k, v in attributes.items() if k != _POSITION})
        for a, b, attributes in sorted(
            graph.edges(data=True), key=lambda edge: int(edge[2][_POSITION])
        )
    ]
    return network_of(
        AttributedGraph(
            name,
            [(str(key), attributes) for key, attributes in graph.nodes(data=True)],
            lines,
            graph.graph,
            True if directed else (False if _says("multigraph", bare) else None),
            unit_key='capacity_unit "{unit}" in the graph',
        )
    )


def write_gml(network: ParsedNetwork) -> str:
    """`network` as GML."""
    lines = ["graph [", "  multigraph 1"]
    lines += [f"  {key} {_value(value)}" for key, value in text_attributes(network).items()]
    number = {node.id: i for i, node in enumerate(network.nodes)}
    for node in network.nodes:
        about = {"id": number[node.id], "label": node.id, "name": node.id, **node_attributes(node)}
        lines.append(f"  node [ {_pairs(about)} ]")
    for link in network.links:
        ends = {"source": number[link.a], "target": number[link.b]}
        lines.append(f"  edge [ {_pairs({**ends, **link_attributes(link, network)})} ]")
    return "\n".join([*lines, "]"]) + "\n"


def _pairs(about: dict[str, Any]) -> str:
    return " ".join(f"{key} {_value(value)}" for key, value in about.items())


def _value(value: object) -> str:
    if isinstance(value, float):
        # A real of GML has a point.
        text = repr(value)
        return text if "." in text else text.replace("e", ".0e")
    if isinstance(value, int):
        return str(value)
    return (
        '"'
        + "".join(c if c.isascii() and c not in '&"' else f"&#{ord(c)};" for c in str(value))
        + '"'
    )


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


def _says(key: str, bare: str) -> bool:
    found = re.search(rf"\b{key}\s+(\d+)", bare)
    return found is not None and int(found[1]) != 0


def _refuse_deep(bare: str, name: str) -> None:
    depth = 0
    for mark in re.finditer(r"[\[\]]", bare):
        depth += 1 if mark[0] == "[" else -1
        if depth > DEEPEST:
            raise BadTopology(f"{name}: nested deeper than {DEEPEST} levels")


def _straightened(text: str) -> str:
    """`text` changed so that NetworkX keeps each line as it is written.

    It refuses several lines between two nodes unless `multigraph 1` is said, turns lines of
    undirected graphs round, and loses their order.
    """
    counter = itertools.count()
    numbered = _EDGE.sub(
        lambda found: (
            found[0] if found[0].startswith('"') else f"{found[0]} {_POSITION} {next(counter)} "
        ),
        text,
    )
    return _GRAPH.sub(lambda found: f"{found[0]}\n multigraph 1 directed 1\n", numbered, count=1)


def _parsed(text: str, name: str) -> "nx.Graph[Any]":
    try:
        graph = nx.parse_gml(text, label="id")
    # The parser lets out whatever it trips over, IndexError and TypeError among it.
    except Exception as exc:
        raise BadTopology(f"{name}: cannot be read as GML ({in_words(exc)})") from exc
    return graph
