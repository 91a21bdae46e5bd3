"""Spans on disk: one JSON line per ended span, in one file per trace id."""

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Tracer, format_trace_id

_log = logging.getLogger(__name__)


class JsonLinesExporter(SpanExporter):
    """Appends each span to `folder`/<trace id in hex>.jsonl, in OpenTelemetry's JSON of a span.

    A line is one `write` to a file opened for appending, so processes may share a trace. What
    cannot be written is logged as a warning; it never stops what is being traced.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write `spans`."""
        try:
            for span in spans:
                self._append(span)
        except OSError as exc:
            _log.warning("a span was not written to %s: %s", self._folder, exc)
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def _append(self, span: ReadableSpan) -> None:
        context = span.get_span_context()
        if context is None:
            return
        line = span.to_json(indent=None) + "\n"
        path = trace_path(self._folder, context.trace_id)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


class TraceFiles:
    """A tracer that writes to `folder`. Close it, or use it in a `with`.

    `also`: more processors, such as a batching OTLP exporter's.
    """

    def __init__(self, folder: Path, also: Sequence[SpanProcessor] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        # Not the global provider: who wants spans is passed this tracer.
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource({SERVICE_NAME: "noctua"}),
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


def trace_path(folder: Path, trace_id: int) -> Path:
    """The file in `folder` of the trace with that id."""
    return folder / f"{format_trace_id(trace_id)}.jsonl"


def read_trace(path: Path) -> list[dict[str, Any]]:
    """The spans in a trace file, in the order in which they ended; torn lines are left out."""
    spans = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            spans.append(json.loads(line))
        except json.JSONDecodeError:
            continue  # a kill or a full disk cut it short
    return spans
