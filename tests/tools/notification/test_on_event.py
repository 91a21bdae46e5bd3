"""How people are called is read from one file, and what is wrong in it is named."""

import base64
from pathlib import Path

import pytest

from tools.notification.on_event import EVERY_EVENT, OnEvent, load_on_event, signing_key
from twin.errors import BadInput

WEBHOOK = "webhook: https://alerts.example/noctua\n"


def _written(folder: Path, text: str) -> Path:
    path = folder / "on_event.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_nobody_is_called(tmp_path: Path) -> None:
    assert load_on_event(tmp_path / "on_event.yaml") is None


def test_a_command_is_called_for_every_event_unless_some_are_named(tmp_path: Path) -> None:
    settings = load_on_event(_written(tmp_path, "command: [/bin/page, --team, noc]"))
    assert settings == OnEvent(command=("/bin/page", "--team", "noc"), events=EVERY_EVENT)
    some = load_on_event(_written(tmp_path, "command: [/bin/page]\nevents: [escalated]"))
    assert some is not None
    assert some.events == {"escalated"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the file: "),
        ("command: [", "is not YAML"),
        ("events: [escalated]", "needs either a command or a webhook"),
        ("command: [a]\n" + WEBHOOK + "secret_env: S", "needs either a command or a webhook"),
        ("command: page --team noc", r"must be a list, such as \[page, --team, noc\]"),
        ("command: []", "command: "),
        (WEBHOOK, "needs secret_env"),
        (WEBHOOK + "secret_env: whsec_AbC=", "never the secret itself"),
        ("webhook: alerts.example\nsecret_env: S", "must be an address such as https://"),
        ("webhook: https://erin:hunter2@a.example\nsecret_env: S", "no user and password"),
        ("comand: [a]", 'unknown key "comand"; did you mean "command"'),
        ("command: [a]\nevents: [opend]", "events"),
        ("command: [a]\ntimeout_s: 0", "timeout_s: "),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint) as caught:
        load_on_event(_written(tmp_path, text))
    assert "on_event.yaml" in str(caught.value)
    assert "AbC" not in str(caught.value)


def test_secret_is_taken_from_the_environment_and_never_repeated() -> None:
    settings = OnEvent(webhook="https://alerts.example/noctua", secret_env="HOOK")
    given = "whsec_" + base64.b64encode(bytes(range(24))).decode()
    assert signing_key(settings, {"HOOK": given}) == bytes(range(24))
    with pytest.raises(BadInput, match="no HOOK; set HOOK"):
        signing_key(settings, {})
    for wrong in ("whsec_not base64", "whsec_" + base64.b64encode(b"short").decode()):
        with pytest.raises(BadInput, match="HOOK") as caught:
            signing_key(settings, {"HOOK": wrong})
        assert wrong not in str(caught.value)
