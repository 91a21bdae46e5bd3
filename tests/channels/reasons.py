"""The reasons of refusal that code has, as places where an error is made, and which of them a run
has met: read from the source, so that a new one is known as soon as it is written.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from starlette.exceptions import HTTPException

from tools.journal.errors import JournalFailed, LeaseHeld, LeaseLost
from twin.errors import NoctuaError

PASSING = (JournalFailed, LeaseHeld, LeaseLost)
"""It is not known what was done; whoever has asked is told once it is."""


class Reason(NamedTuple):
    """A place in the code. `what`: the rule, or the kind of error where there is none."""

    function: str
    what: str
    file: str
    line: int

    @property
    def name(self) -> str:
        """As tests name it."""
        return f"{self.function} {self.what}"


def reasons(modules: Sequence[ModuleType], roots: set[str], aside: set[str]) -> set[Reason]:
    """The places in `modules` that functions called as `roots` may come to, by the names of what
    they call; `aside` are not followed.
    """
    known = [(m, f) for m in modules for f in _functions(m)]
    names, reached, ahead = {f.name for _, f in known}, set[str](), {*roots}
    while ahead:
        reached |= ahead
        bodies = [f for _, f in known if f.name in ahead]
        ahead = {name for body in bodies for name in _named(body)} & (names - reached - aside)
    return {r for module, f in known if f.name in reached for r in _made_in(module, f)}


def _functions(module: ModuleType) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.FunctionDef):
            yield node


def _named(body: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(body):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def _made_in(module: ModuleType, body: ast.FunctionDef) -> Iterator[Reason]:
    for node in ast.walk(body):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        kind = getattr(module, node.func.id, None)
        if not isinstance(kind, type) or not issubclass(kind, NoctuaError | HTTPException):
            continue
        if not issubclass(kind, PASSING):
            rules = [k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)]
            what = str(rules[0]) if rules else kind.__name__
            yield Reason(body.name, what, str(module.__file__), node.lineno)


@contextmanager
def errors_made() -> Iterator[list[tuple[str, int, Exception]]]:
    """Every error that is made inside, with file and line."""
    made: list[tuple[str, int, Exception]] = []

    def make(kind: type[Exception], *args: Any, **_: Any) -> Exception:
        error, frame = Exception.__new__(kind, *args), sys._getframe(1)
        made.append((frame.f_code.co_filename, frame.f_lineno, error))
        return error

    with pytest.MonkeyPatch.context() as patch:
        for kind in (NoctuaError, HTTPException):
            patch.setattr(kind, "__new__", make, raising=False)
        yield made


def said(error: Exception) -> str:
    """What there is to read of an error, whatever a channel adds to it."""
    return str(getattr(error, "detail", None) or getattr(error, "message", error))


def kinds(of: type[NoctuaError] = NoctuaError) -> Iterator[type[NoctuaError]]:
    """Every kind of error that is meant for people."""
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)
