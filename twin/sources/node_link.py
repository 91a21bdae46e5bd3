"""Node-link JSON, the format of NetworkX and of topohub.

    {"graph": {"demands": {SOURCE: {TARGET: value}}},                    optional
     "nodes": [{"id": ..., "name": "...", "pos": [longitude, latitude],
                "platform": "...", "role": "...",                        these are optional
                "management_address": "..."}],
     "edges": [{"source": ..., "target": ..., "dist": kilometres,        "links" is read too
                "capacity": bit/s, "weight": 1..65534}]}                 capacity, weight optional

Positions that cannot be degrees (topohub's synthetic graphs draw on a plane, in kilometres) are put
near 0° north 0° east, where a degree is 111.195 km both ways. Node ids are names where these are
unique, and otherwise the name with the id behind it. A link from a node to itself is refused: it
carries nothing and every count of links would include it.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import networkx as nx

from twin.errors import BadTopology
from twin.sources.parsed import ParsedLink, ParsedNetwork, ParsedNode

EARTH_RADIUS_KM = 6371.0
KM_PER_DEGREE = EARTH_RADIUS_KM * math.pi / 180
MAX_READABLE_WEIGHT = 65_534


def topology_from_node_link(text: str, name: str) -> ParsedNetwork:
    """Read `text`; `name` is how errors call the source.

    Raises:
        BadTopology: not JSON, a field missing or of the wrong type, an unknown or duplicate node, a
            capacity, length or demand that is negative or not a number, empty, or not connected.
    """
    try:
        document = json.loads(text)
    except ValueError as exc:
        raise BadTopology(f"{name}: not JSON ({exc})") from exc
    return topology_from_document(document, name)


def topology_from_document(document: object, name: str) -> ParsedNetwork:
    """The same from JSON that is already decoded."""
    if not isinstance(document, Mapping):
        raise BadTopology(f"{name}: expected a JSON object, found {_kind(document)}")
    records = _records(document, name, "nodes", "nodes")
    if not records:
        raise BadTopology(f"{name}: it has no nodes")
    if len(records) == 1:
        raise BadTopology(f"{name}: it has one node only; at least two are needed")
    keys = _keys(records, name)
    ids = _readable_ids(records, keys)
    positions = _positions(records, ids, name)
    nodes = tuple(
        ParsedNode(node, longitude, latitude, **_described(record, node, name))
        for record, node, (longitude, latitude) in zip(records, ids, positions, strict=True)
    )
    known = dict(zip(keys, ids, strict=True))
    edges = _records(document, name, "edges", "links")
    places = {node.id: (node.longitude, node.latitude) for node in nodes}
    links = _links(edges, known, places, name)
    _refuse_disconnected(ids, links, name)
    graph = document.get("graph", {})
    demands = graph.get("demands") if isinstance(graph, Mapping) else None
    return ParsedNetwork(name, nodes, links, _demands(demands or {}, known, name))


def _kind(value: object) -> str:
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "a boolean"),
        (str, "a string"),
        (int, "a number"),
        (float, "a number"),
        (list, "a list"),
        (dict, "an object"),
    )
    return next((words for kind, words in kinds if isinstance(value, kind)), "nothing")


def _records(
    document: Mapping[str, Any], name: str, key: str, other: str
) -> Sequence[Mapping[str, Any]]:
    found = document.get(key, document.get(other))
    if not isinstance(found, list):
        raise BadTopology(f'{name}: "{key}" must be a list, found {_kind(found)}')
    for position, record in enumerate(found):
        if not isinstance(record, Mapping):
            raise BadTopology(
                f'{name}: "{key}" entry {position} must be an object, found {_kind(record)}'
            )
    return found


def _keys(records: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    keys: list[str] = []
    for position, record in enumerate(records):
        key = record.get("id")
        if isinstance(key, bool) or not isinstance(key, str | int):
            raise BadTopology(f'{name}: node {position} has no "id" that is a number or a string')
        if str(key) in keys:
            raise BadTopology(f'{name}: node id "{key}" is used twice')
        keys.append(str(key))
    return keys


def _readable_ids(records: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> list[str]:
    names = [
        _tidy(record.get("name") or f"node-{key}")
        for record, key in zip(records, keys, strict=True)
    ]
    counts = Counter(names)
    ids = [n if counts[n] == 1 else f"{n}-{key}" for n, key in zip(names, keys, strict=True)]
    if len(set(ids)) == len(ids):
        return ids
    # A name such as "Oslo-3" may clash with the third of two nodes called "Oslo".
    return [f"{n}-{key}" for n, key in zip(names, keys, strict=True)]


def _tidy(text: object) -> str:
    # "|" stands between the node and the link of an interface (`Interface`).
    return " ".join(str(text).replace("|", "/").split())


def _described(record: Mapping[str, Any], node: str, name: str) -> dict[str, str]:
    found = {}
    for key in ("platform", "role", "management_address"):
        value = record.get(key)
        if not isinstance(value, str | None):
            raise BadTopology(
                f'{name}: {key} of node "{node}" must be a text, found {_kind(value)}'
            )
        found[key] = value or ""
    return found


def _positions(
    records: Sequence[Mapping[str, Any]], ids: Sequence[str], name: str
) -> list[tuple[float, float]]:
    found = []
    for record, node in zip(records, ids, strict=True):
        position = record.get("pos")
        if not isinstance(position, list) or len(position) != 2:
            raise BadTopology(f'{name}: node "{node}" needs "pos" as [longitude, latitude]')
        where = f'position of node "{node}"'
        found.append((_number(position[0], where, name), _number(position[1], where, name)))
    planar = any(abs(x) > 180 or abs(y) > 90 for x, y in found)
    return [(x / KM_PER_DEGREE, y / KM_PER_DEGREE) for x, y in found] if planar else found


def _number(value: object, what: str, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadTopology(f"{name}: {what} must be a number, found {_kind(value)}")
    if not math.isfinite(value):
        raise BadTopology(f"{name}: {what} is {value}, expected a finite number")
    return float(value)


def _links(
    edges: Sequence[Mapping[str, Any]],
    known: Mapping[str, str],
    places: Mapping[str, tuple[float, float]],
    name: str,
) -> tuple[ParsedLink, ...]:
    links = []
    used: Counter[str] = Counter()
    for position, edge in enumerate(edges):
        label = str(edge.get("id", position))
        a, b = (_end(edge, side, label, known, name) for side in ("source", "target"))
        if a == b:
            raise BadTopology(f'{name}: link "{label}" joins "{a}" to itself')
        # One id for both directions in which a parallel link may be listed.
        plain = f"{a}--{b}" if f"{b}--{a}" not in used else f"{b}--{a}"
        used[plain] += 1
        link_id = plain if used[plain] == 1 else f"{plain}#{used[plain]}"
        links.append(
            ParsedLink(
                id=link_id,
                a=a,
                b=b,
                length_km=_length_km(edge, link_id, places[a], places[b], name),
                capacity_bps=_capacity_bps(edge, link_id, name),
                weight=_weight(edge, link_id, name),
            )
        )
    return tuple(links)


def _end(
    edge: Mapping[str, Any], side: str, label: str, known: Mapping[str, str], name: str
) -> str:
    value = edge.get(side)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadTopology(f'{name}: link "{label}" has no "{side}"')
    return _known_node(str(value), f'link "{label}" joins', known, name)


def _known_node(value: str, what: str, known: Mapping[str, str], name: str) -> str:
    if value in known:
        return known[value]
    near = get_close_matches(value, [*known, *known.values()], n=1)
    hint = f' (did you mean "{near[0]}"?)' if near else ""
    raise BadTopology(f'{name}: {what} "{value}", which is not a node{hint}')


def _length_km(
    edge: Mapping[str, Any],
    link_id: str,
    start: tuple[float, float],
    end: tuple[float, float],
    name: str,
) -> float:
    if edge.get("dist") is None:
        return great_circle_km(start, end)
    length = _number(edge["dist"], f'"dist" of link "{link_id}"', name)
    if length < 0:
        raise BadTopology(f'{name}: link "{link_id}" is {length:g} km long; it cannot be negative')
    return length


def great_circle_km(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Great-circle distance between two (longitude, latitude) in degrees; the haversine formula."""
    lon_a, lat_a, lon_b, lat_b = (math.radians(x) for x in (*start, *end))
    half = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


def _capacity_bps(edge: Mapping[str, Any], link_id: str, name: str) -> float | None:
    if edge.get("capacity") is None:
        return None
    capacity = _number(edge["capacity"], f'capacity of link "{link_id}"', name)
    if capacity <= 0:
        raise BadTopology(
            f'{name}: link "{link_id}" has capacity {capacity:g} bit/s; it must be positive'
        )
    return capacity


def _weight(edge: Mapping[str, Any], link_id: str, name: str) -> int | None:
    weight = edge.get("weight")
    if weight is None:
        return None
    if _number(weight, f'weight of link "{link_id}"', name) % 1 or not (
        1 <= weight <= MAX_READABLE_WEIGHT
    ):
        raise BadTopology(
            f'{name}: link "{link_id}" has weight {weight}, '
            f"expected a whole number in 1..{MAX_READABLE_WEIGHT}"
        )
    return int(weight)


def _demands(
    listed: object, known: Mapping[str, str], name: str
) -> tuple[tuple[str, str, float], ...]:
    if not isinstance(listed, Mapping):
        raise BadTopology(f'{name}: "demands" must be an object, found {_kind(listed)}')
    found = []
    for source, row in listed.items():
        if not isinstance(row, Mapping):
            raise BadTopology(
                f'{name}: demands of "{source}" must be an object, found {_kind(row)}'
            )
        a = _known_node(str(source), "a demand starts at", known, name)
        for target, value in row.items():
            b = _known_node(str(target), "a demand ends at", known, name)
            rate = _number(value, f'demand from "{a}" to "{b}"', name)
            if rate < 0:
                raise BadTopology(f'{name}: demand from "{a}" to "{b}" is {rate:g}, below zero')
            if a != b and rate > 0:
                found.append((a, b, rate))
    return tuple(found)


def _refuse_disconnected(ids: Sequence[str], links: Sequence[ParsedLink], name: str) -> None:
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(ids)
    graph.add_edges_from((link.a, link.b) for link in links)
    parts = sorted(nx.connected_components(graph), key=len)
    if len(parts) > 1:
        alone, rest = min(parts[0]), min(parts[-1])
        raise BadTopology(
            f'{name}: not connected: there is no path from "{alone}" to "{rest}" '
            f"({len(parts)} parts, the smallest has {len(parts[0])} of {len(ids)} nodes)"
        )
