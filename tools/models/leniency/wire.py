"""The body of a reply: one chat completion, whether it came whole, in events or in lines.

Sources: OpenAI's API reference (chat completions, streaming, `function_call`), WHATWG HTML section
9.2.6 (event streams), and issues of the servers that docs/models.md names.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.models.leniency.json_text import MOST_VALUES, TooMuch, decoded, decoded_at

NAMES = ("name", "tool_name", "function_name", "tool", "function", "action", "recipient_name")
"""What servers and models call the function of a call; OpenAI's word comes first."""

ARGUMENTS = ("arguments", "parameters", "args", "input", "tool_input", "action_input", "params")
"""What they call its arguments."""

STREAM_UNASKED = "a stream where none was asked"
STREAM_MISSING = "no stream where one was asked"
NO_END = "a stream without an end, whose calls are whole"

_CALLS = ("tool_calls", "tool_call", "toolCalls", "function_calls", "function_call")
_THOUGHTS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
_ENVELOPES = ("data", "result", "response", "body", "completion")
_CUT_OFF = ("length", "max_tokens", "model_length", "max_output_tokens")
_USAGE = (
    ("prompt_tokens", "completion_tokens"),
    ("input_tokens", "output_tokens"),
    ("prompt_eval_count", "eval_count"),
)
_FIELDS = ("event:", "id:", "retry:", ":")
_MOST_ENVELOPES = 4
_BLANK = re.compile(r"\s*")
_CLOSED = re.compile(r"\}\s*\Z")

MOST_CALLS = 100
"""Of one reply. A role takes 16 of them; what is beyond is shown to the model for repair."""


class NoCompletion(ValueError):
    """The body holds no chat completion."""


class ErrorTold(Exception):
    """The body holds an error in place of a completion. `status`: None if it does not say one."""

    def __init__(self, message: str, status: int | None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class Call:
    """One call as far as it came. `index`: what the server numbers it by, None if by nothing."""

    index: object = None
    id: str = ""
    name: str = ""
    arguments: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether its arguments are a JSON object, to which nothing can be added."""
        # Looked at first, since it is asked of every piece of a stream.
        if not _CLOSED.search(self.arguments[-80:]):
            return False
        try:
            return isinstance(decoded(self.arguments), dict)
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Piece:
    """What one value of a body adds. `calls`: by their place among all calls."""

    text: str = ""
    thoughts: str = ""
    calls: tuple[tuple[int, Call], ...] = ()
    finish_reason: str | None = None
    usage: tuple[int, int] | None = None


@dataclass(slots=True)
class Assembly:
    """A completion that is put together of everything that a body holds."""

    text: str = ""
    thoughts: str = ""
    calls: list[Call] = field(default_factory=list)
    finish_reason: str | None = None
    usage: tuple[int, int] | None = None
    model: str = ""
    in_pieces: bool = False
    is_done: bool = False
    found: bool = False

    @property
    def has_ended(self) -> bool:
        """Whether the server said that it came to its end, or needed not to."""
        return not self.in_pieces or self.is_done or self.finish_reason is not None

    @property
    def is_whole(self) -> bool:
        """Whether it has ended, or its calls could not go on."""
        return self.has_ended or (bool(self.calls) and all(call.is_whole for call in self.calls))

    def require_whole(self) -> None:
        """Raises NoCompletion if there is none, or it broke off."""
        if not self.found:
            raise NoCompletion("the body holds no completion")
        if not self.is_whole:
            raise NoCompletion("the stream ended before the reply did")

    def add(self, value: Any) -> Piece:
        """Take one value of the body; what is no part of a completion adds nothing.

        Raises:
            ErrorTold: it is an error.
            TooMuch: it adds a call too many.
        """
        if value is DONE:
            self.is_done = True
            return Piece()
        value = _unwrapped(value)
        if not isinstance(value, Mapping):
            return Piece()
        choices = _choices(value)
        _refuse_error(value, choices)
        usage, ended = self._take_usage(value), self.finish_reason
        self.found = self.found or bool(choices)
        self.model = self.model or str(value.get("model") or "")
        pieces = [self._take(choice) for choice in choices]
        return Piece(
            text="".join(piece.text for piece in pieces),
            thoughts="".join(piece.thoughts for piece in pieces),
            calls=tuple(call for piece in pieces for call in piece.calls),
            finish_reason=None if ended else self.finish_reason,
            usage=usage,
        )

    def _take(self, choice: Mapping[str, Any]) -> Piece:
        # Some streams repeat the whole message at their end.
        is_repeated = self.in_pieces and "delta" not in choice and bool(self.text or self.calls)
        self.in_pieces |= choice.get("delta") is not None
        self.finish_reason = _finish_reason(choice) or self.finish_reason
        message = choice.get("delta") or choice.get("message") or {}
        if not isinstance(message, Mapping) or is_repeated:
            return Piece()
        text, thoughts, raw = _content(message.get("content"))
        text = text or str(choice.get("text") or "")
        thoughts += _thoughts(message)
        calls = tuple(
            added
            for each in (*_raw_calls(message), *raw)
            if (added := self._take_call(_call_of(each))) is not None
        )
        self.text += text
        self.thoughts += thoughts
        return Piece(text, thoughts, calls)

    def _take_call(self, piece: Call) -> tuple[int, Call] | None:
        """Its place and what it adds there, None if that is nothing."""
        place = self._place(piece)
        if place is None:
            if not (piece.id or piece.name or piece.arguments):
                return None
            if len(self.calls) >= MOST_CALLS:
                raise TooMuch(f"a reply with more than {MOST_CALLS} calls")
            self.calls.append(piece)
            return len(self.calls) - 1, Call(piece.index, piece.id, piece.name, piece.arguments)
        call = self.calls[place]
        # Some servers repeat id and name in every piece.
        name = "" if piece.name == call.name else piece.name
        id_ = "" if call.id else piece.id
        call.id, call.name = call.id or piece.id, call.name + name
        call.arguments += piece.arguments
        return place, Call(call.index, id_, name, piece.arguments)

    def _place(self, piece: Call) -> int | None:
        """Which call goes on with `piece`; None where a new one begins."""
        if not self.in_pieces or not self.calls:
            return None
        if piece.id:
            known = [i for i, call in enumerate(self.calls) if call.id == piece.id]
            if known and not (piece.name and piece.arguments and self.calls[known[-1]].is_whole):
                return known[-1]
        at = [i for i, c in enumerate(self.calls) if piece.index is None or c.index == piece.index]
        if not at:
            return None
        call = self.calls[at[-1]]
        # Servers that number every call 0, or none: what has a name begins when the last is whole.
        is_other = bool(piece.name and call.name) and piece.name != call.name
        if is_other and (piece.index is None or not call.arguments):
            return None
        says_more = bool(piece.arguments) or piece.id not in ("", call.id)
        return None if piece.name and says_more and call.is_whole else at[-1]

    def _take_usage(self, value: Mapping[str, Any]) -> tuple[int, int] | None:
        """What the server counted since it last told."""
        told = _usage(value.get("usage")) or _usage(value)
        if told is None:
            return None
        before = self.usage or (0, 0)
        self.usage = max(told[0], before[0]), max(told[1], before[1])
        return self.usage[0] - before[0], self.usage[1] - before[1]


DONE = object()
"""Among the values of a body: the server says that this was all."""


def assembled(body: bytes) -> Assembly:
    """The completion in a body that came whole.

    Raises:
        ErrorTold: the body is an error.
        NoCompletion: it holds none, or its stream broke off.
        TooMuch: it holds more than is read.
    """
    whole = Assembly()
    for value in values_in([body]):
        whole.add(value)
    whole.require_whole()
    return whole


def values_in(pieces: Iterable[bytes]) -> Iterator[Any]:
    """The JSON values of a body as they come, and DONE.

    Server-sent events, one value a line, and a value as the whole body are all taken.

    Raises:
        NoCompletion: something else stands in it.
        TooMuch: there are more of them than are read, or one is too large.
    """
    for number, value in enumerate(_each_value(pieces)):
        if number >= MOST_VALUES:
            raise TooMuch(f"a reply of more than {MOST_VALUES:,} events")
        yield value


def _each_value(pieces: Iterable[bytes]) -> Iterator[Any]:
    data: list[str] = []
    others: list[str] = []
    for line in _lines(pieces):
        if line.startswith("data:"):
            data.append(line.removeprefix("data:").strip())
        elif not line.strip():
            yield from _decoded("\n".join(data))
            data = []
        elif not line.startswith(_FIELDS):
            others.append(line)
    yield from _decoded("\n".join(data))
    yield from _decoded("\n".join(others))


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    # Not by str.splitlines, which also splits at characters that JSON may hold.
    rest: list[bytes] = []
    for piece in pieces:
        first, *others = piece.split(b"\n")
        rest.append(first)
        for following in others:
            yield _text(b"".join(rest))
            rest = [following]
    yield _text(b"".join(rest))


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").removeprefix("\N{BYTE ORDER MARK}").rstrip("\r")


def _decoded(text: str) -> Iterator[Any]:
    at = _after_blank(text, 0)
    while at < len(text):
        if text.startswith("data:", at):
            at = _after_blank(text, at + len("data:"))
        if text.startswith("[DONE]", at):
            yield DONE
            return
        try:
            value, at = decoded_at(text, at)
        except TooMuch:
            raise
        except ValueError as error:
            raise NoCompletion(f"the body is not JSON: {text[at : at + 80]!r}") from error
        yield value
        at = _after_blank(text, at)


def _after_blank(text: str, at: int) -> int:
    return _BLANK.match(text, at).end()  # type: ignore[union-attr]  # nothing always matches


def _unwrapped(value: Any) -> Any:
    """What stands in a gateway's envelope."""
    for _ in range(_MOST_ENVELOPES):
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
            continue
        if not isinstance(value, Mapping) or _choices(value) or value.get("error"):
            return value
        inside = [value[k] for k in _ENVELOPES if isinstance(value.get(k), Mapping | list)]
        if len(inside) != 1:
            return value
        value = inside[0]
    return value


def _choices(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    choices = value.get("choices")
    if isinstance(choices, Mapping):
        choices = [choices]
    if isinstance(choices, list):
        return [choice for choice in choices if isinstance(choice, Mapping)]
    # Ollama's own form, and that of servers which leave the list of choices out.
    if isinstance(value.get("message"), Mapping) or isinstance(value.get("delta"), Mapping):
        return [value]
    output = value.get("output")
    if isinstance(output, list):
        # As OpenAI's responses are; calls and messages stand side by side.
        return [{"message": {"content": output}}]
    return []


def _refuse_error(value: Mapping[str, Any], choices: list[Mapping[str, Any]]) -> None:
    errors = [value.get("error"), *(choice.get("error") for choice in choices)]
    if value.get("object") == "error":
        errors.append(value)
    for error in errors:
        if not error:
            continue
        told = error if isinstance(error, Mapping) else {"message": error}
        code = next((told[k] for k in ("code", "status", "status_code") if k in told), None)
        is_status = str(code).isdigit() and 400 <= int(str(code)) <= 599
        status = int(str(code)) if is_status else None
        raise ErrorTold(str(told.get("message") or json.dumps(error)), status)


def _finish_reason(choice: Mapping[str, Any]) -> str | None:
    found = choice.get("finish_reason") or choice.get("done_reason")
    stopped = choice.get("stop_reason")
    if not found and isinstance(stopped, str) and stopped.lower() in _CUT_OFF:
        found = stopped
    if not isinstance(found, str):
        return None
    return "length" if found.lower() in _CUT_OFF else found


def _usage(told: object) -> tuple[int, int] | None:
    if not isinstance(told, Mapping):
        return None
    for sent, got in _USAGE:
        counts = [told.get(name) for name in (sent, got)]
        if all(isinstance(n, int) and not isinstance(n, bool) for n in counts):
            return counts[0], counts[1]  # type: ignore[return-value]  # told by the line above
    return None


def _content(content: object) -> tuple[str, str, list[Any]]:
    """Text, thoughts and calls of a message's content, which may be a list of parts."""
    if content is None or isinstance(content, str):
        return content or "", "", []
    if isinstance(content, Mapping) and "type" not in content and "text" not in content:
        # An object that somebody decoded on the way.
        return json.dumps(content), "", []
    parts = content if isinstance(content, list) else [content]
    text, thoughts, calls = "", "", list[Any]()
    for part in parts:
        if not isinstance(part, Mapping):
            text += str(part)
            continue
        kind = str(part.get("type") or "text")
        if kind in ("tool_use", "tool_call", "function_call", "function", "functionCall"):
            calls.append({k: v for k, v in part.items() if k != "type"})
        elif kind in ("thinking", "reasoning", "redacted_thinking"):
            thoughts += _thoughts({"thinking": part.get("thinking") or part.get("text")})
        elif kind == "message":
            inner = _content(part.get("content"))
            text, thoughts, calls = text + inner[0], thoughts + inner[1], calls + inner[2]
        else:
            told = part.get("text") or part.get("content") or ""
            text += str(told.get("value") or "") if isinstance(told, Mapping) else str(told)
    return text, thoughts, calls


def _thoughts(message: Mapping[str, Any]) -> str:
    for key in _THOUGHTS:
        told = message.get(key)
        if isinstance(told, str) and told:
            return told
        if isinstance(told, list) and told:
            return "".join(str(p.get("text") or "") for p in told if isinstance(p, Mapping))
    return ""


def _raw_calls(message: Mapping[str, Any]) -> list[Any]:
    for key in _CALLS:
        told = message.get(key)
        if isinstance(told, str) and told.strip():
            try:
                told = decoded(told)
            except TooMuch:
                raise
            except ValueError:
                continue
        if isinstance(told, Mapping):
            return [told]
        if isinstance(told, list) and told:
            return told
    return []


def _call_of(raw: Any) -> Call:
    if not isinstance(raw, Mapping):
        return Call()
    inside = raw.get("function")
    function = inside if isinstance(inside, Mapping) else raw
    name = next((function[k] for k in NAMES if isinstance(function.get(k), str)), "")
    arguments = next((function[k] for k in ARGUMENTS if function.get(k) is not None), "")
    id_ = raw.get("id") or raw.get("call_id") or ""
    return Call(
        index=raw.get("index"),
        id=id_ if isinstance(id_, str) else json.dumps(id_),
        name=name,
        arguments=arguments if isinstance(arguments, str) else json.dumps(arguments),
    )
