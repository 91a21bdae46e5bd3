"""What an agent may call: tools with typed arguments, and the rule that agents only read.

Unknown means mutating: a tool that does not say `effect="read"` is never granted to an agent.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from twin.errors import BadInput, Refused

A = TypeVar("A", bound=BaseModel)

Effect = Literal["read", "mutate"]


@dataclass(frozen=True, slots=True)
class Tool(Generic[A]):
    """One thing that can be asked of the world.

    `name`: a verb an operator would say. `description`: what the caller learns, with units.
    `call` takes validated `arguments` and returns a model or a dict that JSON can carry; a
    NoctuaError that it raises is told to the caller as content, any other exception is a bug.
    What it returns is shown to models as it is, so it must hold no UntrustedText.
    """

    name: str
    description: str
    arguments: type[A]
    call: Callable[[A], BaseModel | dict[str, Any]]
    effect: Effect = "mutate"

    def schema(self) -> dict[str, Any]:
        """The tool as a model is shown it, in OpenAI's function format."""
        return function_schema(self.name, self.description, self.arguments)


def require_read_only(tool: Tool[Any]) -> None:
    """Raises Refused unless `tool` declares that it only reads."""
    if tool.effect != "read":
        raise Refused(
            f'tool "{tool.name}" changes something (or does not say that it only reads), '
            "and agents only read; changes go through the gate and the actuator",
            rule="agents_read_only",
        )


class ToolRegistry:
    """The tools that exist, by name."""

    def __init__(self, tools: Iterable[Tool[Any]] = ()) -> None:
        self._tools: dict[str, Tool[Any]] = {}
        for tool in tools:
            self.register(tool)

    def register(self, tool: Tool[Any]) -> None:
        """Add `tool`. Raises BadInput if its name is taken."""
        if tool.name in self._tools:
            raise BadInput(f'tool "{tool.name}" is registered twice')
        self._tools[tool.name] = tool

    @property
    def tools(self) -> Mapping[str, Tool[Any]]:
        """Every registered tool by name."""
        return dict(self._tools)

    def grant(self, names: Iterable[str]) -> tuple[Tool[Any], ...]:
        """The tools of those names, for an agent to call.

        Raises:
            Refused: one of them may change something.
            BadInput: one of them is not registered.
        """
        granted = tuple(self._get(name) for name in names)
        for tool in granted:
            require_read_only(tool)
        return granted

    def _get(self, name: str) -> Tool[Any]:
        if name not in self._tools:
            near = get_close_matches(name, list(self._tools), n=1)
            hint = f' (did you mean "{near[0]}"?)' if near else ""
            raise BadInput(f'tool "{name}" is not registered{hint}')
        return self._tools[name]


def grant(*tools: Tool[Any]) -> tuple[Tool[Any], ...]:
    """`tools` as an agent may hold them: each name once, and nothing that changes anything.

    Raises:
        Refused: one of them may change something.
        BadInput: two have one name.
    """
    registry = ToolRegistry(tools)
    return registry.grant(registry.tools)


def function_schema(name: str, description: str, arguments: type[BaseModel]) -> dict[str, Any]:
    """`arguments` as a function in OpenAI's format, in the JSON schema that servers agree on.

    Every property is required, nothing has a default, and unions are plain `anyOf`: structured
    decoding differs between servers in what it makes of `oneOf`, discriminators and defaults. What
    is used once stands where it is used: a reference to it would cost more than it says.
    """
    # Validation mode: replies are checked against it, and a computed field has no place in it.
    parameters = arguments.model_json_schema(schema_generator=_ModelFacing, mode="validation")
    parameters = _inlined(_without_titles(parameters))
    parameters.pop("description", None)  # the function has its own
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


class _ModelFacing(GenerateJsonSchema):
    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        return {"anyOf": super().tagged_union_schema(schema)["oneOf"]}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        return True


_DEFINED = "#/$defs/"


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` with every definition that is referred to once in its place."""
    definitions: dict[str, Any] = schema.pop("$defs", {})
    uses = Counter(_references([schema, definitions]))
    once = {name: body for name, body in definitions.items() if uses[_DEFINED + name] == 1}
    placed: dict[str, Any] = _placed(schema, once)
    kept = {n: _placed(body, once) for n, body in definitions.items() if n not in once}
    return {"$defs": kept, **placed} if kept else placed


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _references(item)


def _placed(schema: Any, once: Mapping[str, Any]) -> Any:
    if isinstance(schema, dict):
        name = str(schema.get("$ref", "")).removeprefix(_DEFINED)
        if name in once:
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            return _placed({**once[name], **beside}, once)
        return {key: _placed(value, once) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_placed(item, once) for item in schema]
    return schema


def _without_titles(schema: Any) -> Any:
    """`schema` without pydantic's generated titles (a property that is called title is a dict)."""
    if isinstance(schema, dict):
        return {
            key: _without_titles(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    return schema
