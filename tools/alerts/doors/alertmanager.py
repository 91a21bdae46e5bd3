"""The webhook of Prometheus Alertmanager, version 4.

Source: prometheus.io/docs/alerting/latest/configuration/#webhook_config, and
github.com/prometheus/alertmanager, notify/webhook/webhook.go (`Message`) and template/template.go
(`Alert`).
"""

from collections.abc import Iterator
from typing import Any

from tools.alerts.reading import MOST_ALERTS, Post, Received, content_of, texts, wall_s_of
from twin.errors import BadInput

_VERSION = "4"


class Alertmanager:
    """`{"version": "4", "alerts": [{"status", "labels", "annotations", "startsAt", "endsAt",
    "fingerprint", ...}], "truncatedAlerts": 0, ...}`; an alert that is firing ends at 0001-01-01.
    """

    version = _VERSION

    def read(self, body: Any, now_wall_s: float) -> Post:
        """As the `Door` Protocol says."""
        if not isinstance(body, dict) or not isinstance(body.get("alerts"), list):
            raise BadInput('the body must be an object with a list "alerts"')
        if str(body.get("version")) != self.version:
            raise BadInput(
                f'"version" is {str(body.get("version"))[:20]!r}, and this door reads '
                f"version {self.version}; alerts.yaml says what a door reads"
            )
        withheld = body.get("truncatedAlerts", 0)
        return Post(
            alerts=tuple(alerts_of(body["alerts"])),
            withheld=max(withheld, 0) if isinstance(withheld, int) else 0,
        )


def alerts_of(listed: list[Any]) -> Iterator[Received]:
    """The alerts of a list, as Alertmanager words them.

    Raises:
        BadInput: there are too many, or one is no alert; says which.
    """
    if len(listed) > MOST_ALERTS:
        raise BadInput(f"{len(listed)} alerts in one post; up to {MOST_ALERTS:,} are read")
    for place, one in enumerate(listed):
        if not isinstance(one, dict) or one.get("status") not in ("firing", "resolved"):
            raise BadInput(f'alerts[{place}]: must be an object with "status" firing or resolved')
        yield _alert(one, f"alerts[{place}]")


def _alert(one: dict[str, Any], place: str) -> Received:
    labels = texts(one.get("labels"), f"{place}.labels")
    starts_s, odd = moment(one.get("startsAt"), "startsAt")
    ends_s, odd_end = moment(one.get("endsAt"), "endsAt")
    if one["status"] == "resolved" and ends_s is None:
        ends_s = starts_s or 0.0  # It is over; nobody says since when.
    named, content = one.get("fingerprint"), content_of(labels)
    return Received(
        fingerprint=named[:128] if isinstance(named, str) and named else content,
        content=content,
        labels=labels,
        annotations=texts(one.get("annotations"), f"{place}.annotations"),
        starts_wall_s=starts_s,
        ends_wall_s=ends_s if one["status"] == "resolved" else None,
        odd=odd or odd_end,
    )


def moment(value: Any, name: str) -> tuple[float | None, str]:
    """A time, and what is odd about it; one that is no time is left out, and not the alert."""
    try:
        return wall_s_of(value), ""
    except (ValueError, OverflowError):
        return None, f"{name} is no time"
