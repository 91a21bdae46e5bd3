"""A chat model that reads pseudonyms in place of names and addresses, around any other model."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableBinding
from langchain_core.tools import BaseTool
from pydantic import ConfigDict

from tools.models.pseudonyms import Pseudonyms


class PseudonymousModel(BaseChatModel):
    """Asks `inner`, which sees pseudonyms; whoever asks this sees names.

    Replaced in what is sent: every text of every message, the arguments of earlier calls, and what
    the schemas of tools say and allow. Restored in what comes back: text, arguments, and both
    while they are streamed.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    inner: BaseChatModel
    pseudonyms: Pseudonyms

    @property
    def _llm_type(self) -> str:
        return f"noctua-pseudonymous-{self.inner._llm_type}"

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
                generation_info=generation.generation_info,
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
        stream = _RestoredStream(self.pseudonyms)
        for chunk in self.inner._stream(hidden, stop, None, **self._hidden_tools(kwargs)):
            yield stream.passed(chunk)
        if (rest := stream.rest()) is not None:
            yield rest

    def _hidden(self, message: BaseMessage) -> BaseMessage:
        changed: dict[str, Any] = {"content": self.pseudonyms.hide_in(message.content)}
        if message.name:
            changed["name"] = self.pseudonyms.hide(message.name)
        if isinstance(message, AIMessage):
            changed["tool_calls"] = [
                {**call, "args": self.pseudonyms.hide_in(call["args"])}
                for call in message.tool_calls
            ]
            # What a server said beside its message is not said again.
            changed |= {"additional_kwargs": {}, "invalid_tool_calls": []}
        return message.model_copy(update=changed)

    def _hidden_tools(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        if "tools" not in kwargs:
            return kwargs
        return {**kwargs, "tools": self.pseudonyms.hide_in_schema(kwargs["tools"])}

    def _restored(self, message: BaseMessage) -> BaseMessage:
        changed: dict[str, Any] = {"content": self.pseudonyms.restore_in(message.content)}
        if isinstance(message, AIMessage):
            changed["additional_kwargs"] = self.pseudonyms.restore_in(message.additional_kwargs)
            changed["tool_calls"] = [
                {**call, "args": self.pseudonyms.restore_in(call["args"])}
                for call in message.tool_calls
            ]
            changed["invalid_tool_calls"] = [
                {**call, "args": self._restored_json(call["args"] or "")}
                for call in message.invalid_tool_calls
            ]
        return message.model_copy(update=changed)

    def _restored_json(self, text: str) -> str:
        return self.pseudonyms.restore(text, _in_json)


def _in_json(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)[1:-1]


class _RestoredStream:
    """Restores a stream piece by piece; what may be half of a pseudonym waits for its end."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._text = ""
        self._arguments: dict[int, str] = {}

    def passed(self, chunk: ChatGenerationChunk) -> ChatGenerationChunk:
        """`chunk` with what can be said already."""
        message = cast(AIMessageChunk, chunk.message)
        changed: dict[str, Any] = {}
        if isinstance(message.content, str) and message.content:
            text = self._text + message.content
            keep = self._pseudonyms.held_back(text)
            self._text = text[len(text) - keep :]
            changed["content"] = self._pseudonyms.restore(text[: len(text) - keep])
        if message.tool_call_chunks:
            changed["tool_call_chunks"] = [
                {**each, "args": self._piece(each["index"] or 0, each["args"] or "")}
                for each in message.tool_call_chunks
            ]
        told = _chunk_with(message, changed)
        return ChatGenerationChunk(message=told, generation_info=chunk.generation_info)

    def rest(self) -> ChatGenerationChunk | None:
        """What waited, None if nothing did."""
        waiting = {i: text for i, text in self._arguments.items() if text}
        if not self._text and not waiting:
            return None
        pieces = [
            {
                "type": "tool_call_chunk",
                "name": None,
                "id": None,
                "index": i,
                "args": self._pseudonyms.restore(text, _in_json),
            }
            for i, text in waiting.items()
        ]
        message = AIMessageChunk(
            content=self._pseudonyms.restore(self._text),
            tool_call_chunks=pieces,  # type: ignore[arg-type]  # dicts are what they are
        )
        return ChatGenerationChunk(message=message)

    def _piece(self, index: int, arguments: str) -> str:
        text = self._arguments.get(index, "") + arguments
        keep = self._pseudonyms.held_back(text)
        self._arguments[index] = text[len(text) - keep :]
        return self._pseudonyms.restore(text[: len(text) - keep], _in_json)


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
    return AIMessageChunk(**{**fields, **changed})
