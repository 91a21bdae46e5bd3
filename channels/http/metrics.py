"""What Prometheus scrapes: how the server is asked, and how the networks are."""

from collections.abc import Iterable

from fastapi import APIRouter, Depends, Response
from fastapi.security import HTTPAuthorizationCredentials
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request

from channels import verbs
from channels.http.served import Serving
from channels.http.who import bearer, caller, cookie
from graphs.state_directory import StateDirectory
from twin.errors import NoctuaError

router = APIRouter(tags=["server"])


def _may_scrape(
    request: Request,
    served: Serving,
    token: HTTPAuthorizationCredentials | None = Depends(bearer),  # noqa: B008
    session: str | None = Depends(cookie),
) -> None:
    """Whoever may read, unless the settings open it to all."""
    if not served.settings.open_metrics:
        caller(request, served, token, session).signed.require("read")


@router.get(
    "/metrics",
    response_class=Response,
    dependencies=[Depends(_may_scrape)],
    responses={200: {"content": {"text/plain": {}}}},
)
def scrape(served: Serving) -> Response:
    """Counts of requests, and how the networks are, as Prometheus reads them."""
    return Response(generate_latest(served.counts.registry), media_type=CONTENT_TYPE_LATEST)


class NetworkMetrics(Collector):
    """How the networks of a state directory are, as of the scrape."""

    def __init__(self, state: StateDirectory) -> None:
        self._state = state

    def collect(self) -> Iterable[Metric]:
        """The gauges; `noctua_journal_readable` alone where the journal cannot be read."""
        readable = GaugeMetricFamily("noctua_journal_readable", "Whether the journal can be read.")
        try:
            views = verbs.networks(self._state) if self._state.journal_file.is_file() else ()
            waiting = verbs.requests(self._state, "waiting") if views else ()
        except NoctuaError:
            readable.add_metric((), 0.0)
            yield readable
            return
        readable.add_metric((), 1.0)
        yield readable
        incidents = _gauge("noctua_incidents_open", "Incidents in work.", "network", "severity")
        people = _gauge("noctua_incidents_with_people", "Handed to people, not over.", "network")
        stepped = _gauge("noctua_watch_stepped_timestamp_seconds", "Last step.", "network")
        failures = _gauge("noctua_watch_failed_steps", "Failed steps in a row.", "network")
        for view in views:
            counted: dict[str, int] = {}
            for incident in view.incidents:
                counted[incident.severity.value] = counted.get(incident.severity.value, 0) + 1
            for severity, count in counted.items():
                incidents.add_metric((view.network, severity), count)
            people.add_metric((view.network,), len(view.with_people))
            if view.watch is not None:
                stepped.add_metric((view.network,), view.watch.stepped_wall_s)
                failures.add_metric((view.network,), view.watch.failures)
        questions = _gauge("noctua_plans_waiting", "Plans that wait for an answer.")
        questions.add_metric((), len(waiting))
        yield from (incidents, people, stepped, failures, questions)


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)
