"""What doctor says of serving: each setting is wrong once."""

import os
import time
from pathlib import Path

import pytest

from channels.access import accounts
from channels.cli.doctor.check import Check
from channels.cli.doctor.command import examine
from graphs.state_directory import StateDirectory
from twin.nouns.principal import OS_USER, Principal

ADA = Principal(name="ada", provider=OS_USER, account="ada", role="admin")
SLACK = "team: T0NOCTUA\nchannel: C0NOC\n"


@pytest.fixture
def served(state: Path, monkeypatch: pytest.MonkeyPatch) -> StateDirectory:
    """A state directory in which ada is an admin, in an environment without secrets."""
    for name in os.environ:
        if name.startswith(("SLACK_", "TEAMS_")):
            monkeypatch.delenv(name)
    directory = StateDirectory(state)
    me = Principal(name="root", provider=OS_USER)
    accounts.add_account(directory, me, "ada", "admin")
    return directory


def _checks(directory: StateDirectory, settings: str | None = None) -> list[Check]:
    if settings is not None:
        directory.serve_file.write_text(settings, encoding="utf-8")
    return [check for check in examine(directory, time.time()) if check.name == "serving"]


def _worst(directory: StateDirectory, settings: str) -> Check:
    rank = {"ok": 0, "warning": 1, "failed": 2}
    return max(_checks(directory, settings), key=lambda check: rank[check.state])


def test_nobody_is_served_where_nothing_is_set_up(state: Path) -> None:
    [check] = _checks(StateDirectory(state))
    assert (check.state, "nobody has an account" in check.found) == ("ok", True)


def test_settings_without_anybody_who_could_sign_in(state: Path) -> None:
    check = _worst(StateDirectory(state), "port: 8473\n")
    assert (check.state, "noctua accounts add" in check.remedy) == ("warning", True)


def test_loopback_with_an_admin_is_in_order(served: StateDirectory) -> None:
    told = _checks(served)
    assert {check.state for check in told} == {"ok"}
    assert any("1 account, of which 1 may approve" in check.found for check in told)
    assert any("127.0.0.1 port 8473, this machine alone" in check.found for check in told)


@pytest.mark.parametrize(
    ("settings", "found", "remedy"),
    [
        ("host: 0.0.0.0\n", "in the clear", "public_url: https://"),
        ("public_url: https://noctua.example\n", "one limit of sign-ins", "proxies: [127.0.0.1]"),
        (
            "oidc: [{id: corp, issuer: https://idp.example, client_id: x, "
            "client_secret_env: NOCTUA_NO_SUCH}]\n",
            "no NOCTUA_NO_SUCH",
            "where `noctua serve` is started",
        ),
    ],
)
def test_what_a_setting_leaves_open_is_a_warning(
    served: StateDirectory, settings: str, found: str, remedy: str
) -> None:
    check = _worst(served, settings)
    assert (check.state, found in check.found, remedy in check.remedy) == ("warning", True, True)


def test_proxy_with_tls_is_in_order(served: StateDirectory) -> None:
    settings = "public_url: https://noctua.example\nproxies: [127.0.0.1]\n"
    assert _worst(served, settings).state == "ok"


def test_wrong_key_is_named(served: StateDirectory) -> None:
    check = _worst(served, "prot: 8473\n")
    assert (check.state, "prot" in check.found) == ("failed", True)


def test_token_that_ends_soon_is_told(served: StateDirectory) -> None:
    accounts.make_token(served, ADA, "ada", "change bot", (), 86_400.0)
    check = _worst(served, "port: 8473\n")
    assert check.state == "warning"
    assert 'the token "change bot" of ada ends in 1.0 days' in check.found


def test_chat_without_its_file_or_its_secrets(
    served: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = "chats: {slack: socket}\n"
    missing = _worst(served, socket)
    assert (missing.state, "slack.yaml: is missing" in missing.found) == ("failed", True)
    served.slack_file.write_text(SLACK, encoding="utf-8")
    bare = _worst(served, socket)
    assert bare.state == "warning"
    assert "no SLACK_BOT_TOKEN and no SLACK_APP_TOKEN" in bare.found
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xoxb-2")
    wrong = _worst(served, socket)
    assert (wrong.state, "begins with xapp-" in wrong.found) == ("failed", True)


def test_chat_that_posts_needs_an_address_with_tls(
    served: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.slack_file.write_text(SLACK, encoding="utf-8")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "s")
    unnamed = _worst(served, "chats: {slack: http}\n")
    assert "no SLACK_BOT_TOKEN" in unnamed.found
    served.teams_file.write_text(
        "tenant: 8f1c1f0e-2f4b-4d0a-9c57-0d6d1a3c5e11\napp: 3b1f6c52-6a0d-4a6e-8f77-5d1c2b9a4e10\n"
        "team: 5f0d7a3c-91be-4c2f-8d64-2a7e9b1c6d33\nchannel: 19:noc@thread.tacv2\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("TEAMS_APP_SECRET", "s")
    check = _worst(served, "chats: {teams: http}\n")
    assert (check.state, "public https address" in check.found) == ("warning", True)
