"""An answer is read in every form that servers are known to send, and nothing else is an answer."""

import json
from collections.abc import Sequence
from typing import Any, Literal

import pytest
from langchain_core.messages import AIMessage

from tests.tools.models.oddities import ODDITIES, Made, Oddity
from tools.models.leniency.reading import Asked, AskedCall, message_of, read_message
from tools.models.leniency.wire import Assembly, assembled
from tools.registry import function_schema
from twin.nouns.base import Noun


class _Cut(Noun):
    kind: Literal["fiber_cut"]
    duct: str


class _Weight(Noun):
    kind: Literal["wrong_weight"]
    link: str
    weight: int


class _Finding(Noun):
    number: int
    severity: Literal["low", "very_high"]
    causes: tuple[_Cut | _Weight, ...]


class _Answer(Noun):
    verdict: Literal["found", "unknown"]
    share_lost: float
    is_over: bool
    next: str | None
    title: str
    findings: tuple[_Finding, ...]


class _ReadLink(Noun):
    link: str


class _Nothing(Noun):
    pass


OFFERED = [
    function_schema("read_link", "Read one link.", _ReadLink),
    function_schema("show_health", "Show what is known.", _Nothing),
    function_schema("answer", "End the task.", _Answer),
]
ANSWER: Made = (
    "answer",
    {
        "verdict": "found",
        "share_lost": 0.25,
        "is_over": False,
        "next": None,
        "title": 'The link "A--B" lost its weight: 60, not 10 (A\'s end)',
        "findings": [
            {"number": 1, "severity": "very_high", "causes": [{"kind": "fiber_cut", "duct": "d1"}]},
            {
                "number": 2,
                "severity": "low",
                "causes": [{"kind": "wrong_weight", "link": "A--B", "weight": 60}],
            },
        ],
    },
)
READS: Sequence[Made] = (("read_link", {"link": "A--B"}), ("read_link", {"link": "B--C"}))
HEALTH: Made = ("show_health", {})

ONE_CALL = ("one function_call (before tools)", "calls are one object")
"""Writings that have a place for one call."""

NAMELESS = ("name is null", "elements (Cline)")
"""Writings that say nothing at all of a call without arguments."""


def _completion(*made: Made) -> dict[str, Any]:
    calls = [
        {"id": f"c{i}", "type": "function", "function": {"name": n, "arguments": json.dumps(a)}}
        for i, (n, a) in enumerate(made)
    ]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
    }


def _message(whole: Assembly) -> AIMessage:
    return message_of(
        whole.text,
        [(call.name, call.arguments, call.id) for call in whole.calls],
        additional_kwargs={"reasoning_content": whole.thoughts},
    )


def _asked(oddity: Oddity, *made: Made) -> Asked:
    return read_message(_message(assembled(oddity(_completion(*made)).data)), OFFERED)


def _expected(*made: Made) -> Asked:
    return Asked(tuple(AskedCall(name, arguments) for name, arguments in made), (), ())


@pytest.mark.parametrize("oddity", ODDITIES.values(), ids=ODDITIES)
def test_answer_in_another_form_is_the_same_answer(oddity: Oddity) -> None:
    asked = _asked(oddity, ANSWER)
    assert (asked.calls, asked.unread) == (_expected(ANSWER).calls, ())


@pytest.mark.parametrize(
    "oddity",
    [o for n, o in ODDITIES.items() if n not in ONE_CALL],
    ids=[n for n in ODDITIES if n not in ONE_CALL],
)
def test_several_calls_in_another_form_are_the_same_calls(oddity: Oddity) -> None:
    asked = _asked(oddity, *READS)
    assert (asked.calls, asked.unread) == (_expected(*READS).calls, ())


@pytest.mark.parametrize(
    "oddity",
    [o for n, o in ODDITIES.items() if n not in NAMELESS],
    ids=[n for n in ODDITIES if n not in NAMELESS],
)
def test_call_without_arguments_in_another_form_is_the_same_call(oddity: Oddity) -> None:
    asked = _asked(oddity, HEALTH)
    assert (asked.calls, asked.unread) == (_expected(HEALTH).calls, ())
