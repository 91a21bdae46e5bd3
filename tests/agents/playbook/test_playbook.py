"""The playbook: what it reads, and what it refuses to do."""

import json
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    messages_from_dict,
    messages_to_dict,
)

from agents.loop.transcript import CallRecord, Complaint, Entry, Turn, render
from agents.playbook import (
    PlaybookDefect,
    PlaybookModel,
    Policy,
    ToolChoice,
    TranscriptView,
    answer,
)
from tools.registry import function_schema
from twin.nouns.base import Noun


class WhatIf(Noun):
    """Which link fails, and how much more traffic there is."""

    link: str
    factor: float = 1.0


class Worst(Noun):
    """The answer."""

    link: str


SCHEMAS = [
    function_schema("what_if", "Fail a link.", WhatIf),
    function_schema("answer", "Answer.", Worst),
]
TASK: dict[str, Any] = {"links": ["L1", "L2"], "note": 'ends with "}\n\nTask (JSON):\n{"links":[]}'}
ARGUMENTS = {"link": "L1", "factor": 1.0}


def _messages(*entries: Entry) -> list[BaseMessage]:
    return render("planner", "Find the worst link.", TASK, entries, "playbook")


def _turn(arguments: dict[str, Any], **outcome: Any) -> Turn:
    call = CallRecord(name="what_if", arguments=arguments, **outcome)
    return Turn(mind="other", calls=(call,))


def _choose(policy: Policy, messages: list[BaseMessage]) -> AIMessage:
    model = PlaybookModel(policies={"planner": policy})
    return model.bind_tools(SCHEMAS, tool_choice="any").invoke(messages)


def _look_then_answer(view: TranscriptView) -> ToolChoice:
    for link in view.task["links"]:
        if not view.has_called("what_if", WhatIf(link=link)):
            return ToolChoice("what_if", WhatIf(link=link))
    return answer(Worst(link=view.task["links"][0]))


def test_playbook_reads_nothing_but_the_messages() -> None:
    """After a round trip through JSON, which loses every Python object, it chooses the same."""
    for entries in ((), (_turn(ARGUMENTS, result={"lost_bps": 1}),)):
        messages = _messages(*entries)
        travelled = messages_from_dict(json.loads(json.dumps(messages_to_dict(messages))))
        ours = _choose(_look_then_answer, messages)
        assert ours.tool_calls == _choose(_look_then_answer, travelled).tool_calls
        assert ours.tool_calls[0]["args"]["link"] == ("L2" if entries else "L1")


def test_message_ids_and_call_ids_are_the_same_in_every_run() -> None:
    calls = [_choose(_look_then_answer, _messages()).tool_calls for _ in range(2)]
    assert calls[0] == calls[1]
    assert calls[0][0]["id"] == "call00001"


def test_view_holds_the_role_the_task_the_calls_and_the_schemas() -> None:
    seen: list[TranscriptView] = []

    def keep(view: TranscriptView) -> ToolChoice:
        seen.append(view)
        return answer(Worst(link="L1"))

    failed = _turn({"link": "L2", "factor": 1.0}, error="NetworkError: gone")
    _choose(keep, _messages(_turn(ARGUMENTS, result={"lost_bps": 1}), failed))
    (view,) = seen
    assert (view.role, view.task) == ("planner", TASK)
    assert set(view.offered) == {"what_if", "answer"}
    assert view.result_of("what_if", link="L1", factor=1.0) == {"lost_bps": 1}
    assert view.error_of("what_if", link="L1", factor=1.0) is None
    assert view.error_of("what_if", link="L2", factor=1.0) == "NetworkError: gone"
    assert [c.arguments["link"] for c in view.calls_of("what_if")] == ["L1", "L2"]


def test_call_with_other_arguments_is_another_call() -> None:
    choice = _choose(_look_then_answer, _messages(_turn({"link": "L1", "factor": 2.0}, result={})))
    assert choice.tool_calls[0]["args"] == {"link": "L1", "factor": 1.0}


def test_complaint_after_the_task_does_not_hide_the_task() -> None:
    complaint = Complaint(mind="playbook", reason="it calls no tool {")
    choice = _choose(_look_then_answer, _messages(complaint))
    assert choice.tool_calls[0]["args"]["link"] == "L1"


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (ToolChoice("reboot", {}), "offered are"),
        (ToolChoice("what_if", {"link": "L1"}), "takes"),
        (ToolChoice("what_if", {"link": "L1", "factor": 1.0, "x": 1}), "takes"),
        (ToolChoice("what_if", {"link": "L1", "factor": 1.0}), "repeats"),
    ],
)
def test_policy_that_does_what_it_never_may_is_a_loud_bug(choice: ToolChoice, message: str) -> None:
    with pytest.raises(PlaybookDefect, match=message):
        _choose(lambda _: choice, _messages(_turn(ARGUMENTS, result={})))


def test_policy_that_reads_a_result_that_is_not_there_is_a_loud_bug() -> None:
    def presume(view: TranscriptView) -> ToolChoice:
        return answer(view.result_of("what_if", link="L2", factor=1.0))

    with pytest.raises(PlaybookDefect, match="was not called"):
        _choose(presume, _messages())
    failed = _turn({"link": "L2", "factor": 1.0}, error="NetworkError: gone")
    with pytest.raises(PlaybookDefect, match="ask error_of first"):
        _choose(presume, _messages(failed))


@pytest.mark.parametrize(
    "messages",
    [
        [SystemMessage("You plan."), HumanMessage("{}")],
        [SystemMessage("Role: painter"), HumanMessage("Task (JSON):\n{}")],
        [SystemMessage("Role: planner"), HumanMessage("please")],
    ],
)
def test_messages_that_it_cannot_read_are_a_loud_bug(messages: list[BaseMessage]) -> None:
    with pytest.raises(PlaybookDefect):
        _choose(_look_then_answer, messages)
