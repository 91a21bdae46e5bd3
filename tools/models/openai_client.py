"""The chat model itself. It needs the extra `openai`; `openai_compatible` opens it."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, TypeVar

import httpx2
import openai
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.tool import invalid_tool_call
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletion, ChatCompletionMessageFunctionToolCall
from opentelemetry import trace
from pydantic import PrivateAttr, SecretStr
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from tools.models.failures import (
    ModelCallFailed,
    ModelGarbled,
    ModelRateLimited,
    ModelRefusedRequest,
    ModelServerBroken,
    ModelTimedOut,
    ModelUnauthorised,
    ModelUnknown,
    ModelUnreachable,
)
from tools.models.refused import SPARED, refused_parameter
from tools.models.sending import BoundedClient, call_timeout
from tools.models.settings import ModelSettings
from tools.trace import conventions as names

T = TypeVar("T")

MOST_PAUSE_S = 2.0
"""The longest Retry-After that is waited for; a server that wants more has lost the call."""

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

    @classmethod
    def on(cls, settings: ModelSettings, key: SecretStr | None, call_s: float) -> Self:
        """The model that `settings` describe."""
        return cls(
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
            http_client=BoundedClient(call_s, is_local=settings.is_local),
        )

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
        result = self._answered(
            lambda: super(OpenAICompatibleModel, self)._generate(messages, stop, None, **kwargs)
        )
        self._tell_span()
        return result

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        chunks: Iterator[ChatGenerationChunk] = iter(())

        def begin() -> ChatGenerationChunk | None:
            nonlocal chunks
            # Whoever calls this tells of the tokens.
            chunks = super(OpenAICompatibleModel, self)._stream(messages, stop, None, **kwargs)
            return next(chunks, None)

        chunk = self._answered(begin)
        self._tell_span()
        has_ended = False
        while chunk is not None:
            has_ended |= bool((chunk.generation_info or {}).get("finish_reason"))
            yield chunk
            chunk = self._mapped(lambda: next(chunks, None))
        if not has_ended:
            raise ModelGarbled("the stream ended before the reply did")

    def _create_chat_result(
        self, response: dict[str, Any] | openai.BaseModel, generation_info: Any = None
    ) -> ChatResult:
        odd = _take_calls_without_object(response)
        result = super()._create_chat_result(response, generation_info)
        if result.generations and isinstance(message := result.generations[0].message, AIMessage):
            message.invalid_tool_calls += [
                invalid_tool_call(
                    name=call.function.name,
                    args=call.function.arguments,
                    id=call.id,
                    error="the arguments are no JSON object",
                )
                for call in odd
            ]
        return result

    def _answered(self, call: Callable[[], T]) -> T:
        again = _SecondTry(self._refused, self._key())
        trying = Retrying(
            retry=retry_if_exception(again.helps),
            wait=again.pause_s,
            stop=stop_after_attempt(len(SPARED) + 2),
            reraise=True,
        )
        return self._mapped(lambda: trying(call))

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


def _take_calls_without_object(response: object) -> list[ChatCompletionMessageFunctionToolCall]:
    """Take the first choice's calls whose arguments are JSON but no object out of `response`.

    vLLM lets models give any JSON as arguments. LangChain takes `null` and 0 for an empty object,
    and fails on other numbers as if the server had sent no reply.
    """
    if not isinstance(response, ChatCompletion) or not response.choices:
        return []
    message = response.choices[0].message
    calls = message.tool_calls or []
    odd = [
        call
        for call in calls
        if isinstance(call, ChatCompletionMessageFunctionToolCall)
        and _is_no_object(call.function.arguments)
    ]
    if odd:
        message.tool_calls = [call for call in calls if call not in odd]
    return odd


def _is_no_object(arguments: str) -> bool:
    try:
        return not isinstance(json.loads(arguments), dict)
    except ValueError:
        return False


class _SecondTry:
    """Whether and when one call is tried again."""

    def __init__(self, refused: dict[str, str], key: str) -> None:
        self._refused = refused
        self._key = key
        self._pause_s = 0.0
        self._has_waited = False

    def helps(self, error: BaseException) -> bool:
        self._pause_s = 0.0
        if not isinstance(error, openai.APIStatusError):
            return False
        if error.status_code in (400, 422):
            return self._spares(error)
        pause_s = _retry_after_s(error)
        if self._has_waited or pause_s is None or pause_s > MOST_PAUSE_S:
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


def _retry_after_s(error: openai.APIStatusError) -> float | None:
    if error.status_code not in (429, 503):
        return None
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None  # absent, or a date: then it is minutes rather than seconds


def failure_of(error: Exception, key: str) -> ModelCallFailed:
    """`error` of the client in our words, without the key."""
    kind, text = _judged(error)
    return kind(_one_line(text, key))


def _judged(error: Exception) -> tuple[type[ModelCallFailed], str]:
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
        case _:
            return ModelGarbled, f"the reply cannot be read ({type(error).__name__}: {error})"


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
