"""What a network says, as attributes by the names that are read (see `attributes`)."""

import json
from typing import Any

from twin.sources.formats.attributes import UNKNOWN
from twin.sources.parsed import ParsedLink, ParsedNetwork, ParsedNode


def node_attributes(node: ParsedNode) -> dict[str, Any]:
    """All but the id, where it is known."""
    given = {
        "longitude": node.longitude,
        "latitude": node.latitude,
        "platform": node.platform or None,
        "role": node.role or None,
        "management_address": node.management_address or None,
        "hardware": node.hardware or None,
        "software": node.software or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def link_attributes(link: ParsedLink, network: ParsedNetwork) -> dict[str, Any]:
    """All but the ends, where it is known."""
    half = link.weight is not None and link.weight_back is None
    given = {
        "capacity": link.capacity_bps,
        "dist": link.length_km,
        "weight": link.weight,
        "weight_back": UNKNOWN if half else link.weight_back,
        "members": link.members,
        "srlg": ",".join(g.id for g in network.groups if link.id in g.links) or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def demands_of(network: ParsedNetwork) -> dict[str, Any]:
    """Attributes of the graph: units always, demands where it has any."""
    units = {"capacity_unit": "bit/s"}
    if not network.demands:
        return units
    rows: dict[str, dict[str, float]] = {}
    for source, target, value in network.demands:
        row = rows.setdefault(source, {})
        row[target] = row.get(target, 0.0) + value
    return {**units, "demand_unit": network.demand_unit, "demands": rows}


def text_attributes(network: ParsedNetwork) -> dict[str, Any]:
    """The same for formats whose values are texts and numbers: demands are JSON text."""
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
        for name, value in demands_of(network).items()
    }
