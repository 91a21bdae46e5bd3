"""Spans on disk: one incident is one trace, whoever writes it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from opentelemetry.proto_json.trace.v1.trace import Span
from opentelemetry.trace import format_span_id, format_trace_id

from tools.trace import (
    KEPT_S,
    NO_TRACE,
    KeptEvent,
    TraceFiles,
    agent_span,
    chat_span,
    incident_context,
    incident_trace_id,
    read_trace,
    root_span_id,
    tool_span,
    workflow_span,
)

ONE_PART = """
import sys
from pathlib import Path
from tools.trace import TraceFiles, incident_context, incident_trace_id, agent_span, workflow_span

with TraceFiles(Path(sys.argv[1])) as files:
    context = incident_context(incident_trace_id("INC-1"))
    with workflow_span(files.tracer, sys.argv[2], context=context):
        with agent_span(files.tracer, "diagnoser"):
            pass
"""


def test_two_processes_join_one_incident_in_one_file(tmp_path: Path) -> None:
    for part in ("before approval", "after approval"):
        subprocess.run(
            [sys.executable, "-W", "error", "-c", ONE_PART, str(tmp_path), part],
            check=True,
            cwd=Path(__file__).parents[3],
        )
    trace_id = incident_trace_id("INC-1")
    (file,) = tmp_path.iterdir()
    assert file.name == f"{format_trace_id(trace_id)}.jsonl"
    spans = read_trace(file)
    assert {span.trace_id for span in spans} == {format_trace_id(trace_id)}
    parts = {s.name: s for s in spans if s.name.startswith("invoke_workflow")}
    assert set(parts) == {"invoke_workflow before approval", "invoke_workflow after approval"}
    root = format_span_id(root_span_id(trace_id))
    assert {span.parent_id for span in parts.values()} == {root}
    agents = [span for span in spans if span.name == "invoke_agent diagnoser"]
    assert [a.parent_id for a in agents] == [p.span_id for p in parts.values()]


def test_a_trace_that_begins_drops_those_that_ended_long_ago(tmp_path: Path) -> None:
    ends_s = {"old": time.time() - KEPT_S - 60.0, "young": time.time() - KEPT_S + 3600.0}
    for name, end_s in ends_s.items():
        (tmp_path / f"{name}.jsonl").write_text("{}\n", encoding="utf-8")
        os.utime(tmp_path / f"{name}.jsonl", (end_s, end_s))
    with TraceFiles(tmp_path) as files:
        begun = files.path_of(incident_trace_id("INC-9"))
        context = incident_context(incident_trace_id("INC-9"))
        with workflow_span(files.tracer, "incident", context=context):
            pass
    assert set(tmp_path.iterdir()) == {begun, tmp_path / "young.jsonl"}


def test_incidents_have_traces_of_their_own() -> None:
    assert incident_trace_id("INC-1") == incident_trace_id("INC-1")
    assert incident_trace_id("INC-1") != incident_trace_id("INC-2")
    assert 0 < incident_trace_id("INC-1") < 2**128
    assert 0 < root_span_id(incident_trace_id("INC-1")) < 2**64


def test_spans_carry_the_conventions_names_and_the_agents_time(tmp_path: Path) -> None:
    trace_id = incident_trace_id("INC-3")
    with TraceFiles(tmp_path) as files:
        tracer = files.tracer
        with (
            workflow_span(tracer, "incident", context=incident_context(trace_id), time_s=10.0),
            agent_span(tracer, "diagnoser", time_s=11.0),
        ):
            with chat_span(tracer, "openai:x", provider="openai"):
                pass
            with tool_span(tracer, "what_if", call_id="call00001", arguments='{"link":"L1"}'):
                pass
    chat, tool, agent, workflow = read_trace(files.path_of(trace_id))
    assert chat.kind == Span.SpanKind.SPAN_KIND_CLIENT
    assert chat.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "openai:x",
        "gen_ai.provider.name": "openai",
    }
    assert tool.name == "execute_tool what_if"
    assert tool.attributes["gen_ai.tool.call.id"] == "call00001"
    assert json.loads(tool.attributes["gen_ai.tool.call.arguments"]) == {"link": "L1"}
    assert agent.attributes == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "diagnoser",
        "noctua.time_s": 11.0,
    }
    assert workflow.attributes["gen_ai.workflow.name"] == "incident"
    assert chat.parent_id == tool.parent_id == agent.span_id


def test_failed_span_says_which_error_and_lets_it_pass(tmp_path: Path) -> None:
    trace_id = incident_trace_id("INC-4")
    with TraceFiles(tmp_path) as files:
        context = incident_context(trace_id)
        with (
            pytest.raises(KeyError),
            workflow_span(files.tracer, "incident", context=context),
        ):
            raise KeyError("a secret")
    (span,) = read_trace(files.path_of(trace_id))
    assert span.attributes["error.type"] == "KeyError"
    assert span.failed
    assert "secret" not in files.path_of(trace_id).read_text()


def test_torn_line_does_not_hide_the_others(tmp_path: Path) -> None:
    trace_id = incident_trace_id("INC-5")
    with TraceFiles(tmp_path) as files:
        for _ in range(2):
            with workflow_span(files.tracer, "part", context=incident_context(trace_id)):
                pass
        path = files.path_of(trace_id)
        whole = path.read_bytes()
        path.write_bytes(whole[:-20])
    assert len(read_trace(path)) == 1


def test_folder_that_cannot_be_written_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = TraceFiles(tmp_path / "traces")
    (tmp_path / "traces").rmdir()
    with workflow_span(files.tracer, "incident"):
        reached = True
    assert reached
    assert "a span was not written" in caplog.text


def test_no_trace_records_nothing() -> None:
    with workflow_span(NO_TRACE, "incident") as span:
        assert not span.is_recording()


def test_every_line_is_what_collectors_read(tmp_path: Path) -> None:
    trace_id = incident_trace_id("INC-6")
    with (
        TraceFiles(tmp_path) as files,
        workflow_span(files.tracer, "incident", context=incident_context(trace_id), time_s=10.5),
        tool_span(files.tracer, "what_if", call_id="call00001", arguments="{}") as span,
    ):
        span.set_attribute("several", ["a", "b"])
        span.add_event("looked", {"rows": 3, "all": True})
    # protobuf's own reader takes ids for base64, as OTLP JSON is the one to write them in hex.
    lines = files.path_of(trace_id).read_text().splitlines()
    messages = [json_format.Parse(line, TracesData()) for line in lines]
    spans = [m.resource_spans[0].scope_spans[0].spans[0] for m in messages]
    assert [s.name for s in spans] == ["execute_tool what_if", "invoke_workflow incident"]
    kept, _ = read_trace(files.path_of(trace_id))
    assert kept.attributes["several"] == ["a", "b"]
    assert kept.events == (KeptEvent("looked", {"rows": 3, "all": True}),)
