"""Spans go to a collector where the standard variables name one."""

import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tools.trace import TraceFiles, sending_processors, workflow_span
from twin.errors import BadInput


class Collector:
    """An OTLP/HTTP endpoint that keeps what it is sent."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str | None, ExportTraceServiceRequest]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                message = ExportTraceServiceRequest.FromString(body)
                outer.requests.append((self.path, self.headers.get("X-Team"), message))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    thread = Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def test_collector_gets_what_the_files_have(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_HEADERS": "x-team=backbone",
        "OTEL_SERVICE_NAME": "noctua-berlin",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with TraceFiles(tmp_path, sending_processors(environ)) as files:
        for part in ("one", "two"):
            with workflow_span(files.tracer, part):
                pass
    ((path, team, message),) = collector.requests
    assert (path, team) == ("/v1/traces", "backbone")
    (resource,) = message.resource_spans
    named = {a.key: a.value.string_value for a in resource.resource.attributes}
    assert named["service.name"] == "noctua-berlin"
    names = [span.name for scope in resource.scope_spans for span in scope.spans]
    assert names == ["invoke_workflow one", "invoke_workflow two"]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_nothing_is_sent_where_nothing_is_wanted(environ: dict[str, str]) -> None:
    assert sending_processors(environ) == []


def test_protocol_that_is_not_spoken_is_refused_by_name() -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    }
    with pytest.raises(BadInput, match="OTEL_EXPORTER_OTLP_PROTOCOL=grpc cannot be spoken"):
        sending_processors(environ)
