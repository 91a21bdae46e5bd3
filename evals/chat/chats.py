"""The chats that there are, each with its stub on loopback and with how Noctua speaks with it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from channels.chat.room import Room
from channels.slack import client as slack_client
from channels.slack import http as slack_http
from channels.slack.app import bolt_app
from channels.slack.opening import open_slack
from channels.slack.settings import load_slack
from channels.teams import client as teams_client
from channels.teams import http as teams_http
from channels.teams.opening import open_teams
from channels.teams.settings import load_teams
from evals.chat.slack_workspace import SlackWorkspace
from evals.chat.stub import ChatName, ChatStub
from evals.chat.teams_tenant import TeamsTenant
from graphs.state_directory import StateDirectory

HOST = "127.0.0.1"

S = TypeVar("S", bound=ChatStub)


@dataclass(frozen=True)
class Chat(Generic[S]):
    """`speak`: as the command does, by the secrets of its environment; yields the address that is
    posted to. `step`: in a room that works when it is told to; yields the room and the address.
    """

    stub: Callable[..., S]
    speak: Callable[[StateDirectory, Mapping[str, str]], AbstractContextManager[str]]
    step: Callable[[StateDirectory, S], AbstractContextManager[tuple[Room, str]]]


@contextmanager
def _speak_in_slack(state: StateDirectory, environ: Mapping[str, str]) -> Iterator[str]:
    with open_slack(state, environ) as slack, slack.over_http(HOST, 0) as address:
        yield address


@contextmanager
def _step_in_slack(state: StateDirectory, stub: SlackWorkspace) -> Iterator[tuple[Room, str]]:
    settings = load_slack(state.slack_file)
    client = slack_client.web_client(settings, stub.bot_token)
    every_s = slack_client.EVERY_S if stub.paced else 0.0
    service = slack_client.SlackService(settings, client, every_s=every_s)
    with (
        Room(state, service, settings.team) as room,
        slack_http.serving(bolt_app(room, client, stub.signing_secret), HOST, 0) as address,
    ):
        yield room, address


def _speak_in_teams(
    state: StateDirectory, environ: Mapping[str, str]
) -> AbstractContextManager[str]:
    return open_teams(state, environ, HOST, 0)


@contextmanager
def _step_in_teams(state: StateDirectory, stub: TeamsTenant) -> Iterator[tuple[Room, str]]:
    settings = load_teams(state.teams_file)
    every_s = teams_client.EVERY_S if stub.paced else 0.0
    service = teams_client.TeamsService(settings, stub.secret, every_s=every_s)
    with (
        Room(state, service, settings.tenant) as room,
        teams_http.serving(room, settings, HOST, 0) as address,
    ):
        yield room, address


SLACK = Chat(SlackWorkspace, _speak_in_slack, _step_in_slack)
TEAMS = Chat(TeamsTenant, _speak_in_teams, _step_in_teams)

CHATS: Mapping[ChatName, Chat[Any]] = {"slack": SLACK, "teams": TEAMS}
