"""Any JSON: alerts.yaml says where in it everything stands."""

from collections.abc import Mapping
from typing import Any

from tools.alerts.doors.alertmanager import moment
from tools.alerts.reading import MOST_ALERTS, Post, Received, content_of, text_of
from twin.errors import BadInput
from twin.nouns.base import Noun
from twin.nouns.untrusted import UntrustedText


class Fields(Noun):
    """Where everything stands: names of keys, joined by dots, from the alert on.

    `alerts`: the list of alerts, from the body on; "" where the body is one alert, or a list of
    them. `status`: what says whether it is over, which it is if it is one of `resolved`. `labels`:
    of which further labels are made, by which rules map it. `fingerprint`, `name`, `starts`,
    `ends`: "" where nothing says so.
    """

    alerts: str = ""
    fingerprint: str = ""
    name: str = ""
    status: str = ""
    resolved: tuple[str, ...] = ("resolved", "ok", "cleared")
    starts: str = ""
    ends: str = ""
    labels: Mapping[str, str] = {}


class Generic:
    """Reads what `fields` describe."""

    def __init__(self, fields: Fields | None = None) -> None:
        self._fields = fields or Fields()

    def read(self, body: Any, now_wall_s: float) -> Post:
        """As the `Door` Protocol says."""
        found = _at(body, self._fields.alerts)
        listed = found if isinstance(found, list) else [found]
        if len(listed) > MOST_ALERTS:
            raise BadInput(f"{len(listed)} alerts in one post; up to {MOST_ALERTS:,} are read")
        if not all(isinstance(one, dict) for one in listed):
            raise BadInput(f'"{self._fields.alerts}" of the body holds what is no object')
        return Post([self._alert(one, now_wall_s) for one in listed])

    def _alert(self, one: dict[str, Any], now_wall_s: float) -> Received:
        fields = self._fields
        paths = {"alertname": fields.name, **fields.labels}
        given = {label: _at(one, path) for label, path in paths.items() if path}
        labels = {x: UntrustedText(text_of(v)) for x, v in given.items() if v is not None}
        named = text_of(_at(one, fields.fingerprint))[:128] if fields.fingerprint else ""
        starts_s, odd = moment(_at(one, fields.starts) if fields.starts else None, "starts")
        ends_s, odd_end = moment(_at(one, fields.ends) if fields.ends else None, "ends")
        is_over = self._is_over(one, ends_s, now_wall_s)
        content = content_of(labels, named)
        return Received(
            fingerprint=named or content,
            content=content,
            labels=labels,
            starts_wall_s=starts_s,
            ends_wall_s=(now_wall_s if ends_s is None else ends_s) if is_over else None,
            odd=odd or odd_end,
        )

    def _is_over(self, one: dict[str, Any], ends_s: float | None, now_wall_s: float) -> bool:
        if not self._fields.status:
            return ends_s is not None and ends_s <= now_wall_s
        status = text_of(_at(one, self._fields.status)).casefold()
        return status in {known.casefold() for known in self._fields.resolved}


def _at(value: Any, path: str) -> Any:
    """What stands at `path` in `value`; None where there is nothing."""
    for key in filter(None, path.split(".")):
        value = value.get(key) if isinstance(value, dict) else None
    return value
