"""ietf-network-topology as JSON (RFC 8345), with the attributes of layer 3 (RFC 8346) and 2 (8944).

    {"ietf-network:networks": {"network": [{
       "network-id": "l3", "network-types": {"ietf-l3-unicast-topology:l3-unicast-topology": {}},
       "node": [{"node-id": "D1"}, {"node-id": "D2"}],
       "ietf-network-topology:link": [{
          "link-id": "D1,1-2-1,D2,2-1-1",
          "source": {"source-node": "D1", "source-tp": "1-2-1"},
          "destination": {"dest-node": "D2", "dest-tp": "2-1-1"},
          "ietf-l3-unicast-topology:l3-link-attributes": {"metric1": "100"}}]}]}}

Links are one direction; two between the same termination points are one link. Names may have the
module's prefix or not, as RFC 7951 allows within one module, and 64-bit numbers are texts.

Of several networks one is read: of layer 3 where there is one, and the one with the most links.

Source: https://www.rfc-editor.org/rfc/rfc8345, rfc8346 (appendix B), rfc8944 and rfc7951
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from twin.errors import BadTopology
from twin.sources.formats.draft import Draft
from twin.sources.formats.format import Format
from twin.sources.formats.json_text import json_or_none, json_value, kind
from twin.sources.parsed import ParsedNetwork

RATE_BPS = 1e6
"""The unit of `rate` among the attributes of a layer 2 link, in bit/s."""

MEMBERS = frozenset({"link-id", "source", "destination", "supporting-link"})
"""Members of a link that RFC 8345 defines."""

ATTRIBUTES = frozenset({"metric1", "rate", "srlg", "name", "flag"})
"""Attributes of a link that are read, or say nothing of how it carries traffic."""

Record = Mapping[str, Any]


def read_ietf_topology(text: str, name: str) -> ParsedNetwork:
    """The network in `text`; `name` is how errors call the source.

    Raises:
        BadTopology: not JSON, or it breaks a rule of the data model; the text names the element.
    """
    networks = _networks(json_value(text, name), name)
    record = max(networks, key=_preference)
    draft = Draft(name, directed=True)
    if len(networks) > 1:
        others = [str(_member(other, "network-id")) for other in networks if other is not record]
        draft.remark(
            f'of {len(networks)} networks "{_member(record, "network-id")}" is read, not '
            f"{', '.join(others[:5])}"
        )
    nodes = _list(record, "node", "a network", name)
    attributes = [_attributes(node, "node-attributes") for node in nodes]
    for node, attribute in zip(nodes, attributes, strict=True):
        _add_node(draft, node, attribute)
    groups: dict[str, dict[str, None]] = defaultdict(dict)
    unread: set[str] = set()
    for link in _list(record, "link", "a network", name):
        key = _add_link(draft, link)
        unread |= _unread(link)
        srlgs = _attributes(link, "l2-link-attributes").get("srlg")
        for group in srlgs if isinstance(srlgs, list) else ():
            groups[_text(group, f'srlg of link "{key}"', name)][key] = None
    if unread:
        draft.remark(f"link attributes that are not read: {', '.join(sorted(unread)[:8])}")
    for group, links in groups.items():
        if len(links) > 1:
            draft.add_group(f"srlg:{group}", links)
    return draft.finish()


def _recognises(text: str) -> bool:
    document = json_or_none(text)
    if not isinstance(document, dict):
        return False
    return any(
        key.rpartition(":")[0] == "ietf-network"
        or (key == "networks" and isinstance(inner, dict) and "network" in inner)
        for key, inner in document.items()
    )


IETF_TOPOLOGY = Format(
    name="ietf-network-topology JSON",
    example=(
        '{"ietf-network:networks": {"network": [{"network-id": "wan",\n'
        ' "node": [{"node-id": "Oslo"}, {"node-id": "Bergen"}],\n'
        ' "ietf-network-topology:link": [{"link-id": "Oslo,1,Bergen,1",\n'
        '  "source": {"source-node": "Oslo", "source-tp": "1"},\n'
        '  "destination": {"dest-node": "Bergen", "dest-tp": "1"}}]}]}}'
    ),
    recognises=_recognises,
    read=read_ietf_topology,
)


def _networks(document: object, name: str) -> list[Record]:
    """The networks, whether the document is the container or one or more of its list."""
    inner = document
    for key in ("networks", "network"):
        if isinstance(inner, Mapping):
            inner = _member(inner, key, inner)
    found = inner if isinstance(inner, list) else [inner]
    records = [record for record in found if isinstance(record, Mapping)]
    if len(records) != len(found):
        raise BadTopology(f'{name}: "network" must be a list of objects')
    if not records:
        raise BadTopology(f'{name}: its list "network" is empty')
    return records


def _preference(record: Record) -> tuple[bool, int]:
    types = _member(record, "network-types")
    links = _member(record, "link")
    return (
        isinstance(types, Mapping) and any("l3-" in str(key) for key in types),
        len(links) if isinstance(links, list) else 0,
    )


def _member(record: Record, key: str, absent: Any = None) -> Any:
    """The member `key` of `record`, whatever module's prefix it has."""
    if key in record:
        return record[key]
    return next(
        (value for found, value in record.items() if found.rpartition(":")[2] == key), absent
    )


def _attributes(record: Record, ending: str) -> dict[str, Any]:
    """What all members say whose names end so, of layers 2 and 3 together."""
    return {
        key.rpartition(":")[2]: value
        for name, inner in record.items()
        if name.endswith(ending) and isinstance(inner, Mapping)
        for key, value in inner.items()
    }


def _unread(link: Record) -> set[str]:
    """What `link` says that is not read: attributes of layers 2 and 3, and other augmentations."""
    members = {name.rpartition(":")[2] for name in link}
    return (members - MEMBERS - {name for name in members if name.endswith("link-attributes")}) | (
        _attributes(link, "link-attributes").keys() - ATTRIBUTES
    )


def _list(record: Record, key: str, where: str, name: str) -> list[Record]:
    found = _member(record, key, [])
    if not isinstance(found, list):
        raise BadTopology(f'{name}: "{key}" of {where} must be a list, found {kind(found)}')
    for position, inner in enumerate(found):
        if not isinstance(inner, Mapping):
            raise BadTopology(
                f'{name}: "{key}" entry {position + 1} must be an object, found {kind(inner)}'
            )
    return found


def _text(value: object, what: str, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise BadTopology(f"{name}: {what} must be a text, found {kind(value)}")
    return str(value)


def _add_node(draft: Draft, node: Record, attributes: Record) -> None:
    key = _text(_member(node, "node-id"), "node-id", draft.name)
    label = attributes.get("name")
    addresses = attributes.get("management-address")
    first = addresses[0] if isinstance(addresses, list) and addresses else None
    draft.add_node(
        key,
        label if isinstance(label, str) else "",
        management_address=first if isinstance(first, str) else "",
    )


def _add_link(draft: Draft, link: Record) -> str:
    link_id = _text(_member(link, "link-id"), "link-id", draft.name)
    ends = []
    for side, prefix in (("source", "source"), ("destination", "dest")):
        end = _member(link, side)
        if not isinstance(end, Mapping):
            raise BadTopology(f'{draft.name}: link "{link_id}" has no "{side}"')
        node = _text(
            _member(end, f"{prefix}-node"), f'"{prefix}-node" of link "{link_id}"', draft.name
        )
        port = _member(end, f"{prefix}-tp", "")
        ends.append((node, _text(port, f"{prefix}-tp", draft.name) if port != "" else ""))
    attributes = _attributes(link, "link-attributes")
    rate = attributes.get("rate")
    metric = attributes.get("metric1")
    # Both directions of a link get the same key, so that the draft knows them for one.
    key = (
        " ".join(f"{node}:{port}" for node, port in sorted(ends))
        if all(port for _, port in ends)
        else link_id
    )
    draft.add_line(
        ends[0][0],
        ends[1][0],
        key=key,
        label=key,
        weight=None if metric is None else _number(metric, f'metric1 of link "{link_id}"', draft),
        capacity_bps=None
        if rate is None
        else RATE_BPS * _number(rate, f'rate of link "{link_id}"', draft),
    )
    return key


def _number(value: object, what: str, draft: Draft) -> float:
    # RFC 7951: 64-bit and decimal numbers are texts.
    try:
        found = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        found = math.nan
    if isinstance(value, bool) or not math.isfinite(found):
        raise BadTopology(f"{draft.name}: {what} must be a number, found {kind(value)}")
    return found
