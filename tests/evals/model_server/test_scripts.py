"""Every shipped script loads and is served; files that are none are refused with a remedy."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from agents.playbook.view import answer
from evals.commands.model_serving import model_server
from evals.model_server.behaviours import Good, Status
from evals.model_server.recording import Recorder, load_recording
from evals.model_server.script import Script, load_script, script_names
from evals.model_server.server import ModelServer
from tools.models.openai_compatible import chat_model
from tools.models.settings import ModelSettings
from twin.errors import BadInput


@pytest.mark.parametrize("name", script_names())
def test_shipped_script_says_what_it_is_about(name: str) -> None:
    script = load_script(name)
    assert script.about.endswith(".")
    assert script.gone_after is not None or script != Script(about=script.about) or name == "good"


def test_script_of_a_file_gives_each_role_its_steps(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "roles:\n  diagnoser:\n    - {kind: good}\n    - {kind: status, code: 500}\n",
        encoding="utf-8",
    )
    assert load_script(str(file)) == Script(roles={"diagnoser": (Good(), Status(code=500))})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("default: [{kind: goood}]", "default.0"),
        ("default: []", "default"),
        ("rolls: {}", "rolls"),
        ("default: [{kind: status, code: 200}]", "code"),
        ("default: [", "is not YAML"),
        ("- 1", "the file"),
    ],
)
def test_file_that_is_no_script_is_refused_by_name_and_key(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=re.escape(said)) as refusal:
        load_script(str(file))
    assert str(file) in str(refusal.value)


def test_unknown_script_is_answered_with_the_near_one() -> None:
    with pytest.raises(BadInput, match=r'did you mean "good"\?'):
        load_script("goood")


def test_command_takes_one_source_only(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="give one of"):
        model_server(script="good", replay=tmp_path / "x.jsonl")


def test_command_names_a_port_that_is_taken() -> None:
    with ModelServer() as server, pytest.raises(BadInput, match="another --port"):
        model_server(port=int(server.url.split(":")[2].split("/")[0]))


MAIN = "from channels.cli.app import main; main()"


@contextmanager
def _command(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`noctua model-server`, and the base URL that it prints."""
    command = [sys.executable, "-u", "-c", MAIN, "model-server", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield process, line.strip().rpartition("NOCTUA_MODEL_URL=")[2]
        finally:
            process.kill()


@pytest.mark.slow
def test_command_serves_until_it_is_interrupted_and_fails_if_an_answer_was_missing(
    tmp_path: Path,
) -> None:
    file = tmp_path / "run.jsonl"
    messages = [SystemMessage("Role: none\n\nx"), HumanMessage("Task (JSON):\n{}")]
    settings = ModelSettings(id="double", model="m", base_url="http://127.0.0.1:1/v1")
    with ModelServer(policies={"none": lambda _: answer({})}, recorder=Recorder(file)) as recorded:
        here = settings.model_copy(update={"base_url": recorded.url})
        tools = [ANSWER]
        chat_model(here, environ={}).bind_tools(tools, tool_choice="any").invoke(messages)
    assert len(load_recording(file)) == 1
    with _command("--replay", str(file)) as (process, url):
        there = chat_model(settings.model_copy(update={"base_url": url}), environ={})
        there.bind_tools(tools, tool_choice="any").invoke(messages)
        with pytest.raises(Exception, match="no answer is recorded"):
            there.invoke(messages)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert "none: completion" in out
    assert process.returncode == 1
    assert "no answer is recorded" in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_command_that_runs_in_the_background_is_ended_by_sigterm() -> None:
    with _command("--script", "good") as (process, _):
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    assert "0 requests, 0 refused" in out


ANSWER = {
    "type": "function",
    "function": {"name": "answer", "parameters": {"type": "object", "properties": {}}},
}
