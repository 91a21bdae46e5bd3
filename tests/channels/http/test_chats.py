"""Chats beside the server: what they post is taken at its own address, and how each stands."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import requests

from channels.access import accounts
from channels.chat.connection import ChatConnection
from channels.chat.thread import card_key
from channels.http.app import create_app
from channels.http.chats import open_chats
from channels.http.server import serving
from channels.http.settings import ServeSettings
from channels.slack.opening import connected
from evals.chat.slack_workspace import SlackWorkspace
from evals.chat.slack_workspace import buttons_of as slack_buttons
from evals.chat.stub import Person
from evals.chat.teams_tenant import TeamsTenant
from evals.chat.teams_tenant import buttons_of as teams_buttons
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN
from twin.errors import BadInput
from twin.nouns.account import Identity
from twin.nouns.principal import OS_USER, Principal

KEY = card_key(INCIDENT, PLAN)
ADA = Principal(name="ada", provider=OS_USER, account="ada", role="admin")
LONGEST_S = 60.0

pytestmark = pytest.mark.slow  # rooms look at the journal once a second, also when they are to end

BOTH = ServeSettings(port=0, chats={"slack": "http", "teams": "http"})


@pytest.fixture
def slack(directory: StateDirectory) -> Iterator[SlackWorkspace]:
    """A workspace in which ann is U0ANN."""
    with SlackWorkspace(paced=False).serving() as workspace:
        workspace.set_up(directory.path)
        ann = Identity(provider="slack", tenant=workspace.team, subject="U0ANN")
        accounts.change_account(directory, ADA, "ann", add=(ann,))
        yield workspace


@pytest.fixture
def teams(directory: StateDirectory) -> Iterator[TeamsTenant]:
    """A tenant of which ben is a member."""
    ben = Person("b0000000-0000-0000-0000-00000000000b", "ben", TeamsTenant.tenant)
    with TeamsTenant(paced=False, members=(ben,)).serving() as tenant:
        tenant.set_up(directory.path)
        named = Identity(provider="teams", tenant=ben.tenant, subject=ben.id)
        accounts.change_account(directory, ADA, "ben", add=(named,))
        yield tenant


@contextmanager
def _served(
    directory: StateDirectory, settings: ServeSettings, slack: SlackWorkspace, teams: TeamsTenant
) -> Iterator[str]:
    with ExitStack() as opened:
        chats = opened.enter_context(open_chats(directory, settings, slack.environ | teams.environ))
        app = create_app(directory, settings=settings, chats=chats)
        address = opened.enter_context(serving(app, settings))
        slack.endpoint = f"{address}/slack/events"
        teams.endpoint = f"{address}/api/messages"
        yield address


def _until(so: Callable[[], object]) -> None:
    until_s = time.monotonic() + LONGEST_S
    while not so():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def test_click_in_either_chat_is_taken_by_the_one_server(
    directory: StateDirectory, slack: SlackWorkspace, teams: TeamsTenant
) -> None:
    ann, ben = Person("U0ANN", "ann", slack.team), teams.members[0]
    with _served(directory, BOTH, slack, teams) as address:
        _until(lambda: slack.marked(KEY) and teams.marked(KEY))
        health = requests.get(f"{address}/health", timeout=10).json()
        assert health["chats"] == {"slack": "working", "teams": "working"}
        seen = slack.click(ann, slack.marked(KEY)[0]["ts"], "acknowledge")
        assert slack.deliver(seen) == 200
        answered = teams.click(ben, teams.marked(KEY)[0]["id"], "approve")
        assert teams.deliver(answered) == 200
        _until(lambda: not slack_buttons(slack.marked(KEY)[0]))
        _until(lambda: not teams_buttons(teams.marked(KEY)[0]))
    with directory.read_only_journal() as journal:
        request = journal.approval_request(PLAN, 0.0)
    assert [seen.by.account for seen in request.acknowledged] == ["ann"]
    assert [(a.by.account, a.by.channel) for a in request.answers] == [("ben", "teams")]


def test_what_nobody_has_signed_is_refused_at_the_servers_address(
    directory: StateDirectory, slack: SlackWorkspace, teams: TeamsTenant
) -> None:
    with _served(directory, BOTH, slack, teams):
        _until(lambda: slack.marked(KEY) and teams.marked(KEY))
        assert slack.send(b"payload={}", {}) == 401
        activity = teams.click(teams.members[0], teams.marked(KEY)[0]["id"], "approve")
        assert teams.deliver(activity, aud="11111111-2222-3333-4444-555555555555") == 401


def test_slack_may_be_spoken_with_through_a_socket(
    directory: StateDirectory, slack: SlackWorkspace, teams: TeamsTenant
) -> None:
    by_socket = ServeSettings(port=0, chats={"slack": "socket"})
    with _served(directory, by_socket, slack, teams) as address:
        slack.wait_for_socket()
        _until(lambda: slack.marked(KEY))
        click = slack.click(
            Person("U0ANN", "ann", slack.team), slack.marked(KEY)[0]["ts"], "reject"
        )
        assert slack.deliver(click) == 200
        _until(lambda: not slack_buttons(slack.marked(KEY)[0]))
        assert requests.post(f"{address}/slack/events", timeout=10).status_code == 404


def test_chat_that_does_not_answer_keeps_nothing_back_and_is_asked_again(
    directory: StateDirectory, slack: SlackWorkspace, teams: TeamsTenant
) -> None:
    slack.bot_token = "xoxb-of-before"
    environ = {**slack.environ | teams.environ, "SLACK_BOT_TOKEN": "xoxb-of-now"}
    chat = ChatConnection(
        "slack",
        "/slack/events",
        lambda: connected(directory, environ, by_socket=False),
        again_s=0.05,
    )
    with chat.kept():
        settings = ServeSettings(port=0)
        app = create_app(directory, settings=settings, chats=(chat,))
        with serving(app, settings) as address:
            health = requests.get(f"{address}/health", timeout=10).json()
            assert (health["status"], health["chats"]) == ("ok", {"slack": "unavailable"})
            assert "invalid_auth" in chat.trouble
            told = requests.post(f"{address}/slack/events", timeout=10)
            assert (told.status_code, told.headers["Retry-After"]) == (503, "10")
            slack.bot_token = "xoxb-of-now"
            _until(lambda: chat.state == "working")


def test_second_server_stands_by(
    directory: StateDirectory, slack: SlackWorkspace, teams: TeamsTenant
) -> None:
    with (
        _served(directory, BOTH, slack, teams),
        open_chats(directory, BOTH, slack.environ | teams.environ) as second,
    ):
        _until(lambda: [chat.state for chat in second] == ["standing_by", "standing_by"])


@pytest.mark.parametrize("missing", ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "TEAMS_APP_SECRET"])
def test_missing_secret_is_refused_before_anything_is_served(
    directory: StateDirectory, slack: SlackWorkspace, teams: TeamsTenant, missing: str
) -> None:
    environ = slack.environ | teams.environ
    del environ[missing]
    with (
        pytest.raises(BadInput, match=missing),
        open_chats(directory, BOTH, environ),
    ):
        pass
