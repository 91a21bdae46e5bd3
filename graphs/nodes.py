"""The rules that every graph's nodes keep: where they go is declared, and is there."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from langgraph.graph import END
from langgraph.types import Command

D = TypeVar("D")
S = TypeVar("S")


def require_nodes(targets: Mapping[str, Sequence[str]]) -> None:
    """Raise ValueError where a node goes to what is none: LangGraph would end without a word.

    `targets`: of each node.
    """
    for name, goes_to in targets.items():
        if unknown := set(goes_to) - targets.keys() - {END}:
            raise ValueError(f"node {name} goes to {sorted(unknown)}, which are not nodes")


def step(
    node: Callable[[D, S], Command[str]], desk: D, targets: Sequence[str], state: S
) -> Command[str]:
    """What `node` says. Raises ValueError where it goes to what it does not declare."""
    command = node(desk, state)
    if command.goto not in targets:
        raise ValueError(f"{node.__name__} goes to {command.goto!r}, which it does not declare")
    return command
