"""Routes: picks the next step among those that are legal in this phase, or sends work back."""

from collections.abc import Sequence
from typing import Any

from agents.loop.role import Role
from agents.prompts import prompt
from agents.roles.supervisor_schema import choice_schema
from twin.nouns.incident import Phase

LEGAL: dict[Phase, tuple[str, ...]] = {
    Phase.DETECTED: ("diagnoser",),
    Phase.DIAGNOSING: ("remediator", "diagnoser", "escalate"),
    Phase.PROPOSING: ("imaginer",),
    Phase.IMAGINING: ("simulator",),
    Phase.SIMULATING: ("planner", "remediator", "escalate"),
    Phase.PLANNING: ("approval", "escalate"),
}
"""What may follow once a phase's work is done. The actuator stands nowhere: only an approval leads
to it, and no mind is asked."""

STAND_BY = "stand_by"
"""Changes nothing: the network is watched until what was wrong is over."""

MOST_SEND_BACKS = 2
"""How often one incident's work may be sent back, over all roles."""


def legal_targets(phase: Phase, send_backs: int, facts: dict[str, Any]) -> tuple[str, ...]:
    """What the supervisor may choose now; going back ends when the send-backs are used up."""
    targets = list(LEGAL[phase])
    back = {Phase.DIAGNOSING: "diagnoser", Phase.SIMULATING: "remediator"}.get(phase)
    if back and send_backs >= MOST_SEND_BACKS:
        targets.remove(back)
    if phase is Phase.DIAGNOSING and facts.get("verdict") in ("unknown", "healthy"):
        if facts["verdict"] == "healthy" or not (facts["seen"] or facts["came_before"]):
            # There is nothing to remedy; that it stays quiet has to be seen.
            targets[targets.index("remediator")] = STAND_BY
        elif not facts["hurts"]:
            # Relief needs no name, but where nobody is hurt a change is not worth its risk.
            targets.remove("remediator")
    if phase is Phase.PLANNING and facts.get("do_nothing"):
        # There is nothing to approve.
        targets[targets.index("approval")] = STAND_BY
    return tuple(targets)


def supervisor_role(targets: Sequence[str]) -> Role[Any]:
    """The role whose answer is one of `targets`; it has no tools, the facts are in the task."""
    return Role(
        name="supervisor",
        prompt=prompt("supervisor"),
        tools=(),
        answer=choice_schema(targets),
    )
