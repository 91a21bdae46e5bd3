"""Who thinks is what the environment and the file say, and the playbook has the last word."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from agents.loop.budget import Price
from agents.loop.minds import Minds
from agents.loop.role import Mind
from graphs.minds import minds_from_environment, read_mind_settings
from tests.graphs.stagehand import case, operating
from tests.twin.tracking.square import inventory
from tools.models.openai_client import OpenAICompatibleModel
from tools.models.pseudonyms import KEY_FILE
from tools.models.screened import ScreenedModel
from tools.models.secrets import BLANK, Secrets
from twin.errors import BadInput

NEAR = "http://127.0.0.1:8000/v1"
FAR = "http://gpu.example:8000/v1"
FILE = f"""
models:
  big: {{model: big-7b, base_url: "{FAR}", key_env: BIG_KEY,
        input_per_million: 1, output_per_million: 2}}
  near: {{model: near-7b, base_url: "{NEAR}"}}
roles:
  default: [big, near]
  monitor: [playbook]
limits: {{calls: 7, call_deadline_s: 9, roles: {{diagnoser: {{calls: 3}}}}}}
"""


def _minds(state: Path, **environ: str) -> Minds:
    return minds_from_environment(environ, state, inventory())


def _names(minds: Minds, role: str = "diagnoser") -> list[str]:
    return [mind.name for mind in minds.for_role(role)]


def _inner(mind: Mind) -> OpenAICompatibleModel:
    model = mind.model
    while isinstance(model, ScreenedModel):
        model = model.inner
    assert isinstance(model, OpenAICompatibleModel)
    return model


@pytest.fixture
def with_file(tmp_path: Path) -> Path:
    """A state directory with a file of models."""
    (tmp_path / "models.yaml").write_text(FILE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("environ", [{}, {"NOCTUA_MODEL": ""}, {"NOCTUA_MODEL": "playbook"}])
def test_playbook_thinks_alone_unless_somebody_else_is_named(
    tmp_path: Path, environ: Mapping[str, str]
) -> None:
    minds = _minds(tmp_path, OPENAI_API_KEY="sk-1", **environ)
    assert _names(minds) == ["playbook"]
    assert not minds.any_foreign
    assert list(tmp_path.iterdir()) == []


def test_one_line_puts_a_model_before_the_playbook(tmp_path: Path) -> None:
    minds = _minds(tmp_path, NOCTUA_MODEL="openai:qwen", NOCTUA_MODEL_URL=NEAR)
    assert _names(minds) == ["openai:qwen", "playbook"]
    model = _inner(minds.default[0])
    assert (model.model_name, model.openai_api_base, model.temperature) == ("qwen", NEAR, 0.0)
    assert (model.max_retries, model.use_responses_api) == (0, False)


def test_how_a_model_is_asked_is_set_beside_it(tmp_path: Path) -> None:
    asked = {"NOCTUA_MODEL_TEMPERATURE": "none", "NOCTUA_MODEL_SEED": "7"}
    minds = _minds(tmp_path, NOCTUA_MODEL="openai:qwen", NOCTUA_MODEL_URL=NEAR, **asked)
    assert (_inner(minds.default[0]).temperature, _inner(minds.default[0]).seed) == (None, 7)


def test_chain_and_role_of_the_environment(tmp_path: Path) -> None:
    minds = _minds(
        tmp_path,
        NOCTUA_MODEL="openai:a, openai:b",
        NOCTUA_MODEL_MONITOR="playbook",
        NOCTUA_MODEL_DIAGNOSER="openai:c,playbook",
        NOCTUA_MODEL_URL=NEAR,
    )
    assert _names(minds, "planner") == ["openai:a", "openai:b", "playbook"]
    assert _names(minds, "monitor") == ["playbook"]
    assert _names(minds) == ["openai:c", "playbook"]


def test_file_names_models_roles_and_limits(with_file: Path) -> None:
    minds = _minds(with_file, BIG_KEY="sk-1")
    assert _names(minds) == ["openai:big", "openai:near", "playbook"]
    assert _names(minds, "monitor") == ["playbook"]
    assert minds.default[0].price == Price(input_per_million=1, output_per_million=2)
    assert minds.default[1].price is None
    assert (minds.limits.calls, minds.limits.roles["diagnoser"].calls) == (7, 3)
    timeout = _inner(minds.default[0]).request_timeout
    # One of several forms that the client takes.
    assert timeout.read == 9  # type: ignore[union-attr]


def test_environment_wins_over_the_file(with_file: Path, tmp_path: Path) -> None:
    assert _names(_minds(with_file, NOCTUA_MODEL="playbook")) == ["playbook"]
    minds = _minds(with_file, BIG_KEY="sk-1", NOCTUA_MODEL_DIAGNOSER="near")
    assert _names(minds) == ["openai:near", "playbook"]
    assert _names(minds, "reader") == ["openai:big", "openai:near", "playbook"]
    other = tmp_path / "other.yaml"
    other.write_text("roles: {default: [playbook]}", encoding="utf-8")
    assert _names(_minds(with_file, NOCTUA_MODELS=str(other))) == ["playbook"]


@pytest.mark.parametrize(
    ("environ", "url", "key"),
    [
        ({"OPENAI_API_KEY": "sk-o"}, "https://api.openai.com/v1", "sk-o"),
        ({"OPENAI_API_KEY": "sk-o", "OPENAI_BASE_URL": FAR}, FAR, "sk-o"),
        ({"OPENAI_API_KEY": "sk-o", "NOCTUA_MODEL_URL": FAR}, FAR, "none"),
        (
            {"OPENAI_API_KEY": "sk-o", "NOCTUA_MODEL_URL": FAR, "NOCTUA_MODEL_KEY": "sk-n"},
            FAR,
            "sk-n",
        ),
        ({"OPENAI_BASE_URL": FAR}, FAR, "none"),
    ],
)
def test_key_goes_only_to_the_server_that_it_was_given_for(
    tmp_path: Path, environ: Mapping[str, str], url: str, key: str
) -> None:
    model = _inner(_minds(tmp_path, NOCTUA_MODEL="openai:m", **environ).default[0])
    assert model.openai_api_base == url
    assert model.root_client.api_key == key


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"NOCTUA_MODEL": "openai:m"}, "OPENAI_API_KEY is not set"),
        ({"NOCTUA_MODEL": "gpt"}, 'there is no model "gpt"'),
        ({"NOCTUA_MODEL": "openai:"}, 'there is no model "openai:"'),
        ({"NOCTUA_MODEL": "playbok"}, 'did you mean "playbook"?'),
        ({"NOCTUA_MODEL": "openai:a,"}, "a comma has nothing beside it"),
        ({"NOCTUA_MODEL": "playbook,openai:a"}, '"openai:a" stands behind the playbook'),
        ({"NOCTUA_MODEL_DIAGNOSR": "playbook"}, 'did you mean "NOCTUA_MODEL_DIAGNOSER"?'),
        ({"NOCTUA_MODEL_TEMPERATURE": "warm"}, "NOCTUA_MODEL_TEMPERATURE: "),
        ({"NOCTUA_MODEL_PSEUDONYMS": "off"}, "NOCTUA_MODEL_PSEUDONYMS: "),
        ({"NOCTUA_MODEL_URL": "http://me:sk-secret@h/v1"}, "NOCTUA_MODEL_URL: must hold no user"),
        ({"NOCTUA_MODEL_URL": "gpu:8000"}, "NOCTUA_MODEL_URL: must be the server's address"),
        ({"NOCTUA_MODELS": "absent.yaml"}, "absent.yaml: cannot be read"),
    ],
)
def test_wrong_setting_is_named_with_its_remedy(
    tmp_path: Path, environ: Mapping[str, str], said: str
) -> None:
    with pytest.raises(BadInput) as refused:
        _minds(tmp_path, **{"NOCTUA_MODEL": "openai:m", **environ})
    assert said in str(refused.value)
    assert "sk-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ("{cals: 3}", 'unknown key "cals"; did you mean "calls"?'),
        ("{roles: {diagnoser: {cals: 3}}}", 'did you mean "calls"?'),
        ("{roles: {diagnosr: {calls: 3}}}", 'unknown role "diagnosr"; did you mean "diagnoser"?'),
        ("{calls: many}", "limits: calls"),
    ],
)
def test_wrong_limit_is_named_with_its_remedy(tmp_path: Path, limits: str, said: str) -> None:
    file = tmp_path / "models.yaml"
    file.write_text(f"limits: {limits}", encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        read_mind_settings({}, tmp_path)
    assert str(refused.value).startswith(f"{file}: limits")
    assert said in str(refused.value)


def test_two_models_never_share_a_name_in_reports(with_file: Path) -> None:
    with pytest.raises(BadInput, match="would have one name"):
        _minds(with_file, NOCTUA_MODEL="near,openai:near", NOCTUA_MODEL_URL=NEAR)


def test_only_a_model_that_must_not_see_names_gets_pseudonyms(with_file: Path) -> None:
    big, near, _ = _minds(with_file, BIG_KEY="sk-1").default
    assert isinstance(big.model, ScreenedModel)
    assert isinstance(near.model, OpenAICompatibleModel)
    assert "Example" not in big.model.screen.hide("svc-AB of Example")
    assert (with_file / KEY_FILE).exists()


def test_key_of_a_model_stands_in_nothing_that_any_model_sends_or_is_sent(with_file: Path) -> None:
    big, near, _ = _minds(with_file, BIG_KEY="sk-canary-1f7e").default
    for mind in (big, near):
        model = mind.model
        while isinstance(model, ScreenedModel) and not isinstance(model.screen, Secrets):
            model = model.inner
        assert isinstance(model, ScreenedModel)
        assert model.screen.restore("it is sk-canary-1f7e") == f"it is {BLANK}"
        assert model.screen.hide("it is sk-canary-1f7e") == f"it is {BLANK}"


def test_no_key_of_pseudonyms_is_made_where_nobody_needs_one(with_file: Path) -> None:
    _minds(with_file, NOCTUA_MODEL="near")
    assert not (with_file / KEY_FILE).exists()


def test_tracing_service_of_langchain_is_refused_with_pseudonyms(with_file: Path) -> None:
    with pytest.raises(BadInput, match="LANGSMITH_TRACING is on"):
        _minds(with_file, BIG_KEY="sk-1", LANGSMITH_TRACING="true")
    assert _names(_minds(with_file, NOCTUA_MODEL="near", LANGSMITH_TRACING="true"))


def test_workplace_takes_its_minds_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOCTUA_MODEL", "openai:qwen")
    monkeypatch.setenv("NOCTUA_MODEL_URL", NEAR)
    with operating(tmp_path, case()) as operation:
        assert _names(operation.workplace.desk.minds) == ["openai:qwen", "playbook"]


def test_wrong_setting_stops_before_anything_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOCTUA_MODEL", "gpt")
    with pytest.raises(BadInput, match="gpt"), operating(tmp_path, case()):
        pass
    assert not (tmp_path / "journal.sqlite").exists()
