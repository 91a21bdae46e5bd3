"""A server that answers as the recorded NetBox did, page by page."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tools.netbox import FIELDS

PUBLISHED = Path(__file__).parents[1] / "twin/sources/formats/published/netbox"
RECORDED = PUBLISHED / "netbox-4.json"
WITH_RECORDS = PUBLISHED / "netbox-4-records.json"
TOKEN = "0123456789abcdef0123456789abcdef01234567"
PAGE = 2


class RecordedNetBox(BaseHTTPRequestHandler):
    """Lists of /api/ in pages of PAGE, filtered by id, device_id, site_id and role, for one token.

    `document`: what it answers from; what that lacks is empty. `hidden`: lists that the token may
    not view.
    """

    document = RECORDED
    hidden: tuple[str, ...] = ()

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        asked = parse_qs(address.query)
        recorded = json.loads(self.document.read_text())
        kind = address.path.strip("/").rpartition("/")[2].replace("-", "_")
        objects = recorded.get(kind, []) if kind in FIELDS else None
        if self.headers["authorization"] != f"Token {TOKEN}" or kind in self.hidden:
            self._answer(403, {"detail": "Invalid token"})
        elif objects is None:
            self._answer(404, {"detail": "Not found."})
        else:
            found = [record for record in objects if _wanted(record, asked, recorded)]
            offset = int(asked.get("offset", ["0"])[0])
            rest = found[offset + PAGE :]
            query = f"limit={PAGE}&offset={offset + PAGE}"
            kept = [f"{key}={value}" for key in ("id", "device_id", "site_id", "role", "connected")
                    for value in asked.get(key, [])]  # fmt: skip
            host = f"http://{self.headers['host']}"
            self._answer(
                200,
                {
                    "count": len(found),
                    "next": f"{host}{address.path}?{'&'.join([*kept, query])}" if rest else None,
                    "previous": None,
                    "results": found[offset : offset + PAGE],
                },
            )

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _site_of(record: dict[str, Any], recorded: dict[str, Any]) -> str:
    """The site of a record, of its panel or of its device."""
    if "termination_id" in record:
        return str(record["termination_id"])
    if panel := record.get("power_panel"):
        record = next(p for p in recorded["power_panels"] if p["id"] == panel["id"])
    elif device := record.get("device"):
        record = next(d for d in recorded["devices"] if d["id"] == device["id"])
    return str(record["site"]["id"])


def _wanted(record: dict[str, Any], asked: dict[str, list[str]], recorded: dict[str, Any]) -> bool:
    device = record.get("device")
    role = record.get("role")
    return (
        ("site_id" not in asked or _site_of(record, recorded) in asked["site_id"])
        and ("id" not in asked or str(record["id"]) in asked["id"])
        and (
            "device_id" not in asked
            or (isinstance(device, dict) and str(device["id"]) in asked["device_id"])
        )
        and ("role" not in asked or (isinstance(role, dict) and role["name"] in asked["role"]))
        and ("connected" not in asked or record.get("connected_endpoints") is not None)
    )


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
