"""NetBox, asked over its REST API for the devices and connections that a network is made of."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from twin.errors import BadInput

TIMEOUT_S = 30.0
"""How long one answer of the server may take."""

AT_A_TIME = 100
"""Objects that are named in one request; servers take addresses of a few thousand characters."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "sites": ("id", "name", "latitude", "longitude"),
    "devices": (
        "id", "name", "display", "device_type", "role", "device_role", "platform", "site",
        "latitude", "longitude", "primary_ip",
    ),
    "interfaces": (
        "id", "name", "device", "type", "speed", "lag", "connected_endpoints",
        "connected_endpoints_type", "connected_endpoints_reachable",
    ),
}  # fmt: skip
"""What is kept of each object: all that `twin/sources/formats/netbox.py` reads."""


def netbox_document(
    url: str, token: str = "", selection: Mapping[str, Sequence[str]] | None = None
) -> str:
    """What the server at `url` says of its devices, as the JSON text that is read as a network.

    `token`: of a user who may view sites, devices and interfaces; "" where the server shows them to
    everybody. `selection`: filters of devices by NetBox' own names, such as site, role or tag.

    Raises:
        BadInput: pynetbox is not installed, there is no NetBox at `url`, it refuses the token, or
            it does not answer in time.
    """
    try:
        import pynetbox
        import requests
    except ImportError as exc:
        raise BadInput(
            "networks are read from NetBox by pynetbox; pip install 'noctua-netops[netbox]'"
        ) from exc
    if not url.startswith(("http://", "https://")):
        raise BadInput(f'"{url}" is no address of a NetBox; expected https://netbox.example.net')
    api = pynetbox.api(url, token=token or None)
    # pynetbox sets no timeout of its own.
    api.http_session.request = partial(api.http_session.request, timeout=TIMEOUT_S)
    try:
        document = _document(api.dcim, dict(selection or {}))
    except pynetbox.RequestError as exc:
        if exc.req.status_code in (401, 403):
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


def _kept(records: Iterable[Any], kind: str) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in dict(record).items() if key in FIELDS[kind]}
        for record in records
    ]


def _chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    for begin in range(0, len(ids), AT_A_TIME):
        yield list(ids[begin : begin + AT_A_TIME])
