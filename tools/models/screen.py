"""What every text passes on its way to a foreign model, and on its way back."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

_SAYS = ("description", "enum", "const", "default", "examples", "title", "pattern")
"""Keys of a schema under which it says something; names of tools and arguments are ours."""


class Screen(ABC):
    """Changes texts, and every string in JSON values."""

    @abstractmethod
    def hide(self, text: str) -> str:
        """`text` as the model may read it."""

    @abstractmethod
    def restore(self, text: str, written: Callable[[str], str] = str, before: str = "") -> str:
        """`text` of the model as we read it.

        `written` says how something is written in it. `before`: what stands in front of `text`,
        as the model wrote it, where that is a piece of a longer one.
        """

    @abstractmethod
    def held_back(self, text: str) -> int:
        """How many of the last characters of `text` may be half of something to be restored."""

    def hide_in(self, value: Any) -> Any:
        """A copy of a JSON value in which every string, keys too, is hidden."""
        return mapped(value, self.hide)

    def restore_in(self, value: Any) -> Any:
        """A copy of a JSON value in which every string, keys too, is restored."""
        return mapped(value, self.restore)

    def hide_in_schema(self, schema: Any) -> Any:
        """A copy of a tool's schema: what it says and allows is hidden, what it calls things not.

        Names of tools and of their arguments are ours.
        """
        if isinstance(schema, list):
            return [self.hide_in_schema(item) for item in schema]
        if not isinstance(schema, dict):
            return schema
        hidden = {}
        for key, value in schema.items():
            if key in _SAYS and not isinstance(value, dict):
                hidden[key] = self.hide_in(value)
            else:
                # An object under such a key is an argument that is called so.
                hidden[key] = self.hide_in_schema(value)
        return hidden


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """A copy of a JSON value in which every string, keys too, is changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(k) if isinstance(k, str) else k: mapped(v, change) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [mapped(item, change) for item in value]
    return value
