"""How people are called is read from one file, and what is wrong in it is named."""

import base64
from pathlib import Path

import pytest

from tools.notification.on_event import EVERY_EVENT, OnEvent, load_ways, signing_key
from twin.errors import BadInput

WEBHOOK = "webhook: https://alerts.example/noctua\n"


def _written(folder: Path, text: str) -> Path:
    path = folder / "on_event.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_nobody_is_called(tmp_path: Path) -> None:
    assert load_ways(tmp_path / "on_event.yaml") == {}


def test_a_command_is_called_for_every_event_unless_some_are_named(tmp_path: Path) -> None:
    (settings,) = load_ways(_written(tmp_path, "command: [/bin/page, --team, noc]")).values()
    assert settings == OnEvent(command=("/bin/page", "--team", "noc"), events=EVERY_EVENT)
    (some,) = load_ways(_written(tmp_path, "command: [/bin/page]\nevents: [escalated]")).values()
    assert some.events == {"escalated"}


def test_several_ways_have_each_a_name_and_events_of_their_own(tmp_path: Path) -> None:
    text = (
        "ways:\n"
        "  pager: {pagerduty: https://p.example/v2/enqueue, routing_key_env: K, events: [paged]}\n"
        "  tickets: {webhook: https://s.example/x, template: t, authorization_env: A}\n"
    )
    ways = load_ways(_written(tmp_path, text))
    assert {name: len(how.events) for name, how in ways.items()} == {
        "pager": 1,
        "tickets": len(EVERY_EVENT),
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the file: "),
        ("command: [", "is not YAML"),
        ("events: [escalated]", "needs either a command or a webhook"),
        ("command: [a]\n" + WEBHOOK + "secret_env: S", "needs either a command or a webhook"),
        ("pagerduty: https://p.example", "needs routing_key_env"),
        ("command: [a]\nrouting_key_env: K", "needs routing_key_env"),
        ("command: [a]\ntemplate: t", "a template words what a webhook posts"),
        ("ways: {}", "ways: "),
        ("ways: {a: {comand: [x]}}", 'unknown key "ways.a.comand"; did you mean "command"'),
        ("ways: {A B: {command: [x]}}", "ways.A B"),
        ("ways: {a: {command: [x]}}\nevents: [opened]", 'unknown key "events"'),
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
        load_ways(_written(tmp_path, text))
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
