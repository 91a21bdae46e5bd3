"""A server that answers as the recorded NetBox did, page by page."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

RECORDED = Path(__file__).parents[1] / "twin/sources/formats/published/netbox/netbox-4.json"
TOKEN = "0123456789abcdef0123456789abcdef01234567"
PAGE = 2


class RecordedNetBox(BaseHTTPRequestHandler):
    """Lists of /api/dcim/ in pages of PAGE, filtered by id, device_id and role, for one token."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        asked = parse_qs(address.query)
        recorded = json.loads(RECORDED.read_text())
        objects = recorded.get(address.path.removeprefix("/api/dcim/").strip("/"))
        if self.headers["authorization"] != f"Token {TOKEN}":
            self._answer(403, {"detail": "Invalid token"})
        elif objects is None:
            self._answer(404, {"detail": "Not found."})
        else:
            found = [record for record in objects if _wanted(record, asked)]
            offset = int(asked.get("offset", ["0"])[0])
            rest = found[offset + PAGE :]
            query = f"limit={PAGE}&offset={offset + PAGE}"
            kept = [f"{key}={value}" for key in ("id", "device_id", "role", "connected")
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


def _wanted(record: dict[str, object], asked: dict[str, list[str]]) -> bool:
    device = record.get("device")
    role = record.get("role")
    return (
        ("id" not in asked or str(record["id"]) in asked["id"])
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
