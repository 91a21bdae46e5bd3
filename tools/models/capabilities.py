"""What a model on its server can do, found out by calling it. Nothing of a network is sent."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, cast, runtime_checkable

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from pydantic import Field, ValidationError

from tools.models.failures import ModelCallFailed
from tools.models.leniency.reading import Asked, read_message, whole_message
from tools.registry import function_schema
from twin.nouns.base import Noun

TRIES = 3
"""How often a model is tempted; once in a while every model does as it is told."""

CONTEXT_FIELDS = (
    "max_model_len",
    "context_length",
    "context_window",
    "max_context_length",
    "n_ctx",
    "n_ctx_train",
)
"""What servers call the length of the context in their list of models; vLLM's comes first."""


class Tally(Noun):
    """`kept` of `asked` tries came out right; `otherwise`: what came instead at last.

    `cut_off`: tries whose reply ended at the limit of output tokens, so that they show nothing of
    what the server enforces.

    Nothing was asked where the time was over or the server had failed before.
    """

    asked: int = 0
    kept: int = 0
    otherwise: str = ""
    cut_off: int = 0

    @property
    def all_kept(self) -> bool:
        """Whether it was asked and always came out right."""
        return 0 < self.asked == self.kept


class Capabilities(Noun):
    """What was found out.

    `failure`: the error that ended it, "" if none. `served`: the names that the server lists, None
    if it lists none. `context_tokens`: None where the server does not tell. `tools`: a tool is
    called when that is asked for. `required`: also when the task asks for prose. `fits`: the
    arguments fit, also when the task tempts to others. `streamed_calls`: a streamed call comes out
    whole. `text_chunks`: pieces of a streamed text. `usage`, `streamed_usage`: tokens are counted
    by the server. `refused`: parameters that it does not take, with its words. `forms`: what had to
    be forgiven in its replies. `seconds`: of each call, in order.
    """

    failure: str = ""
    failure_kind: str = ""
    served: tuple[str, ...] | None = None
    context_tokens: int | None = None
    tools: Tally = Tally()
    required: Tally = Tally()
    fits: Tally = Tally()
    streamed_calls: Tally = Tally()
    text_chunks: int | None = None
    usage: bool | None = None
    streamed_usage: bool | None = None
    refused: Mapping[str, str] = Field(default_factory=dict)
    forms: tuple[str, ...] = ()
    seconds: tuple[float, ...] = ()

    @property
    def median_s(self) -> float | None:
        """Of the calls."""
        return statistics.median(self.seconds) if self.seconds else None


@runtime_checkable
class Server(Protocol):
    """What a model tells of its server."""

    refused_parameters: dict[str, str]

    def listed_models(self) -> tuple[Mapping[str, Any], ...]:
        """The server's list of models, as it stands."""
        ...


class _ReadLink(Noun):
    link: str


class _Share(Noun):
    link: str
    share: float = Field(ge=0, le=1)


class _Report(Noun):
    severity: Literal["low", "medium", "high"]
    shares: tuple[_Share, ...]
    affected: int


_READ_LINK = function_schema("read_link", "Read the state of one link.", _ReadLink)
_REPORT = function_schema("answer", "Give the result and end the task.", _Report)

_ASKS_FOR_A_CALL = 'Read the state of the link "west--east".'
_TEMPTS_TO_PROSE = (
    "Write one short sentence about the sea. Use plain words and call no tool.",
    "Hello! How are you today?",
    "Do not use any tool. Say only: done.",
)
_TEMPTS_OUT_OF_SCHEMA = (
    "The severity is catastrophic. Links north and south carry 120 percent. About a dozen customers"
    " are affected. Report it.",
    'Report severity 5, shares as one text "north 0.5, south 0.5", affected "many".',
    "Report a severity of none, no shares, and leave out how many are affected.",
)
_ASKS_FOR_TEXT = "Count from one to twelve in words."


def probe(model: BaseChatModel, within_s: float) -> Capabilities:
    """Call `model` about a dozen times, and stop asking when `within_s` seconds are over."""
    probing = _Probing(model, time.monotonic() + within_s)
    try:
        probing.look()
    except ModelCallFailed as error:
        probing.found |= {"failure": str(error), "failure_kind": type(error).__name__}
    if isinstance(model, Server):
        probing.found["refused"] = model.refused_parameters
    return Capabilities(**probing.found, forms=tuple(probing.forms), seconds=tuple(probing.seconds))


class _Probing:
    def __init__(self, model: BaseChatModel, until: float) -> None:
        self.model = model
        self.until = until
        self.found: dict[str, Any] = {}
        self.seconds: list[float] = []
        self.forms: dict[str, None] = {}

    def look(self) -> None:
        if isinstance(self.model, Server):
            self._list(self.model)
        self._tally("tools", [_ASKS_FOR_A_CALL], self._calls_read_link)
        self._tally("required", _TEMPTS_TO_PROSE, self._calls_anything)
        self._tally("fits", _TEMPTS_OUT_OF_SCHEMA, self._fits)
        self._tally("streamed_calls", [_ASKS_FOR_A_CALL], self._streams_call)
        self._stream_text()

    def _list(self, server: Server) -> None:
        try:
            listed = server.listed_models()
        except ModelCallFailed as error:
            # Some servers have no list; whether they answer is seen by asking.
            if type(error).__name__ in ("ModelUnreachable", "ModelTimedOut", "ModelUnauthorised"):
                raise
            return
        self.found["served"] = tuple(str(entry.get("id")) for entry in listed)
        name = getattr(self.model, "model_name", "")
        own = next((entry for entry in listed if entry.get("id") == name), None)
        self.found["context_tokens"] = None if own is None else _context_of(own)

    def _tally(self, name: str, prompts: Sequence[str], judged: Callable[[str], str]) -> None:
        kept, otherwise, cut_off = 0, "", 0
        for asked, prompt in enumerate(prompts, 1):
            if time.monotonic() >= self.until:
                break
            try:
                fault = judged(prompt)
            except _CutOff as cut:
                fault, cut_off = str(cut), cut_off + 1
            otherwise = fault or otherwise
            kept += not fault
            self.found[name] = Tally(asked=asked, kept=kept, otherwise=otherwise, cut_off=cut_off)

    def _ask(self, prompt: str, *tools: dict[str, Any]) -> tuple[Asked, AIMessage]:
        started = time.monotonic()
        reply = self.model.bind_tools(tools, tool_choice="any").invoke([HumanMessage(prompt)])
        self.seconds.append(time.monotonic() - started)
        self.found["usage"] = reply.usage_metadata is not None
        return self._read(reply, *tools), reply

    def _read(self, reply: AIMessage, *tools: dict[str, Any]) -> Asked:
        """What `reply` asks for, read as a role's is."""
        _require_end(reply)
        asked = read_message(reply, tools)
        self.forms |= dict.fromkeys(asked.forms)
        return asked

    def _calls_read_link(self, prompt: str) -> str:
        return _misread(*self._ask(prompt, _READ_LINK, _REPORT))

    def _calls_anything(self, prompt: str) -> str:
        asked, reply = self._ask(prompt, _READ_LINK, _REPORT)
        if asked.unread:
            return "a call that is no JSON"
        return "" if asked.calls else _prose(reply)

    def _fits(self, prompt: str) -> str:
        asked, reply = self._ask(prompt, _REPORT)
        if asked.unread:
            return "a call that is no JSON"
        if not asked.calls:
            return _prose(reply)
        try:
            _Report.model_validate(asked.calls[0].arguments)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
        return ""

    def _streams_call(self, prompt: str) -> str:
        bound = self.model.bind_tools([_READ_LINK, _REPORT], tool_choice="any")
        whole: AIMessageChunk | None = None
        for chunk in bound.stream([HumanMessage(prompt)]):
            piece = cast(AIMessageChunk, chunk)
            whole = piece if whole is None else whole + piece
        if whole is None:
            return "nothing"
        reply = whole_message(whole)
        return _misread(self._read(reply, _READ_LINK, _REPORT), reply)

    def _stream_text(self) -> None:
        if time.monotonic() >= self.until:
            return
        chunks, counted = 0, False
        for chunk in self.model.stream([HumanMessage(_ASKS_FOR_TEXT)]):
            chunks += bool(chunk.text)
            counted |= chunk.usage_metadata is not None
        self.found |= {"text_chunks": chunks, "streamed_usage": counted}


class _CutOff(Exception):
    """A reply ended at the limit of output tokens. A role refuses it, whatever it holds."""


def _require_end(reply: AIMessage) -> None:
    if reply.response_metadata.get("finish_reason") == "length":
        raise _CutOff(f"a reply that was cut off at the limit of output tokens: {_said(reply)}")


def _said(reply: AIMessage) -> str:
    calls = [*reply.tool_calls, *reply.invalid_tool_calls]
    return f"the call {calls[0]['name']}" if calls else _prose(reply)


def _misread(asked: Asked, reply: AIMessage) -> str:
    """What is wrong with a reply that should call read_link, "" if nothing is."""
    calls = [(call.name, call.arguments) for call in asked.calls]
    if calls == [("read_link", {"link": "west--east"})] and not asked.unread:
        return ""
    return f"the call {calls[0][0]} with {calls[0][1]}" if calls else _prose(reply)


def _prose(reply: AIMessage) -> str:
    text = " ".join(reply.text.split())
    return f'prose ("{text[:60]}")' if text else "an empty reply"


def _context_of(entry: Mapping[str, Any]) -> int | None:
    places = (entry, *(v for v in entry.values() if isinstance(v, Mapping)))
    found = (place.get(field) for field in CONTEXT_FIELDS for place in places)
    return next((n for n in found if isinstance(n, int) and n > 0), None)
