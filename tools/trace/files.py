"""Spans on disk: one line of OTLP JSON per ended span, in one file per trace id.

Collectors' file receivers, Jaeger and others read these files as they are. Source: OpenTelemetry
Protocol File Exporter (`TracesData`, one JSON object a line).
"""

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from opentelemetry.exporter.otlp.json.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Tracer, format_trace_id

from tools.said_once import SaidOnce

KEPT_S = 90 * 86_400.0
"""A trace is kept so long after its last span (wall time)."""

_log = logging.getLogger(__name__)


class JsonLinesExporter(SpanExporter):
    """Appends each span to `folder`/<trace id in hex>.jsonl.

    A line is one `write` to a file opened for appending, so processes may share a trace. What
    cannot be written is logged as a warning; it never stops what is being traced. Whenever a trace
    begins, those are dropped that nothing was added to for KEPT_S.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._said = SaidOnce(_log)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write `spans`."""
        try:
            for span in spans:
                self._append(span)
        except OSError as exc:
            self._said.warning(f"a span was not written to {self._folder}: {exc}")
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def _append(self, span: ReadableSpan) -> None:
        context = span.get_span_context()
        if context is None:
            return
        line = encode_spans([span]).to_json() + "\n"
        path = trace_path(self._folder, context.trace_id)
        if not path.exists():
            for old in old_traces(self._folder, KEPT_S):
                old.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            data = line.encode()
            if (written := os.write(descriptor, data)) < len(data):
                # The disk is full: half a line would spoil the next one as well.
                os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
        finally:
            os.close(descriptor)


class TraceFiles:
    """A tracer that writes to `folder`. Close it, or use it in a `with`.

    `also`: more processors, such as that of `sending_processors`. Environment variables
    OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say what the spans are of; "noctua" without them.
    """

    def __init__(self, folder: Path, also: Sequence[SpanProcessor] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        # Not the global provider: who wants spans is passed this tracer.
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource({SERVICE_NAME: "noctua"}).merge(OTELResourceDetector().detect()),
            shutdown_on_exit=False,  # each span is written when it ends; nothing waits for the exit
        )
        for processor in (SimpleSpanProcessor(JsonLinesExporter(folder)), *also):
            self._provider.add_span_processor(processor)

    @property
    def tracer(self) -> Tracer:
        """What to hand to everything that makes spans."""
        return self._provider.get_tracer("noctua")

    def path_of(self, trace_id: int) -> Path:
        """The file of that trace, whether or not it exists yet."""
        return trace_path(self.folder, trace_id)

    def close(self) -> None:
        """Flush what the processors hold."""
        self._provider.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def old_traces(folder: Path, kept_s: float) -> list[Path]:
    """The traces in `folder` to which nothing was added for `kept_s` of the machine's clock."""
    since_s = time.time() - kept_s
    return [file for file in sorted(folder.glob("*.jsonl")) if file.stat().st_mtime < since_s]


def trace_path(folder: Path, trace_id: int) -> Path:
    """The file in `folder` of the trace with that id."""
    return folder / f"{format_trace_id(trace_id)}.jsonl"
