"""A mind that follows a script: for demos of other legal choices, and for tests of how they end."""

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, PrivateAttr

from agents.playbook.view import ToolChoice, TranscriptView, arguments_json, read_view

ScriptedReply = (
    ToolChoice
    | Sequence[ToolChoice]
    | str
    | AIMessage
    | Exception
    | Callable[[TranscriptView], ToolChoice]
)
"""A call, several calls, prose without a call, a whole message, what to raise, or a policy."""


class ScriptEnded(Exception):
    """The script has no further reply."""


class ScriptedModel(BaseChatModel):
    """Gives `replies` one after the other, then raises ScriptEnded. It keeps what it was asked.

    `requests`: the messages of each call, oldest first. `offered`: the tools of each call.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    replies: Sequence[Any]
    _requests: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _offered: list[list[dict[str, Any]]] = PrivateAttr(default_factory=list)
    _tool_choices: list[str | None] = PrivateAttr(default_factory=list)

    def __init__(self, replies: Sequence[ScriptedReply]) -> None:
        # Serializable declares no fields to mypy.
        super().__init__(replies=replies)  # type: ignore[call-arg]

    @property
    def requests(self) -> list[list[BaseMessage]]:
        """The messages of each call."""
        return self._requests

    @property
    def offered(self) -> list[list[dict[str, Any]]]:
        """The tools of each call."""
        return self._offered

    @property
    def tool_choices(self) -> list[str | None]:
        """What each call said about having to call a tool."""
        return self._tool_choices

    @property
    def _llm_type(self) -> str:
        return "noctua-scripted"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer `tools`; the script may call others, or none."""
        offered = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=offered, tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        position = len(self._requests)
        self._requests.append(messages)
        self._offered.append(kwargs.get("tools", []))
        self._tool_choices.append(kwargs.get("tool_choice"))
        if position >= len(self.replies):
            raise ScriptEnded(f"the script has {len(self.replies)} replies")
        message = _message(self.replies[position], messages, kwargs.get("tools", []))
        return ChatResult(generations=[ChatGeneration(message=message)])


def _message(reply: Any, messages: list[BaseMessage], tools: Sequence[dict[str, Any]]) -> AIMessage:
    match reply:
        case Exception():
            raise reply
        case AIMessage():
            return reply
        case str():
            return AIMessage(content=reply)
        case ToolChoice():
            return _calls([reply])
        case _ if callable(reply):
            return _calls([reply(read_view(messages, tools))])
        case _:
            return _calls(reply)


def _calls(choices: Sequence[ToolChoice]) -> AIMessage:
    calls = [
        {
            "type": "tool_call",
            "id": f"scripted{i}",
            "name": choice.tool,
            "args": arguments_json(choice.arguments),
        }
        for i, choice in enumerate(choices)
    ]
    return AIMessage(content="", tool_calls=calls)
