"""A kind that forgets something is told what, and nobody else decides by kinds."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import pytest

from twin.events.action import ACTION_KINDS
from twin.events.fault import FAULT_KINDS
from twin.events.kinds import ActionKind, EventKind, FaultKind, PhrasedKind
from twin.events.what_if import EVENT_KINDS

ROOT = Path(__file__).parents[3]

REGISTRIES = {"twin/events"}
"""Where kinds are known: their own files, and the unions beside them."""

REALITY = {"tools/network/emulated"}
"""The network that stands for reality shares no arithmetic with the twin; evals, which script and
judge it and hold the runbook to beat, are not looked at either."""

CLASSES = {k.__name__ for k in (*FAULT_KINDS, *ACTION_KINDS, *EVENT_KINDS)}
NAMES = {k.model_fields["kind"].default for k in (*FAULT_KINDS, *ACTION_KINDS, *EVENT_KINDS)}


class CapacityDrop(FaultKind):
    """A bundle loses members: a kind that somebody has begun to add."""

    kind: Literal["link_capacity_bottleneck"] = "link_capacity_bottleneck"
    link: str


def test_new_kind_of_fault_is_told_every_hook_that_it_lacks() -> None:
    with pytest.raises(TypeError) as refused:
        CapacityDrop(link="A-B")  # type: ignore[abstract]  # that it is abstract is the point
    for hook in (
        "after",
        "arcs",
        "check",
        "circuits",
        "conceivable",
        "describe",
        "evidence",
        "is_over",
        "propose",
    ):
        assert hook in str(refused.value)
    for hook in ("log_prior", "resources"):
        assert hook in str(refused.value)


@pytest.mark.parametrize("kind", [*FAULT_KINDS, *ACTION_KINDS, *EVENT_KINDS])
def test_no_kind_in_a_registry_lacks_a_hook(kind: type[EventKind]) -> None:
    assert not getattr(kind, "__abstractmethods__", frozenset())


def test_every_file_of_a_kind_stands_in_its_registry() -> None:
    listed = {k.__module__ for k in (*FAULT_KINDS, *ACTION_KINDS, *EVENT_KINDS)}
    for kind in (FaultKind, ActionKind, PhrasedKind):
        made = {k for k in _descendants(kind) if k.__module__.startswith("twin.events.")}
        for found in made:
            if "kind" in found.model_fields and found.model_fields["kind"].default:
                assert found.__module__ in listed or found.model_fields["kind"].is_required()


def test_no_two_kinds_are_written_alike_in_what_ifs() -> None:
    forms = [form for kind in EVENT_KINDS for form in kind.forms]
    assert len(set(forms)) == len(forms)


@pytest.mark.slow
def test_no_module_decides_between_kinds() -> None:
    deciding = {}
    for package in ("twin", "tools", "agents", "graphs", "channels"):
        for file in sorted((ROOT / package).rglob("*.py")):
            place = file.relative_to(ROOT).as_posix()
            found = _decided_by(ast.parse(file.read_text(encoding="utf-8")))
            if len(found) > 1 and not place.startswith((*REGISTRIES, *REALITY)):
                deciding[place] = found
    assert deciding == {}


def test_a_decision_between_kinds_would_be_found() -> None:
    chain = "if isinstance(x, LinkDown): a()\nelif isinstance(x, FiberCut | Other): b()"
    match = "match x:\n case DrainLink(link=link): a()\n case RateLimit(): b()"
    words = 'if x["kind"] == "link_down": a()\nif kind in ("fiber_cut", "other"): b()'
    table = '{"link_down": 1, "fiber_cut": 2}'
    for text in (chain, match, words, table):
        assert len(_decided_by(ast.parse(text))) == 2


def _descendants(kind: type[EventKind]) -> Iterator[type[EventKind]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


def _decided_by(tree: ast.AST) -> set[str]:
    """Kinds that are told apart: in isinstance, in a match, or by the name in a comparison."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, kinds]):
                found |= {n.id for n in ast.walk(kinds) if isinstance(n, ast.Name)} & CLASSES
            case ast.MatchClass(cls=ast.Name(id=name)) if name in CLASSES:
                found.add(name)
            case ast.MatchValue(value=ast.Constant(value=str(name))) if name in NAMES:
                found.add(name)
            case ast.Compare(comparators=others):
                found |= _words(others)
            case ast.Dict(keys=keys):
                found |= _words([key for key in keys if key is not None])
    return found


def _words(nodes: Sequence[ast.AST]) -> set[str]:
    inner = (part for node in nodes for part in ast.walk(node))
    return {str(part.value) for part in inner if isinstance(part, ast.Constant)} & NAMES
