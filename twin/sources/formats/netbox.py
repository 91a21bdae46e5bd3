"""NetBox's devices and interfaces, as its REST API gives them, in one JSON document.

What else such a document may have is read by `twin/sources/netbox_records.py`.

    {"netbox": "https://netbox.example.net",
     "sites": [...], "devices": [...], "interfaces": [...]}

The lists are the `results` of /api/dcim/sites/, devices/ and interfaces/ (NetBox 3.3 and newer).
`tools/netbox.py` asks a server for them. A link is two interfaces that NetBox' own cable trace
connects, through patch panels and circuits; members of one LAG at both ends are one link. Capacity
is the `speed` of the slower interface, or what its type says (10gbase-x-sfpp).

Source: https://demo.netbox.dev/api/schema/
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.errors import BadTopology
from twin.sources.formats.draft import Draft
from twin.sources.formats.format import Format
from twin.sources.formats.json_text import json_or_none, json_value, kind
from twin.sources.formats.quantities import number
from twin.sources.parsed import ParsedNetwork

SPEED_BPS = 1e3
"""The unit of an interface's `speed`, in bit/s."""

_TYPE = re.compile(r"(\d+(?:\.\d+)?)(g?)base")

Record = Mapping[str, Any]


def read_netbox(text: str, name: str) -> ParsedNetwork:
    """The network in `text`; `name` is how errors call the source.

    Raises:
        BadTopology: not JSON, or not what the API gives; the text names the record and the field.
    """
    return traced_in(text, name).network


def traced_in(text: str, name: str) -> "Traced":
    """The same, with what the elements of the network are in NetBox. Raises BadTopology."""
    document = json_value(text, name)
    if not isinstance(document, Mapping):
        raise BadTopology(f"{name}: expected a JSON object, found {kind(document)}")
    devices = by_id(document, "devices", name)
    interfaces = by_id(document, "interfaces", name)
    sites = by_id(document, "sites", name) if "sites" in document else {}
    draft = Draft(name, directed=False)
    links = _links(draft, interfaces, devices)
    joined = {end.device for ends in links for end in ends}
    alone = [key for key in devices if key not in joined]
    if alone:
        draft.remark(
            f"devices left out because they are connected to no other: {len(alone)} of "
            f"{len(devices)}"
        )
    for key, device in devices.items():
        if key in joined:
            _add_node(draft, key, device, sites)
    for ends, members in links.items():
        _add_link(draft, ends, [capacity for _, capacity in members])
    network = draft.finish()
    between = [ends for ends in links if ends[0].device != ends[1].device]
    return Traced(
        network,
        document,
        {
            k: node.id
            for k, node in zip((k for k in devices if k in joined), network.nodes, strict=True)
        },
        {
            link.id: tuple(pair for pair, _ in links[ends])
            for link, ends in zip(network.links, between, strict=True)
        },
    )


@dataclass(frozen=True, slots=True)
class Traced:
    """A network, and the document that it was read from.

    `devices`: ids of nodes, by NetBox' ids of the devices. `circuits`: of each link by its id, the
    pairs of interfaces that it consists of, by NetBox' ids.
    """

    network: ParsedNetwork
    document: Record
    devices: Mapping[str, str]
    circuits: Mapping[str, tuple[frozenset[str], ...]]


def _recognises(text: str) -> bool:
    document = json_or_none(text)
    return isinstance(document, dict) and {"devices", "interfaces"} <= document.keys()


NETBOX = Format(
    name="NetBox",
    example=(
        '{"devices": [{"id": 1, "name": "oslo"}, {"id": 2, "name": "bergen"}],\n'
        ' "interfaces": [{"id": 11, "device": {"id": 1}, "speed": 10000000,\n'
        '  "connected_endpoints_type": "dcim.interface", "connected_endpoints_reachable": true,\n'
        '  "connected_endpoints": [{"id": 21, "device": {"id": 2}}]},\n'
        '  {"id": 21, "device": {"id": 2}, "speed": 10000000}]}'
    ),
    recognises=_recognises,
    read=read_netbox,
)


@dataclass(frozen=True, slots=True, order=True)
class _End:
    """One end of a link: a device, and a LAG or an interface of it."""

    device: str
    port: str


Ends = tuple[_End, _End]

_Member = tuple[frozenset[str], float | None]
"""Two interfaces, and the capacity between them in bit/s."""


def _links(
    draft: Draft, interfaces: Mapping[str, Record], devices: Mapping[str, Record]
) -> dict[Ends, list[_Member]]:
    """The members of each link."""
    links: dict[Ends, list[_Member]] = defaultdict(list)
    seen: set[frozenset[str]] = set()
    outside = 0
    for key, interface in interfaces.items():
        if not interface.get("connected_endpoints_reachable"):
            continue
        if interface.get("connected_endpoints_type") != "dcim.interface":
            outside += 1
            continue
        for endpoint in list_of(interface, "connected_endpoints", f"interface {key}", draft.name):
            far = _id(endpoint, f"an endpoint of interface {key}", draft.name)
            if frozenset((key, far)) in seen or far == key:
                continue
            seen.add(frozenset((key, far)))
            joined = {key: interface, far: interfaces.get(far, endpoint)}
            ends = _ends(joined, draft.name)
            if all(end.device in devices for end in ends):
                links[ends].append((frozenset((key, far)), _slower_bps(joined, draft.name)))
            else:
                outside += 1
    if outside:
        draft.remark(
            "connections left out because they lead to a provider network, or to a device that "
            f"is not in the document: {outside}"
        )
    return links


def _ends(joined: Mapping[str, Record], name: str) -> Ends:
    """Where the two interfaces end, sorted: LAGs if both are members of one."""
    bundled = all(_lag(interface) for interface in joined.values())
    first, second = sorted(
        _End(
            related_id(interface, "device", f"interface {key}", name),
            _lag(interface) if bundled else f"port {key}",
        )
        for key, interface in joined.items()
    )
    return first, second


def _slower_bps(joined: Mapping[str, Record], name: str) -> float | None:
    known = [_capacity_bps(interface, key, name) for key, interface in joined.items()]
    return min((capacity for capacity in known if capacity is not None), default=None)


def _add_node(draft: Draft, key: str, device: Record, sites: Mapping[str, Record]) -> None:
    label = device.get("name") or device.get("display")
    device_type = device.get("device_type")
    maker = word_of(field_of(device_type, "manufacturer"), "name")
    model = " ".join(filter(None, (maker, word_of(device_type, "model"))))
    site = sites.get(str(field_of(device.get("site"), "id")), {})
    system = word_of(device.get("platform"), "name")
    draft.add_node(
        key,
        label if isinstance(label, str) else "",
        position=_position(device, key, draft.name) or _position(site, key, draft.name),
        platform=", ".join(filter(None, (model, system))),
        hardware=model,
        software=system,
        role=word_of(device.get("role"), "name") or word_of(device.get("device_role"), "name"),
        management_address=word_of(device.get("primary_ip"), "address").partition("/")[0],
    )


def _add_link(draft: Draft, ends: Ends, members: list[float | None]) -> None:
    known = [capacity for capacity in members if capacity is not None]
    a, b = ends
    draft.add_line(
        a.device,
        b.device,
        key=a.port,
        capacity_bps=sum(known) if len(known) == len(members) else None,
        members=len(members) if len(members) > 1 else None,
    )


def _capacity_bps(interface: Record, key: str, name: str) -> float | None:
    speed = interface.get("speed")
    if speed is not None:
        return SPEED_BPS * number(speed, f"speed of interface {key}", name)
    found = _TYPE.match(word_of(interface.get("type"), "value"))
    if found is None:
        return None
    return float(found[1]) * (1e9 if found[2] else 1e6)


def _lag(interface: Record) -> str:
    lag = field_of(interface.get("lag"), "id")
    return f"lag {lag}" if isinstance(lag, int) else ""


def _position(record: Record, device: str, name: str) -> tuple[float, float] | None:
    if record.get("longitude") is None or record.get("latitude") is None:
        return None
    longitude, latitude = (
        number(record[key], f"{key} of device {device}", name) for key in ("longitude", "latitude")
    )
    if abs(longitude) > 180 or abs(latitude) > 90:
        raise BadTopology(f"{name}: device {device} is at {latitude:g} north {longitude:g} east")
    return longitude, latitude


def by_id(document: Record, key: str, name: str) -> dict[str, Record]:
    """The records of a list of the document, by NetBox' ids. Raises BadTopology."""
    found: dict[str, Record] = {}
    for record in list_of(document, key, "the document", name):
        record_id = _id(record, f'an entry of "{key}"', name)
        if record_id in found:
            raise BadTopology(f'{name}: "{key}" has id {record_id} twice')
        found[record_id] = record
    return found


def list_of(record: Record, key: str, where: str, name: str) -> list[Record]:
    found = record.get(key)
    if not isinstance(found, list) or not all(isinstance(entry, Mapping) for entry in found):
        raise BadTopology(f'{name}: "{key}" of {where} must be a list of objects')
    return found


def _id(record: Record, what: str, name: str) -> str:
    found = record.get("id")
    if isinstance(found, bool) or not isinstance(found, int):
        raise BadTopology(f'{name}: {what} has no "id" that is a number')
    return str(found)


def related_id(record: Record, key: str, what: str, name: str) -> str:
    """NetBox' id of what `key` names. Raises BadTopology."""
    inner = record.get(key)
    if not isinstance(inner, Mapping):
        raise BadTopology(f'{name}: {what} has no "{key}"')
    return _id(inner, f"{key} of {what}", name)


def field_of(record: object, key: str) -> object:
    """A field of what may be no record, None for none."""
    return record.get(key) if isinstance(record, Mapping) else None


def word_of(record: object, key: str) -> str:
    """The same where it is text, "" for none."""
    value = field_of(record, key)
    return value if isinstance(value, str) else ""
