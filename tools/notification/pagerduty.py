"""PagerDuty's Events API v2: an incident of ours is an alert there, which our end resolves.

Source: developer.pagerduty.com/docs/events-api-v2-overview and .../send-alert-event (github.com/
PagerDuty/developer-docs, docs/events-API-v2/01-Overview.md and 02-Trigger-Events.md): 202 takes an
event, 429 and 5xx are to be tried again; a payload has up to 512 KB, a summary up to 1024 and a
dedup_key up to 255 characters.
"""

import json
from collections.abc import Mapping
from typing import Any

from tools.journal.records import Notice
from tools.notification.ways import Post

LONGEST_SUMMARY, LONGEST_KEY, LONGEST_DETAIL = 1024, 255, 4096

_SEVERITIES: Mapping[str, str] = {
    "critical": "critical",
    "major": "error",
    "minor": "warning",
    "warning": "info",
}
"""By ours, which are those of ITU-T X.733."""

_OTHER = "warning"
"""What is about no incident, such as announced work."""


class PagerDuty:
    """Every notice about one incident has the same `dedup_key`: what is sent again after a death of
    the process changes an alert that is there, and makes no second one.
    """

    takes_digests = False

    def __init__(self, address: str, routing_key: str, timeout_s: float) -> None:
        self._post = Post(address, timeout_s)
        self._routing_key = routing_key

    def send(self, notice: Notice) -> None:
        """Send one event. Raises NotTaken."""
        event = {"routing_key": self._routing_key, **event_of(notice)}
        self._post.send(json.dumps(event).encode())


def event_of(notice: Notice) -> dict[str, Any]:
    """What PagerDuty is told of `notice`, but for the key of the integration."""
    body = json.loads(notice.body)
    data = body["data"]
    event: dict[str, Any] = {"dedup_key": _key(notice, data["network"])}
    if notice.event == "resolved":
        return event | {"event_action": "resolve"}
    return event | {
        "event_action": "trigger",
        "client": "Noctua",
        "payload": {
            "summary": _cut(f"{data['title']}: {data['text']}", LONGEST_SUMMARY),
            "source": data["network"],
            "severity": _SEVERITIES.get(data["severity"] or "", _OTHER),
            "timestamp": body["timestamp"],
            "group": data["network"],
            "class": body["type"],
            "custom_details": {
                "id": notice.id,
                **{
                    name: _cut(value, LONGEST_DETAIL)
                    for name, value in data.items()
                    if isinstance(value, str)
                },
            },
        },
    }


def _key(notice: Notice, network: str) -> str:
    """The same for all that is told of one incident, or of one announced work."""
    if notice.incident_id:
        return f"noctua/{network}/{notice.incident_id}"[:LONGEST_KEY]
    if notice.work:
        return f"noctua/{network}/announced/{notice.work}"[:LONGEST_KEY]
    return f"noctua/{network}/{notice.id}"[:LONGEST_KEY]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
