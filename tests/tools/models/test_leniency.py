"""An answer is read in every form that servers are known to send, and nothing else is an answer."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from langchain_core.messages.tool import tool_call

from evals.model_server.delivery import Wire
from tests.tools.models.oddities import ODDITIES, Made, Oddity
from tools.models.leniency.arguments import ENCODED_TWICE
from tools.models.leniency.json_text import DEEPEST
from tools.models.leniency.reading import Asked, AskedCall, message_of, read_message
from tools.models.leniency.text import IN_TEXT
from tools.models.leniency.wire import Assembly, ErrorTold, NoCompletion, assembled
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


# What is not read
# --------------------------------------------------------------------------------------------


def _said(text: str, thoughts: str = "") -> Asked:
    told = {"reasoning_content": thoughts} if thoughts else {}
    return read_message(AIMessage(text, additional_kwargs=told), OFFERED)


CALL = '{"name": "read_link", "arguments": {"link": "A--B"}}'


@pytest.mark.parametrize(
    "text",
    [
        'I would call {"name": "read_link", "arguments": {"link": "A--B"}}, but it is well.',
        "One could say read_link(link='A--B') here, and then stop.",
        '{"link": "A--B"} is what it would need; I do not know more.',
        f"<think>{CALL}</think>I am done.",
        f"<think>Perhaps {CALL}, but no: it is well.</think>",
        '<tool_call>\n{"name": "read_link", "arguments": {"link": "A-',
        '<tool_call>\n{"name": "read_link", "arguments": {"link": "A--B"}',
        '[TOOL_CALLS]read_link[ARGS]{"link": ',
        "read_link(link=",
        "read_link(link=open('/etc/passwd').read())",
        "read_link(**{'link': 'A--B'})",
        "<function=read_link><parameter=link>A--B</parameter><parameter=link>B--C</parameter></function>",
        '{"other": 1}',
        '{"link": "A--B"} {"link": "B--C"}',
        "answer",
        "",
        "{" * 5000 + "[{" * 5000,
        "<" * 20_000,
        "read_link" * 2_000,
    ],
)
def test_what_is_talked_about_cut_off_or_unclear_is_no_call(text: str) -> None:
    assert _said(text) == Asked((), (), ())


def test_call_in_thoughts_counts_only_at_their_end_and_where_nothing_is_said() -> None:
    assert [c.name for c in _said("", f"So I look:\n{CALL}").calls] == ["read_link"]
    assert _said("All is well.", f"So I look:\n{CALL}").calls == ()
    assert _said("", f"{CALL} would be one way, and there are others.").calls == ()


def test_call_of_a_function_that_was_not_offered_stays_one() -> None:
    asked = _said('<tool_call>{"name": "commit", "arguments": {"device": "A"}}</tool_call>')
    assert [(c.name, c.arguments) for c in asked.calls] == [("commit", {"device": "A"})]


@pytest.mark.parametrize(
    "arguments",
    [
        '{"link": "A--B"',
        '{"link": "A--B"} and more',
        '{"link": "A--B"}{"link": "B--C"}',
        '[{"link": "A--B"}, {"link": "B--C"}]',
        '"A--B"',
        "5988",
        "null",
        "[]",
        "Infinity",
        '{"link": open}',
    ],
)
def test_arguments_that_are_no_single_whole_object_are_unread(arguments: str) -> None:
    asked = read_message(message_of("", [("read_link", arguments, None)]), OFFERED)
    assert (asked.calls, asked.unread) == ((), ("read_link",))


def _nested(levels: int, opening: str = '{"a": ', closing: str = "}") -> str:
    return opening * levels + "1" + closing * levels


def _given(arguments: str) -> AIMessage:
    return message_of("", [("answer", arguments, None)])


DEEP: dict[str, Callable[[int], AIMessage]] = {
    "JSON": lambda n: _given(_nested(n)),
    "in a fence": lambda n: _given(f"```json\n{_nested(n)}\n```"),
    "said twice": lambda n: _given(_nested(n) * 2),
    "encoded twice": lambda n: _given(json.dumps(_nested(n))),
    "Python's quotes": lambda n: _given(_nested(n, "{'a': ")),
    "Python's tuples": lambda n: _given(f"{{'a': {_nested(n - 1, '(', ',)')}}}"),
    "a list that is a text": lambda n: _given(
        json.dumps({"findings": [{"causes": _nested(n - 3, "[", "]")}]})
    ),
    "parsed by another client": lambda n: AIMessage(
        "", tool_calls=[tool_call(name="answer", args=json.loads(_nested(n)), id=None)]
    ),
    "in the text": lambda n: AIMessage(f"<function=answer>{_nested(n)}</function>"),
    "in a call in the text": lambda n: AIMessage(
        f'<tool_call>{{"name": "answer", "arguments": {json.dumps(_nested(n))}}}</tool_call>'
    ),
    "Python's call in the text": lambda n: AIMessage(f"answer(title={_nested(n - 1, '(', ',)')})"),
    "Python's object in the text": lambda n: AIMessage(f"answer({_nested(n)})"),
}
"""Arguments of so many levels, one in another, in everything that reads them."""


@pytest.mark.parametrize("message", DEEP.values(), ids=DEEP)
def test_arguments_deeper_than_any_are_read_in_no_writing(
    message: Callable[[int], AIMessage],
) -> None:
    [call] = read_message(message(DEEPEST), OFFERED).calls
    assert call.name == "answer"
    deeper = read_message(message(DEEPEST + 1), OFFERED)
    assert (deeper.calls, deeper.unread) == ((), ("answer",))


@pytest.mark.parametrize(
    ("levels", "read"), [(DEEPEST - 1, ("read_link",)), (DEEPEST, ()), (2 * DEEPEST, ())]
)
def test_call_within_what_is_too_deep_is_not_taken_out_of_it(
    levels: int, read: tuple[str, ...]
) -> None:
    """An object whose arguments have so many levels, and a call behind what it does not close."""
    asked = _said(f'<tool_call>{{"a": {_nested(levels)}, {CALL}')
    assert tuple(call.name for call in asked.calls) == read


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("verdict", "perhaps"),
        ("verdict", ""),
        ("verdict", 1),
        ("findings", None),
        ("findings", "none of them"),
        ("findings", '[{"number": 1'),
        ("share_lost", "a quarter"),
        ("share_lost", "25 %"),
        ("is_over", "yes"),
        ("is_over", 0),
    ],
)
def test_value_that_says_something_else_is_left_as_it_is(field: str, value: object) -> None:
    told = {**ANSWER[1], field: value}
    asked = read_message(message_of("", [("answer", json.dumps(told), None)]), OFFERED)
    assert asked.calls == (AskedCall("answer", told),)


def test_two_keys_for_one_thing_are_not_chosen_from() -> None:
    told = {"Link": "A--B", "LINK": "B--C"}
    asked = read_message(message_of("", [("read_link", json.dumps(told), None)]), OFFERED)
    assert asked.calls == (AskedCall("read_link", told),)


def test_two_answers_stay_two() -> None:
    other = {**ANSWER[1], "title": "another"}
    for oddity in (
        "named functions.answer (gpt-oss, Kimi)",
        "Hermes, Qwen",
        "a stream (LiteLLM 25766)",
    ):
        asked = _asked(ODDITIES[oddity], ANSWER, ("answer", other))
        assert [c.arguments for c in asked.calls] == [ANSWER[1], other]


def test_good_reply_has_nothing_to_forgive_and_what_was_forgiven_has_a_name() -> None:
    assert _asked(lambda whole: Wire(json.dumps(whole).encode()), ANSWER, *READS).forms == ()
    assert _asked(ODDITIES["arguments are encoded twice"], ANSWER).forms == (ENCODED_TWICE,)
    assert _asked(ODDITIES["Hermes, Qwen"], ANSWER).forms == (IN_TEXT,)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": {"message": "Provider returned error", "code": 502}}, 502),
        ({"error": {"message": "slow down", "code": "429"}}, 429),
        ({"error": "out of memory"}, None),
        ([{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}], 503),
        ({"object": "error", "message": "no", "code": 400}, 400),
        ({"choices": [{"error": {"message": "no", "code": 500}, "message": {}}]}, 500),
    ],
)
def test_error_in_place_of_a_completion_is_told_as_one(body: object, status: int | None) -> None:
    with pytest.raises(ErrorTold) as told:
        assembled(json.dumps(body).encode())
    assert told.value.status == status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>It works!</html>",
        b"{}",
        b"[]",
        b"null",
        b"data: [DONE]\n\n",
        b'{"object": "list", "data": []}',
        b'{"choices": [{"message": {"con',
        b'data: {"choices": [{"delta": {"content": "All is we"}}]}\n\n',
        b'data: {"choices": [{"delta": {"tool_calls": [{"name": "a", "arguments": "{"}]}}]}\n\n',
    ],
)
def test_body_without_a_whole_completion_is_none(body: bytes) -> None:
    with pytest.raises(NoCompletion):
        assembled(body)


MARKS = (
    "{ } [ ] \" ' : , ( ) < > / = | ``` \\ read_link answer link name arguments A--B null 1 é "
    "<tool_call> </tool_call> <function= <parameter= </parameter> <think> </think> [TOOL_CALLS] "
    '[ARGS] <arg_key> </arg_key> <arg_value> </arg_value> <|"|>'
)
PIECES = st.sampled_from([*MARKS.split(), " ", "\n", "\ud800"])


@given(st.lists(PIECES, max_size=40).map("".join))
def test_no_text_makes_the_reading_fail(text: str) -> None:
    asked = _said(text, text)
    assert all(isinstance(call.arguments, dict) for call in asked.calls)
    read_message(message_of("", [("read_link", text, None), (text, "{}", None)]), OFFERED)


KEYS = (
    "choices message delta content tool_calls function name arguments error usage index id text "
    "output data"
)
BODY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=5)
    ),
    max_leaves=15,
)


@given(BODY)
def test_no_body_makes_the_reading_fail_otherwise_than_as_told(value: object) -> None:
    try:
        whole = assembled(json.dumps(value).encode())
    except (NoCompletion, ErrorTold):
        return
    read_message(_message(whole), OFFERED)
