"""containerlab's topology files (*.clab.yml).

    name: lab
    topology:
      kinds: {nokia_srlinux: {type: ixrd3}}
      nodes:
        oslo: {kind: nokia_srlinux, mgmt-ipv4: 172.20.20.11}
        bergen: {kind: nokia_srlinux}
      links:
        - endpoints: ["oslo:e1-1", "bergen:e1-1"]
        - {type: veth, endpoints: [{node: oslo, interface: e1-2}, {node: bergen, interface: e1-2}]}

What a node does not say is taken from its group, its kind and the defaults, in this order. Links to
the host, the management network, a macvlan or a VXLAN end outside the laboratory and are left out.

Source: https://containerlab.dev/manual/topo-def-file/
"""

import math
from collections.abc import Mapping
from typing import Any

from twin.errors import BadTopology
from twin.sources.formats.draft import Draft
from twin.sources.formats.format import Format
from twin.sources.formats.yaml_text import yaml_or_none, yaml_value
from twin.sources.parsed import ParsedNetwork

OUTSIDE = frozenset({"host", "mgmt-net", "macvlan", "vxlan", "vxlan-stitch"})
"""Names before the colon of an endpoint that stand for no node."""

SEGMENTS = frozenset({"bridge", "ovs-bridge", "ovs_bridge"})
"""Kinds of nodes that are Ethernet segments."""

Record = Mapping[str, Any]


def read_containerlab(text: str, name: str) -> ParsedNetwork:
    """The network in `text`; `name` is how errors call the source.

    Raises:
        BadTopology: not YAML, or it breaks a rule of the format; the text names the element.
    """
    document = yaml_value(text, name)
    topology = document.get("topology") if isinstance(document, Mapping) else None
    if not isinstance(topology, Mapping):
        raise BadTopology(f'{name}: it has no "topology"')
    nodes = topology.get("nodes")
    if not isinstance(nodes, Mapping) or not nodes:
        raise BadTopology(f'{name}: its topology has no "nodes"')
    draft = Draft(name, directed=False)
    kinds = {node: _add_node(draft, node, record, topology) for node, record in nodes.items()}
    links = topology.get("links")
    if not isinstance(links, list) or not links:
        raise BadTopology(f'{name}: its topology has no "links"; a network needs them')
    outside = sum(not _add_link(draft, link, number) for number, link in enumerate(links, start=1))
    if outside:
        draft.remark(f"{outside} links to the host or to networks outside the laboratory left out")
    segments = [node for node, node_kind in kinds.items() if node_kind in SEGMENTS]
    if segments:
        draft.remark(f"bridges are read as nodes ({', '.join(segments[:5])})")
    return draft.finish()


def _recognises(text: str) -> bool:
    document = yaml_or_none(text)
    topology = document.get("topology") if isinstance(document, Mapping) else None
    return isinstance(topology, Mapping) and "nodes" in topology


CONTAINERLAB = Format(
    name="containerlab",
    example=(
        "name: lab\ntopology:\n  nodes:\n    oslo: {kind: nokia_srlinux}\n"
        "    bergen: {kind: nokia_srlinux}\n  links:\n"
        '    - endpoints: ["oslo:e1-1", "bergen:e1-1"]'
    ),
    recognises=_recognises,
    read=read_containerlab,
)


def _add_node(draft: Draft, node: object, record: object, topology: Record) -> str:
    """Add one node; its kind."""
    if not isinstance(node, str) or not node:
        raise BadTopology(f"{draft.name}: the name of a node must be a text")
    if record != "" and not isinstance(record, Mapping):
        raise BadTopology(f'{draft.name}: node "{node}" must be a mapping, or nothing')
    said = _said(record if isinstance(record, Mapping) else {}, topology)
    node_kind = _word(said, "kind")
    labels = said.get("labels")
    draft.add_node(
        node,
        node,
        position=_position(labels if isinstance(labels, Mapping) else {}, node, draft.name),
        platform=" ".join(filter(None, (node_kind, _word(said, "type")))),
        role=_word(said, "group") or (node_kind if node_kind in SEGMENTS else ""),
        management_address=_word(said, "mgmt-ipv4") or _word(said, "mgmt_ipv4"),
    )
    return node_kind


def _said(record: Record, topology: Record) -> dict[str, Any]:
    """What `record` says, and for the rest its group, its kind and the defaults."""
    said = dict(record)
    defaults = topology.get("defaults")
    for section, key in (("groups", "group"), ("kinds", "kind")):
        table = topology.get(section)
        chosen = _word(said, key) or _word(defaults, key)
        inherited = table.get(chosen) if isinstance(table, Mapping) else None
        said = {**(inherited if isinstance(inherited, Mapping) else {}), **said}
    return {**(defaults if isinstance(defaults, Mapping) else {}), **said}


def _word(record: object, key: str) -> str:
    value = record.get(key) if isinstance(record, Mapping) else None
    return value if isinstance(value, str) else ""


def _position(labels: Record, node: str, name: str) -> tuple[float, float] | None:
    """Where containerlab's own map puts the node."""
    words = [_word(labels, f"graph-geoCoordinate{axis}") for axis in ("Lng", "Lat")]
    if not all(words):
        return None
    try:
        longitude, latitude = (float(word) for word in words)
    except ValueError:
        longitude = latitude = math.nan
    if not (abs(longitude) <= 180 and abs(latitude) <= 90):
        raise BadTopology(
            f'{name}: node "{node}" is at "{words[1]:.40}" north "{words[0]:.40}" east; expected '
            "degrees"
        )
    return longitude, latitude


def _add_link(draft: Draft, link: object, number: int) -> bool:
    """Add one link; False if it ends outside."""
    if not isinstance(link, Mapping):
        raise BadTopology(f'{draft.name}: link {number} must be a mapping with "endpoints"')
    endpoints = link.get("endpoints")
    if endpoints is None and isinstance(link.get("endpoint"), Mapping):
        return False
    if not isinstance(endpoints, list) or len(endpoints) != 2:
        raise BadTopology(
            f"{draft.name}: link {number} must have two endpoints, such as "
            '["oslo:e1-1", "bergen:e1-1"]'
        )
    nodes = [_node_of(endpoint, number, draft.name) for endpoint in endpoints]
    if any(node in OUTSIDE for node in nodes):
        return False
    draft.add_line(*nodes, key=str(number))
    return True


def _node_of(endpoint: object, number: int, name: str) -> str:
    if isinstance(endpoint, Mapping):
        node = _word(endpoint, "node")
    elif isinstance(endpoint, str):
        node = endpoint.partition(":")[0].strip()
    else:
        node = ""
    if not node:
        raise BadTopology(
            f'{name}: an endpoint of link {number} names no node; expected "node:interface"'
        )
    return node
