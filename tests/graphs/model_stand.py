"""Roles of an incident ask a model server; everything else is thought by the playbook.

The incident: a router's weight is misconfigured, and the right cure is to put back what is
intended.
"""

from collections.abc import Sequence

from pydantic import TypeAdapter

from agents.loop.budget import Limits
from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.playbook.policies import playbook
from evals.model_server.server import ModelServer
from tests.graphs.stagehand import EVENING_S, FIRST, WRONG_WEIGHT, Operation, case
from tools.models.openai_compatible import chat_model
from tools.models.settings import ModelSettings
from tools.trace import KeptSpan, incident_trace_id, read_trace
from tools.trace import conventions as names
from twin.events.action import Action
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Phase
from twin.nouns.telemetry import SyslogLine
from twin.nouns.untrusted import UntrustedText
from twin.remedies.steps import change_id

INCIDENT = case((300.0, WRONG_WEIGHT), scale=1.4)
LOGGED = SyslogLine(
    EVENING_S + 291.0,
    EVENING_S + 290.0,
    "HSTNng",
    UntrustedText("%PLATFORM-PSU-2-FAIL : power supply 1 failed"),
)
"""A line that code does not understand, so that the reader is asked."""

CURE = (RevertToIntended(node="ATLAng"),)
ACTION: TypeAdapter[Action] = TypeAdapter(Action)

OWN = Mind("playbook", playbook(), foreign=False)


def foreign(server: ModelServer, call_s: float = 30.0) -> Mind:
    """A mind that asks `server` over HTTP."""
    settings = ModelSettings(id="double", model="scripted", base_url=server.url)
    return Mind("openai:scripted", chat_model(settings, environ={}, call_s=call_s), foreign=True)


def minds_for(mind: Mind, role: str = "", limits: Limits | None = None) -> Minds:
    """`mind` and then the playbook for `role`, or for every role; the playbook for the others."""
    if not role:
        return Minds((mind, OWN), limits=limits)
    return Minds((OWN,), {role: (mind, OWN)}, limits=limits)


def spans_of(operation: Operation, incident_id: str = FIRST) -> Sequence[KeptSpan]:
    """The trace of the incident."""
    trace_id = incident_trace_id(incident_id)
    return read_trace(operation.folder / "traces" / f"{trace_id:032x}.jsonl")


def swaps_traced(operation: Operation, role: str) -> list[str]:
    """The reasons of the swaps that the trace tells of, in that role."""
    return [
        event.attributes[names.REASON]
        for span in spans_of(operation)
        if span.attributes.get(names.AGENT_NAME) == role
        for event in span.events
        if event.name == names.SWAP_EVENT
    ]


def committed(operation: Operation) -> set[tuple[str, str]]:
    """Device and id of every change in any device's own log, but for the fault's own ticket."""
    network = operation.network
    return {
        (node.id, record.change_id)
        for node in network.inventory().topology.nodes
        for record in network.commit_log(node.id)
        if not record.change_id.startswith("TCK-")
    }


def approved(operation: Operation) -> set[tuple[str, str]]:
    """Device and id of every change that is a step of a plan that somebody approved."""
    now_s = operation.clock.now_s()
    steps = set()
    for plan in operation.plans():
        request = operation.journal.approval_request(plan.id, now_s)
        if request.approval is not None and request.approval.decision == "approve":
            steps |= {(s.node, change_id(s.action_id, s.node)) for s in plan.steps}
    return steps


def assert_ended_rightly(operation: Operation) -> None:
    """As with the playbook alone."""
    assert operation.phase() is Phase.RESOLVED
    diagnosis = operation.journal.artefact(FIRST, "diagnosis", Diagnosis)
    assert diagnosis is not None
    assert diagnosis.verdict == "found"
    assert diagnosis.hypotheses[0].faults == (WRONG_WEIGHT,)
    assert [plan.actions for plan in operation.plans()] == [CURE]


def assert_only_what_was_approved(operation: Operation) -> None:
    for plan in operation.plans():
        for action in plan.actions:
            assert ACTION.validate_json(action.model_dump_json()) == action
    assert committed(operation) == approved(operation) != set()
