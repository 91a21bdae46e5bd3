"""One incident is one trace: its ids are derived, so that any process can join it."""

import hashlib

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context


def incident_trace_id(incident_id: str) -> int:
    """The trace id of an incident: the first 16 bytes of SHA-256 over its id (never zero)."""
    return _digest(b"noctua.incident:" + incident_id.encode(), 16)


def root_span_id(trace_id: int) -> int:
    """The span id under which all parts of the trace hang: 8 bytes derived from it (never zero)."""
    return _digest(b"noctua.root:" + trace_id.to_bytes(16, "big"), 8)


def incident_context(trace_id: int) -> Context:
    """A context whose spans join the trace as children of its root, whichever process asks.

    The root is a remote parent: it is never open, so an interrupt or a kill leaves nothing open.
    """
    root = SpanContext(
        trace_id=trace_id,
        span_id=root_span_id(trace_id),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return set_span_in_context(NonRecordingSpan(root), Context())


def _digest(data: bytes, size: int) -> int:
    # Zero means "invalid" to OpenTelemetry.
    return int.from_bytes(hashlib.sha256(data).digest()[:size], "big") or 1
