"""The settings of models are one file, and whoever errs in it is told what to write instead."""

from pathlib import Path

import pytest

from tools.models.settings import (
    PUBLIC_URL,
    KeyMissing,
    ModelSettings,
    example_text,
    key_of,
    load_models,
    parse_models,
)
from twin.errors import BadInput


def _local(**other: str) -> ModelSettings:
    return ModelSettings.model_validate({"id": "m", "model": "m", **other})


def test_shipped_example_is_valid_and_shows_every_key() -> None:
    found = parse_models(example_text(), "example")
    written = set(ModelSettings.model_fields) - {"id"}
    shown = {key for key in written if f"    {key}:" in example_text()}
    assert shown == written
    assert found.roles["monitor"] == ("playbook",)
    assert found.models["large"].uses_pseudonyms


def test_empty_file_names_no_model() -> None:
    assert parse_models("", "f.yaml").models == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("modls: {}", 'unknown key "modls"; did you mean "models"?'),
        ("models: {a: {model: x, modle: y}}", 'unknown key "models.a.modle"; did you mean "model"'),
        ("models: {a: {base_url: 'http://h/v1'}}", 'key "models.a.model" is missing'),
        ("models: {a: {model: x, api_key: sk-1}}", "keys stand in no file"),
        ("models: {a: {model: x, key_env: sk-very-secret}}", "never the key itself"),
        ("models: {a: {model: x, base_url: 'http://me:sk-very-secret@h/v1'}}", "no user and pass"),
        ("models: {a: {model: x, base_url: 'h:8000/v1'}}", "must be the server's address"),
        ("models: {a: {model: x, base_url: 'http://h:99999/v1'}}", "port"),
        ("models: {a: {model: x, base_url: 'http://h/v1?key=sk-very-secret'}}", "without ?"),
        ("models: {a: {model: x, temperature: 3}}", "models.a.temperature"),
        ("models: {a: {model: x, pseudonyms: off}}", "models.a.pseudonyms"),
        ("models: {a: {model: x, input_per_million: 1}}", "needs both"),
        ("models: {playbook: {model: x}}", "cannot be called that"),
        ("models: [a]", "models must be a mapping"),
        ("roles: {diagnosr: [playbook]}", 'unknown role "diagnosr"; did you mean "diagnoser"?'),
        ("roles: {monitor: playbook}", "roles.monitor must be a list"),
        ("roles: {monitor: [plybook]}", 'there is no model "plybook"; did you mean "playbook"?'),
        ("models: {a: {key: sk-very-secret", "is not YAML (line 1)"),
    ],
)
def test_wrong_file_is_refused_with_the_place_and_the_remedy(text: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_models(text, "f.yaml")
    assert str(refused.value).startswith("f.yaml: ")
    assert said in str(refused.value)
    assert "sk-very-secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read as settings of models"):
        load_models(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.9.9.9/v1", True),
        ("http://localhost:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://10.0.0.7:8000/v1", False),
        ("http://localhost.example/v1", False),
        (PUBLIC_URL, False),
    ],
)
def test_only_a_server_on_this_machine_sees_names_by_default(url: str, is_local: bool) -> None:
    assert _local(base_url=url).is_local is is_local
    assert _local(base_url=url).uses_pseudonyms is not is_local


def test_pseudonyms_can_be_asked_for_and_forgone() -> None:
    near = "http://127.0.0.1/v1"
    assert _local(base_url=near, pseudonyms="always").uses_pseudonyms
    assert not _local(base_url=PUBLIC_URL, pseudonyms="never").uses_pseudonyms


def test_key_is_read_from_the_variable_that_is_named() -> None:
    settings = _local(key_env="SOME_KEY")
    key = key_of(settings, {"SOME_KEY": "sk-1"})
    assert key is not None
    assert key.get_secret_value() == "sk-1"
    assert "sk-1" not in repr(key)
    with pytest.raises(KeyMissing, match="SOME_KEY is not set"):
        key_of(settings, {})
    assert key_of(_local(), {}) is None
