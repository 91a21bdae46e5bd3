"""What agents may call, and how a tool is shown to a model."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from tools.registry import Tool, ToolRegistry, function_schema
from twin.errors import BadInput, Refused
from twin.events.action import Action
from twin.nouns.base import Noun


class FailLink(Noun):
    """Which link."""

    link: str
    title: str = "no title"


class Act(BaseModel):
    """Holds a discriminated union and defaults at two depths."""

    action: Action
    tries: int = 3


def _what_if(arguments: FailLink) -> dict[str, Any]:
    return {"failed": arguments.link}


READS = Tool("what_if", "Fail a link in the twin.", FailLink, _what_if, "read")
SAYS_NOTHING = Tool("drain_link", "Drain a link.", FailLink, _what_if)


def test_tool_that_reads_is_granted_in_the_order_asked() -> None:
    other = Tool("show_link", "Show a link.", FailLink, _what_if, "read")
    registry = ToolRegistry([READS, SAYS_NOTHING, other])
    assert registry.grant(["show_link", "what_if"]) == (other, READS)


def test_tool_that_does_not_say_what_it_does_is_never_granted() -> None:
    with pytest.raises(Refused, match="drain_link") as refusal:
        ToolRegistry([READS, SAYS_NOTHING]).grant(["what_if", "drain_link"])
    assert refusal.value.rule == "agents_read_only"


def test_unknown_tool_is_named_with_the_nearest_one() -> None:
    with pytest.raises(BadInput, match=r'"what_of" is not registered \(did you mean "what_if"'):
        ToolRegistry([READS]).grant(["what_of"])


def test_name_is_registered_once() -> None:
    with pytest.raises(BadInput, match="twice"):
        ToolRegistry([READS, READS])


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from _nodes(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _nodes(item)


def test_model_is_shown_plain_unions_and_no_defaults() -> None:
    parameters = function_schema("act", "Act.", Act)["function"]["parameters"]
    for node in _nodes(parameters):
        assert not {"oneOf", "discriminator", "default"} & node.keys()
    union = parameters["properties"]["action"]
    assert len(union["anyOf"]) == 9


def test_model_is_shown_every_property_as_required() -> None:
    parameters = function_schema("act", "Act.", Act)["function"]["parameters"]
    objects = [node for node in _nodes(parameters) if node.get("type") == "object"]
    assert len(objects) > 7
    for node in objects:
        assert sorted(node["required"]) == sorted(node["properties"])


class Leaf(Noun):
    """Used twice."""

    name: str


class Branch(Noun):
    """Used once, holds what is used twice, and perhaps another of its kind."""

    one: Leaf
    other: Leaf
    inner: "Branch | None"


def test_definition_that_is_used_once_stands_where_it_is_used() -> None:
    union = function_schema("act", "Act.", Act)["function"]["parameters"]
    assert [m["properties"]["kind"]["const"] for m in union["properties"]["action"]["anyOf"]][
        :2
    ] == [
        "set_igp_weight",
        "drain_link",
    ]


def test_definition_that_is_used_twice_or_within_itself_is_referred_to() -> None:
    class Tree(BaseModel):
        branch: Branch

    parameters = function_schema("grow", "Grow.", Tree)["function"]["parameters"]
    assert parameters["$defs"].keys() == {"Leaf", "Branch"}
    assert parameters["properties"]["branch"] == {"$ref": "#/$defs/Branch"}
    inner = parameters["$defs"]["Branch"]["properties"]["inner"]
    assert inner == {"anyOf": [{"$ref": "#/$defs/Branch"}, {"type": "null"}]}


def test_property_that_is_called_title_is_kept() -> None:
    parameters = READS.schema()["function"]["parameters"]
    assert parameters == {
        "type": "object",
        "properties": {"link": {"type": "string"}, "title": {"type": "string"}},
        "required": ["link", "title"],
        "additionalProperties": False,
    }
