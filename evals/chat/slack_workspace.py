"""A Slack workspace on loopback: its Web API, what its people do, and Socket Mode.

It refuses what Slack refuses: tokens, unknown fields and channels, messages beyond the limits,
more than one message a second in a channel. People press only what a message shows, so that what
has lost its buttons cannot be answered here, unless somebody forges it.
"""

import asyncio
import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from evals.chat.loopback import on_loopback
from evals.chat.slack_limits import refusal
from evals.chat.stub import ChatName, Json, Person, Whisper

EVERY_S = 1.0
"""A channel takes one message in so long; docs.slack.dev/apis/web-api/rate-limits."""

_FIELDS = {
    "auth.test": set[str](),
    "apps.connections.open": set[str](),
    "chat.postMessage": {
        "channel", "text", "blocks", "thread_ts", "metadata", "unfurl_links", "unfurl_media",
    },
    "chat.update": {"channel", "ts", "text", "blocks", "metadata"},
    "chat.postEphemeral": {"channel", "user", "text", "blocks", "thread_ts"},
    "conversations.history": {"channel", "oldest", "include_all_metadata", "limit", "cursor"},
    "conversations.replies": {
        "channel", "ts", "oldest", "include_all_metadata", "limit", "cursor",
    },
    "files.getUploadURLExternal": {"filename", "length"},
    "files.completeUploadExternal": {"files", "channel_id", "thread_ts"},
}  # fmt: skip
"""The methods that there are, with the arguments that each takes."""

_SCOPES = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.postEphemeral": "chat:write",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
}
"""What the bot token has to be granted; the page of each method says so."""


@dataclass
class SlackWorkspace:
    """One workspace with one channel, as a `ChatStub`.

    `scopes`: what the bot token was granted. `paced`: it takes a message a second. `busy_for`: so
    many calls are told to come later.
    """

    name: ClassVar[ChatName] = "slack"
    first_call: ClassVar[str] = "auth.test"

    team: str = "T0NOCTUA"
    channel: str = "C0NOC"
    bot_token: str = "xoxb-of-the-stub"
    app_token: str = "xapp-of-the-stub"
    signing_secret: str = "8f742231b10e8888abcd99yyyzzz85a5"
    scopes: frozenset[str] = frozenset(_SCOPES.values())
    paced: bool = True
    messages: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    whispers: list[Whisper] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    endpoint: str = ""
    busy_for: int = 0
    before_call: list[Callable[[str], None]] = field(default_factory=list)
    before_answer: list[Callable[[str], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._last_s = 0.0
        self._last_ts = 0.0
        self._sockets = list[tuple[WebSocket, asyncio.AbstractEventLoop]]()
        self._connected = threading.Event()
        self.address = ""

    # The Web API

    @contextmanager
    def serving(self) -> Iterator[Self]:
        """Listen on a free port of loopback until the end."""
        app = Starlette(
            routes=[
                Route("/api/{method}", self._called, methods=["GET", "POST"]),
                Route("/upload/{file}", self._uploaded, methods=["POST"]),
                WebSocketRoute("/socket", self._socket),
            ]
        )
        with on_loopback(app) as self.address:
            yield self

    @property
    def api(self) -> str:
        """What `api` of slack.yaml has to be."""
        return f"{self.address}/api/"

    @property
    def tenant(self) -> str:
        return self.team

    @property
    def environ(self) -> dict[str, str]:
        return {
            "SLACK_BOT_TOKEN": self.bot_token,
            "SLACK_APP_TOKEN": self.app_token,
            "SLACK_SIGNING_SECRET": self.signing_secret,
        }

    def set_up(self, folder: Path) -> None:
        text = f"team: {self.team}\nchannel: {self.channel}\napi: {self.api}\n"
        (folder / "slack.yaml").write_text(text, encoding="utf-8")

    async def _called(self, request: Request) -> Response:
        method = request.path_params["method"]
        given = await _arguments(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        token = str(given.pop("token", token))
        return await asyncio.to_thread(self._answer, method, token, given)

    def _answer(self, method: str, token: str, given: dict[str, Any]) -> Response:
        for told in self.before_call:
            told(method)
        with self._lock:
            self.calls.append(method)
            wanted = self.app_token if method == "apps.connections.open" else self.bot_token
            if token != wanted:
                return self._refuse("invalid_auth")
            if method not in _FIELDS:
                return self._refuse("unknown_method")
            if _SCOPES.get(method, "") not in {"", *self.scopes}:
                return self._refuse("missing_scope", [_SCOPES[method]])
            if unknown := set(given) - _FIELDS[method]:
                return self._refuse("invalid_arguments", [f"unknown: {sorted(unknown)}"])
            named = given.get("channel") or given.get("channel_id")
            if named is not None and named != self.channel:
                return self._refuse("channel_not_found")
            found = getattr(self, f"_{method.replace('.', '_')}")(given)
        for told in self.before_answer:
            told(method)
        return found if isinstance(found, Response) else JSONResponse({"ok": True, **found})

    def _refuse(self, error: str, details: list[str] | None = None) -> Response:
        self.refusals.append(f"{error} {details or ''}".strip())
        body = {"ok": False, "error": error, "response_metadata": {"messages": details or []}}
        return JSONResponse(body)

    def _auth_test(self, _: dict[str, Any]) -> dict[str, Any]:
        names = {"user_id": "U0BOT", "bot_id": "B0BOT", "user": "noctua", "team": "NOC"}
        return {**names, "url": "https://noc.slack.com/", "team_id": self.team}

    def _chat_postMessage(self, given: dict[str, Any]) -> Response | dict[str, Any]:  # noqa: N802
        if busy := self._too_fast():
            return busy
        blocks, metadata = given.get("blocks") or [], given.get("metadata") or {}
        error, details = refusal(given.get("text") or "", blocks, metadata)
        if error:
            return self._refuse(error, details)
        if (root := given.get("thread_ts")) and not self.message(root):
            return self._refuse("thread_not_found")
        message = {
            "ts": self._ts(),
            "user": "U0BOT",
            "bot_id": "B0BOT",
            "text": given.get("text"),
            "blocks": blocks,
            "metadata": metadata,
            "thread_ts": root or None,
            "posted_s": time.time(),
        }
        self.messages.append(message)
        return {"channel": self.channel, "ts": message["ts"], "message": message}

    def _chat_update(self, given: dict[str, Any]) -> Response | dict[str, Any]:
        message = self.message(given.get("ts", ""))
        if message is None or message.get("bot_id") != "B0BOT":
            return self._refuse("message_not_found")
        blocks, metadata = given.get("blocks") or [], given.get("metadata") or {}
        error, details = refusal(given.get("text") or "", blocks, metadata)
        if error:
            return self._refuse(error, details)
        message.update(text=given.get("text"), blocks=blocks, edited_s=time.time())
        return {"channel": self.channel, "ts": message["ts"], "text": message["text"]}

    def _chat_postEphemeral(self, given: dict[str, Any]) -> Response | dict[str, Any]:  # noqa: N802
        if busy := self._too_fast():
            return busy
        error, details = refusal(given.get("text") or "", given.get("blocks") or [], {})
        if error:
            return self._refuse(error, details)
        shown = "".join(b["text"]["text"] for b in given.get("blocks") or [])
        self.whispers.append(Whisper(given["user"], shown, given.get("thread_ts") or ""))
        return {"message_ts": self._ts()}

    def _conversations_history(self, given: dict[str, Any]) -> dict[str, Any]:
        roots = [m for m in self.messages if m.get("thread_ts") in (None, m["ts"])]
        return self._page(roots, given)

    def _conversations_replies(self, given: dict[str, Any]) -> Response | dict[str, Any]:
        if self.message(given["ts"]) is None:
            return self._refuse("thread_not_found")
        inside = [m for m in self.messages if given["ts"] in (m["ts"], m.get("thread_ts"))]
        return self._page(inside, given)

    def _page(self, found: list[dict[str, Any]], given: dict[str, Any]) -> dict[str, Any]:
        recent = [m for m in found if float(m["ts"]) >= float(given.get("oldest") or 0)]
        begin, most = int(given.get("cursor") or 0), int(given.get("limit") or 100)
        told = [dict(message) for message in recent[begin : begin + most]]
        if str(given.get("include_all_metadata", "")).lower() not in ("1", "true"):
            told = [{k: v for k, v in message.items() if k != "metadata"} for message in told]
        more = str(begin + most) if begin + most < len(recent) else ""
        return {"messages": told, "response_metadata": {"next_cursor": more}}

    def _files_getUploadURLExternal(  # noqa: N802
        self, given: dict[str, Any]
    ) -> dict[str, Any]:
        name = f"F{uuid.uuid4().hex[:8].upper()}"
        self.files[name] = {"id": name, "name": given["filename"], "content": None}
        return {"file_id": name, "upload_url": f"{self.address}/upload/{name}"}

    async def _uploaded(self, request: Request) -> Response:
        content = await request.body()
        with self._lock:
            self.files[request.path_params["file"]]["content"] = content.decode()
        return PlainTextResponse(f"OK - {len(content)}")

    def _files_completeUploadExternal(  # noqa: N802
        self, given: dict[str, Any]
    ) -> Response | dict[str, Any]:
        if busy := self._too_fast():
            return busy
        files = given["files"]
        kept = [self.files[one["id"]] | {"title": one.get("title", "")} for one in files]
        if any(one["content"] is None for one in kept):
            return self._refuse("file_not_found")
        shown = [{k: v for k, v in one.items() if k != "content"} for one in kept]
        self.messages.append(
            {
                "ts": self._ts(),
                "user": "U0BOT",
                "text": "",
                "files": shown,
                "thread_ts": given.get("thread_ts"),
                "blocks": [],
            }
        )
        return {"files": shown}

    def _too_fast(self) -> Response | None:
        now_s = time.monotonic()
        if self.busy_for > 0 or (self.paced and now_s - self._last_s < EVERY_S * 0.95):
            self.busy_for -= 1
            self.refusals.append("ratelimited")
            headers = {"Retry-After": "1"}
            return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers=headers)
        self._last_s = now_s
        return None

    def _ts(self) -> str:
        self._last_ts = max(time.time(), self._last_ts + 1e-6)
        return f"{self._last_ts:.6f}"

    # What stands in the channel

    def message(self, ts: str) -> dict[str, Any] | None:
        """The message of that timestamp."""
        return next((m for m in self.messages if m["ts"] == ts), None)

    def thread(self, root: str) -> list[dict[str, Any]]:
        """The replies to a message, in order."""
        return [m for m in self.messages if m.get("thread_ts") == root and m["ts"] != root]

    def marked(self, key: str) -> list[dict[str, Any]]:
        """Messages that are marked with a key: more than one would be a double."""
        found = [m for m in self.messages if m.get("metadata")]
        return [m for m in found if m["metadata"]["event_payload"]["key"] == key]

    def marks(self) -> list[str]:
        return _marks(self.messages)

    def replies(self, key: str) -> list[str]:
        return _marks(self.thread(self.marked(key)[0]["ts"]))

    def shown(self, key: str) -> str:
        return "\n".join(map(text_of, self.marked(key)))

    def has_buttons(self, key: str) -> bool:
        return any(map(buttons_of, self.marked(key)))

    # What people do

    def person(self, name: str) -> Person:
        return Person(f"U0{name.upper()}", name, self.team)

    def press(
        self, person: Person, key: str, button: str, reason: str = "", choice: str = ""
    ) -> Json:
        return self.click(person, self.marked(key)[0]["ts"], button, reason, choice)

    def say(self, person: Person, words: str, key: str) -> Json:
        return self.mention(person, words, self.marked(key)[0]["ts"])

    def click(
        self, person: Person, ts: str, button: str, reason: str = "", choice: str = ""
    ) -> dict[str, Any]:
        """The payload of pressing a button that the message shows. KeyError: it shows none."""
        message = self.message(ts)
        assert message is not None
        shown = {e["action_id"]: e for e in buttons_of(message)}
        pressed = shown[f"noctua_{button}"]
        values = {
            "reason": {"noctua_reason": {"type": "plain_text_input", "value": reason or None}},
            "choice": {
                "noctua_choice": {
                    "type": "static_select",
                    "selected_option": {"value": choice} if choice else None,
                }
            },
        }
        return {
            "type": "block_actions",
            "team": {"id": self.team, "domain": "noc"},
            "user": {"id": person.id, "username": person.name, "team_id": person.tenant},
            "api_app_id": "A0NOCTUA",
            "container": {
                "type": "message",
                "message_ts": ts,
                "channel_id": self.channel,
                "thread_ts": message.get("thread_ts"),
            },
            "trigger_id": uuid.uuid4().hex,
            "channel": {"id": self.channel, "name": "noc"},
            "message": {k: v for k, v in message.items() if k != "posted_s"},
            "state": {"values": values},
            "response_url": f"{self.address}/response",
            "actions": [
                {
                    "type": "button",
                    "action_id": pressed["action_id"],
                    "value": pressed["value"],
                    "action_ts": self._ts(),
                }
            ],
        }

    def mention(self, person: Person, text: str, thread: str = "") -> dict[str, Any]:
        """The payload of a message to the app."""
        with self._lock:
            ts = self._ts()
            said = {"ts": ts, "user": person.id, "text": text, "thread_ts": thread or None}
            self.messages.append(said)
        return {
            "type": "event_callback",
            "team_id": self.team,
            "api_app_id": "A0NOCTUA",
            "event_id": f"Ev{uuid.uuid4().hex[:9].upper()}",
            "event_time": int(time.time()),
            "event": {
                "type": "app_mention",
                "user": person.id,
                "user_team": person.tenant,
                "text": f"<@U0BOT> {text}",
                "ts": ts,
                "channel": self.channel,
                "event_ts": ts,
                **({"thread_ts": thread} if thread else {}),
            },
        }

    def deliver(self, payload: dict[str, Any], **headers: str) -> int:
        """Send a payload to the app as Slack does; the status that it answers."""
        if self._sockets:
            return self._deliver_by_socket(payload)
        body = form_of(payload)
        signed = self.signed(body, is_form=payload["type"] == "block_actions")
        return self.send(body, {**signed, **headers})

    def send(self, body: bytes, headers: dict[str, str]) -> int:
        """Post a request to the app, whoever has signed it; the status that it answers."""
        request = urllib.request.Request(self.endpoint, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            return int(error.code)

    def signed(self, body: bytes, *, is_form: bool, at_s: float | None = None) -> dict[str, str]:
        """The headers of a request that this workspace signs."""
        timestamp = str(int(time.time() if at_s is None else at_s))
        base = b"v0:" + timestamp.encode() + b":" + body
        made = hmac.new(self.signing_secret.encode(), base, hashlib.sha256).hexdigest()
        kind = "application/x-www-form-urlencoded" if is_form else "application/json"
        return {
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": f"v0={made}",
            "content-type": kind,
        }

    # Socket Mode

    def _apps_connections_open(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"url": f"{self.address.replace('http', 'ws', 1)}/socket"}

    async def _socket(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_json({"type": "hello", "num_connections": 1})
        entry = (socket, asyncio.get_running_loop())
        self._sockets.append(entry)
        self._connected.set()
        self._acknowledged = dict[str, threading.Event]()
        try:
            while True:
                told = json.loads(await socket.receive_text())
                if waiting := self._acknowledged.get(told.get("envelope_id", "")):
                    waiting.set()
        except WebSocketDisconnect:
            self._sockets.remove(entry)

    def wait_for_socket(self) -> None:
        """Until an app has connected."""
        assert self._connected.wait(20), "no app has connected"

    def _deliver_by_socket(self, payload: dict[str, Any]) -> int:
        is_click = payload["type"] == "block_actions"
        envelope = {
            "envelope_id": str(uuid.uuid4()),
            "type": "interactive" if is_click else "events_api",
            "payload": payload,
            "accepts_response_payload": is_click,
        }
        done = self._acknowledged[envelope["envelope_id"]] = threading.Event()
        socket, loop = self._sockets[-1]
        asyncio.run_coroutine_threadsafe(socket.send_json(envelope), loop).result(5)
        return 200 if done.wait(3) else 0


def buttons_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons that a message shows."""
    actions = (b for b in message.get("blocks") or [] if b["type"] == "actions")
    return [element for block in actions for element in block["elements"]]


def text_of(message: dict[str, Any]) -> str:
    """All that a message shows, in lines, but for its buttons."""
    return "\n".join(filter(None, map(_shown, message.get("blocks") or [])))


def _shown(element: dict[str, Any]) -> str:
    """What a block, or a part of one, shows of a message."""
    if "elements" in element and element["type"] != "actions":
        return "".join(map(_shown, element["elements"]))
    text = element.get("text", "")
    return str(text["text"] if isinstance(text, dict) else text)


def form_of(payload: dict[str, Any]) -> bytes:
    """A payload as Slack posts it: interactions in a form, events as JSON."""
    if payload["type"] == "block_actions":
        return urlencode({"payload": json.dumps(payload)}).encode()
    return json.dumps(payload).encode()


def _marks(messages: Iterable[Json]) -> list[str]:
    found = (message["metadata"] for message in messages if message.get("metadata"))
    return [str(metadata["event_payload"]["key"]) for metadata in found]


async def _arguments(request: Request) -> dict[str, Any]:
    """The arguments of a call, whichever way they are sent."""
    given: dict[str, Any] = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/json"):
        given |= json.loads(await request.body() or b"{}")
    elif request.method == "POST":
        given |= dict(await request.form())
    for name in ("blocks", "metadata", "files"):
        if isinstance(given.get(name), str):
            given[name] = json.loads(given[name])
    return given
