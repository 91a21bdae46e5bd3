"""Spans sent to a collector as well, by the environment variables of OpenTelemetry."""

from collections.abc import Mapping

from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from twin.errors import BadInput, installing

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HTTP = "http/protobuf"


def sending_processors(environ: Mapping[str, str]) -> list[SpanProcessor]:
    """A batching exporter over OTLP/HTTP where an endpoint is set, else nothing.

    The exporter itself reads endpoint, headers, certificate, compression and timeout. An endpoint
    that does not answer delays nothing but the end of the command, for at most the timeout; the
    files have every span all the same. Also obeyed: OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER=none.

    Raises:
        BadInput: another protocol than http/protobuf is asked for, or the extra `otlp` is missing.
    """
    endpoint = next((name for name in ENDPOINTS if environ.get(name)), None)
    unwanted = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if endpoint is None or unwanted or environ.get("OTEL_TRACES_EXPORTER") == "none":
        return []
    for name in _PROTOCOLS:
        if environ.get(name, _HTTP) != _HTTP:
            raise BadInput(f"{name}={environ[name]} cannot be spoken; set it to {_HTTP}")
    try:
        # An extra: most installations keep their traces on disk only.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as exc:
        raise BadInput(
            f"{endpoint} is set, but what sends spans is not installed: {installing('otlp')}, or "
            "unset it"
        ) from exc
    return [BatchSpanProcessor(OTLPSpanExporter())]
