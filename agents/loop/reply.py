"""Reading a mind's reply: either every call in it can be used, or the reply is bad.

Its form is read leniently (`tools/models/leniency`); names and values are validated here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from langchain_core.messages import AIMessage, AIMessageChunk
from pydantic import BaseModel, ValidationError

from tools.models.leniency.reading import Asked, AskedCall, read_message, whole_message
from tools.registry import Tool
from twin.errors import BadInput
from twin.nouns.untrusted import UntrustedText

T = TypeVar("T", bound=BaseModel)

ANSWER = "answer"
"""The name of the tool that ends a role run."""

MAX_CALLS_PER_REPLY = 16
MAX_STRING = 20_000
"""Characters of one string in a call; what people and other minds are to read is shorter."""

MAX_ARGUMENTS = 200_000
"""Characters of one call's arguments as JSON; a storm of alarms has long lists."""

_MAX_ERRORS_SHOWN = 5


class BadReply(Exception):
    """A reply that cannot be used; the text is fit to be shown to the mind that gave it."""


@dataclass(frozen=True, slots=True)
class ParsedCall:
    """A call of a granted tool with validated arguments."""

    tool: Tool[Any]
    arguments: BaseModel


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """Calls to execute in order, or an answer.

    An answer that came together with calls is left out: it was given before their results were
    seen, and the mind is asked again.
    """

    calls: tuple[ParsedCall, ...]
    answer: T | None


def read_reply(
    message: object,
    tools: Mapping[str, Tool[Any]],
    answer: type[T],
    schemas: Sequence[Mapping[str, Any]],
) -> Reply[T]:
    """What `message` asks for. Raises BadReply, also when only one of several calls is bad.

    `schemas`: the tools and the answer as the mind was offered them.
    """
    requested = _asked(message, schemas).calls
    calls = tuple(_parse_call(c, tools) for c in requested if c.name != ANSWER)
    answers = [_validate(ANSWER, c.arguments, answer) for c in requested if c.name == ANSWER]
    # Whoever gives the same answer in two writings gives one.
    if any(other != answers[0] for other in answers):
        raise BadReply(f'"{ANSWER}" was called {len(answers)} times, differently; call it once.')
    return Reply(calls, answers[0] if answers and not calls else None)


def quote(text: object, limit: int = 80) -> str:
    """What a mind wrote, on one line and cut, so that an error can name it."""
    return UntrustedText(str(text)).quoted(limit)


def _asked(message: object, schemas: Sequence[Mapping[str, Any]]) -> Asked:
    if not isinstance(message, AIMessage):
        raise BadReply("it is not a message of an assistant.")
    if isinstance(message, AIMessageChunk):
        if not message.response_metadata.get("finish_reason"):
            raise BadReply("it broke off before its end.")
        message = whole_message(message)
    # Some servers close the brackets of a call that they cut off: half of one passes for a whole.
    if message.response_metadata.get("finish_reason") == "length":
        raise BadReply("it was cut off at the limit of output tokens. Be shorter.")
    asked = read_message(message, schemas)
    if asked.unread:
        raise BadReply(f"the arguments of {quote(asked.unread[0])} are not a JSON object.")
    if not asked.calls:
        raise BadReply(f'it calls no tool. Call one; "{ANSWER}" ends the task.')
    if len(asked.calls) > MAX_CALLS_PER_REPLY:
        raise BadReply(f"it makes more than {MAX_CALLS_PER_REPLY} calls at once.")
    return asked


def _parse_call(call: AskedCall, tools: Mapping[str, Tool[Any]]) -> ParsedCall:
    tool = tools.get(call.name)
    if tool is None:
        offered = ", ".join([*tools, ANSWER])
        raise BadReply(f"there is no tool {quote(call.name)}. There are: {offered}.")
    return ParsedCall(tool, _validate(tool.name, call.arguments, tool.arguments))


def _validate(name: str, arguments: Any, model: type[T]) -> T:
    try:
        # Through text, so that only JSON passes and JSON's rules apply (a list may be a tuple).
        text = json.dumps(arguments)
        if len(text) > MAX_ARGUMENTS or _longest(arguments) > MAX_STRING:
            raise BadReply(
                f'the arguments of "{name}" are too long; {MAX_STRING} characters are the most '
                f"for one text, {MAX_ARGUMENTS} for all."
            )
        return model.model_validate_json(text)
    except ValidationError as exc:
        raise BadReply(f'the arguments of "{name}" do not fit: {_say_errors(exc)}.') from exc
    except BadInput as exc:
        raise BadReply(f'the arguments of "{name}" do not fit: {quote(exc, 300)}.') from exc
    except (TypeError, ValueError, RecursionError) as exc:
        raise BadReply(f'the arguments of "{name}" are not JSON.') from exc


def _longest(value: object) -> int:
    """The length of the longest string in a JSON value."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return max((max(len(str(k)), _longest(v)) for k, v in value.items()), default=0)
    if isinstance(value, list | tuple):
        return max(map(_longest, value), default=0)
    return 0


def _say_errors(exc: ValidationError) -> str:
    errors = exc.errors(include_url=False, include_context=False, include_input=False)
    told = [
        f"{quote('.'.join(map(str, error['loc'])) or 'all of it')}: {quote(error['msg'], 200)}"
        for error in errors[:_MAX_ERRORS_SHOWN]
    ]
    if len(errors) > len(told):
        told.append(f"and {len(errors) - len(told)} more")
    return "; ".join(told)
