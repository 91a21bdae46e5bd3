"""Spans of everything that was thought and done, after OpenTelemetry's GenAI conventions.

They lie on disk as OTLP JSON lines, always: one file per trace id, and one trace id per incident.
Where an OTLP endpoint is set they are sent there too.
"""

from tools.trace.files import KEPT_S, TraceFiles, old_traces
from tools.trace.incident import incident_context, incident_trace_id, root_span_id
from tools.trace.reading import KeptEvent, KeptSpan, read_trace
from tools.trace.sending import sending_processors
from tools.trace.spans import NO_TRACE, agent_span, chat_span, mark_failed, tool_span, workflow_span

__all__ = [
    "KEPT_S",
    "NO_TRACE",
    "KeptEvent",
    "KeptSpan",
    "TraceFiles",
    "agent_span",
    "chat_span",
    "incident_context",
    "incident_trace_id",
    "mark_failed",
    "old_traces",
    "read_trace",
    "root_span_id",
    "sending_processors",
    "tool_span",
    "workflow_span",
]
