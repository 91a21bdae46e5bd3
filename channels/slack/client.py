"""Posting to Slack: its Web API, as a `ChatService`."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.web import SlackResponse

from channels.chat.service import ChatUnavailable, File, Message, MessageRefused
from channels.slack.blocks import blocks_of, notification
from channels.slack.settings import SlackSettings

SLACK = "slack"

EVERY_S = 1.0
"""Slack takes about one message a second in a channel (docs.slack.dev/apis/web-api/rate-limits)."""

TIMEOUT_S = 15

_RETRIES = 3
"""How often a call waits for as long as Slack says, before it is left for the next look."""

_BACK_S = 60.0
"""How far the clocks of Slack and of this machine may be apart."""

_EVENT_TYPE = "noctua_post"
"""Of the metadata that mark our messages."""

_OF_THE_MESSAGE = frozenset(
    {
        "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long",
        "too_many_attachments", "no_text", "invalid_metadata_format", "metadata_too_large",
        "message_not_found", "cant_update_message", "edit_window_closed", "user_not_in_channel",
        "thread_not_found",
    }
)  # fmt: skip
"""Errors that stay whatever is tried again; all others may pass, or be put right by a person."""

P = ParamSpec("P")
R = TypeVar("R")


def mapped(call: Callable[P, R]) -> Callable[P, R]:
    """Errors of Slack's SDK as ours."""

    @wraps(call)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except SlackApiError as error:
            why = str(error.response.get("error") or f"status {error.response.status_code}")
            if why in _OF_THE_MESSAGE:
                told = error.response.get("response_metadata") or {}
                details = "; ".join(map(str, told.get("messages", ())))
                raise MessageRefused(f"Slack takes no such message: {why} {details}") from error
            raise ChatUnavailable(f"Slack did not take it: {why} (docs/slack.md)") from error
        except (SlackClientError, URLError, OSError) as error:
            raise ChatUnavailable(f"Slack does not answer: {error}") from error

    return called


def web_client(settings: SlackSettings, token: str) -> WebClient:
    """A client of the Web API that waits for as long as a busy Slack says."""
    waiting = RateLimitErrorRetryHandler(max_retry_count=_RETRIES)
    return WebClient(token, base_url=settings.api, timeout=TIMEOUT_S, retry_handlers=[waiting])


class SlackService:
    """The workspace that `client` has a token for. `every_s`: between messages in a channel."""

    name = SLACK

    def __init__(
        self, settings: SlackSettings, client: WebClient, *, every_s: float = EVERY_S
    ) -> None:
        self._settings, self._client, self._every_s = settings, client, every_s
        self._posted_s, self._turn = dict[str, float](), threading.Lock()

    @mapped
    def workspace(self) -> str:
        """The id of the workspace that the token is for."""
        return str(self._client.auth_test()["team_id"])

    def place_of(self, network: str) -> str:
        return self._settings.channel_of(network)

    @mapped
    def post(self, place: str, thread: str, key: str, message: Message) -> str:
        self._wait_for_turn(place)
        if message.file:
            return self._upload(place, thread, key, message.title, message.file)
        posted = self._client.chat_postMessage(
            channel=place,
            thread_ts=thread or None,
            text=notification(message),
            blocks=blocks_of(message),
            metadata=_marked(key),
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(posted["ts"])

    @mapped
    def find(self, place: str, thread: str, key: str, since_wall_s: float) -> str:
        for message in self._messages(place, thread, since_wall_s - _BACK_S):
            if (message.get("metadata") or {}).get("event_payload", {}).get("key") == key:
                return str(message["ts"])
            for file in message.get("files") or ():
                if file.get("name") == _file_name(key, file.get("name", "")):
                    return str(file["id"])
        return ""

    @mapped
    def update(self, place: str, message_id: str, key: str, message: Message) -> None:
        self._client.chat_update(
            channel=place,
            ts=message_id,
            text=notification(message),
            blocks=blocks_of(message),
            metadata=_marked(key),
        )

    @mapped
    def whisper(self, place: str, thread: str, person: str, text: str) -> None:
        self._wait_for_turn(place)
        message = Message(text=text)
        self._client.chat_postEphemeral(
            channel=place,
            user=person,
            thread_ts=thread or None,
            text=notification(message),
            blocks=blocks_of(message),
        )

    def _upload(self, place: str, thread: str, key: str, title: str, file: File) -> str:
        uploaded = self._client.files_upload_v2(
            channel=place,
            thread_ts=thread or None,
            content=file.content,
            filename=_file_name(key, file.name),
            title=title or file.name,
            request_file_info=False,
        )
        return str(uploaded["files"][0]["id"])

    def _messages(self, place: str, thread: str, oldest_s: float) -> Iterator[dict[str, Any]]:
        """Messages of a channel or thread since then, as many as there are."""
        oldest = f"{oldest_s:.6f}"
        pages: SlackResponse
        if thread:
            pages = self._client.conversations_replies(
                channel=place, ts=thread, oldest=oldest, include_all_metadata=True, limit=200
            )
        else:
            pages = self._client.conversations_history(
                channel=place, oldest=oldest, include_all_metadata=True, limit=200
            )
        for page in pages:
            yield from page["messages"]

    def _wait_for_turn(self, place: str) -> None:
        with self._turn:
            free_s = self._posted_s.get(place, -self._every_s) + self._every_s
            time.sleep(max(0.0, free_s - time.monotonic()))
            self._posted_s[place] = time.monotonic()


def _marked(key: str) -> dict[str, Any]:
    return {"event_type": _EVENT_TYPE, "event_payload": {"key": key}}


def _file_name(key: str, name: str) -> str:
    """A file has no metadata, so that its name says what it is about."""
    return f"{key.replace('/', '_')}.{name.rpartition('.')[2]}"
