"""The room between a state directory and a workspace: pace, restarts, several processes."""

import threading
import time

import pytest

from channels.cli.doctor.command import examine
from channels.slack.opening import open_slack
from channels.slack.settings import SlackSettings, load_slack
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN, noctua
from tests.channels.slack.conftest import ERIN, Desk
from twin.errors import BadInput

SECRETS = {"SLACK_BOT_TOKEN": "xoxb-of-the-stub", "SLACK_APP_TOKEN": "xapp-of-the-stub"}


@pytest.mark.slow  # Slack takes a message a second
def test_thread_is_posted_no_faster_than_slack_takes_it(unposted: Desk) -> None:
    unposted.workspace.paced = True
    with unposted.open():
        unposted.step()
    assert unposted.workspace.refusals == []
    assert [m["text"].split(":")[0] for m in unposted.workspace.messages] == [
        INCIDENT,
        "diagnoser, diagnosed",
        PLAN,
    ]


@pytest.mark.slow  # it waits for as long as Slack says
def test_busy_slack_is_asked_again_later_and_holds_no_click_up(desk: Desk) -> None:
    desk.workspace.busy_for = 2
    click = desk.workspace.click(ERIN, str(desk.card()["ts"]), "approve")
    begun_s = time.monotonic()
    assert desk.workspace.deliver(click) == 200
    acknowledged_s = time.monotonic() - begun_s
    assert "stands: approve" in desk.told(ERIN)
    assert desk.workspace.refusals == ["ratelimited", "ratelimited"]
    assert acknowledged_s < time.monotonic() - begun_s
    assert not desk.has_buttons()


def test_click_reaches_the_journal_through_a_socket(unposted: Desk) -> None:
    with (
        open_slack(StateDirectory(unposted.state), SECRETS) as opened,
        opened.over_socket() as through,
    ):
        assert through == "Socket Mode"
        unposted.workspace.wait_for_socket()
        _wait_until(lambda: bool(unposted.workspace.marked(f"{INCIDENT}/plan/{PLAN}")))
        card = str(unposted.card()["ts"])
        status = unposted.workspace.deliver(unposted.workspace.click(ERIN, card, "approve"))
        assert status == 200
        _wait_until(lambda: not unposted.has_buttons())
    assert [line.actor for line in unposted.audit("answer")] == ["erin"]


def _wait_until(so: object) -> None:
    assert callable(so)
    until_s = time.monotonic() + 30.0
    while not so():
        assert time.monotonic() < until_s
        time.sleep(0.05)


def test_command_says_what_is_missing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SECRETS, "SLACK_SIGNING_SECRET"):
        monkeypatch.delenv(name, raising=False)
    assert "set SLACK_BOT_TOKEN to the bot token" in noctua(desk.state, "slack")[2]
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xapp-of-another-kind")
    code, _, error = noctua(desk.state, "slack")
    assert (code, "which begins with xoxb-" in error, "xapp-of" in error) == (2, True, False)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-of-nobody")
    assert "invalid_auth" in noctua(desk.state, "slack")[2]
    monkeypatch.setenv("SLACK_BOT_TOKEN", SECRETS["SLACK_BOT_TOKEN"])
    assert "set SLACK_APP_TOKEN" in noctua(desk.state, "slack")[2]
    assert "set SLACK_SIGNING_SECRET" in noctua(desk.state, "slack", "--http", "0")[2]
    desk.workspace.team = "T0ANOTHER"
    assert "the token is for the workspace T0ANOTHER" in noctua(desk.state, "slack")[2]
    (desk.state / "slack.yaml").unlink()
    assert "slack.yaml: is missing" in noctua(desk.state, "slack")[2]


def test_doctor_says_whether_slack_answers_and_what_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)
    assert _checked(desk) == [
        ("ok", "T0NOCTUA; not asked, since the environment has no SLACK_BOT_TOKEN here")
    ]
    monkeypatch.setenv("SLACK_BOT_TOKEN", SECRETS["SLACK_BOT_TOKEN"])
    assert _checked(desk) == [("ok", "T0NOCTUA answers")]
    with desk.journal() as journal:
        journal.receive_chat_event("slack", "Ev1", "{}", time.time() - 300.0)
    desk.workspace.team = "T0ANOTHER"
    assert [state for state, _ in _checked(desk)] == ["warning", "failed"]
    (desk.state / "slack.yaml").unlink()
    assert _checked(desk) == [("ok", "nobody is spoken with: no slack.yaml")]


def _checked(desk: Desk) -> list[tuple[str, str]]:
    found = examine(StateDirectory(desk.state), time.time())
    return [(check.state, check.found) for check in found if check.name == "Slack"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("team: T0NOC\n", "needs a channel"),
        ("team: noc\nchannel: C0NOC\n", "team: String should match pattern"),
        ("team: T0NOC\nchannel: '#noc'\n", "channel: String should match pattern"),
        ("team: T0NOC\nchannel: C0NOC\nbot_token_env: xoxb-1\n", "never the secret itself"),
        ("team: T0NOC\nchannel: C0NOC\napi: http://slack.example/api\n", "must be https"),
        ("team: T0NOC\nchannel: C0NOC\nchanel: C1\n", "Extra inputs"),
    ],
)
def test_wrong_settings_name_the_key(desk: Desk, text: str, why: str) -> None:
    file = desk.state / "slack.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=why) as raised:
        load_slack(file)
    assert "xoxb-1" not in str(raised.value)


def test_networks_go_to_the_channels_that_are_named() -> None:
    settings = SlackSettings(team="T0NOC", channels={"live": "C0LIVE"})
    assert (settings.channel_of("live"), settings.channel_of("lab")) == ("C0LIVE", "")


def test_room_ends_when_it_is_told_to(desk: Desk) -> None:
    before = threading.active_count()
    with desk.room.working():
        assert threading.active_count() == before + 2
    assert threading.active_count() == before
