"""Incidents, plans and changes that are written into a journal by hand."""

from pathlib import Path

from tests.channels.conftest import INCIDENT, PLAN
from tools.journal.journal import Journal
from tools.journal.records import Change, ChangeState
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.plan import Plan

SECOND = "live-0002"

OPENED_S = 1_772_570_000.0
"""2026-03-03T20:33:20Z, after the incident that was played."""


def open_journal(state: Path) -> Journal:
    """The journal of a copied state directory."""
    return Journal.open(state / "journal.sqlite")


def write_incident(journal: Journal, incident_id: str = SECOND) -> None:
    """Another incident on the network that was played."""
    known = journal.incident(INCIDENT).incident
    copied = known.model_copy(update={"id": incident_id, "detected_s": OPENED_S})
    journal.open_incident(copied, OPENED_S, "b" * 32)


def write_plan(
    journal: Journal, incident_id: str = SECOND, purpose: str = "mitigate", *, temporary: bool
) -> Plan:
    """The plan that was played, as one of another incident."""
    known = journal.plan(PLAN)
    plan_id = f"{incident_id}.{purpose}{len(journal.plans(incident_id)) + 1}"
    steps = tuple(
        step.model_copy(update={"action_id": f"{plan_id}.{i}"})
        for i, step in enumerate(known.steps)
    )
    given = {"id": plan_id, "incident_id": incident_id, "purpose": purpose, "steps": steps}
    plan = Plan.model_validate({**known.model_dump(), **given, "temporary": temporary})
    journal.record_plan(plan)
    return plan


def write_change(
    journal: Journal,
    plan: Plan,
    state: ChangeState,
    intended: NetworkConfiguration,
    *,
    at_s: float = OPENED_S,
    return_at_s: float | None = None,
    node: str = "",
) -> str:
    """A change of the plan's first device, or of `node`, in that state; the device's name."""
    step = plan.steps[0]
    device = intended.device(node or step.node)
    change = Change(
        action_id=step.action_id,
        node=device.node,
        change_id=f"{step.action_id}@{device.node}",
        plan_id=plan.id,
        incident_id=plan.incident_id,
        network="live",
        position=0,
        state=ChangeState.INTENT,
        calling="",
        diff=step.diff,
        before=device,
        candidate=device,
        detail="",
        updated_s=at_s,
    )
    journal.intend_changes([change])
    journal.set_change(change.change_id, state, "", at_s, return_at_s)
    return device.node
