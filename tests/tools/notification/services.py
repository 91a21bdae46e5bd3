"""PagerDuty and ServiceNow on loopback: real HTTP, and they refuse what the services refuse.

Source of the limits: for PagerDuty developer.pagerduty.com/docs/events-api-v2-overview and
.../send-alert-event; for ServiceNow the Import Set API, and the dictionary of its task table
(short_description 160, correlation_id 100, close_notes 1000, description 4000 characters).
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ROUTING_KEY = "0123456789abcdef0123456789abcdef"
AUTHORIZATION = "Basic bm9jdHVhOnNlY3JldA=="

_SEVERITIES = ("critical", "error", "warning", "info")
_LONGEST_EVENT = 512 * 1024

_FIELDS = {
    "correlation_id": 100,
    "correlation_display": 100,
    "short_description": 160,
    "description": 4000,
    "work_notes": 4000,
    "close_notes": 1000,
    "close_code": 40,
    "justification": 4000,
    "category": 40,
    "type": 40,
    "impact": 1,
    "urgency": 1,
    "state": 1,
}


@dataclass
class PagerDutyStub:
    """`alerts`: by `dedup_key`, whether each is open, with what was told of it. `busy`: so many
    events are answered 429.
    """

    address: str = ""
    busy: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, path: str, _: dict[str, str], body: bytes) -> int:
        """The status with which an event is answered."""
        if path != "/v2/enqueue":
            return 404
        if self.busy:
            self.busy -= 1
            return 429
        try:
            event = json.loads(body)
        except ValueError:
            return 400
        if len(body) > _LONGEST_EVENT or not _is_event(event):
            return 400
        self.events.append(event)
        key = event["dedup_key"]
        if event["event_action"] == "trigger":
            known = self.alerts.get(key)
            if known is None or not known["open"]:
                known = self.alerts[key] = {"open": True, "log": []}
            known["log"].append(event["payload"]["summary"])
        elif key in self.alerts:
            self.alerts[key]["open"] = False
        return 202


def _is_event(event: Any) -> bool:
    if not isinstance(event, dict) or event.get("routing_key") != ROUTING_KEY:
        return False
    if event.get("event_action") not in ("trigger", "acknowledge", "resolve"):
        return False
    if not 0 < len(event.get("dedup_key", "")) <= 255:
        return False
    if event["event_action"] != "trigger":
        return True
    payload = event.get("payload", {})
    return (
        0 < len(payload.get("summary", "")) <= 1024
        and bool(payload.get("source"))
        and payload.get("severity") in _SEVERITIES
        and isinstance(payload.get("custom_details"), dict)
    )


@dataclass
class ServiceNowStub:
    """A staging table whose transform map coalesces on `correlation_id`. `records`: by that."""

    address: str = ""
    posts: int = 0
    records: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """The status with which a row is answered."""
        if headers.get("authorization") != AUTHORIZATION:
            return 401
        if not path.startswith("/api/now/import/"):
            return 404
        try:
            row = json.loads(body)
        except ValueError:
            return 400
        if not isinstance(row, dict) or not row.get("correlation_id"):
            return 400
        for name, value in row.items():
            if not isinstance(value, str) or len(value) > _FIELDS.get(name, -1):
                return 400
        if row.get("state") == "6" and not (row.get("close_code") and row.get("close_notes")):
            return 403
        self.posts += 1
        record = self.records.setdefault(row["correlation_id"], {"notes": []})
        record["notes"].append(row["work_notes"])
        record.update(row)
        return 201


@contextmanager
def answering(stub: PagerDutyStub | ServiceNowStub, path: str) -> Iterator[None]:
    """The stub listens meanwhile; its address ends with `path`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(stub.answer(self.path, headers, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stub.address = f"http://127.0.0.1:{server.server_address[1]}{path}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
