"""Node-link JSON, the format of NetworkX and of topohub.

{"graph": {"demands": {SOURCE: {TARGET: value}}},                    optional
 "nodes": [{"id": ..., "name": "...", "pos": [longitude, latitude],
            "platform": "...", "role": "...",                        all but "id" optional
            "management_address": "..."}],
 "edges": [{"source": ..., "target": ..., "dist": kilometres,        "links" is read too
            "capacity": bit/s, "weight": 1..16777215}]}              optional likewise
"""

from collections.abc import Mapping, Sequence
from typing import Any

from twin.errors import BadTopology
from twin.sources.formats.draft import Draft
from twin.sources.formats.format import Format
from twin.sources.formats.json_text import json_or_none, json_value, kind
from twin.sources.formats.quantities import number
from twin.sources.parsed import ParsedNetwork

Record = Mapping[str, Any]


def read_node_link(text: str, name: str) -> ParsedNetwork:
    """Read `text`; `name` is how errors call the source.

    Raises:
        BadTopology: not JSON, a field missing or of the wrong type, an unknown or duplicate node, a
            capacity, length or demand that is negative or not a number, empty, or not connected.
    """
    document = json_value(text, name)
    if not isinstance(document, dict):
        raise BadTopology(f"{name}: expected a JSON object, found {kind(document)}")
    draft = Draft(name, directed=_directed(document))
    for position, record in enumerate(_records(document, name, "nodes", "nodes")):
        _add_node(draft, record, position)
    for position, record in enumerate(_records(document, name, "edges", "links")):
        _add_line(draft, record, position)
    graph = document.get("graph", {})
    demands = graph.get("demands") if isinstance(graph, Mapping) else None
    _add_demands(draft, demands or {})
    return draft.finish()


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
                f'{name}: "{key}" entry {position} must be an object, found {kind(record)}'
            )
    return found


def _add_node(draft: Draft, record: Record, position: int) -> None:
    key = record.get("id")
    if isinstance(key, bool) or not isinstance(key, str | int):
        raise BadTopology(f'{draft.name}: node {position} has no "id" that is a number or a string')
    label = str(record.get("name") or record.get("label") or "")
    called = label or str(key)
    texts = {}
    for field in ("platform", "role", "management_address"):
        value = record.get(field)
        if not isinstance(value, str | None):
            raise BadTopology(
                f'{draft.name}: {field} of node "{called}" must be a text, found {kind(value)}'
            )
        texts[field] = value or ""
    draft.add_node(str(key), label, position=_position(draft, record, called), **texts)


def _position(draft: Draft, record: Record, node: str) -> tuple[float, float] | None:
    position = record.get("pos")
    if position is None:
        return None
    if not isinstance(position, list) or len(position) != 2:
        raise BadTopology(f'{draft.name}: "pos" of node "{node}" must be [longitude, latitude]')
    x, y = (number(value, f'position of node "{node}"', draft.name) for value in position)
    return x, y


def _add_line(draft: Draft, record: Record, position: int) -> None:
    label = str(record.get("id", position))
    ends: list[str] = []
    for side in ("source", "target"):
        value = record.get(side)
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise BadTopology(f'{draft.name}: link "{label}" has no "{side}"')
        ends.append(str(value))

    def given(key: str) -> float | None:
        value = record.get(key)
        return None if value is None else number(value, f'{key} of link "{label}"', draft.name)

    draft.add_line(
        *ends,
        key=label,
        capacity_bps=given("capacity"),
        length_km=given("dist"),
        weight=given("weight"),
    )


def _add_demands(draft: Draft, listed: object) -> None:
    if not isinstance(listed, Mapping):
        raise BadTopology(f'{draft.name}: "demands" must be an object, found {kind(listed)}')
    for source, row in listed.items():
        if not isinstance(row, Mapping):
            raise BadTopology(
                f'{draft.name}: demands of "{source}" must be an object, found {kind(row)}'
            )
        for target, value in row.items():
            what = f'demand from "{source}" to "{target}"'
            draft.add_demand(str(source), str(target), number(value, what, draft.name))
