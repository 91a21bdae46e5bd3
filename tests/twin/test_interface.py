"""An interface is written in one way, and written and read in one place."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import BadInput, BadTopology
from twin.nouns.topology import Interface, Link, Node, Site, Topology

NAMES = st.text(min_size=1).filter(lambda name: "|" not in name)
PACKAGES = ("twin", "tools", "agents", "graphs", "channels", "evals")

HASHED = "tools/models/pseudonyms.py"
"""Its bars stand between the parts of what is hashed: nobody reads them back."""


@given(node=NAMES, link=st.text(min_size=1))
def test_what_is_written_is_read_back(node: str, link: str) -> None:
    interface = Interface(node=node, link=link)
    assert Interface.parse(str(interface)) == interface
    assert Interface.named_by(str(interface)) == interface


def test_it_is_written_as_plans_and_symptoms_have_always_had_it() -> None:
    assert str(Interface(node="Kassel", link="Giessen--Kassel")) == "Kassel|Giessen--Kassel"


@pytest.mark.parametrize("text", ["", "Kassel", "Giessen--Kassel", "Kassel|", "|Giessen--Kassel"])
def test_text_that_names_none_is_refused_with_the_form_it_should_have(text: str) -> None:
    assert Interface.named_by(text) is None
    with pytest.raises(BadInput, match=r"is no interface; it is written node\|link"):
        Interface.parse(text)


def test_node_whose_interfaces_could_not_be_read_back_is_refused() -> None:
    with pytest.raises(BadTopology, match=r'node "A\|B" has "\|" in its name'):
        Topology(
            name="two",
            sites=(Site(id="s", longitude=0.0, latitude=0.0),),
            nodes=(Node(id="A|B", site="s"), Node(id="C", site="s")),
            links=(
                Link(
                    id="L",
                    a="A|B",
                    b="C",
                    capacity_bps=1.0,
                    members=1,
                    length_km=1.0,
                    propagation_s=0.0,
                ),
            ),
        )


@pytest.mark.slow
def test_no_other_module_writes_or_reads_the_form() -> None:
    files = [f for package in PACKAGES for f in Path(package).rglob("*.py")]
    assert len(files) > 200
    others = {f.as_posix() for f in files if any(_spellings(f))}
    assert others == {"twin/nouns/topology.py", HASHED}


def _spellings(file: Path) -> Iterator[ast.AST]:
    """Where two parts are joined by a bar or put into brackets, and where a bar divides a text."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.JoinedStr(values=parts):
                yield from (
                    p
                    for p, q, r in zip(parts, parts[1:], parts[2:], strict=False)
                    if isinstance(p, ast.FormattedValue)
                    and _joins(q)
                    and isinstance(r, ast.FormattedValue)
                )
            case ast.Call(
                func=ast.Attribute(attr="split" | "rsplit" | "partition" | "rpartition"),
                args=[ast.Constant(value="|"), *_],
            ):
                yield node
            case ast.Call(
                func=ast.Attribute(value=ast.Constant(value="|"), attr="join"),
                args=[ast.Tuple() | ast.List()],
            ):
                yield node


def _joins(part: ast.expr) -> bool:
    match part:
        case ast.Constant(value="|" | "["):
            return True
        case ast.FormattedValue(value=ast.Name(id="_BAR")):
            return True
        case _:
            return False
