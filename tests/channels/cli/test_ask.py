"""`ask` and `chat` on the command line."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from channels.cli.app import app
from tests.channels.conftest import noctua
from tests.made_once import past


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Abilene, whose incident is over."""
    return past(tmp_path_factory)


@pytest.fixture(autouse=True)
def _no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOCTUA_MODEL", "NOCTUA_MODELS", "NOCTUA_MODEL_CONVERSATION"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.slow
def test_answer_stands_with_what_it_rests_on_and_who_gave_it(staged: Path) -> None:
    code, output, _ = noctua(staged, "ask", "What", "links", "does", "CHINng", "have?")
    assert code == 0
    first, *rest = output.splitlines()
    assert "CHINng--IPLSng" in first
    assert any("show_node (node=CHINng)" in line for line in rest)
    assert rest[-1].strip() == "answered by playbook about abilene"


@pytest.mark.slow
def test_json_is_one_document_with_the_whole_results(staged: Path) -> None:
    code, output, _ = noctua(staged, "ask", "--json", "how busy is CHINng-IPLSng?")
    reply = json.loads(output)
    assert code == 0
    assert not reply["declined"]
    (cited,) = reply["citations"]
    assert {e["link"] for e in cited["result"]["egresses"]} == {"CHINng--IPLSng"}
    assert reply["answered_by"] == "playbook"


def test_what_cannot_be_answered_is_declined_with_what_can(staged: Path) -> None:
    code, output, _ = noctua(staged, "ask", "what is the weather like?")
    assert code == 0
    assert "the world outside of the network is not on record" in output
    assert "I can answer, for example" in output


def test_unknown_network_is_refused_with_a_near_one(staged: Path) -> None:
    code, _, error = noctua(staged, "ask", "--network", "abilen", "what is down?")
    assert code == 2
    assert 'did you mean "abilene"?' in error


def test_one_of_several_networks_has_to_be_named(staged: Path, tmp_path: Path) -> None:
    state = Path(shutil.copytree(staged, tmp_path / "state"))
    shutil.copy(state / "networks" / "abilene.sqlite", state / "networks" / "other.sqlite")
    code, _, error = noctua(state, "ask", "what is down?")
    assert code == 2
    assert "several networks, abilene, other; name one (--network NETWORK)" in error


def test_directory_without_anything_is_refused(tmp_path: Path) -> None:
    code, _, error = noctua(tmp_path, "ask", "what is down?")
    assert code == 2
    assert "is not a state directory" in error


def test_chat_reads_questions_from_a_pipe_and_keeps_what_was_said(staged: Path) -> None:
    lines = "What happens if CHINng-IPLSng fails at 18:00?\n\nand at 20:00?\nwhat is the meaning?\n"
    result = CliRunner().invoke(app, ["--state", str(staged), "chat"], input=lines)
    assert result.exit_code == 0
    assert result.stdout.count("If CHINng--IPLSng fails") == 2
    assert "20:00:00 UTC" in result.stdout
    assert "I do not understand «meaning»" in result.stdout
    assert "noctua>" not in result.stdout


def test_chat_goes_on_after_a_question_that_is_refused(staged: Path) -> None:
    lines = f"{'why ' * 400}\nwhich links are down?\n"
    result = CliRunner().invoke(app, ["--state", str(staged), "chat"], input=lines)
    assert result.exit_code == 0
    assert "at most 1000 are read" in result.stderr
    assert "No link is down" in result.stdout


@pytest.mark.slow
def test_network_that_was_only_staged_is_asked_what_it_is_built_of(
    staged: Path, tmp_path: Path
) -> None:
    for part in ("journal.sqlite", "networks/abilene.sqlite"):
        (tmp_path / part).parent.mkdir(exist_ok=True)
        shutil.copy(staged / part, tmp_path / part)
    code, output, _ = noctua(tmp_path, "ask", "how many links are there?")
    assert (code, output.splitlines()[0]) == (0, "abilene has 15 links.")
