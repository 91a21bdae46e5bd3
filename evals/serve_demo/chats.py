"""A Slack and a Teams on loopback as whoever looks at them sees them: cards, texts and buttons."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from channels.slack.http import PATH as IN_SLACK
from channels.teams.http import PATH as IN_TEAMS
from evals.chat import slack_workspace, teams_tenant
from evals.chat.stub import ChatStub, Json, Person, Whisper
from twin.errors import DeadlineExceeded

_MOST_TIMES = 10


@dataclass(frozen=True)
class Chat:
    """One of them. `text`: all that a message shows, in lines, but for its buttons. `buttons`: the
    words on these.
    """

    name: str
    stub: ChatStub
    text: Callable[[Json], str]
    buttons: Callable[[Json], list[str]]

    @property
    def posted(self) -> Sequence[Json]:
        """Every message, in order."""
        return self.stub.messages

    @property
    def whispers(self) -> Sequence[Whisper]:
        """What single people were told."""
        return self.stub.whispers

    @property
    def refusals(self) -> Sequence[str]:
        """Of what was posted."""
        return self.stub.refusals

    def about(self, key: str) -> Json | None:
        """The message that is marked with `key`, None where there is none yet."""
        return next(iter(self.stub.marked(key)), None)

    def approve(self, person: Person, key: str, reason: str) -> None:
        """Somebody presses Approve on the message that is marked with `key`."""
        click = self.stub.press(person, key, "approve", reason)
        _send(lambda: self.stub.deliver(click))


def in_slack(workspace: slack_workspace.SlackWorkspace, address: str) -> Chat:
    """A workspace that posts to the server at `address`."""
    workspace.endpoint = f"{address}{IN_SLACK}"
    return Chat("Slack", workspace, slack_workspace.text_of, _words_in_slack)


def in_teams(tenant: teams_tenant.TeamsTenant, address: str) -> Chat:
    """A tenant that posts to the server at `address`."""
    tenant.endpoint = f"{address}{IN_TEAMS}"
    return Chat("Teams", tenant, _text_in_teams, _words_in_teams)


def _words_in_slack(message: Json) -> list[str]:
    return [button["text"]["text"] for button in slack_workspace.buttons_of(message)]


def _text_in_teams(message: Json) -> str:
    return teams_tenant.text_of(message["activity"])


def _words_in_teams(message: Json) -> list[str]:
    return [button["title"] for button in teams_tenant.buttons_of(message)]


def _send(deliver: Callable[[], int]) -> None:
    """Send a click, and again where the server is too busy to answer: it is done once all the same.

    Raises:
        DeadlineExceeded: it does not take it.
    """
    for _ in range(_MOST_TIMES):
        with suppress(OSError):
            if deliver() == HTTPStatus.OK:
                return
    raise DeadlineExceeded("the server does not take a click; look into serve.log")
