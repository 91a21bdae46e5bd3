"""Spans read back from the files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opentelemetry.proto_json.common.v1.common import AnyValue, KeyValue
from opentelemetry.proto_json.trace.v1.trace import Span, Status, TracesData


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event of a span."""

    name: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeptSpan:
    """A span as it lies on disk. Ids in hex, 32 and 16 digits; `parent_id` "" where it has none."""

    name: str
    kind: Span.SpanKind
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    attributes: Mapping[str, Any]
    events: tuple[KeptEvent, ...]


def read_trace(path: Path) -> list[KeptSpan]:
    """The spans in a trace file, in the order in which they ended.

    What is no OTLP is left out: torn lines, and those of versions that wrote another form.
    """
    found: list[KeptSpan] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            data = TracesData.from_json(line)
        except (ValueError, TypeError):
            continue  # a kill or a full disk cut it short
        found += [
            _kept(span)
            for resource in data.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
    return found


def _kept(span: Span) -> KeptSpan:
    return KeptSpan(
        name=span.name or "",
        kind=Span.SpanKind(span.kind or 0),
        trace_id=(span.trace_id or b"").hex(),
        span_id=(span.span_id or b"").hex(),
        parent_id=(span.parent_span_id or b"").hex(),
        failed=span.status is not None and span.status.code == Status.StatusCode.STATUS_CODE_ERROR,
        attributes=_attributes(span.attributes),
        events=tuple(KeptEvent(e.name or "", _attributes(e.attributes)) for e in span.events),
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs if pair.key and pair.value}


def _value(value: AnyValue) -> Any:
    if value.array_value is not None:
        return [_value(item) for item in value.array_value.values]
    plain = (value.string_value, value.bool_value, value.int_value, value.double_value)
    return next((item for item in plain if item is not None), None)
