"""The chat model itself. It needs the extra `openai`; `openai_compatible` opens it."""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self, TypeVar

import httpx2
import openai
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from opentelemetry import trace
from pydantic import PrivateAttr, SecretStr
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from tools.models.failures import (
    ModelCallFailed,
    ModelGarbled,
    ModelRateLimited,
    ModelRefusedRequest,
    ModelReplyTooLarge,
    ModelServerBroken,
    ModelTimedOut,
    ModelUnauthorised,
    ModelUnknown,
    ModelUnreachable,
)
from tools.models.leniency.json_text import TooMuch
from tools.models.leniency.reading import FORMS, THOUGHTS, UnreadChunk, message_of
from tools.models.leniency.wire import (
    NO_END,
    STREAM_MISSING,
    STREAM_UNASKED,
    Assembly,
    ErrorTold,
    NoCompletion,
    Piece,
    assembled,
    values_in,
)
from tools.models.refused import SPARED, refused_parameter
from tools.models.sending import BoundedClient, ReplyTooLarge, call_timeout
from tools.models.settings import ModelSettings
from tools.trace import conventions as names

T = TypeVar("T")

MOST_PAUSE_S = 2.0
"""The longest Retry-After that is waited for; a server that wants more has lost the call."""

AGAIN_S = 0.5
"""The pause before one more try where the server failed and does not say when to come back."""

_NO_KEY = "none"
"""Sent to servers that want no key: the protocol has the header anyway."""

_TEXT_LIMIT = 500

_log = logging.getLogger(__name__)


class OpenAICompatibleModel(ChatOpenAI):
    """A model on one server, by chat completions alone.

    Its failures are ModelCallFailed. `refused_parameters`: what the server did not take, with its
    words; it is not sent again.
    """

    _refused: dict[str, str] = PrivateAttr(default_factory=dict)
    _call_s: float = PrivateAttr(default=60.0)

    @classmethod
    def on(
        cls, settings: ModelSettings, key: SecretStr | None, call_s: float, reply_bytes: int
    ) -> Self:
        """The model that `settings` describe; no more than `reply_bytes` of a reply are read."""
        model = cls(
            model=settings.model,
            base_url=settings.base_url,
            api_key=key or SecretStr(_NO_KEY),
            temperature=settings.temperature,
            seed=settings.seed,
            max_completion_tokens=settings.max_output_tokens,
            timeout=call_timeout(call_s),
            max_retries=0,
            stream_usage=True,
            use_responses_api=False,
            http_client=BoundedClient(call_s, is_local=settings.is_local, most_bytes=reply_bytes),
        )
        model._call_s = call_s
        return model

    @property
    def refused_parameters(self) -> dict[str, str]:
        """Parameters that the server refused so far, and what it said."""
        return dict(self._refused)

    def listed_models(self) -> tuple[Mapping[str, Any], ...]:
        """The server's own list of its models, as it stands. Raises ModelCallFailed."""
        client = self.root_client
        return self._mapped(lambda: tuple(m.model_dump() for m in client.models.list().data))

    def _get_request_payload(
        self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        payload = super()._get_request_payload(input_, stop=stop, **kwargs)
        if "max_completion_tokens" in self._refused and "max_completion_tokens" in payload:
            payload["max_tokens"] = payload["max_completion_tokens"]
        return {name: value for name, value in payload.items() if name not in self._refused}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        def ask(left_s: float) -> Assembly:
            payload = self._get_request_payload(messages, stop=stop, **kwargs)
            return assembled(self._sent(payload, left_s).read())

        whole = self._answered(ask)
        self._tell_span()
        return ChatResult(generations=[_generation(whole)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        kwargs |= {"stream": True, "stream_options": {"include_usage": True}}

        def begin(left_s: float) -> _Streamed:
            payload = self._get_request_payload(messages, stop=stop, **kwargs)
            return _Streamed(self._sent(payload, left_s), time.monotonic() + left_s)

        stream = self._answered(begin)
        self._tell_span()
        try:
            while (piece := self._mapped(stream.next_piece)) is not None:
                yield _chunk(piece)
        finally:
            stream.close()
        self._mapped(stream.whole.require_whole)
        yield _last_chunk(stream.whole)

    def _sent(self, payload: dict[str, Any], left_s: float) -> httpx2.Response:
        """The reply to a request, unread by the client: it goes by a type that may be wrong."""
        raw = self.client.with_raw_response.create(**payload, timeout=call_timeout(left_s))
        response: httpx2.Response = raw.http_response
        return response

    def _answered(self, call: Callable[[float], T]) -> T:
        """What `call` brings; it is given the seconds that are left for it."""
        until_s = time.monotonic() + self._call_s
        again = _SecondTry(self._refused, self._key(), until_s)
        trying = Retrying(
            retry=retry_if_exception(again.helps),
            wait=again.pause_s,
            stop=stop_after_attempt(len(SPARED) + 2),
            reraise=True,
        )
        return self._mapped(lambda: trying(lambda: call(max(0.01, until_s - time.monotonic()))))

    def _mapped(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except ModelCallFailed:
            raise
        except Exception as error:
            failed = failure_of(error, self._key())
        # Outside, so that the error that holds the request, and the key in it, is not its context.
        raise failed

    def _key(self) -> str:
        key = self.openai_api_key
        return key.get_secret_value() if isinstance(key, SecretStr) else ""

    def _tell_span(self) -> None:
        span = trace.get_current_span()
        if self._refused and span.is_recording():
            span.set_attribute(names.PARAMETERS_REFUSED, sorted(self._refused))


class _Streamed:
    """A reply that is read while it comes, to `until_s` of the monotonic clock at most.

    It is begun when the first of it is there.
    """

    def __init__(self, response: httpx2.Response, until_s: float) -> None:
        self._until_s = until_s
        self.whole = Assembly()
        self._response = response
        self._values = values_in(response.iter_bytes())
        try:
            self._first = self._next()
        except BaseException:
            self.close()
            raise

    def next_piece(self) -> Piece | None:
        """What comes next, None at the end."""
        piece, self._first = self._first, None
        return piece or self._next()

    def close(self) -> None:
        """Let the connection go."""
        self._response.close()

    def _next(self) -> Piece | None:
        # A piece of the wire may hold thousands of events.
        if time.monotonic() > self._until_s:
            raise httpx2.ReadTimeout("the stream did not end in time")
        value = next(self._values, None)
        return None if value is None else self.whole.add(value)


def _generation(whole: Assembly) -> ChatGeneration:
    message = message_of(
        whole.text,
        [(call.name, call.arguments, call.id or None) for call in whole.calls],
        usage_metadata=_usage(whole.usage),
        additional_kwargs={THOUGHTS: whole.thoughts} if whole.thoughts else {},
        response_metadata=_forms(whole, [STREAM_UNASKED] if whole.in_pieces else []),
    )
    told = {"finish_reason": whole.finish_reason, "model_name": whole.model}
    return ChatGeneration(message=message, generation_info=told)


def _chunk(piece: Piece) -> ChatGenerationChunk:
    calls = [
        tool_call_chunk(name=c.name or None, args=c.arguments, id=c.id or None, index=place)
        for place, c in piece.calls
    ]
    message = UnreadChunk(
        content=piece.text,
        tool_call_chunks=calls,
        usage_metadata=_usage(piece.usage),
        additional_kwargs={THOUGHTS: piece.thoughts} if piece.thoughts else {},
    )
    ended = {"finish_reason": piece.finish_reason} if piece.finish_reason else None
    return ChatGenerationChunk(message=message, generation_info=ended)


def _last_chunk(whole: Assembly) -> ChatGenerationChunk:
    """What is known when all came."""
    forms = [] if whole.in_pieces else [STREAM_MISSING]
    message = UnreadChunk(content="", response_metadata=_forms(whole, forms), chunk_position="last")
    ended = {} if whole.finish_reason else {"finish_reason": "stop"}
    return ChatGenerationChunk(
        message=message, generation_info={**ended, "model_name": whole.model}
    )


def _forms(whole: Assembly, forms: Sequence[str]) -> dict[str, Any]:
    told = [*forms, *([] if whole.has_ended else [NO_END])]
    return {FORMS: told} if told else {}


def _usage(counted: tuple[int, int] | None) -> UsageMetadata | None:
    if counted is None:
        return None
    sent, got = counted
    return UsageMetadata(input_tokens=sent, output_tokens=got, total_tokens=sent + got)


class _SecondTry:
    """Whether and when one call is tried again."""

    def __init__(self, refused: dict[str, str], key: str, until_s: float) -> None:
        self._refused = refused
        self._key = key
        self._until_s = until_s
        self._pause_s = 0.0
        self._has_waited = False

    def helps(self, error: BaseException) -> bool:
        self._pause_s = 0.0
        if isinstance(error, openai.APIStatusError) and error.status_code in (400, 422):
            return self._spares(error)
        pause_s = _worth_waiting_s(error)
        if self._has_waited or pause_s is None or pause_s > MOST_PAUSE_S:
            return False
        if time.monotonic() + pause_s >= self._until_s:
            return False
        self._has_waited, self._pause_s = True, pause_s
        return True

    def pause_s(self, _: RetryCallState) -> float:
        return self._pause_s

    def _spares(self, error: openai.APIStatusError) -> bool:
        sent = [name for name in SPARED if name not in self._refused]
        name = refused_parameter(error.body or error.response.text, sent)
        if name is None:
            return False
        self._refused[name] = _one_line(error.message, self._key)
        _log.warning("%s refuses the parameter %s; it is left out", error.request.url, name)
        return True


def _worth_waiting_s(error: BaseException) -> float | None:
    """The pause after which the same request may be answered, None if it will not be."""
    if _excess(error) is not None:
        return None
    match error:
        case openai.APIStatusError(status_code=429):
            return _retry_after_s(error)
        case openai.APIStatusError(status_code=status) if status >= 500:
            wanted_s = _retry_after_s(error)
            return AGAIN_S if wanted_s is None else wanted_s
        case ErrorTold(status=None):
            return AGAIN_S
        case ErrorTold(status=int() as status) if status >= 500:
            return AGAIN_S
        case openai.APITimeoutError() | httpx2.TimeoutException():
            return None
        case openai.APIConnectionError() | httpx2.HTTPError():
            # Where nobody listens, nobody will in half a second.
            return None if isinstance(_first_cause(error), ConnectionRefusedError) else AGAIN_S
    return None


def _retry_after_s(error: openai.APIStatusError) -> float | None:
    told = error.response.headers.get("retry-after")
    if told is None:
        return None
    try:
        return max(0.0, float(told))
    except ValueError:
        return math.inf  # a date: then it is minutes rather than seconds


def failure_of(error: Exception, key: str) -> ModelCallFailed:
    """`error` of the client in our words, without the key."""
    kind, text = _judged(error)
    return kind(_one_line(text, key))


def _judged(error: Exception) -> tuple[type[ModelCallFailed], str]:
    if (excess := _excess(error)) is not None:
        return ModelReplyTooLarge, str(excess)
    match error:
        case openai.APITimeoutError() | httpx2.TimeoutException():
            return ModelTimedOut, "the server did not end its reply in time"
        case openai.APIConnectionError():
            return ModelUnreachable, f"no connection: {_first_cause(error)}"
        case httpx2.HTTPError():
            return ModelUnreachable, f"the connection broke: {error}"
        case openai.APIResponseValidationError():
            return ModelGarbled, str(error)
        case openai.APIStatusError():
            return _by_status(error.status_code), error.message
        case openai.APIError():
            return ModelServerBroken, error.message
        case ErrorTold(status=status):
            kind = ModelServerBroken if status is None else _by_status(status)
            return kind, str(error)
        case NoCompletion():
            return ModelGarbled, str(error)
        case _:
            return ModelGarbled, f"the reply cannot be read ({type(error).__name__}: {error})"


def _excess(error: BaseException) -> BaseException | None:
    """What was too large, also where the SDK takes it for a broken connection."""
    cause = _first_cause(error)
    return cause if isinstance(cause, ReplyTooLarge | TooMuch) else None


def _first_cause(error: BaseException) -> BaseException:
    # LangChain wraps the SDK, which wraps the HTTP library, which wraps the socket's error.
    return _first_cause(error.__cause__) if error.__cause__ is not None else error


def _by_status(status: int) -> type[ModelCallFailed]:
    kinds: dict[int, type[ModelCallFailed]] = {
        401: ModelUnauthorised,
        403: ModelUnauthorised,
        404: ModelUnknown,
        408: ModelTimedOut,
        429: ModelRateLimited,
    }
    return kinds.get(status, ModelServerBroken if status >= 500 else ModelRefusedRequest)


def _one_line(text: str, key: str) -> str:
    # Before it is cut, or half of a key would be left.
    told = text.replace(key, "(the key)") if key and key != _NO_KEY else text
    line = " ".join(told.split())
    return line if len(line) <= _TEXT_LIMIT else line[: _TEXT_LIMIT - 1] + "…"
