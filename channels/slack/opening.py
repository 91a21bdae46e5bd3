"""Opening a Slack workspace at a state directory, and taking what people do there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from channels.chat.connection import Connected
from channels.chat.room import Room
from channels.slack.app import bolt_app
from channels.slack.client import SlackService, mapped, web_client
from channels.slack.http import requests_to, serving
from channels.slack.settings import FILE, SlackSettings, load_slack, secret
from graphs.state_directory import StateDirectory
from twin.errors import BadInput


@dataclass(frozen=True)
class Workspace:
    """A workspace whose room is open and worked in by a thread of its own."""

    settings: SlackSettings
    room: Room
    client: WebClient
    environ: Mapping[str, str]

    @contextmanager
    def over_socket(self) -> Iterator[str]:
        """Take what people do through a connection that we open; yields what it is called.

        Raises:
            BadInput: the app-level token is missing.
            ChatUnavailable: Slack does not answer, or does not know the token.
        """
        name = self.settings.app_token_env
        token = secret(self.environ, name, "xapp-", "the app-level token")
        handler = SocketModeHandler(self._app(None), token, web_client=self.client)
        try:
            mapped(handler.connect)()
            yield "Socket Mode"
        finally:
            handler.close()  # type: ignore[no-untyped-call]  # as above

    @contextmanager
    def over_http(self, host: str, port: int) -> Iterator[str]:
        """Take what people do as signed requests; yields the address that Slack posts to.

        Raises:
            BadInput: the signing secret is missing, or nothing can listen there.
        """
        with serving(self.app_over_http(), host, port) as address:
            yield address

    def app_over_http(self) -> App:
        """What answers signed requests. Raises BadInput: the signing secret is missing."""
        name = self.settings.signing_secret_env
        return self._app(secret(self.environ, name, "", "the signing secret"))

    def _app(self, signing_secret: str | None) -> App:
        return mapped(bolt_app)(self.room, self.client, signing_secret)


@contextmanager
def open_slack(state: StateDirectory, environ: Mapping[str, str]) -> Iterator[Workspace]:
    """The workspace that `slack.yaml` names, with its threads and cards kept up to date.

    Raises:
        BadInput: the file, a secret or the journal is missing or wrong.
        ChatUnavailable: Slack does not answer, or does not know the token.
    """
    settings = load_slack(state.slack_file)
    token = secret(environ, settings.bot_token_env, "xoxb-", "the bot token")
    client = web_client(settings, token)
    service = SlackService(settings, client)
    if (team := service.workspace()) != settings.team:
        raise BadInput(f"{FILE}: the token is for the workspace {team}, not for {settings.team}")
    with Room(state, service, team) as room, room.working():
        yield Workspace(settings, room, client, environ)


@contextmanager
def connected(
    state: StateDirectory, environ: Mapping[str, str], *, by_socket: bool
) -> Iterator[Connected]:
    """The workspace beside something else. `by_socket`: Socket Mode, in place of signed requests.

    Raises as `open_slack` does.
    """
    with open_slack(state, environ) as workspace:
        if not by_socket:
            yield Connected(workspace.room, requests_to(workspace.app_over_http()))
            return
        with workspace.over_socket():
            yield Connected(workspace.room)
