"""A Teams tenant on loopback: the Bot Connector, sign-in and Microsoft Graph, and its people.

It refuses what Microsoft refuses: tokens, unknown channels and fields, messages beyond the limits,
more than 7 messages a second in a thread. People press only what a card shows, so that what has
lost its buttons cannot be answered here, unless somebody forges it.
"""

import asyncio
import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import unquote

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from evals.chat.loopback import on_loopback
from evals.chat.stub import ChatName, Json, Person, Whisper
from evals.chat.teams_limits import refusal

A_SECOND = 7
"""Messages that a thread takes in a second."""

APP = "3b1f6c52-6a0d-4a6e-8f77-5d1c2b9a4e10"
ISSUER = "https://api.botframework.com"

MARK = "noctua/"
"""Begins what our messages are marked with."""


@dataclass
class TeamsTenant:
    """One tenant with one team and one channel, to which the bot `app` was added: a `ChatStub`.

    `permissions`: what the team has granted the app. `paced`: it takes 7 messages a second.
    `busy_for`: so many calls are told to come later.
    """

    name: ClassVar[ChatName] = "teams"
    first_call: ClassVar[str] = "GET members"

    tenant: str = "8f1c1f0e-2f4b-4d0a-9c57-0d6d1a3c5e11"
    app: str = APP
    team: str = "5f0d7a3c-91be-4c2f-8d64-2a7e9b1c6d33"
    channel: str = "19:noc@thread.tacv2"
    secret: str = "of-the~stub"
    permissions: frozenset[str] = frozenset({"ChannelMessage.Read.Group"})
    members: tuple[Person, ...] = ()
    paced: bool = True
    messages: list[Json] = field(default_factory=list)
    whispers: list[Whisper] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    endpoint: str = ""
    busy_for: int = 0
    before_call: list[Callable[[str], None]] = field(default_factory=list)
    before_answer: list[Callable[[str], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._last_id = 0
        self._taken_s = dict[str, list[float]]()
        self.key, self.key_id = _new_key(), "first"
        self.address = ""

    @contextmanager
    def serving(self) -> Iterator[Self]:
        """Listen on a free port of loopback until the end."""
        conversation = "/teams/v3/conversations/{conversation}"
        channel = "/graph/v1.0/teams/{team}/channels/{channel}/messages"
        app = Starlette(
            routes=[
                Route("/login/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
                Route("/keys", self._published),
                Route("/teams/v3/conversations", self._to(self._begin), methods=["POST"]),
                Route(f"{conversation}/activities", self._to(self._reply), methods=["POST"]),
                Route(f"{conversation}/activities/{{id}}", self._to(self._edit), methods=["PUT"]),
                Route(f"{conversation}/members/{{id}}", self._to(self._member)),
                Route(f"{conversation}/pagedmembers", self._to(self._members)),
                Route(channel, self._to(self._listed, "graph")),
                Route(f"{channel}/{{id}}/replies", self._to(self._listed, "graph")),
            ]
        )
        with on_loopback(app) as self.address:
            yield self

    @property
    def service_url(self) -> str:
        """Where its Bot Connector is."""
        return f"{self.address}/teams/"

    @property
    def settings(self) -> str:
        """What teams.yaml has to say of where everything is."""
        return (
            f"service_urls: ['{self.service_url}']\nlogin: {self.address}/login/\n"
            f"keys: {self.address}/keys\ngraph: {self.address}/graph/\n"
        )

    @property
    def ids(self) -> str:
        """What teams.yaml has to say of who is spoken with."""
        return (
            f"tenant: {self.tenant}\napp: {self.app}\nteam: {self.team}\nchannel: {self.channel}\n"
        )

    @property
    def environ(self) -> dict[str, str]:
        return {"TEAMS_APP_SECRET": self.secret}

    def set_up(self, folder: Path) -> None:
        (folder / "teams.yaml").write_text(self.ids + self.settings, encoding="utf-8")

    # Sign-in

    async def _token(self, request: Request) -> Response:
        given = dict(await request.form())
        wanted = {
            "grant_type": "client_credentials",
            "client_id": self.app,
            "client_secret": self.secret,
        }
        scopes = {
            "https://api.botframework.com/.default": "bot",
            f"{self.address}/graph/.default": "graph",
        }
        scope = str(given.pop("scope", ""))
        if request.path_params["tenant"] != self.tenant or given != wanted:
            self.refusals.append("invalid_client")
            return JSONResponse({"error": "invalid_client"}, 401)
        if scope not in scopes:
            self.refusals.append("invalid_scope")
            return JSONResponse({"error": "invalid_scope"}, 400)
        token = f"{scopes[scope]}-token-of-the-stub"
        return JSONResponse({"token_type": "Bearer", "expires_in": 3599, "access_token": token})

    async def _published(self, _: Request) -> Response:
        made = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        made |= {"kid": self.key_id, "use": "sig", "endorsements": ["msteams"]}
        return JSONResponse({"keys": [made]})

    def token(self, **claims: Any) -> str:
        """A token that the Bot Connector sends with a request; a claim of None is left out."""
        now_s = int(time.time())
        said = {
            "iss": ISSUER,
            "aud": self.app,
            "serviceurl": self.service_url,
            "nbf": now_s,
            "exp": now_s + 3600,
            **claims,
        }
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(said, self.key, "RS256", headers={"kid": self.key_id})

    def rotate(self) -> None:
        """Sign with another key from now on."""
        self.key, self.key_id = _new_key(), uuid.uuid4().hex

    # The Bot Connector

    def _to(self, answer: Callable[[Request, Json], Response], kind: str = "bot") -> Any:
        async def called(request: Request) -> Response:
            body = await request.body()
            given = json.loads(body) if body else {}
            return await asyncio.to_thread(self._answer, answer, kind, request, given)

        return called

    def _answer(
        self, answer: Callable[[Request, Json], Response], kind: str, request: Request, given: Json
    ) -> Response:
        name = f"{request.method} {answer.__name__.strip('_')}"
        for told in self.before_call:
            told(name)
        with self._lock:
            self.calls.append(name)
            if request.headers.get("authorization") != f"Bearer {kind}-token-of-the-stub":
                return self._refuse(401, "Unauthorized")
            if self.busy_for > 0:
                self.busy_for -= 1
                return self._refuse(429, "TooManyRequests", {"Retry-After": "1"})
            reply = answer(request, given)
        for told in self.before_answer:
            told(name)
        return reply

    def _refuse(self, status: int, code: str, headers: dict[str, str] | None = None) -> Response:
        self.refusals.append(f"{status} {code}")
        return JSONResponse({"error": {"code": code, "message": code}}, status, headers)

    def _begin(self, _: Request, given: Json) -> Response:
        if unknown := set(given) - {"isGroup", "tenantId", "channelData", "activity", "bot"}:
            return self._refuse(400, f"BadSyntax: unknown {sorted(unknown)}")
        if given.get("tenantId") != self.tenant:
            return self._refuse(403, "Forbidden")
        if given["channelData"] != {"channel": {"id": self.channel}}:
            return self._refuse(404, "ConversationNotFound")
        if refused := self._refused(given["activity"], ""):
            return refused
        message = self._add(given["activity"], "")
        conversation = f"{self.channel};messageid={message['id']}"
        return JSONResponse({"id": conversation, "activityId": message["id"]}, 201)

    def _reply(self, request: Request, given: Json) -> Response:
        root = self._root(request)
        if root is None or (root and self.message(root) is None):
            return self._refuse(404, "ConversationNotFound")
        if refused := self._refused(given, root):
            return refused
        if request.query_params.get("isTargetedActivity") == "true":
            return self._whispered(given, root)
        if "recipient" in given:
            return self._refuse(400, "BadSyntax: a recipient of what everybody reads")
        return JSONResponse({"id": self._add(given, root)["id"]}, 201)

    def _whispered(self, given: Json, root: str) -> Response:
        named = (given.get("recipient") or {}).get("id")
        person = next((p for p in self.members if _in_teams(p) == named), None)
        if person is None:
            return self._refuse(400, "BadArgument: the recipient is no member")
        self.whispers.append(Whisper(person.id, text_of(given), root))
        return JSONResponse({"id": self._id()}, 201)

    def _edit(self, request: Request, given: Json) -> Response:
        root, message = self._root(request), self.message(request.path_params["id"])
        if message is None or message["from"] != self.app or root not in (
            message["root"] or message["id"], "",
        ):  # fmt: skip
            return self._refuse(404, "ActivityNotFoundInConversation")
        if given.get("id") != message["id"]:
            return self._refuse(400, "BadSyntax: another id")
        status, code = refusal(given)
        if status:
            return self._refuse(status, code)
        message["activity"] = given
        return JSONResponse({"id": message["id"]})

    def _member(self, request: Request, _: Json) -> Response:
        if self._root(request) is None:
            return self._refuse(404, "ConversationNotFound")
        person = next((p for p in self.members if p.id == request.path_params["id"]), None)
        if person is None:
            return self._refuse(404, "MemberNotFoundInConversation")
        return JSONResponse(
            {"id": _in_teams(person), "aadObjectId": person.id, "tenantId": person.tenant}
        )

    def _members(self, request: Request, _: Json) -> Response:
        if self._root(request) is None:
            return self._refuse(404, "ConversationNotFound")
        return JSONResponse({"members": [{"id": _in_teams(person)} for person in self.members[:1]]})

    def _listed(self, request: Request, _: Json) -> Response:
        """Microsoft Graph: the messages of the channel or of a thread, the newest first."""
        named = request.path_params
        if "ChannelMessage.Read.Group" not in self.permissions:
            return self._refuse(403, "Forbidden: no permission")
        if (named["team"], unquote(named["channel"])) != (self.team, self.channel):
            return self._refuse(404, "NotFound")
        root = named.get("id", "")
        found = [_in_graph(m) for m in reversed(self.messages) if m["root"] == root]
        skip, top = int(request.query_params.get("$skiptoken", 0)), 50
        page: Json = {"value": found[skip : skip + top]}
        if len(found) > skip + top:
            url = request.url.include_query_params(**{"$skiptoken": skip + top})
            page["@odata.nextLink"] = str(url)
        return JSONResponse(page)

    def _refused(self, activity: Json, root: str) -> Response | None:
        if self.paced and self._is_too_fast(root):
            return self._refuse(429, "TooManyRequests", {"Retry-After": "1"})
        status, code = refusal(activity)
        return self._refuse(status, code) if status else None

    def _is_too_fast(self, root: str) -> bool:
        now_s = time.monotonic()
        recent = [at_s for at_s in self._taken_s.get(root, ()) if now_s - at_s < 1.0]
        self._taken_s[root] = [*recent, now_s]
        return len(recent) >= A_SECOND

    def _add(self, activity: Json, root: str) -> Json:
        message: Json = {"id": self._id(), "root": root, "from": self.app, "activity": activity}
        self.messages.append(message)
        return message

    def _root(self, request: Request) -> str | None:
        """The first message of the thread that is named, None where it is not our channel."""
        place, _, root = unquote(request.path_params["conversation"]).partition(";messageid=")
        return root if place == self.channel else None

    def _id(self) -> str:
        with self._lock:
            self._last_id = max(int(time.time() * 1000), self._last_id + 1)
            return str(self._last_id)

    # What stands in the channel

    def message(self, message_id: str) -> Json | None:
        """The message of that id."""
        return next((m for m in self.messages if m["id"] == message_id), None)

    def thread(self, root: str) -> list[Json]:
        """The replies to a message, in order."""
        return [m for m in self.messages if m["root"] == root]

    def marked(self, key: str) -> list[Json]:
        """Messages that are marked with a key: more than one would be a double."""
        return [m for m in self.messages if _mark(m["activity"]) == f"{MARK}{key}"]

    def marks(self) -> list[str]:
        return _marks(self.messages)

    def replies(self, key: str) -> list[str]:
        return _marks(self.thread(self.marked(key)[0]["id"]))

    def shown(self, key: str) -> str:
        return "\n".join(text_of(message["activity"]) for message in self.marked(key))

    def has_buttons(self, key: str) -> bool:
        return any(map(buttons_of, self.marked(key)))

    # What people do

    def person(self, name: str) -> Person:
        made = Person(str(uuid.uuid5(uuid.NAMESPACE_OID, name)), name, self.tenant)
        if made not in self.members:
            self.members += (made,)
        return made

    def press(
        self, person: Person, key: str, button: str, reason: str = "", choice: str = ""
    ) -> Json:
        return self.click(person, self.marked(key)[0]["id"], button, reason, choice)

    def say(self, person: Person, words: str, key: str) -> Json:
        return self.mention(person, words, self.marked(key)[0]["id"])

    def click(
        self, person: Person, message_id: str, button: str, reason: str = "", choice: str = ""
    ) -> Json:
        """The activity of pressing a button that the card shows. KeyError: it shows none."""
        message = self.message(message_id)
        assert message is not None
        shown = {a["data"]["noctua_button"]: a for a in buttons_of(message)}
        pressed = shown[button]
        typed = {"noctua_reason": reason, "noctua_choice": choice}
        data = {**pressed["data"], **{name: value for name, value in typed.items() if value}}
        action = {"type": pressed["type"], "verb": pressed["verb"], "data": data}
        return {
            **self._from(person, message["root"] or message["id"]),
            "type": "invoke",
            "id": f"f:{uuid.uuid4()}",
            "name": "adaptiveCard/action",
            "replyToId": message_id,
            "value": {"action": action, "trigger": "manual"},
        }

    def mention(self, person: Person, text: str, thread: str = "") -> Json:
        """The activity of a message to the bot."""
        us = {"id": f"28:{self.app}", "name": "Noctua"}
        said = {
            "type": "message",
            "text": f"<at>Noctua</at> {text}",
            "textFormat": "plain",
            "entities": [{"type": "mention", "mentioned": us, "text": "<at>Noctua</at>"}],
        }
        with self._lock:
            message_id = self._id()
            self.messages.append(
                {"id": message_id, "root": thread, "from": person.id, "activity": said}
            )
        return {**self._from(person, thread or message_id), **said, "id": message_id}

    def _from(self, person: Person, root: str) -> Json:
        return {
            "channelId": "msteams",
            "serviceUrl": self.service_url,
            "timestamp": datetime.now(UTC).isoformat(),
            "from": {
                "id": _in_teams(person),
                "name": person.name,
                "aadObjectId": person.id,
                **({} if person.tenant == self.tenant else {"tenantId": person.tenant}),
            },
            "recipient": {"id": f"28:{self.app}", "name": "Noctua"},
            "conversation": {
                "isGroup": True,
                "conversationType": "channel",
                "tenantId": self.tenant,
                "id": f"{self.channel};messageid={root}",
            },
            "channelData": {
                "channel": {"id": self.channel},
                "tenant": {"id": self.tenant},
                "team": {"id": "19:general@thread.tacv2", "aadGroupId": self.team},
            },
        }

    def deliver(self, activity: Json, **claims: Any) -> int:
        """Send an activity to the bot as the Bot Connector does; the status that it answers."""
        return self.send(json.dumps(activity).encode(), f"Bearer {self.token(**claims)}")

    def send(self, body: bytes, authorization: str | None) -> int:
        """Post a request to the bot, whoever it is from; the status that it answers."""
        headers = {"content-type": "application/json"}
        if authorization is not None:
            headers["authorization"] = authorization
        request = urllib.request.Request(self.endpoint, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            return int(error.code)


def buttons_of(message: Json) -> list[Json]:
    """The buttons that a message shows."""
    cards = [a["content"] for a in message["activity"].get("attachments") or ()]
    return [action for card in cards for action in card.get("actions") or ()]


def text_of(activity: Json) -> str:
    """All that a message shows, in lines."""
    lines = [str(activity.get("text") or "")]
    for attached in activity.get("attachments") or ():
        for element in attached["content"]["body"]:
            lines.append("".join(run["text"] for run in element.get("inlines") or ()))
    return "\n".join(filter(None, lines))


def _in_teams(person: Person) -> str:
    """How the Bot Connector calls somebody."""
    return f"29:{person.id}"


def _mark(activity: Json) -> str:
    cards = [a["content"] for a in activity.get("attachments") or ()]
    return str(cards[0]["body"][0].get("id", "")) if cards else ""


def _marks(messages: Iterable[Json]) -> list[str]:
    marks = (_mark(message["activity"]) for message in messages)
    return [mark.removeprefix(MARK) for mark in marks if mark.startswith(MARK)]


def _in_graph(message: Json) -> Json:
    at = datetime.fromtimestamp(int(message["id"]) / 1000, UTC).isoformat()
    cards = message["activity"].get("attachments") or ()
    return {
        "id": message["id"],
        "createdDateTime": at,
        "lastModifiedDateTime": at,
        "attachments": [
            {"contentType": one["contentType"], "content": json.dumps(one["content"])}
            for one in cards
        ],
    }


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)
