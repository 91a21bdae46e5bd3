"""What vmalert and Prometheus post to an Alertmanager: its API, version 2.

Neither sends webhooks: they take this door for an Alertmanager, and post to its `/api/v2/alerts`.

Source: github.com/VictoriaMetrics/VictoriaMetrics, app/vmalert/notifier/alertmanager_request.qtpl;
prometheus.io/docs/alerting/latest/alerts_api/.
"""

from typing import Any

from tools.alerts.doors.alertmanager import moment
from tools.alerts.reading import MOST_ALERTS, Post, Received, content_of, texts
from twin.errors import BadInput


class Vmalert:
    """`[{"labels", "annotations", "startsAt", "endsAt", "generatorURL"}, ...]`.

    There is no status and no fingerprint. An end in the future is when the alert is over unless it
    is sent again; one that has passed says that it is over.
    """

    def read(self, body: Any, now_wall_s: float) -> Post:
        """As the `Door` Protocol says."""
        if not isinstance(body, list):
            raise BadInput("the body must be a list of alerts")
        if len(body) > MOST_ALERTS:
            raise BadInput(f"{len(body)} alerts in one post; up to {MOST_ALERTS:,} are read")
        return Post([_alert(one, f"[{i}]", now_wall_s) for i, one in enumerate(body)])


def _alert(one: Any, place: str, now_wall_s: float) -> Received:
    if not isinstance(one, dict) or not one.get("labels"):
        raise BadInput(f'{place}: must be an object with "labels"')
    labels = texts(one["labels"], f"{place}.labels")
    starts_s, odd = moment(one.get("startsAt"), "startsAt")
    ends_s, odd_end = moment(one.get("endsAt"), "endsAt")
    is_over = ends_s is not None and ends_s <= now_wall_s
    content = content_of(labels)
    return Received(
        fingerprint=content,
        content=content,
        labels=labels,
        annotations=texts(one.get("annotations"), f"{place}.annotations"),
        starts_wall_s=starts_s,
        ends_wall_s=ends_s if is_over else None,
        expires_wall_s=None if is_over else ends_s,
        odd=odd or odd_end,
    )
