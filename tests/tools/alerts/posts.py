"""Posts as monitoring systems send them, in the shapes that their documentation shows."""

from typing import Any

RECEIVED_S = 1_772_560_800.0
"""2026-03-03T18:00:00Z."""

NO_END = "0001-01-01T00:00:00Z"


def firing(
    labels: dict[str, str] | None = None, starts: str = "2026-03-03T17:59:00Z", **more: Any
) -> dict[str, Any]:
    """An alert as Alertmanager words it."""
    return {
        "status": "firing",
        "labels": labels or {"alertname": "LinkDown", "link": "A-B"},
        "annotations": {"summary": "the link is down"},
        "startsAt": starts,
        "endsAt": NO_END,
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=up",
        "fingerprint": "1a30ba71cca2921f",
    } | more


def resolved(ends: str = "2026-03-03T18:05:00Z", **more: Any) -> dict[str, Any]:
    """The same, over."""
    return firing(**more) | {"status": "resolved", "endsAt": ends}


def alertmanager(*alerts: dict[str, Any], version: str = "4", **more: Any) -> dict[str, Any]:
    """A post of Alertmanager's webhook."""
    return {
        "receiver": "noctua",
        "status": "firing",
        "alerts": list(alerts),
        "groupLabels": {"alertname": "LinkDown"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example:9093",
        "version": version,
        "groupKey": '{}:{alertname="LinkDown"}',
        "truncatedAlerts": 0,
    } | more


def grafana(*alerts: dict[str, Any]) -> dict[str, Any]:
    """A post of Grafana's webhook: more keys, and version 1."""
    worded = [
        alert | {"values": {"B": 44.2}, "silenceURL": "https://g.example/s", "valueString": "[ ]"}
        for alert in alerts
    ]
    return alertmanager(*worded, version="1") | {
        "orgId": 1,
        "title": "[FIRING:1]",
        "state": "alerting",
        "message": "**Firing**",
    }
