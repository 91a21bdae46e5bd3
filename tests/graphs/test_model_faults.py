"""Whatever a model server does to one role, the incident ends as it does with the playbook alone.

Each combination of a fault and a role is a whole incident: a router's weight is misconfigured, and
the right cure is to put back what is intended. The role at fault asks a real server over HTTP.
"""

from pathlib import Path
from typing import Any

import pytest

from agents.loop.budget import Limits
from channels.report.facts import gather
from channels.report.writing import report_text
from evals.model_server.behaviours import (
    Behaviour,
    Body,
    CutStream,
    Drip,
    EndlessLoop,
    Huge,
    Injected,
    InventedDevice,
    InventedTool,
    MalformedArguments,
    Prose,
    Reset,
    Stall,
    Status,
    Truncated,
    TwoAnswers,
    WrongSchema,
)
from evals.model_server.composing import GHOST
from evals.model_server.script import Script
from evals.model_server.server import ModelServer
from tests.graphs.model_stand import (
    INCIDENT,
    LOGGED,
    assert_ended_rightly,
    assert_only_what_was_approved,
    foreign,
    minds_for,
    swaps_traced,
)
from tests.graphs.stagehand import FIRST, Operation, Person, operating
from tools.change.swaps import SWAP

ROLES = (
    "monitor",
    "diagnoser",
    "supervisor",
    "remediator",
    "imaginer",
    "remediator_choice",
    "reader",
)
WITH_TOOLS = ("monitor", "diagnoser", "remediator", "imaginer")
PATIENT = Limits()
HASTY = Limits(call_deadline_s=0.15)
"""Only for servers that never answer: a slow machine must not turn another fault into this one."""

DOWN: dict[str, Behaviour] = {
    "429": Status(code=429, retry_after_s=60),
    "500": Status(code=500),
    "truncated JSON": Truncated(),
    "cut halfway": CutStream(),
}
LATE: dict[str, Behaviour] = {"stalled": Stall(before="body"), "dripped bytes": Drip()}
BAD: dict[str, Behaviour] = {
    "prose": Prose(),
    "malformed arguments": MalformedArguments(),
    "wrong schema": WrongSchema(),
    "invented device": InventedDevice(),
    "invented tool": InventedTool(),
}
ONCE: dict[str, tuple[str, Behaviour, str]] = {
    "connection broken": ("diagnoser", Truncated(claimed=True), "down"),
    "connection reset": ("remediator", Reset(), "down"),
    "a web page": ("monitor", Body(), "down"),
    "no headers": ("imaginer", Stall(before="headers"), "deadline"),
    "two answers": ("diagnoser", TwoAnswers(), "bad_replies"),
    "megabytes": ("remediator_choice", Huge(), "budget"),
}
"""Varieties of the faults above, at one role each."""

ENUMERATED = ("supervisor", "reader")
"""The roles whose answers name only what their schema, or the task's numbers, enumerate."""

LOOPING = ("diagnoser", "remediator", "imaginer")
"""The roles that call a tool before they answer."""


def _play(folder: Path, role: str, fault: Behaviour, limits: Limits = PATIENT) -> list[Any]:
    """The whole incident with `fault` at every call of `role`; the swaps of that role's runs."""
    with ModelServer(Script(default=(fault,))) as server:
        minds = minds_for(foreign(server), role, limits)
        with operating(folder, INCIDENT, minds=minds, person=Person(), said=[LOGGED]) as operation:
            operation.run()
            assert_ended_rightly(operation)
            assert_only_what_was_approved(operation)
            swaps = _swaps_told(operation, role)
            _assert_person_was_needed(operation, swaps)
    assert server.refused == []
    assert {r.role for r in server.requests} == {role}
    return swaps


def _swaps_told(operation: Operation, role: str) -> list[Any]:
    """The swaps of the role's runs, which trace, timeline and report tell as the journal does."""
    runs = [r for r in operation.journal.role_runs(FIRST) if r.role == role]
    # What a role run keeps is JSON.
    swaps: list[Any] = [s for r in runs for s in r.data["swaps"]]  # type: ignore[union-attr]
    reasons = [f"{s['cause']}: {s['detail']}" for s in swaps]
    traced = swaps_traced(operation, role)
    assert traced[-len(reasons) :] == reasons if reasons else traced == []
    timeline = [event.text for event in operation.told(SWAP)]
    assert len(timeline) == len(reasons)
    facts = gather(operation.journal, FIRST, operation.network.inventory())
    report = report_text(facts, "md").replace("\\", "")
    for reason, told in zip(reasons, timeline, strict=True):
        assert reason in told
    assert [s for s in swaps if s["cause"] not in report] == []
    return swaps


def _assert_person_was_needed(operation: Operation, swaps: list[Any]) -> None:
    """Wherever a mind was lost before the plan was made."""
    (plan,) = operation.plans()
    assert bool(plan.needs_person) == bool(swaps)


def _assert_lost(swaps: list[Any], cause: str) -> None:
    """For that cause, and by the next role run perhaps for still resting from it."""
    assert swaps[0]["cause"] == cause
    assert {s["cause"] for s in swaps} <= {cause, "resting"}


def _everywhere(faults: dict[str, Behaviour]) -> pytest.MarkDecorator:
    """Every fault at every role; all but one role of each fault, another one each time, is slow."""
    return pytest.mark.parametrize(
        ("fault", "role"),
        [
            pytest.param(
                fault,
                role,
                id=f"{name}-{role}",
                marks=() if ROLES[n % len(ROLES)] == role else pytest.mark.slow,
            )
            for n, (name, fault) in enumerate(faults.items())
            for role in ROLES
        ],
    )


@pytest.mark.slow
@_everywhere(DOWN)
def test_model_that_breaks_loses_the_role(tmp_path: Path, fault: Behaviour, role: str) -> None:
    _assert_lost(_play(tmp_path, role, fault), "down")


@pytest.mark.slow
@_everywhere(LATE)
def test_model_that_never_ends_its_reply_loses_the_role(
    tmp_path: Path, fault: Behaviour, role: str
) -> None:
    _assert_lost(_play(tmp_path, role, fault, HASTY), "deadline")


@pytest.mark.slow
@_everywhere(BAD)
def test_model_whose_replies_are_bad_loses_the_role(
    tmp_path: Path, fault: Behaviour, role: str
) -> None:
    swaps = _play(tmp_path, role, fault)
    assert {s["cause"] for s in swaps} == {"bad_replies"}
    if isinstance(fault, InventedDevice) and role not in ENUMERATED:
        assert all(GHOST in s["detail"] for s in swaps)


@pytest.mark.slow
@pytest.mark.parametrize(
    "role", [LOOPING[0], *(pytest.param(role, marks=pytest.mark.slow) for role in LOOPING[1:])]
)
def test_model_that_goes_round_in_circles_loses_the_role(tmp_path: Path, role: str) -> None:
    swaps = _play(tmp_path, role, EndlessLoop())
    assert {s["cause"] for s in swaps} == {"budget"}
    assert all("steps" in s["detail"] for s in swaps)


@pytest.mark.slow
@pytest.mark.parametrize(
    "role", [ROLES[0], *(pytest.param(role, marks=pytest.mark.slow) for role in ROLES[1:])]
)
def test_command_in_a_reply_is_text_and_nothing_else(tmp_path: Path, role: str) -> None:
    assert _play(tmp_path, role, Injected()) == []


@pytest.mark.slow
@pytest.mark.parametrize(("role", "fault", "cause"), ONCE.values(), ids=ONCE)
def test_each_variety_of_a_fault_ends_as_well(
    tmp_path: Path, role: str, fault: Behaviour, cause: str
) -> None:
    limits = HASTY if cause == "deadline" else PATIENT
    _assert_lost(_play(tmp_path, role, fault, limits), cause)
