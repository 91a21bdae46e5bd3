"""nornir's inventory of hosts (hosts.yaml), with links in the data of its hosts.

    oslo:
        hostname: 10.0.0.1
        platform: iosxr
        data:
            role: p
            links:
                - {to: bergen, capacity: 100G, weight: 10}

nornir itself knows no links, and its hosts.yaml is a network only where the data has them: a list
`links` of a host, with the host that each leads `to`, and the attributes of a link (`attributes`).
A link that both of its hosts list is one link, and the weight in each list is that of the host's
own interface. `role`, `longitude` and `latitude` are read from the data as well, and `hostname` as
the management address. Credentials are not looked at.

Source: https://nornir.readthedocs.io/en/latest/tutorial/inventory.html
"""

from collections.abc import Mapping
from typing import Any

from twin.errors import BadTopology
from twin.sources.formats.attributes import AttributedGraph, network_of
from twin.sources.formats.format import Format
from twin.sources.formats.yaml_text import yaml_or_none, yaml_value
from twin.sources.parsed import ParsedNetwork

ATTRIBUTES = frozenset({"hostname", "groups", "platform", "data", "port", "username", "password"})
"""What nornir itself knows of a host."""

Record = Mapping[str, Any]


def read_nornir(text: str, name: str) -> ParsedNetwork:
    """The network in `text`; `name` is how errors call the source.

    Raises:
        BadTopology: not YAML, its hosts have no links (the text says what is needed), or what
            `network_of` refuses.
    """
    hosts = yaml_value(text, name)
    if not isinstance(hosts, Mapping) or not hosts:
        raise BadTopology(f"{name}: expected the hosts of a nornir inventory")
    nodes: list[tuple[str, Record]] = []
    lines: list[tuple[str, str, Record]] = []
    for host, record in hosts.items():
        if not isinstance(host, str) or not host or not isinstance(record, Mapping):
            raise BadTopology(f"{name}: host {len(nodes) + 1} must be a mapping under its name")
        inner = record.get("data")
        # Before nornir 2 the data stood beside the attributes of a host.
        data = {**record, **(inner if isinstance(inner, Mapping) else {})}
        nodes.append((host, _described(host, data)))
        lines.extend(_links(data, host, name))
    if not lines:
        raise BadTopology(
            f"{name}: it has {len(hosts)} hosts of a nornir inventory, but no links; a network "
            "needs them in the data of a host, such as\n"
            "    data:\n        links:\n            - {to: bergen, capacity: 100G, weight: 10}"
        )
    return network_of(
        AttributedGraph(
            name, nodes, lines, directed=True, unit_key='"{key}" in the place of "capacity"'
        )
    )


def _recognises(text: str) -> bool:
    hosts = yaml_or_none(text)
    if not isinstance(hosts, Mapping) or not hosts:
        return False
    records = [record for record in hosts.values() if isinstance(record, Mapping)]
    known = sum(bool(ATTRIBUTES & record.keys()) for record in records)
    return len(records) == len(hosts) and 2 * known >= len(records)


NORNIR = Format(
    name="nornir inventory",
    example=(
        "oslo:\n    hostname: 10.0.0.1\n    data:\n        links:\n"
        "            - {to: bergen, capacity: 100G, weight: 10}\n"
        "bergen:\n    hostname: 10.0.0.2"
    ),
    recognises=_recognises,
    read=read_nornir,
)


def _described(host: str, data: Record) -> dict[str, Any]:
    given = {
        "name": host,
        "platform": data.get("platform"),
        "role": data.get("role"),
        "management_address": data.get("hostname"),
        "longitude": data.get("longitude"),
        "latitude": data.get("latitude"),
    }
    return {key: value for key, value in given.items() if isinstance(value, str)}


def _links(data: Record, host: str, name: str) -> list[tuple[str, str, Record]]:
    links = data.get("links", [])
    if not isinstance(links, list) or not all(isinstance(link, Mapping) for link in links):
        raise BadTopology(
            f'{name}: "links" of host "{host}" must be a list of mappings, such as '
            "[{to: bergen, capacity: 100G}]"
        )
    found: list[tuple[str, str, Record]] = []
    for number, link in enumerate(links, start=1):
        target = link.get("to")
        if not isinstance(target, str) or not target:
            raise BadTopology(f'{name}: link {number} of host "{host}" does not say "to" which')
        attributes = {
            str(key): value
            for key, value in link.items()
            if key != "to" and isinstance(value, str | list)
        }
        found.append((host, target, {"id": f"{host} {number}", **attributes}))
    return found
