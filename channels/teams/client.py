"""Posting to Teams: the REST API of the Bot Connector, as a `ChatService`.

A bot cannot list the messages of a channel there, so that one which may have been posted before a
death is looked for through Microsoft Graph.

Source: learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference,
learn.microsoft.com/graph/api/channel-list-messages.
"""

import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from requests import RequestException
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from channels.chat.service import ChatUnavailable, Message, MessageRefused
from channels.teams.cards import card_of, key_of
from channels.teams.settings import TeamsSettings

TEAMS = "teams"

EVERY_S = 0.5
"""Teams takes 60 messages in 30 s and 1800 in an hour in a thread (docs/teams.md)."""

TIMEOUT_S = 15

_RETRIES = 3
"""How often a call waits for as long as Teams says, before it is left for the next look."""

_PASSING = (412, 429)
"""Not done, and to be tried again; of anything else it is not known whether it was done."""

_BACK_S = 60.0
"""How far the clocks of Teams and of this machine may be apart."""

_OF_THE_MESSAGE = frozenset({400, 404, 413})
"""Refusals that stay whatever is tried again; all others may pass, or be put right by a person."""

Json = dict[str, Any]


class TeamsService:
    """The tenant that `settings` names. `every_s`: between messages in a channel."""

    name = TEAMS

    def __init__(self, settings: TeamsSettings, secret: str, *, every_s: float = EVERY_S) -> None:
        self._settings, self._every_s = settings, every_s
        self._base = settings.service_urls[0]
        self._bot = _session(settings, secret, settings.bot_scope)
        self._graph = _session(settings, secret, f"{settings.graph}.default")
        self._posted_s, self._turn = dict[str, float](), threading.Lock()

    def require_member(self) -> None:
        """Raise unless the bot was added to the team. Raises ChatUnavailable."""
        for place in {self._settings.channel, *self._settings.channels.values()} - {None}:
            try:
                self._call("GET", f"{_conversation(str(place))}/pagedmembers?pageSize=1")
            except MessageRefused as error:
                raise ChatUnavailable(f"the bot is not in {place} ({error}); add it") from error

    def place_of(self, network: str) -> str:
        return self._settings.channel_of(network)

    def post(self, place: str, thread: str, key: str, message: Message) -> str:
        self._wait_for_turn(place)
        activity = _activity(key, message)
        if thread:
            path = f"{_conversation(place, thread)}/activities"
            return message_name(thread, _id(self._call("POST", path, activity), "id"))
        begun = {
            "isGroup": True,
            "tenantId": self._settings.tenant,
            "channelData": {"channel": {"id": place}},
            "activity": activity,
        }
        return _id(self._call("POST", "v3/conversations", begun), "activityId")

    def find(self, place: str, thread: str, key: str, since_wall_s: float) -> str:
        for message in self._messages(place, thread, since_wall_s - _BACK_S):
            for attached in message.get("attachments") or ():
                if _key_of(attached) == key:
                    return message_name(thread, str(message["id"]))
        return ""

    def update(self, place: str, message_id: str, key: str, message: Message) -> None:
        thread, _, reply = message_id.rpartition("/")
        path = f"{_conversation(place, thread or reply)}/activities/{quote(reply, safe='')}"
        self._call("PUT", path, {**_activity(key, message), "id": reply})

    def whisper(self, place: str, thread: str, person: str, text: str) -> None:
        where = _conversation(place, thread)
        found = self._call("GET", f"{where}/members/{quote(person, safe='')}")
        self._wait_for_turn(place)
        activity = _activity("", Message(text=text))
        activity["recipient"] = {"id": _id(found, "id")}
        self._call("POST", f"{where}/activities?isTargetedActivity=true", activity)

    def _messages(self, place: str, thread: str, since_s: float) -> Iterator[Json]:
        """Messages of a channel or thread since then, the newest first."""
        team, below = self._settings.team, f"/{thread}/replies" if thread else ""
        url = f"{self._settings.graph}v1.0/teams/{team}/channels/{quote(place, safe='')}/messages"
        url = f"{url}{below}?$top=50"
        while url:
            page = self._send(self._graph, "GET", url, None)
            for message in page.get("value") or ():
                if _wall_s(message.get("lastModifiedDateTime") or "") < since_s:
                    return
                yield message
            url = str(page.get("@odata.nextLink") or "")
            if url and not url.startswith(self._settings.graph):
                raise ChatUnavailable("Microsoft Graph leads to another host")

    def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        return self._send(self._bot, method, f"{self._base}{path}", body)

    def _send(self, through: Any, method: str, url: str, body: Json | None) -> Json:
        try:
            if not through.token:
                through.fetch_token()
            reply = through.request(method, url, json=body, allow_redirects=False)
        except OAuthError as error:
            raise ChatUnavailable(f"Microsoft gives the bot no token: {error}") from error
        except (RequestException, OSError, ValueError) as error:
            raise ChatUnavailable(f"Teams does not answer: {error}") from error
        if reply.ok:
            return dict(reply.json()) if reply.content else {}
        why = f"{reply.status_code} {_reason(reply)}"
        if reply.status_code in _OF_THE_MESSAGE:
            raise MessageRefused(f"Teams takes no such message: {why}")
        raise ChatUnavailable(f"Teams did not take it: {why} (docs/teams.md)")

    def _wait_for_turn(self, place: str) -> None:
        with self._turn:
            free_s = self._posted_s.get(place, -self._every_s) + self._every_s
            time.sleep(max(0.0, free_s - time.monotonic()))
            self._posted_s[place] = time.monotonic()


def message_name(thread: str, message_id: str) -> str:
    """How we call a message: a reply is only found below the message that it replies to."""
    return message_id if not thread or thread == message_id else f"{thread}/{message_id}"


def _session(settings: TeamsSettings, secret: str, scope: str) -> Any:
    """Calls with a token of the app, which is asked for anew when it ends."""
    session = OAuth2Session(
        settings.app,
        secret,
        scope=scope,
        token_endpoint=f"{settings.login}{settings.tenant}/oauth2/v2.0/token",
        token_endpoint_auth_method="client_secret_post",
        grant_type="client_credentials",
        default_timeout=TIMEOUT_S,
    )
    waiting = Retry(
        _RETRIES, connect=0, read=0, other=0, redirect=0,
        status_forcelist=_PASSING, allowed_methods=None, backoff_factor=1.0, raise_on_status=False,
    )  # fmt: skip
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=waiting))
    return session


def _activity(key: str, message: Message) -> Json:
    card = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "content": card_of(key, message),
    }
    summary = (message.title or message.text)[:200]
    return {"type": "message", "summary": summary, "attachments": [card]}


def _conversation(place: str, thread: str = "") -> str:
    return f"v3/conversations/{quote(f'{place};messageid={thread}' if thread else place, safe='')}"


def _id(reply: Json, name: str) -> str:
    if not isinstance(found := reply.get(name), str) or not found:
        raise ChatUnavailable(f"Teams did not say how it calls the message: no {name}")
    return found


def _key_of(attached: Json) -> str:
    """What a message's attachment is marked with, where it is a card of ours."""
    try:
        card = json.loads(attached.get("content") or "{}")
    except ValueError:
        return ""
    return key_of(card) if isinstance(card, dict) else ""


def _wall_s(said: str) -> float:
    try:
        return datetime.fromisoformat(said).timestamp()
    except ValueError:
        return 0.0


def _reason(reply: Any) -> str:
    try:
        error = reply.json().get("error") or {}
        return f"{error.get('code', '')}: {error.get('message', '')}"[:300]
    except (ValueError, AttributeError):
        return ""
