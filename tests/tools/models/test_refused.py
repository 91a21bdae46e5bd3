"""A parameter that a server does not take is told from everything else that it may refuse."""

import pytest

from tools.models.refused import SPARED, refused_parameter

_VLLM = (
    "[{'type': 'extra_forbidden', 'loc': ('body', 'seed'), 'msg': 'Extra inputs are not permitted',"
    " 'input': 7}]"
)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (
            {
                "message": "Unsupported parameter: 'temperature' is not supported with this model.",
                "param": "temperature",
                "code": "unsupported_parameter",
            },
            "temperature",
        ),
        (
            {
                "message": "Unsupported value: 'temperature' does not support 0.0 with this model.",
                "param": "temperature",
                "code": "unsupported_value",
            },
            "temperature",
        ),
        (
            {"error": {"message": "Unrecognized request argument supplied: seed", "code": None}},
            "seed",
        ),
        ({"object": "error", "message": _VLLM, "param": None, "code": 400}, "seed"),
        ({"message": "parallel_tool_calls is not supported"}, "parallel_tool_calls"),
        ({"message": "This server does not support `tool_choice`."}, "tool_choice"),
        (
            {"message": '`tool_choice` must either be a named tool, "auto", or "none".'},
            "tool_choice",
        ),
        (
            {"detail": "1 validation error\nstream_options\n  Extra inputs are not permitted"},
            "stream_options",
        ),
        (
            {
                "message": "Unsupported parameter: 'max_completion_tokens'. Use 'max_tokens'.",
                "param": "max_completion_tokens",
                "code": "unsupported_parameter",
            },
            "max_completion_tokens",
        ),
        ("unknown field `seed`", "seed"),
    ],
)
def test_refused_parameter_is_found(body: object, name: str) -> None:
    assert refused_parameter(body, SPARED) == name
    others = [other for other in SPARED if other != name]
    assert refused_parameter(body, others) is None


@pytest.mark.parametrize(
    "body",
    [
        {"message": "temperature must be between 0 and 1", "param": "temperature"},
        {"message": "max_tokens is too large: 100000", "param": "max_tokens"},
        {"message": "Unsupported parameter: 'tools' is not supported", "param": "tools"},
        {"message": "This model does not support tools"},
        {"message": '"auto" tool choice requires --enable-auto-tool-choice'},
        {"message": "tool_choice='required' requires --tool-call-parser to be set"},
        {"message": "This model's maximum context length is 4096 tokens"},
        {"message": "Invalid schema for function 'answer'", "param": "tools[0].function"},
        {
            "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'functions'), 'msg': 'Extra "
            "inputs are not permitted', 'input': {'temperature': 0, 'msg': 'unknown field seed'}}]"
        },
        {"message": "my_seed is not supported"},
        {"message": 7},
        None,
        [],
        "",
        "Bad Request",
    ],
)
def test_other_refusals_are_not_taken_for_one(body: object) -> None:
    assert refused_parameter(body, SPARED) is None
