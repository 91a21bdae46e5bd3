"""The playbook as a LangChain chat model: one pure policy per role, and a check on each choice."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict

from agents.loop.transcript import call_id
from agents.playbook.view import (
    PlaybookDefect,
    ToolChoice,
    TranscriptView,
    arguments_json,
    read_view,
)

Policy = Callable[[TranscriptView], ToolChoice]
"""From everything seen so far to the next call. Pure: the same view gives the same choice."""


class PlaybookModel(BaseChatModel):
    """Plays each role by its policy, from nothing but the messages and the bound tools.

    Raises:
        PlaybookDefect: the role has no policy; the policy chose a tool that was not offered, left
            out or invented an argument, or repeated the last call.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    policies: Mapping[str, Policy]

    @property
    def _llm_type(self) -> str:
        return "noctua-playbook"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer `tools`; a tool is always called, whatever `tool_choice` says."""
        offered = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=offered, tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        view = read_view(messages, kwargs.get("tools", ()))
        choice = self._policy(view.role)(view)
        arguments = _checked(view, choice)
        call = {
            "type": "tool_call",
            "id": call_id(len(view.calls) + 1),
            "name": choice.tool,
            "args": arguments,
        }
        message = AIMessage(content="", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _policy(self, role: str) -> Policy:
        if role not in self.policies:
            raise PlaybookDefect(f'there is no policy for the role "{role}"')
        return self.policies[role]


def _checked(view: TranscriptView, choice: ToolChoice) -> dict[str, Any]:
    if choice.tool not in view.offered:
        raise PlaybookDefect(
            f'{view.role}: the policy chose "{choice.tool}"; offered are {sorted(view.offered)}'
        )
    arguments = arguments_json(choice.arguments)
    expected = set(view.offered[choice.tool].get("properties", {}))
    if set(arguments) != expected:
        raise PlaybookDefect(
            f"{view.role}: {choice.tool} takes {sorted(expected)}, "
            f"and the policy gave {sorted(arguments)}"
        )
    last = view.calls[-1] if view.calls else None
    if last is not None and (last.name, last.arguments) == (choice.tool, arguments):
        raise PlaybookDefect(f"{view.role}: the policy repeats {choice.tool} with {arguments}")
    return arguments
