"""What a message asks for: calls of functions with their arguments, read leniently."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from langchain_core.messages import AIMessage, AIMessageChunk, InvalidToolCall, ToolCall
from langchain_core.messages.tool import invalid_tool_call, tool_call
from pydantic import model_validator

from tools.models.leniency.arguments import object_in
from tools.models.leniency.fitting import Fitting, folded, unwrapped
from tools.models.leniency.json_text import decoded, is_deeper
from tools.models.leniency.text import calls_in

THOUGHTS = "reasoning_content"
"""Among a message's `additional_kwargs`: what the model thought, where its server tells that."""

FORMS = "noctua_forms"
"""Among a message's `response_metadata`: the names of what was forgiven in its body."""

OTHER_NAME = "functions named with a prefix, a number, in another case or twice over"
NO_NAME = "calls without a name, whose arguments only one function takes"
NOTHING = "nothing, null or an empty list for no arguments"
IDENTICAL = "the same call twice"

_EMPTY = ("", "null", '""', "[]", "None")


@dataclass(frozen=True, slots=True)
class AskedCall:
    """A call as it was read. Neither its name nor its arguments were validated."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a message asks for. `unread`: the names of calls whose arguments are no object, or too
    deep.

    `forms`: what had to be forgiven.
    """

    calls: tuple[AskedCall, ...]
    unread: tuple[str, ...]
    forms: tuple[str, ...]


def read_message(message: AIMessage, tools: Sequence[Mapping[str, Any]]) -> Asked:
    """The calls in `message`; `tools` are what it may call, in OpenAI's function format."""
    return _Reading(message, tools).asked()


def message_of(
    text: str,
    calls: Sequence[tuple[str, str, str | None]],
    **fields: Any,
) -> AIMessage:
    """A message with `calls` (name, arguments as they came, id); `fields` are the message's own.

    Arguments that are not a JSON object make an invalid call, which keeps them as they came.
    """
    good, odd = _told_apart(calls)
    return AIMessage(content=text, tool_calls=good, invalid_tool_calls=odd, **fields)


def _told_apart(
    calls: Sequence[tuple[str, str, str | None]],
) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    """The calls whose arguments are a JSON object, and the others."""
    good, odd = [], []
    for name, arguments, id_ in calls:
        try:
            value = decoded(arguments) if arguments else {}
        except ValueError:
            value = None
        if isinstance(value, dict):
            good.append(tool_call(name=name, args=value, id=id_))
        else:
            told = "the arguments are no JSON object"
            odd.append(invalid_tool_call(name=name, args=arguments, id=id_, error=told))
    return good, odd


class UnreadChunk(AIMessageChunk):
    """A piece of a reply whose calls are read once, when the last piece is in it.

    LangChain's own reads each piece, and each sum of them, as JSON that may be cut off: of what is
    no JSON it takes off character after character, in a time that grows as the square of it.
    """

    @model_validator(mode="after")
    def init_tool_calls(self) -> Self:
        """Read what is whole, and nothing else; calls that were read already stand."""
        if self.tool_call_chunks and self.chunk_position == "last":
            self.tool_calls, self.invalid_tool_calls = _told_apart(_raw_calls(self))
        return self


def whole_message(streamed: AIMessageChunk) -> AIMessage:
    """The message that chunks make; chunks forgive JSON that is cut off, a reply may not."""
    return message_of(
        streamed.text,
        _raw_calls(streamed),
        usage_metadata=streamed.usage_metadata,
        response_metadata=streamed.response_metadata,
        additional_kwargs=streamed.additional_kwargs,
    )


def _raw_calls(streamed: AIMessageChunk) -> list[tuple[str, str, str | None]]:
    return [(c["name"] or "", c["args"] or "", c["id"]) for c in streamed.tool_call_chunks]


class _Reading:
    def __init__(self, message: AIMessage, tools: Sequence[Mapping[str, Any]]) -> None:
        self._message = message
        offered = [tool["function"] for tool in tools]
        self._schemas = {str(f["name"]): dict(f["parameters"]) for f in offered}
        self._forms = list[str]()

    def asked(self) -> Asked:
        calls, unread = list[AskedCall](), list[str]()
        for name, arguments in self._raw():
            read = self._read(name, arguments)
            # Looked at here, whichever reading it was that made an object of it.
            if read is None or is_deeper(read.arguments):
                unread.append(name)
            elif read in calls:
                self._tell(IDENTICAL)
            else:
                calls.append(read)
        forms = [*self._message.response_metadata.get(FORMS, ()), *self._forms]
        return Asked(tuple(calls), tuple(unread), tuple(dict.fromkeys(forms)))

    def _tell(self, form: str) -> None:
        self._forms.append(form)

    def _raw(self) -> list[tuple[str, dict[str, Any] | str]]:
        message = self._message
        calls: list[tuple[str, dict[str, Any] | str]] = [
            *((call["name"], call["args"]) for call in message.tool_calls),
            *((odd["name"] or "", odd["args"] or "") for odd in message.invalid_tool_calls),
        ]
        # Parsers that stop in the middle leave calls of nothing behind.
        calls = [(name, arguments) for name, arguments in calls if name.strip() or arguments]
        if calls:
            return calls
        thoughts = message.additional_kwargs.get(THOUGHTS)
        thoughts = thoughts if isinstance(thoughts, str) else ""
        found = calls_in(message.text, thoughts, self._schemas, self._tell)
        return self._certain(found)

    def _certain(
        self, found: list[tuple[str, dict[str, Any] | str]]
    ) -> list[tuple[str, dict[str, Any] | str]]:
        """An object without a name is a call only if a function takes it, and no other does."""
        unnamed = [arguments for name, arguments in found if not name]
        different = {json.dumps(arguments, sort_keys=True) for arguments in unnamed}
        if not unnamed or (len(different) == 1 and self._only_taker(unnamed[-1])):
            return found
        self._forms.clear()
        return []

    def _read(self, name: str, arguments: dict[str, Any] | str) -> AskedCall | None:
        known = self._known(name)
        schema = self._schemas.get(known, {})
        value = arguments if isinstance(arguments, dict) else self._object(arguments, known)
        if value is None:
            return None
        if not known.strip() and (taker := self._only_taker(value)):
            self._tell(NO_NAME)
            known, schema = taker, self._schemas[taker]
        if not schema:
            return AskedCall(known, value)
        value = self._without_call(unwrapped(value, schema, self._tell), known, schema)
        return AskedCall(known, Fitting(schema, self._tell).fitted(value))

    def _object(self, text: str, name: str) -> dict[str, Any] | None:
        takes_nothing = name in self._schemas and not self._schemas[name].get("properties")
        if takes_nothing and text.strip() in _EMPTY:
            self._tell(NOTHING)
            return {}
        return object_in(text, self._tell)

    def _without_call(
        self, value: dict[str, Any], name: str, schema: Mapping[str, Any]
    ) -> dict[str, Any]:
        """`value` without the call around it: an object whose only key is the function's name."""
        inside = value.get(name)
        if len(value) == 1 and isinstance(inside, dict) and name not in schema["properties"]:
            return inside
        return value

    def _known(self, name: str) -> str:
        """The function of that name, the name itself if there is none."""
        if name in self._schemas:
            return name
        bare = re.split(r"<[|\N{FULLWIDTH VERTICAL LINE}]|\s", name.strip(" \n\t\"'`"))[0]
        bare = re.sub(r":\d+$|\(\)$", "", bare)
        last = re.split(r"[.:/]|__", bare)[-1]
        for meant in (bare, last):
            matching = [each for each in self._schemas if _is_same(meant, each)]
            if meant and len(matching) == 1:
                self._tell(OTHER_NAME)
                return matching[0]
        return name

    def _only_taker(self, value: dict[str, Any] | str) -> str:
        """The one function that takes `value`, "" if none or several do, or if it says nothing."""
        if not isinstance(value, dict) or not value:
            return ""
        takers = [
            name
            for name, schema in self._schemas.items()
            if (fitting := Fitting(schema)).takes(fitting.fitted(value))
        ]
        return takers[0] if len(takers) == 1 else ""


def _is_same(name: str, known: str) -> bool:
    # Servers that repeat the name in every piece of a stream have clients add it up.
    times, rest = divmod(len(name), len(known))
    return folded(name) == folded(known) or (rest == 0 and times > 1 and name == known * times)
