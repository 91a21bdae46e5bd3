"""What a policy sees: the messages and schemas that any model is given, read back into types."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import BaseModel

from agents.loop.reply import ANSWER
from agents.loop.transcript import ROLE_HEADER, TASK_HEADER, plain

T = TypeVar("T", bound=BaseModel)


class PlaybookDefect(RuntimeError):
    """A policy does what it never may: our bug, so it is no NoctuaError and nobody handles it."""


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """The next call."""

    tool: str
    arguments: BaseModel | dict[str, Any]


def answer(value: BaseModel | dict[str, Any]) -> ToolChoice:
    """The choice that ends a role run."""
    return ToolChoice(ANSWER, value)


@dataclass(frozen=True, slots=True)
class CallSeen:
    """A call that was made, by whichever mind. `error` is None if `result` came back."""

    name: str
    arguments: dict[str, Any]
    result: Any
    error: str | None

    def result_as(self, model: type[T]) -> T:
        """What came back, as the type that it was made from."""
        return _as(model, self.result)


@dataclass(frozen=True, slots=True)
class TranscriptView:
    """A role run so far. `offered`: JSON schema of the parameters by tool name, answer included."""

    role: str
    task: dict[str, Any]
    calls: tuple[CallSeen, ...]
    offered: Mapping[str, dict[str, Any]]

    def task_as(self, model: type[T]) -> T:
        """The task as the type that it was made from."""
        return _as(model, self.task)

    def calls_of(self, name: str) -> tuple[CallSeen, ...]:
        """Every call of that tool, in order."""
        return tuple(call for call in self.calls if call.name == name)

    def call_of(self, name: str, arguments: BaseModel | Mapping[str, Any]) -> CallSeen | None:
        """The last call of that tool with exactly those arguments, or None."""
        wanted = arguments_json(arguments)
        found = [call for call in self.calls_of(name) if call.arguments == wanted]
        return found[-1] if found else None

    def has_called(self, name: str, arguments: BaseModel | Mapping[str, Any]) -> bool:
        """Whether that tool was called with exactly those arguments, with or without success."""
        return self.call_of(name, arguments) is not None

    def error_of(self, name: str, **arguments: Any) -> str | None:
        """What went wrong in that call, None if it went well. PlaybookDefect if it was not made."""
        return self._made(name, arguments).error

    def result_of(self, name: str, **arguments: Any) -> Any:
        """What that call gave, as plain JSON. PlaybookDefect if it was not made, or failed."""
        call = self._made(name, arguments)
        if call.error is not None:
            raise PlaybookDefect(f"{self.role}: {name} failed ({call.error}); ask error_of first")
        return call.result

    def result_as(self, model: type[T], name: str, arguments: BaseModel | Mapping[str, Any]) -> T:
        """What that call gave, as the type that it was made from. PlaybookDefect as `result_of`."""
        return _as(model, self.result_of(name, **arguments_json(arguments)))

    def _made(self, name: str, arguments: Mapping[str, Any]) -> CallSeen:
        call = self.call_of(name, arguments)
        if call is None:
            raise PlaybookDefect(f"{self.role}: {name} was not called with {dict(arguments)}")
        return call


def _as(model: type[T], value: Any) -> T:
    return model.model_validate_json(json.dumps(value))


def arguments_json(arguments: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as they stand in a transcript: plain JSON types."""
    found: dict[str, Any] = plain(
        arguments if isinstance(arguments, BaseModel) else dict(arguments)
    )
    return found


def read_view(
    messages: Sequence[BaseMessage], schemas: Sequence[Mapping[str, Any]]
) -> TranscriptView:
    """The view that messages and bound tools give. PlaybookDefect if they are not run_role's."""
    offered = {s["function"]["name"]: s["function"]["parameters"] for s in schemas}
    return TranscriptView(_role(messages), _task(messages), _calls(messages), offered)


def _role(messages: Sequence[BaseMessage]) -> str:
    first = next((m.text for m in messages if isinstance(m, SystemMessage)), "").split("\n")[0]
    if not first.startswith(ROLE_HEADER):
        raise PlaybookDefect(f'the system message does not begin with "{ROLE_HEADER}<name>"')
    return first.removeprefix(ROLE_HEADER)


def _task(messages: Sequence[BaseMessage]) -> dict[str, Any]:
    text = next((m.text for m in messages if isinstance(m, HumanMessage)), "")
    if not text.startswith(TASK_HEADER):
        raise PlaybookDefect(f'the first human message does not begin with "{TASK_HEADER.strip()}"')
    # Text may follow the object: a complaint about an earlier reply.
    task, _ = json.JSONDecoder().raw_decode(text, len(TASK_HEADER))
    return dict(task)


def _calls(messages: Sequence[BaseMessage]) -> tuple[CallSeen, ...]:
    told = {m.tool_call_id: json.loads(m.text) for m in messages if isinstance(m, ToolMessage)}
    return tuple(
        CallSeen(
            call["name"],
            call["args"],
            told[call["id"] or ""].get("result"),
            told[call["id"] or ""].get("error"),
        )
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    )
