"""Reading a request as strictly as the strictest server does."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.loop.transcript import ROLE_HEADER
from twin.nouns.base import content_hash

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ROLES = ("system", "developer", "user", "assistant", "tool")
_TYPES = {"object", "array", "string", "number", "integer", "boolean", "null"}
_NOT_ASKED = ("stream", "stream_options")
"""How a reply is sent is no part of what was asked."""


class RequestRefused(Exception):
    """The request breaks a rule of the API; the text says which."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request that passed every check. `role` is "" where the system message names none.

    `authorization`: the header as it came, for another server; it is neither shown nor kept.
    """

    body: Mapping[str, Any]
    authorization: str = field(default="", repr=False)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """As on the wire."""
        return list(self.body["messages"])

    @property
    def tools(self) -> list[dict[str, Any]]:
        """As on the wire; empty if none is offered."""
        return list(self.body.get("tools") or ())

    @property
    def model(self) -> str:
        """The name that was asked for."""
        return str(self.body["model"])

    @property
    def streams(self) -> bool:
        """Whether the reply is wanted in pieces."""
        return bool(self.body.get("stream"))

    @property
    def wants_usage(self) -> bool:
        """Whether a streamed reply has to end with its usage."""
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    @property
    def role(self) -> str:
        """The role that is played, by the first line of the system message."""
        first = str(self.messages[0].get("content") or "").split("\n")[0]
        return first.removeprefix(ROLE_HEADER).strip() if first.startswith(ROLE_HEADER) else ""

    @property
    def digest(self) -> str:
        """SHA-256 of what was asked: the same question, the same digest."""
        return content_hash({k: v for k, v in self.body.items() if k not in _NOT_ASKED})


def read_request(data: bytes, authorization: str = "") -> ChatRequest:
    """The request in `data`. Raises RequestRefused."""
    try:
        body = json.loads(data)
    except ValueError as exc:
        raise RequestRefused(f"the body is not JSON ({exc})") from exc
    _require(isinstance(body, dict), "the body is not a JSON object")
    _require(bool(body.get("model")) and isinstance(body["model"], str), "model: a name is needed")
    _check_messages(body.get("messages"))
    _check_tools(body)
    return ChatRequest(body, authorization)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise RequestRefused(otherwise)


def _check_messages(messages: Any) -> None:
    _require(isinstance(messages, list) and bool(messages), "messages: at least one is needed")
    last, unanswered = "", list[str]()
    known: set[str] = set()
    for position, message in enumerate(messages):
        where = f"messages[{position}]"
        _require(isinstance(message, dict), f"{where}: is not an object")
        role = message.get("role")
        _require(role in _ROLES, f"{where}: role {role!r} is none of {', '.join(_ROLES)}")
        if role == "tool":
            named = message.get("tool_call_id")
            _require(named in unanswered, f"{where}: answers {named!r}, which no call before it is")
            unanswered.remove(named)
            _require(isinstance(message.get("content"), str), f"{where}: content is no text")
            last = role
            continue
        _require(not unanswered, f"{where}: calls {unanswered} before it have no answer")
        _check_order(where, role, last, position)
        if role == "assistant":
            unanswered = _check_calls(where, message, known)
        else:
            _require(bool(message.get("content")), f"{where}: has no content")
        last = role
    _require(not unanswered, f"calls {unanswered} have no answer")
    _require(last in ("user", "tool"), f"the last message is the {last}'s; there is nothing to say")


def _check_order(where: str, role: str, last: str, position: int) -> None:
    if role in ("system", "developer"):
        _require(position == 0, f"{where}: a {role} message is not the first")
    # Chat templates of several open models refuse two of a kind in a row.
    _require(role != last, f"{where}: two {role} messages follow one another")
    if role == "assistant":
        _require(last in ("user", "tool"), f"{where}: the assistant speaks first")


def _check_calls(where: str, message: Mapping[str, Any], known: set[str]) -> list[str]:
    """The ids of the calls, which must be new."""
    calls = message.get("tool_calls") or []
    _require(bool(calls or message.get("content")), f"{where}: has neither content nor calls")
    for call in calls:
        function = call.get("function") or {}
        _require(call.get("type") == "function", f"{where}: a call is of no function")
        _require(isinstance(call.get("id"), str), f"{where}: a call has no id")
        _require(call["id"] not in known, f"{where}: id {call['id']} is used twice")
        known.add(call["id"])
        try:
            arguments = json.loads(function.get("arguments", ""))
        except (TypeError, ValueError) as exc:
            raise RequestRefused(f"{where}: arguments are not JSON ({exc})") from exc
        _require(isinstance(arguments, dict), f"{where}: arguments are no object")
    return [call["id"] for call in calls]


def _check_tools(body: Mapping[str, Any]) -> None:
    tools = body.get("tools")
    choice = body.get("tool_choice")
    if tools is None:
        _require(choice in (None, "none"), "tool_choice: is given, and no tools are")
        return
    _require(isinstance(tools, list) and bool(tools), "tools: is empty; leave it out")
    names = [_check_tool(f"tools[{i}]", tool) for i, tool in enumerate(tools)]
    _require(len(set(names)) == len(names), f"tools: a name is given twice in {names}")
    if isinstance(choice, dict):
        named = dict(choice.get("function") or {}).get("name")
        _require(named in names, f"tool_choice: {named!r} is not among the tools")
        return
    allowed = (None, "none", "auto", "required")
    _require(choice in allowed, f"tool_choice: {choice!r} is none of none, auto, required")


def _check_tool(where: str, tool: Any) -> str:
    _require(isinstance(tool, dict) and tool.get("type") == "function", f"{where}: no function")
    function = dict(tool.get("function") or {})
    name = function.get("name")
    _require(
        isinstance(name, str) and bool(_NAME.fullmatch(name)),
        f"{where}: {name!r} is no name of a function",
    )
    parameters = function.get("parameters")
    _require(
        isinstance(parameters, dict) and parameters.get("type") == "object",
        f"{where}: parameters are no schema of an object",
    )
    schema = dict(parameters or {})
    _check_schema(f"{where}.parameters", schema, schema.get("$defs") or {})
    return str(name)


def _check_schema(where: str, schema: Any, definitions: Mapping[str, Any]) -> None:
    """The rules of JSON schema that servers choke on when they compile a grammar."""
    _require(isinstance(schema, dict), f"{where}: is no schema")
    if "$ref" in schema:
        target = str(schema["$ref"]).removeprefix("#/$defs/")
        _require(target in definitions, f"{where}: {schema['$ref']} leads nowhere")
    kinds = schema.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        _require(kind in _TYPES, f"{where}: there is no type {kind!r}")
    _require(schema.get("enum", [0]) != [], f"{where}: the enumeration is empty")
    properties = schema.get("properties") or {}
    missing = set(schema.get("required") or ()) - set(properties)
    _require(not missing, f"{where}: requires {sorted(missing)}, which are no properties")
    inner: Sequence[tuple[str, Any]] = [
        *((f".{name}", value) for name, value in properties.items()),
        *((f".$defs.{name}", value) for name, value in (schema.get("$defs") or {}).items()),
        *((".items", schema[key]) for key in ("items",) if key in schema),
        *((f".anyOf[{i}]", value) for i, value in enumerate(schema.get("anyOf") or ())),
        *((f".prefixItems[{i}]", v) for i, v in enumerate(schema.get("prefixItems") or ())),
    ]
    for name, value in inner:
        _check_schema(where + name, value, definitions)
