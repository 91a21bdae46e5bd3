"""`noctua doctor` calls every model that is configured, and nobody where the playbook is alone."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from channels.cli.doctor.check import Check
from channels.cli.doctor.command import examine
from evals.model_server import ModelServer, Script
from evals.model_server.behaviours import Behaviour, Call, Completion, Prose, Status
from graphs.state_directory import StateDirectory
from tests.channels.conftest import inventory_of, noctua
from tools.models.leniency.text import IN_TEXT
from tools.models.pseudonyms import KEY_FILE, state_key

KEY = "sk-canary-99"
READS = Call(tool="read_link", arguments={"link": "west--east"})
REPORTS = Call(tool="answer", arguments={"severity": "low", "shares": [], "affected": 1})
ABLE = (READS, READS, READS, READS, REPORTS, REPORTS, REPORTS, READS, Prose(text="one two " * 9))
NAME = "openai:scripted"

Named = dict[str, list[Check]]


def _checks(state: Path) -> Named:
    found: Named = {}
    for check in examine(StateDirectory(state), 1e12):
        found.setdefault(check.name, []).append(check)
    return found


@pytest.fixture
def point(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a server's model in front of every role."""

    def put(url: str, model: str = "scripted", **other: str) -> None:
        asked = {"": f"openai:{model}", "_URL": url, "_KEY": KEY, **other}
        for suffix, value in asked.items():
            monkeypatch.setenv(f"NOCTUA_MODEL{suffix}", value)

    return put


def _with(point: Callable[..., None], tmp_path: Path, *steps: Behaviour) -> dict[str, Check]:
    with ModelServer(Script(default=steps)) as server:
        point(server.url)
        return {name: checks[-1] for name, checks in _checks(tmp_path).items()}


def test_playbook_alone_calls_nobody_and_says_so(tmp_path: Path) -> None:
    found = _checks(tmp_path)
    assert "the playbook alone" in found["minds"][0].found
    assert not [name for name in found if name.startswith("openai:")]
    assert "pseudonyms" not in found


def test_able_model_passes_every_check(point: Callable[..., None], tmp_path: Path) -> None:
    found = _with(point, tmp_path, *ABLE)
    ours = {n: c for n, c in found.items() if n.startswith(NAME)}
    calls = {f"{NAME} {part}" for part in ("tools", "required", "schema", "streamed", "streaming")}
    server = {
        f"{NAME} {part}" for part in ("form", "roles", "context", "parameters", "latency", "usage")
    }
    assert set(ours) == {NAME} | calls | server
    assert {check.state for check in ours.values()} == {"ok"}
    assert "3 of 3" in ours[f"{NAME} required"].found


def test_model_that_falls_to_prose_is_warned_about(
    point: Callable[..., None], tmp_path: Path
) -> None:
    found = _with(point, tmp_path, READS, Prose(text="The sea."))
    required = found[f"{NAME} required"]
    assert required.state == "warning"
    assert "0 of 3" in required.found
    assert "docs/models.md" in required.remedy
    assert found[f"{NAME} schema"].state == "warning"


def test_what_a_model_would_lose_a_role_for_is_told(
    point: Callable[..., None], tmp_path: Path
) -> None:
    found = _with(point, tmp_path, READS, Prose(text="The sea."))
    assert found[f"{NAME} roles"].state == "warning"
    assert '1 of 7 replies can be used; it would lose a role for prose ("The sea.")' in (
        found[f"{NAME} roles"].found
    )


def test_odd_writing_is_named_and_costs_nothing(point: Callable[..., None], tmp_path: Path) -> None:
    text = (
        f"<tool_call>{json.dumps({'name': READS.tool, 'arguments': READS.arguments})}</tool_call>"
    )
    found = _with(point, tmp_path, Prose(text=text))
    assert (found[f"{NAME} tools"].state, found[f"{NAME} streamed"].state) == ("ok", "ok")
    assert found[f"{NAME} form"].state == "ok"
    assert IN_TEXT in found[f"{NAME} form"].found


def test_replies_that_are_cut_off_are_blamed_on_the_limit_and_not_on_the_server(
    point: Callable[..., None], tmp_path: Path
) -> None:
    cut = Completion(message={"role": "assistant", "content": "The sea"}, finish_reason="length")
    found = _with(point, tmp_path, READS, cut)
    required = found[f"{NAME} required"]
    assert required.state == "warning"
    assert "cut off" in required.found
    assert "max_output_tokens" in required.remedy
    assert "tool_choice" not in required.remedy


def test_model_that_calls_no_tools_fails(point: Callable[..., None], tmp_path: Path) -> None:
    assert _with(point, tmp_path, Prose())[f"{NAME} tools"].state == "failed"


@pytest.mark.parametrize(
    ("step", "said", "remedy"),
    [
        (Status(code=401, message=f"no: {KEY}"), "ModelUnauthorised", "key_env"),
        (Status(code=404), "ModelUnknown", "/v1"),
        (Status(code=500), "ModelServerBroken", "log"),
    ],
)
def test_model_that_fails_is_told_with_what_to_do_and_without_its_key(
    point: Callable[..., None], tmp_path: Path, step: Behaviour, said: str, remedy: str
) -> None:
    check = _with(point, tmp_path, step)[NAME]
    assert (check.state, said in check.found, remedy in check.remedy) == ("failed", True, True)
    assert KEY not in check.found


def test_server_that_is_gone_fails_and_the_other_checks_go_on(
    point: Callable[..., None], state: Path
) -> None:
    with ModelServer(Script()) as server:
        point(server.url)
    code, output, error = noctua(state, "doctor", "--json")
    document = json.loads(output)
    checks = {check["name"]: check for check in document["checks"]}
    assert (code, error, document["healthy"]) == (1, "", False)
    assert checks[NAME]["state"] == "failed"
    assert checks["audit chain"]["state"] == "ok"
    assert KEY not in output


def test_name_that_the_server_does_not_list_is_warned_about(
    point: Callable[..., None], tmp_path: Path
) -> None:
    with ModelServer(Script(default=ABLE)) as server:
        point(server.url, model="other")
        check = _checks(tmp_path)["openai:other"][0]
    assert check.state == "warning"
    assert "lists scripted" in check.found


def test_wrong_setting_is_one_failed_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOCTUA_MODEL", "gpt")
    found = _checks(tmp_path)["minds"]
    assert [check.state for check in found] == ["failed"]
    assert 'there is no model "gpt"' in found[0].found


def test_missing_key_fails_and_hides_no_other_model(tmp_path: Path) -> None:
    with ModelServer(Script(default=ABLE)) as server:
        (tmp_path / "models.yaml").write_text(
            f"models: {{far: {{model: m, key_env: ABSENT_KEY}}, "
            f'near: {{model: scripted, base_url: "{server.url}"}}}}\n'
            "roles: {default: [far, near]}",
            encoding="utf-8",
        )
        found = _checks(tmp_path)
    assert found["openai:far"][0].state == "failed"
    assert "ABSENT_KEY" in found["openai:far"][0].found
    assert found["openai:near"][0].state == "ok"


def test_limit_on_cost_without_a_price_is_warned_about(tmp_path: Path) -> None:
    with ModelServer(Script(default=ABLE)) as server:
        (tmp_path / "models.yaml").write_text(
            f'models: {{near: {{model: scripted, base_url: "{server.url}"}}}}\n'
            "roles: {default: [near]}\nlimits: {cost: 1}",
            encoding="utf-8",
        )
        warned = _checks(tmp_path)["minds"][1]
    assert (warned.state, "openai:near" in warned.found) == ("warning", True)


def test_example_of_what_a_model_sees_is_of_this_network_and_names_nobody(
    point: Callable[..., None], state: Path
) -> None:
    with ModelServer(Script(default=ABLE)) as server:
        point(server.url, _PSEUDONYMS="always")
        told = noctua(state, "doctor")[1]
        sent = json.dumps([r.body for r in server.requests])
    [line] = [each for each in told.splitlines() if each.startswith("ok       pseudonyms")]
    seen, _, original = line.partition(" in place of ")
    customer = inventory_of(state).services[0].customer
    assert customer in original
    assert customer not in seen
    assert "customer-" in seen
    assert "noc@example.com" not in seen
    # The doctor itself sends nothing of the network, and changes nothing.
    assert customer not in sent
    assert not (state / KEY_FILE).exists()


def test_model_that_sees_all_names_is_told(point: Callable[..., None], tmp_path: Path) -> None:
    found = _with(point, tmp_path, *ABLE)
    assert f"not used for {NAME}" in found["pseudonyms"].found


def test_key_of_pseudonyms_that_others_may_read_fails(
    point: Callable[..., None], tmp_path: Path
) -> None:
    state_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    with ModelServer(Script(default=ABLE)) as server:
        point(server.url)
        first = _checks(tmp_path)["pseudonyms"][0]
    assert (first.state, first.remedy) == ("failed", f"chmod 600 {tmp_path / KEY_FILE}")


def test_tracing_service_is_warned_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    assert _checks(tmp_path)["tracing"][0].state == "warning"
