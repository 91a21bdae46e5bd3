"""The network that stands for reality computes nothing with what the twin knows of a kind."""

import ast
from pathlib import Path

from twin.events.kinds import FaultKind, StateEvent

FOLDER = Path(__file__).parents[4] / "tools" / "network" / "emulated"

MAY_ASK = {"check", "circuits", "describe", "id", "resources"}
"""What a fault is, and not what comes of it."""


def test_emulated_network_calls_no_hook_of_a_fault() -> None:
    hooks = {
        name
        for kind in (StateEvent, FaultKind)
        for name, value in vars(kind).items()
        if callable(value) or isinstance(value, classmethod)
        if not name.startswith("_")
    } - MAY_ASK
    assert {"after", "arcs", "evidence", "propose", "repaired"} <= hooks
    called = {
        f"{file.name}: {node.func.attr}"
        for file in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in hooks
    }
    assert called == set()
