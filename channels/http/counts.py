"""What is counted of requests, for Prometheus: in a registry of each application's own."""

from prometheus_client import CollectorRegistry, Counter, Histogram


class Counts:
    """Requests by route and status, how long they took, and what was refused by which rule."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "noctua_http_requests",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "noctua_http_request_seconds",
            "How long requests took to be answered.",
            ("route",),
            registry=self.registry,
        )
        self.refused = Counter(
            "noctua_http_refused",
            "Requests that were refused, by rule.",
            ("rule",),
            registry=self.registry,
        )
