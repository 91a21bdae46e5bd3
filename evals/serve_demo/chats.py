"""A Slack and a Teams on loopback as whoever looks at them sees them: cards, texts and buttons."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Protocol

from evals.chat import slack_workspace, teams_tenant
from twin.errors import DeadlineExceeded

_MOST_TIMES = 10

Shown = dict[str, Any]
"""A message, as the service has it."""


class Chat(Protocol):
    """One of them. `posted`: every message, in order. `whispers`: what single people were told.

    `refusals`: of what was posted.
    """

    name: str

    @property
    def posted(self) -> Sequence[Shown]: ...

    @property
    def whispers(self) -> Sequence[slack_workspace.Whisper | teams_tenant.Whisper]: ...

    @property
    def refusals(self) -> Sequence[str]: ...

    def about(self, key: str) -> Shown | None:
        """The message that is marked with `key`, None where there is none yet."""
        ...

    def text(self, message: Shown) -> str:
        """All that it shows, in lines, but for its buttons."""
        ...

    def buttons(self, message: Shown) -> list[str]:
        """The words on its buttons."""
        ...

    def approve(self, person: Any, key: str, reason: str) -> None:
        """Somebody presses Approve on the message that is marked with `key`."""
        ...


class InSlack:
    """A workspace that posts to the server at `address`."""

    name = "Slack"

    def __init__(self, workspace: slack_workspace.SlackWorkspace, address: str) -> None:
        self._workspace = workspace
        workspace.request_url = f"{address}/slack/events"

    @property
    def posted(self) -> Sequence[Shown]:
        return self._workspace.messages

    @property
    def whispers(self) -> Sequence[slack_workspace.Whisper]:
        return self._workspace.whispers

    @property
    def refusals(self) -> Sequence[str]:
        return self._workspace.refusals

    def about(self, key: str) -> Shown | None:
        return next(iter(self._workspace.marked(key)), None)

    def text(self, message: Shown) -> str:
        return slack_workspace.text_of(message)

    def buttons(self, message: Shown) -> list[str]:
        return [button["text"]["text"] for button in slack_workspace.buttons_of(message)]

    def approve(self, person: slack_workspace.Person, key: str, reason: str) -> None:
        card = self._workspace.marked(key)[0]["ts"]
        click = self._workspace.click(person, card, "approve", reason)
        _send(lambda: self._workspace.deliver(click))


class InTeams:
    """A tenant that posts to the server at `address`."""

    name = "Teams"

    def __init__(self, tenant: teams_tenant.TeamsTenant, address: str) -> None:
        self._tenant = tenant
        tenant.endpoint = f"{address}/api/messages"

    @property
    def posted(self) -> Sequence[Shown]:
        return self._tenant.messages

    @property
    def whispers(self) -> Sequence[teams_tenant.Whisper]:
        return self._tenant.whispers

    @property
    def refusals(self) -> Sequence[str]:
        return self._tenant.refusals

    def about(self, key: str) -> Shown | None:
        return next(iter(self._tenant.marked(key)), None)

    def text(self, message: Shown) -> str:
        return teams_tenant.text_of(message["activity"])

    def buttons(self, message: Shown) -> list[str]:
        return [button["title"] for button in teams_tenant.buttons_of(message)]

    def approve(self, person: teams_tenant.Person, key: str, reason: str) -> None:
        card = self._tenant.marked(key)[0]["id"]
        click = self._tenant.click(person, card, "approve", reason)
        _send(lambda: self._tenant.deliver(click))


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
