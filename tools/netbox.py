"""NetBox, asked over its REST API for the devices and connections that a network is made of."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from twin.errors import BadInput, installing

TIMEOUT_S = 30.0
"""How long one answer of the server may take."""

AT_A_TIME = 100
"""Objects that are named in one request; servers take addresses of a few thousand characters."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "sites": ("id", "name", "latitude", "longitude", "tenant"),
    "devices": (
        "id", "name", "display", "device_type", "role", "device_role", "platform", "site",
        "latitude", "longitude", "primary_ip", "tenant",
    ),
    "interfaces": (
        "id", "name", "device", "type", "speed", "lag", "connected_endpoints",
        "connected_endpoints_type", "connected_endpoints_reachable",
    ),
    "power_panels": ("id", "name", "site"),
    "power_feeds": (
        "id", "name", "power_panel", "status", "phase", "voltage", "amperage", "max_utilization",
        "tenant",
    ),
    "power_ports": ("id", "device", "connected_endpoints", "connected_endpoints_type"),
    "power_outlets": ("id", "power_port"),
    "circuits": ("id", "cid", "provider", "status", "tenant"),
    "circuit_terminations": ("id", "circuit", "link_peers", "link_peers_type"),
}  # fmt: skip
"""What is kept of each object: all that `twin/sources/formats/netbox.py` reads, and
`twin/sources/netbox_records.py`."""

_POWER = ("power_panels", "power_feeds", "power_ports", "power_outlets")

REFUSED = (401, 403)
"""What a server answers to a token that may not view something."""


def netbox_document(
    url: str, token: str = "", selection: Mapping[str, Sequence[str]] | None = None
) -> str:
    """What the server at `url` says of its devices, as the JSON text that is read as a network.

    `token`: of a user who may view sites, devices and interfaces; "" where the server shows them to
    everybody. Of power and circuits there is what it may view, and else no list. `selection`:
    filters of devices by NetBox' own names, such as site, role or tag.

    Raises:
        BadInput: pynetbox is not installed, there is no NetBox at `url`, it refuses the token, or
            it does not answer in time.
    """
    try:
        import pynetbox
        import requests
    except ImportError as exc:
        raise BadInput(
            "networks are read from NetBox by pynetbox: " + installing("netbox")
        ) from exc
    if not url.startswith(("http://", "https://")):
        raise BadInput(f'"{url}" is no address of a NetBox; expected https://netbox.example.net')
    api = pynetbox.api(url, token=token or None)
    # pynetbox sets no timeout of its own.
    api.http_session.request = partial(api.http_session.request, timeout=TIMEOUT_S)
    try:
        document = _document(api.dcim, dict(selection or {}))
        document |= _records(api, [site["id"] for site in document["sites"]])
    except pynetbox.RequestError as exc:
        if exc.req.status_code in REFUSED:
            raise BadInput(
                f"{url} does not let this token view sites, devices and interfaces; set "
                "NETBOX_TOKEN to one that may"
            ) from exc
        raise BadInput(f"{url} refused: {exc}") from exc
    except pynetbox.ContentError as exc:
        raise BadInput(f"{url} answered, but not as NetBox does; is it the right address?") from exc
    except requests.RequestException as exc:
        raise BadInput(f"{url} did not answer ({exc})") from exc
    return json.dumps({"netbox": url, **document})


def _document(dcim: Any, selection: Mapping[str, Sequence[str]]) -> dict[str, list[dict[str, Any]]]:
    found = dcim.devices.filter(**selection) if selection else dcim.devices.all()
    devices = _kept(found, "devices")
    sites = {device["site"]["id"] for device in devices if device.get("site")}
    return {
        "sites": [
            site
            for ids in _chunks(sorted(sites))
            for site in _kept(dcim.sites.filter(id=ids), "sites")
        ],
        "devices": devices,
        "interfaces": [
            interface
            for ids in _chunks([device["id"] for device in devices])
            for interface in _kept(
                dcim.interfaces.filter(device_id=ids, connected="true"), "interfaces"
            )
        ],
    }


def _records(api: Any, sites: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
    """Power and circuits at these sites, as far as they may be viewed."""
    found: dict[str, list[dict[str, Any]]] = {}
    for kind in _POWER:
        found |= _viewed(getattr(api.dcim, kind), kind, "site_id", sites)
    found |= _viewed(api.circuits.circuit_terminations, "circuit_terminations", "site_id", sites)
    ends = found.get("circuit_terminations", ())
    circuits = sorted({end["circuit"]["id"] for end in ends if end.get("circuit")})
    return found | _viewed(api.circuits.circuits, "circuits", "id", circuits)


def _viewed(
    endpoint: Any, kind: str, key: str, ids: Sequence[int]
) -> dict[str, list[dict[str, Any]]]:
    """The list of that kind, none where the token may not view it."""
    from pynetbox import RequestError

    try:
        return {
            kind: [r for some in _chunks(ids) for r in _kept(endpoint.filter(**{key: some}), kind)]
        }
    except RequestError as exc:
        if exc.req.status_code in REFUSED:
            return {}
        raise


def _kept(records: Iterable[Any], kind: str) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in dict(record).items() if key in FIELDS[kind]}
        for record in records
    ]


def _chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    for begin in range(0, len(ids), AT_A_TIME):
        yield list(ids[begin : begin + AT_A_TIME])
