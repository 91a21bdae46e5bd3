"""Spans of everything that was thought and done, after OpenTelemetry's GenAI conventions.

They lie on disk as JSON lines, always: one file per trace id, and one trace id per incident.
"""

from tools.trace.files import TraceFiles, read_trace
from tools.trace.incident import incident_context, incident_trace_id, root_span_id
from tools.trace.spans import NO_TRACE, agent_span, chat_span, mark_failed, tool_span, workflow_span

__all__ = [
    "NO_TRACE",
    "TraceFiles",
    "agent_span",
    "chat_span",
    "incident_context",
    "incident_trace_id",
    "mark_failed",
    "read_trace",
    "root_span_id",
    "tool_span",
    "workflow_span",
]
