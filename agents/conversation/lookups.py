"""The results that the tools of one question gave, numbered, so that an answer can cite them."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, JsonValue

from agents.loop.transcript import plain
from tools.registry import Tool
from twin.errors import NoctuaError
from twin.nouns.base import Noun

A = TypeVar("A", bound=BaseModel)


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

    def tool(
        self,
        name: str,
        description: str,
        arguments: type[A],
        look_up: Callable[[A], dict[str, Any]],
    ) -> Tool[A]:
        """A tool that only reads, and whose results are numbered."""

        def call(asked: A) -> dict[str, Any]:
            # Numbered once it has come back: a failed call is nothing to cite.
            try:
                result = look_up(asked)
            except NoctuaError as exc:
                self._refused.append(str(exc))
                raise
            finding = Finding(
                id=f"R{len(self._found) + 1}",
                tool=name,
                arguments=plain(asked),
                result=plain(result),
            )
            self._found[finding.id] = finding
            return {"id": finding.id, **finding.result}

        return Tool(
            name=name, description=description, arguments=arguments, call=call, effect="read"
        )
