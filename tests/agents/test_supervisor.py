"""What the supervisor may choose, by phase."""

from typing import Any

import pytest

from agents.roles.supervisor import LEGAL, MOST_SEND_BACKS, legal_targets, supervisor_role
from twin.nouns.incident import Phase

UNKNOWN: dict[str, Any] = {"verdict": "unknown", "seen": 3, "came_before": 0, "hurts": 0}
HURT = {"hurts": 2}
GONE = {"seen": 0}
FLAPS = GONE | {"came_before": 1}


@pytest.mark.parametrize(
    ("phase", "send_backs", "facts", "targets"),
    [
        (Phase.DETECTED, 0, {}, ("diagnoser",)),
        (Phase.DIAGNOSING, 0, {"verdict": "found"}, ("remediator", "diagnoser", "escalate")),
        (Phase.DIAGNOSING, 0, UNKNOWN, ("diagnoser", "escalate")),
        (Phase.DIAGNOSING, 0, UNKNOWN | HURT, ("remediator", "diagnoser", "escalate")),
        (Phase.DIAGNOSING, 0, UNKNOWN | GONE, ("stand_by", "diagnoser", "escalate")),
        (Phase.DIAGNOSING, 0, UNKNOWN | FLAPS, ("diagnoser", "escalate")),
        (Phase.DIAGNOSING, MOST_SEND_BACKS, {"verdict": "found"}, ("remediator", "escalate")),
        (Phase.DIAGNOSING, MOST_SEND_BACKS, UNKNOWN, ("escalate",)),
        (Phase.DIAGNOSING, MOST_SEND_BACKS, UNKNOWN | HURT, ("remediator", "escalate")),
        (Phase.PROPOSING, 0, {}, ("imaginer",)),
        (Phase.IMAGINING, 0, {}, ("simulator",)),
        (Phase.SIMULATING, 1, {}, ("planner", "remediator", "escalate")),
        (Phase.SIMULATING, MOST_SEND_BACKS, {}, ("planner", "escalate")),
        (Phase.PLANNING, 0, {"do_nothing": False}, ("approval", "escalate")),
        (Phase.PLANNING, 0, {"do_nothing": True}, ("stand_by", "escalate")),
    ],
)
def test_targets_by_phase(
    phase: Phase, send_backs: int, facts: dict[str, Any], targets: tuple[str, ...]
) -> None:
    assert legal_targets(phase, send_backs, facts) == targets


def test_the_actuator_is_nobodys_choice() -> None:
    assert all("actuator" not in targets for targets in LEGAL.values())


def test_asking_what_is_legal_changes_nothing() -> None:
    legal_targets(Phase.DIAGNOSING, MOST_SEND_BACKS, UNKNOWN)
    assert LEGAL[Phase.DIAGNOSING] == ("remediator", "diagnoser", "escalate")


def test_role_offers_exactly_the_legal_targets() -> None:
    (schema,) = supervisor_role(("remediator", "escalate")).schemas()
    choice = schema["function"]["parameters"]["properties"]["next"]
    assert choice["enum"] == ["remediator", "escalate"]
