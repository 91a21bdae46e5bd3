"""Node-link JSON, as every version of NetworkX writes it, and topohub.

    {"directed": false, "multigraph": false,
     "graph": {"demands": {SOURCE: {TARGET: value}}, "demand_unit": "bit/s"},
     "nodes": [{"id": ..., "name": "...", "pos": [longitude, latitude]}],
     "edges": [{"source": ..., "target": ..., "dist": kilometres, "capacity": bit/s, "weight": 10}]}

"links" is read in place of "edges". All but ids and ends may be left out; see `attributes` for all
that is read.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from twin.errors import BadTopology
from twin.sources.formats.attributes import AttributedGraph, network_of
from twin.sources.formats.format import Format
from twin.sources.formats.json_text import json_or_none, json_value, kind
from twin.sources.formats.written import demands_of, link_attributes, node_attributes
from twin.sources.parsed import ParsedNetwork

Record = Mapping[str, Any]

_KNOWN = {"directed", "multigraph", "graph", "nodes", "edges", "links", "demands"}
_OF_TOPOHUB = "ecmp_fwd"
"""Only topohub's links have it; its demands are relative."""


def read_node_link(text: str, name: str) -> ParsedNetwork:
    """Read `text`; `name` is how errors call the source.

    Raises:
        BadTopology: not JSON, a field missing or of the wrong type, or what `network_of` refuses.
    """
    document = json_value(text, name)
    if not isinstance(document, dict):
        raise BadTopology(f"{name}: expected a JSON object, found {kind(document)}")
    nodes = [
        (_node_id(record.get("id"), f'node {position + 1} has no "id"', name), record)
        for position, record in enumerate(_records(document, name, "nodes", "nodes"))
    ]
    edges = _records(document, name, "edges", "links")
    lines = []
    for position, record in enumerate(edges):
        missing = f'link "{record.get("id", position + 1)}" has no '
        source, target = (
            _node_id(record.get(side), f'{missing}"{side}"', name) for side in ("source", "target")
        )
        lines.append((source, target, record))
    unread = sorted(set(document) - _KNOWN)
    return network_of(
        AttributedGraph(
            name,
            nodes,
            lines,
            _graph(document, edges),
            _directed(document),
            unit_key='"graph": {{"capacity_unit": "{unit}"}}',
            remarks=(f"keys that are not read: {', '.join(unread)}",) if unread else (),
        )
    )


def write_node_link(network: ParsedNetwork) -> str:
    """`network` as node-link JSON; each link has the weights of both ends in one line."""
    document = {
        "directed": False,
        "multigraph": True,
        "graph": demands_of(network),
        "nodes": [{"id": node.id, **node_attributes(node)} for node in network.nodes],
        "edges": [
            {"source": link.a, "target": link.b, **link_attributes(link, network)}
            for link in network.links
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _recognises(text: str) -> bool:
    document = json_or_none(text)
    return (
        isinstance(document, dict)
        and "nodes" in document
        and ("edges" in document or "links" in document)
    )


NODE_LINK = Format(
    name="node-link JSON",
    example=(
        '{"nodes": [{"id": "Oslo"}, {"id": "Bergen"}],\n'
        ' "edges": [{"source": "Oslo", "target": "Bergen", "capacity": 10e9}]}'
    ),
    recognises=_recognises,
    read=read_node_link,
    write=write_node_link,
)


def _directed(document: Record) -> bool | None:
    if document.get("directed") is True:
        return True
    return False if document.get("multigraph") is True else None


def _records(document: Record, name: str, key: str, other: str) -> Sequence[Record]:
    found = document.get(key, document.get(other))
    if not isinstance(found, list):
        raise BadTopology(f'{name}: "{key}" must be a list, found {kind(found)}')
    for position, record in enumerate(found):
        if not isinstance(record, Mapping):
            raise BadTopology(
                f'{name}: "{key}" entry {position + 1} must be an object, found {kind(record)}'
            )
    return found


def _node_id(value: object, missing: str, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadTopology(f"{name}: {missing} that is a number or a string")
    return str(value)


def _graph(document: Record, edges: Sequence[Record]) -> dict[str, Any]:
    graph = document.get("graph")
    found = dict(graph) if isinstance(graph, Mapping) else {}
    if "demands" in document:
        found.setdefault("demands", document["demands"])
    if any(_OF_TOPOHUB in edge for edge in edges):
        found.setdefault("demand_unit", "relative")
    return found
