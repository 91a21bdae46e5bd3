"""The four kinds of span, as context managers over a tracer that is passed in.

An exception that leaves the block is recorded (`error.type`, status) and goes on. Its type
is its class, unless it has an `error_type` of its own.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.trace import NoOpTracer, Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.util.types import AttributeValue

from tools.trace import conventions as names

NO_TRACE: Tracer = NoOpTracer()
"""The tracer that records nothing."""

_ARGUMENTS_LIMIT = 2_000


@contextmanager
def workflow_span(
    tracer: Tracer,
    workflow: str,
    *,
    context: Context | None = None,
    time_s: float | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Iterator[Span]:
    """One uninterrupted part of a graph's run; `context` joins it to an incident's trace."""
    own = {names.WORKFLOW_NAME: workflow, **(attributes or {})}
    with _span(tracer, names.INVOKE_WORKFLOW, workflow, own, time_s, context) as span:
        yield span


@contextmanager
def agent_span(tracer: Tracer, agent: str, *, time_s: float | None = None) -> Iterator[Span]:
    """One run of a role."""
    own = {names.AGENT_NAME: agent}
    with _span(tracer, names.INVOKE_AGENT, agent, own, time_s) as span:
        yield span


@contextmanager
def tool_span(
    tracer: Tracer, tool: str, *, call_id: str, arguments: str, time_s: float | None = None
) -> Iterator[Span]:
    """One call of a tool; `arguments` is JSON, cut at 2,000 characters."""
    own = {
        names.TOOL_NAME: tool,
        names.TOOL_TYPE: "function",
        names.TOOL_CALL_ID: call_id,
        names.TOOL_CALL_ARGUMENTS: arguments[:_ARGUMENTS_LIMIT],
    }
    with _span(tracer, names.EXECUTE_TOOL, tool, own, time_s) as span:
        yield span


@contextmanager
def chat_span(
    tracer: Tracer, model: str, *, provider: str, time_s: float | None = None
) -> Iterator[Span]:
    """One call of a model."""
    own = {names.REQUEST_MODEL: model, names.PROVIDER_NAME: provider}
    with _span(tracer, names.CHAT, model, own, time_s, kind=SpanKind.CLIENT) as span:
        yield span


@contextmanager
def _span(
    tracer: Tracer,
    operation: str,
    subject: str,
    attributes: Mapping[str, AttributeValue],
    time_s: float | None,
    context: Context | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
) -> Iterator[Span]:
    own: dict[str, AttributeValue] = {names.OPERATION_NAME: operation, **attributes}
    if time_s is not None:
        own[names.TIME_S] = time_s
    with tracer.start_as_current_span(
        f"{operation} {subject}",
        context=context,
        kind=kind,
        attributes=own,
        record_exception=False,  # a traceback may hold what the network said
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except Exception as exc:
            mark_failed(span, getattr(exc, "error_type", type(exc).__name__))
            raise


def mark_failed(span: Span, error_type: str) -> None:
    """Say on `span` that its operation failed, where the exception itself was handled inside."""
    span.set_attribute(names.ERROR_TYPE, error_type)
    span.set_status(Status(StatusCode.ERROR))
