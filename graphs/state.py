"""What an incident's graph remembers between steps: plain JSON types only.

LangGraph revives a checkpoint as JSON types (strict msgpack), so a tuple would come back as a list
and an object as a dict. Nouns are dumped when they go in and validated when they come out, at the
edges.
"""

from collections.abc import Mapping
from typing import Any, TypedDict

from langgraph.types import Command

from twin.events.fault import Fault
from twin.nouns.diagnosis import Diagnosis


class IncidentState(TypedDict, total=False):
    """One incident's thread.

    `phase`: a `Phase`. `send_backs`, `attempt`: bounded counters. `diagnosis`, `remedies`,
    `scenarios`, `trials`: dumped nouns. `excluded`: remedies that were rolled back or rejected.
    `wanted`: the remedy that a person chose in place of a plan, "" for none.
    `plan_id`: the plan in hand; `wait_until_s`, `wait_then`, `wait_why`: an interrupt that only
    time ends, or, where `wait_kind` is "well", that nothing is wrong with the watch itself any
    more; `held_back`: the plan that was held back for that, and why. `finished_by`: the mind that
    answered last; `proposed_by`: the one that proposed the
    remedies; `proposes_again`: whether our own proposes beside it. `dispatch_id`: the repair order.
    `soaks_until_s`: when the soak after the repair ends.
    `hurt_since_s`: since when services have been in breach while a repair is awaited, 0 if none
    are; `paged`: whether a person was called for that. `relief_s`: when remedies were last searched
    again while a repair is awaited, 0 if they were not. `lingers_since_s`: since when something is
    still seen though the cause is gone, 0 if nothing is. `merges_into`: the incident that has the
    same cause. `hand_over`: why people take over once what was changed is taken out again, "" if
    they do not. `risk`: the line of the risk register that it is about, "" for what has happened.
    `note`: why the last step went the way it did.
    """

    incident_id: str
    phase: str
    send_backs: int
    attempt: int
    diagnosis: dict[str, Any]
    remedies: list[dict[str, Any]]
    scenarios: list[dict[str, Any]]
    trials: list[dict[str, Any]]
    excluded: list[str]
    wanted: str
    plan_id: str
    wait_until_s: float
    wait_then: str
    wait_why: str
    wait_kind: str
    held_back: str
    finished_by: str
    proposed_by: str
    proposes_again: bool
    dispatch_id: str
    committed_s: float
    waiting_since_s: float
    soaks_until_s: float
    hurt_since_s: float
    paged: bool
    relief_s: float
    lingers_since_s: float
    merges_into: str
    hand_over: str
    risk: str
    note: str


def cause_of(state: IncidentState) -> tuple[Fault, ...]:
    """What was found to be wrong, none where nothing was."""
    if not state.get("diagnosis"):
        return ()
    return Diagnosis.model_validate(state["diagnosis"]).cause


def is_decided(state: IncidentState) -> bool:
    """Whether measurements told the cause from every other that was tested."""
    known = Diagnosis.model_validate(state["diagnosis"]) if state.get("diagnosis") else None
    return known is not None and known.verdict == "found"


def waiting(until_s: float, then: str, why: str, update: Mapping[str, Any]) -> Command[str]:
    """Wait until that time, Unix seconds, and go on at the node `then`."""
    wait = {"wait_until_s": until_s, "wait_then": then, "wait_why": why}
    return Command(goto="wait", update={**update, **wait})
