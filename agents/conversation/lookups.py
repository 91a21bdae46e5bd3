"""The results that the tools of one question gave, numbered, so that an answer can cite them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, JsonValue

from agents.loop.transcript import plain
from tools.registry import Tool
from twin.errors import NoctuaError
from twin.nouns.base import Noun


class Result(Noun):
    """What a lookup gave. `id`: R1, R2, ..., by which answers cite it; "" before it has one."""

    id: str = ""


A = TypeVar("A", bound=BaseModel)
R = TypeVar("R", bound=Result)


@dataclass(frozen=True, slots=True)
class Query(Generic[A, R]):
    """Something that can be looked up: the tool's name, what it takes, and what it gives."""

    tool: str
    arguments: type[A]
    result: type[R]


class Finding(Noun):
    """One result. `id`: R1, R2, ..., which the result itself bears as well."""

    id: str
    tool: str
    arguments: dict[str, JsonValue]
    result: dict[str, JsonValue]


class Lookups:
    """Wraps what can be asked into tools, and keeps what they gave."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}
        self._refused: list[str] = []

    @property
    def refused(self) -> list[str]:
        """What was said of every lookup that failed."""
        return list(self._refused)

    @property
    def found(self) -> dict[str, Finding]:
        """Every result so far by id, in order."""
        return dict(self._found)

    def tool(self, query: Query[A, R], description: str, look_up: Callable[[A], R]) -> Tool[A]:
        """A tool that only reads, and whose results are numbered."""

        def call(asked: A) -> R:
            # Numbered once it has come back: a failed call is nothing to cite.
            try:
                result = look_up(asked)
            except NoctuaError as exc:
                self._refused.append(str(exc))
                raise
            name = f"R{len(self._found) + 1}"
            self._found[name] = Finding(
                id=name,
                tool=query.tool,
                arguments=plain(asked),
                result=plain(result.model_dump(mode="json", exclude={"id"})),
            )
            return result.model_copy(update={"id": name})

        return Tool(
            name=query.tool,
            description=description,
            arguments=query.arguments,
            call=call,
            effect="read",
        )
