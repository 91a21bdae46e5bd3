"""A chat model whose every text, in both directions, passes a screen, around any other model."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableBinding
from langchain_core.tools import BaseTool
from pydantic import ConfigDict

from tools.models.screen import Screen


class ScreenedModel(BaseChatModel):
    """Asks `inner`, which reads what `screen` lets it; whoever asks this reads what it restores.

    Hidden in what is sent: every text of every message, the arguments of earlier calls, and what
    the schemas of tools say and allow. Restored in what comes back: text, names and arguments of
    calls, and all of it while it is streamed.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    inner: BaseChatModel
    screen: Screen

    @property
    def _llm_type(self) -> str:
        return f"noctua-screened-{self.inner._llm_type}"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer `tools` as the inner model would."""
        bound = self.inner.bind_tools(tools, tool_choice=tool_choice, **kwargs)
        return self.bind(**cast("RunnableBinding[Any, Any]", bound).kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        hidden = [self._hidden(message) for message in messages]
        result = self.inner._generate(hidden, stop, None, **self._hidden_tools(kwargs))
        told = [
            ChatGeneration(
                message=self._restored(generation.message),
                generation_info=self.screen.restore_in(generation.generation_info),
            )
            for generation in result.generations
        ]
        return ChatResult(generations=told, llm_output=result.llm_output)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        hidden = [self._hidden(message) for message in messages]
        stream = _RestoredStream(self.screen)
        for chunk in self.inner._stream(hidden, stop, None, **self._hidden_tools(kwargs)):
            yield stream.passed(chunk)
        if (rest := stream.rest()) is not None:
            yield rest

    def _hidden(self, message: BaseMessage) -> BaseMessage:
        changed: dict[str, Any] = {"content": self.screen.hide_in(message.content)}
        if message.name:
            changed["name"] = self.screen.hide(message.name)
        if isinstance(message, AIMessage):
            changed["tool_calls"] = [
                {**call, "args": self.screen.hide_in(call["args"])} for call in message.tool_calls
            ]
            # What a server said beside its message is not said again.
            changed |= {"additional_kwargs": {}, "invalid_tool_calls": []}
        return message.model_copy(update=changed)

    def _hidden_tools(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        if "tools" not in kwargs:
            return kwargs
        return {**kwargs, "tools": self.screen.hide_in_schema(kwargs["tools"])}

    def _restored(self, message: BaseMessage) -> BaseMessage:
        restored = self.screen.restore_in
        changed: dict[str, Any] = {
            "content": restored(message.content),
            "response_metadata": restored(message.response_metadata),
        }
        if isinstance(message, AIMessage):
            changed["additional_kwargs"] = restored(message.additional_kwargs)
            changed["tool_calls"] = [restored(call) for call in message.tool_calls]
            changed["invalid_tool_calls"] = [
                {**restored(call), "args": self.screen.restore(call["args"] or "", _in_json)}
                for call in message.invalid_tool_calls
            ]
        return message.model_copy(update=changed)


def _in_json(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)[1:-1]


class _RestoredText:
    """A text that comes in pieces; what may be half of something waits for its end."""

    def __init__(self, screen: Screen, written: Callable[[str], str]) -> None:
        self._screen = screen
        self._written = written
        self._said = ""
        self._waiting = ""

    def passed(self, piece: str) -> str:
        """What can be said with `piece`."""
        text = self._waiting + piece
        return self._say(text, len(text) - self._screen.held_back(text))

    def rest(self) -> str:
        """What waited."""
        return self._say(self._waiting, len(self._waiting))

    def _say(self, text: str, size: int) -> str:
        now, self._waiting = text[:size], text[size:]
        told = self._screen.restore(now, self._written, self._said)
        self._said = (self._said + now)[-_EDGE:]
        return told


_EDGE = 16
"""Characters of what was said before by which it is seen whether a word begins."""


class _RestoredStream:
    """Restores a stream piece by piece."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._text = _RestoredText(screen, str)
        self._arguments: dict[int, _RestoredText] = {}

    def passed(self, chunk: ChatGenerationChunk) -> ChatGenerationChunk:
        """`chunk` with what can be said already."""
        message = cast(AIMessageChunk, chunk.message)
        restored = self._screen.restore_in
        changed: dict[str, Any] = {
            "response_metadata": restored(message.response_metadata),
            "additional_kwargs": restored(message.additional_kwargs),
        }
        if isinstance(message.content, str) and message.content:
            changed["content"] = self._text.passed(message.content)
        if message.tool_call_chunks:
            changed["tool_call_chunks"] = [
                {
                    **each,
                    "name": each["name"] and self._screen.restore(each["name"]),
                    "args": self._of(each["index"] or 0).passed(each["args"] or ""),
                }
                for each in message.tool_call_chunks
            ]
        told = _chunk_with(message, changed)
        return ChatGenerationChunk(message=told, generation_info=restored(chunk.generation_info))

    def rest(self) -> ChatGenerationChunk | None:
        """What waited, None if nothing did."""
        text = self._text.rest()
        pieces = [
            tool_call_chunk(index=i, args=rest)
            for i, arguments in self._arguments.items()
            if (rest := arguments.rest())
        ]
        if not text and not pieces:
            return None
        return ChatGenerationChunk(message=AIMessageChunk(content=text, tool_call_chunks=pieces))

    def _of(self, index: int) -> _RestoredText:
        return self._arguments.setdefault(index, _RestoredText(self._screen, _in_json))


def _chunk_with(message: AIMessageChunk, changed: dict[str, Any]) -> AIMessageChunk:
    # Made anew, since a chunk reads its calls out of their pieces when it is made.
    fields = {
        "content": message.content,
        "tool_call_chunks": message.tool_call_chunks,
        "usage_metadata": message.usage_metadata,
        "response_metadata": message.response_metadata,
        "additional_kwargs": message.additional_kwargs,
        "id": message.id,
        "chunk_position": message.chunk_position,
    }
    return type(message)(**{**fields, **changed})
