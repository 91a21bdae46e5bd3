"""The room between a state directory and a tenant: pace, restarts, the thread, the command."""

import time

import pytest

from channels.chat.service import ChatUnavailable
from channels.cli.doctor.command import examine
from channels.teams.client import TeamsService
from channels.teams.settings import UNCHECKED, load_teams
from evals.chat.teams_tenant import text_of
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, noctua
from tests.channels.teams.conftest import ERIN, NOBODY, OMAR, VERA, Desk
from twin.errors import BadInput


def test_without_the_permission_to_look_nothing_is_posted_twice(desk: Desk) -> None:
    desk.tenant.permissions = frozenset()
    with desk.journal() as journal:
        journal.note_post("teams", INCIDENT, "", "")
    with pytest.raises(ChatUnavailable, match="403"):
        desk.step()
    assert len(desk.tenant.marked(INCIDENT)) == 1


@pytest.mark.slow  # it waits for as long as Teams says
def test_busy_teams_is_asked_again_and_holds_no_click_up(desk: Desk) -> None:
    desk.tenant.busy_for = 2
    assert desk.tenant.deliver(desk.click(ERIN)) == 200
    assert desk.tenant.refusals == []
    assert "stands: approve" in desk.told(ERIN)
    assert desk.tenant.refusals == ["429 TooManyRequests"] * 2
    assert not desk.has_buttons()


def test_thread_is_posted_no_faster_than_teams_takes_it(unposted: Desk) -> None:
    unposted.tenant.paced = True
    with unposted.open():
        unposted.step()
    assert unposted.tenant.refusals == []
    assert unposted.has_buttons()


def test_question_is_answered_in_the_thread_once_however_often_it_is_sent(desk: Desk) -> None:
    asked = desk.tenant.mention(VERA, f"is {INCIDENT} open?", desk.head)
    assert [desk.tenant.deliver(asked) for _ in range(3)] == [200, 200, 200]
    desk.step()
    shown = [text_of(m["activity"]) for m in desk.tenant.thread(desk.head)]
    assert len([text for text in shown if "answered by" in text]) == 1


def test_notes_stand_in_timeline_audit_log_and_thread(desk: Desk) -> None:
    assert "noted by «omar»" in desk.say(OMAR, "note 3 &lt; 4 crews are on site")
    with desk.journal() as journal:
        [event] = journal.events_of(INCIDENT, ("noted",))
    assert (event.actor, event.data["note"]) == ("omar", "3 < 4 crews are on site")
    assert event.data["channel"] == "teams"
    assert "crews are on site" in text_of(desk.tenant.thread(desk.head)[-1]["activity"])


def test_whoever_may_only_look_or_has_no_account_does_nothing(desk: Desk) -> None:
    assert "vera may not operate here: its role is viewer" in desk.say(VERA, "take")
    assert "has no account here" in desk.say(NOBODY, "ask is the network healthy?")
    with desk.journal() as journal:
        assert journal.events_of(INCIDENT, ("taken",)) == ()


def test_command_says_what_is_missing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEAMS_APP_SECRET", raising=False)
    assert "set TEAMS_APP_SECRET to the client secret" in noctua(desk.state, "teams")[2]
    monkeypatch.setenv("TEAMS_APP_SECRET", "wrong")
    code, _, error = noctua(desk.state, "teams", "--port", "0")
    assert (code, "invalid_client" in error, "wrong" in error) == (2, True, False)
    monkeypatch.setenv("TEAMS_APP_SECRET", desk.tenant.secret)
    desk.tenant.channel = "19:another@thread.tacv2"
    assert "the bot is not in 19:noc@thread.tacv2" in noctua(desk.state, "teams")[2]
    for value in ("true", "1", "false"):
        monkeypatch.setenv(UNCHECKED, value)
        code, _, error = noctua(desk.state, "teams", "--port", "0")
        assert (code, f"has {UNCHECKED}" in error) == (2, True)
    (desk.state / "teams.yaml").unlink()
    assert "teams.yaml: is missing" in noctua(desk.state, "teams")[2]


def test_doctor_says_whether_teams_answers_and_what_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = desk.tenant.tenant
    monkeypatch.delenv("TEAMS_APP_SECRET", raising=False)
    assert _checked(desk) == [
        ("ok", f"{tenant}; not asked, since the environment has no TEAMS_APP_SECRET here")
    ]
    monkeypatch.setenv("TEAMS_APP_SECRET", desk.tenant.secret)
    assert _checked(desk) == [("ok", f"{tenant} answers")]
    with desk.journal() as journal:
        journal.receive_chat_event("teams", "f:1", "{}", time.time() - 300.0)
    desk.tenant.secret = "another"
    assert [state for state, _ in _checked(desk)] == ["warning", "failed"]
    (desk.state / "teams.yaml").unlink()
    assert _checked(desk) == [("ok", "nobody is spoken with: no teams.yaml")]


def _checked(desk: Desk) -> list[tuple[str, str]]:
    found = examine(StateDirectory(desk.state), time.time())
    return [(check.state, check.found) for check in found if check.name == "Teams"]


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("tenant", "common", "tenant: String should match pattern"),
        ("channel", "'#noc'", "channel: String should match pattern"),
        ("channel", "null", "needs a channel"),
        ("app_secret_env", "s3cret~value", "never the secret itself"),
        ("service_urls", "['http://smba.example/']", "must be https"),
        ("service_urls", "[]", "service_urls"),
        ("chanel", "19:x@thread.tacv2", "Extra inputs"),
    ],
)
def test_wrong_settings_name_the_key(desk: Desk, key: str, value: str, why: str) -> None:
    file = desk.state / "teams.yaml"
    lines = [x for x in desk.tenant.ids.splitlines() if not x.startswith(f"{key}:")]
    file.write_text("\n".join([*lines, f"{key}: {value}"]), encoding="utf-8")
    with pytest.raises(BadInput, match=why) as raised:
        load_teams(file)
    assert "s3cret" not in str(raised.value)


def test_token_goes_to_no_host_that_microsoft_graph_leads_to(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_teams(StateDirectory(desk.state).teams_file)
    service = TeamsService(settings, desk.tenant.secret, every_s=0.0)
    page = {"value": [], "@odata.nextLink": "http://127.0.0.1:9/"}
    monkeypatch.setattr(service, "_send", lambda *_: page)
    with pytest.raises(ChatUnavailable, match="another host"):
        service.find(desk.tenant.channel, "", "no such", time.time())
