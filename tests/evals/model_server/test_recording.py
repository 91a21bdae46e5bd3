"""What a model said is said again without it; what it was not asked has no answer."""

import json
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from agents.loop.transcript import ROLE_HEADER, TASK_HEADER
from agents.playbook.view import ToolChoice, TranscriptView, answer
from evals.model_server.behaviours import Good, Status
from evals.model_server.recording import Recorder, Replay, Upstream, load_recording
from evals.model_server.script import Script
from evals.model_server.server import ModelServer
from tools.models.failures import ModelServerBroken, ModelUnknown
from tools.models.openai_compatible import chat_model
from tools.models.settings import ModelSettings
from tools.registry import function_schema
from twin.errors import BadInput
from twin.nouns.base import Noun

KEY = "canary-5e1f"


class Said(Noun):
    """An answer."""

    reason: str


ANSWER = function_schema("answer", "Give the result.", Said)


def _counts(view: TranscriptView) -> ToolChoice:
    return answer({"reason": f"asked about {view.task['about']}"})


POLICIES = {"counter": _counts}


def _ask(server: ModelServer, about: str) -> AIMessage:
    settings = ModelSettings(id="double", model="m", base_url=server.url, key_env="KEY")
    model = chat_model(settings, environ={"KEY": KEY}).bind_tools([ANSWER], tool_choice="any")
    messages = [
        SystemMessage(f"{ROLE_HEADER}counter\n\nYou count."),
        HumanMessage(TASK_HEADER + json.dumps({"about": about})),
    ]
    reply = model.invoke(messages)
    assert isinstance(reply, AIMessage)
    return reply


def test_recorded_run_is_said_again_without_the_model(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    with ModelServer(policies=POLICIES, recorder=Recorder(file)) as server:
        first = [_ask(server, about) for about in ("a", "b")]
    with ModelServer(Replay(load_recording(file)), policies={}) as server:
        again = [_ask(server, about) for about in ("b", "a", "a")]
    told = [m.tool_calls[0]["args"] for m in (first[1], first[0], first[0])]
    assert [m.tool_calls[0]["args"] for m in again] == told
    assert again[0].usage_metadata == first[1].usage_metadata
    assert [e.role for e in load_recording(file)] == ["counter", "counter"]


def test_question_that_was_not_recorded_is_refused_and_named(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    with ModelServer(policies=POLICIES, recorder=Recorder(file)) as server:
        _ask(server, "a")
    replay = Replay(load_recording(file))
    with ModelServer(replay) as server, pytest.raises(ModelUnknown, match="no answer is recorded"):
        _ask(server, "c")
    (missing,) = replay.missing
    assert "role counter" in missing
    assert "1 exchanges are" in missing


def test_same_question_gets_its_answers_in_order(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    answers = iter("xyz")

    def changes(_: TranscriptView) -> ToolChoice:
        return answer({"reason": next(answers)})

    with ModelServer(policies={"counter": changes}, recorder=Recorder(file)) as server:
        _ask(server, "a")
        _ask(server, "a")
    with ModelServer(Replay(load_recording(file))) as server:
        said = [_ask(server, "a").tool_calls[0]["args"]["reason"] for _ in range(3)]
    assert said == ["x", "y", "y"]


def test_upstream_is_asked_recorded_and_its_key_is_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    script = Script(default=(Good(), Status(code=503)))
    with (
        ModelServer(script, policies=POLICIES) as real,
        ModelServer(Upstream(real.url), recorder=Recorder(file)) as between,
    ):
        assert _ask(between, "a").tool_calls[0]["args"] == {"reason": "asked about a"}
        with pytest.raises(ModelServerBroken):
            _ask(between, "a")
    # A call that the server fails is made again once.
    assert [r.did for r in real.requests] == ["good", "status", "status"]
    (kept,) = load_recording(file)
    assert kept.request["messages"][0]["content"].startswith("Role: counter")
    assert KEY not in file.read_text(encoding="utf-8")
    assert KEY not in repr((real.requests, between.requests))


def test_upstream_that_is_not_there_is_a_502() -> None:
    with ModelServer() as gone:
        gone.go_away()
        with (
            ModelServer(Upstream(gone.url)) as between,
            pytest.raises(ModelServerBroken, match="upstream server did not answer"),
        ):
            _ask(between, "a")


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "holds no exchange"), ('{"digest": "x"}\n', "line 1"), ("\n", "line 1")],
)
def test_file_that_is_no_recording_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "run.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=said) as refusal:
        load_recording(file)
    assert str(file) in str(refusal.value)


def test_recording_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    file.write_text("precious\n", encoding="utf-8")
    with pytest.raises(BadInput, match="there already"):
        Recorder(file)
    assert file.read_text(encoding="utf-8") == "precious\n"


def test_upstream_needs_a_base_url() -> None:
    with pytest.raises(BadInput, match="base URL"):
        Upstream("localhost:8000")
