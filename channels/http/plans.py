"""Plans that people are asked about, and what they answer.

Every answer that is given is told what came of it: 200 where it counts, 409 where somebody else's
holds or a rule refuses it, with the reason. The decision is the journal's, compared and set in one
transaction; nothing here decides.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from channels import verbs
from channels.access.sign_in import in_place_of
from channels.asking import what_holds
from channels.http.commands import does
from channels.http.sent import Name, Sent, Text
from channels.http.served import Directory, Serving
from channels.http.who import Approver, Caller, Reader, Signed
from tools.journal.records import ApprovalRequest, RequestState
from twin.errors import Refused
from twin.nouns.base import Noun
from twin.nouns.plan import Plan
from twin.nouns.principal import Principal
from twin.nouns.way import Way

router = APIRouter(prefix="/plans", tags=["plans"])


class Decision(Sent):
    """Why, and in whose place. `overrides`: entries of the calendar that are set aside by name.

    `plan_hash`: of the plan that was read; where it is given, another plan is not answered by it.
    `instead`: the simulated remedy that a rejection asks for in its place.
    """

    reason: Text = ""
    overrides: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    on_behalf_of: Annotated[str, Field(max_length=64)] = ""
    plan_hash: Annotated[str, Field(max_length=64)] = ""
    instead: Annotated[str, Field(max_length=64)] = ""


class AnsweredBefore(Refused):
    """Somebody else's answer holds, or one's own, which counts once."""

    rule = "answered_before"


class Question(Noun):
    """A plan, and what people are asked and have answered about it."""

    plan: Plan
    request: ApprovalRequest


@router.get("")
def list_questions(
    directory: Directory, _: Reader, state: Annotated[RequestState | None, Query()] = None
) -> tuple[ApprovalRequest, ...]:
    """What people are asked, or were, oldest first; in one state, where that is named."""
    return verbs.requests(directory, state)


@router.get("/{subject}")
def show_question(directory: Directory, _: Reader, subject: str) -> Question:
    """A plan, or the one that an incident waits for, with what is asked about it."""
    plan, request = verbs.question(directory, subject)
    return Question(plan=plan, request=request)


@router.post("/{subject}/approve", openapi_extra=does("approve"))
def approve_plan(
    served: Serving, found: Signed, subject: str, decision: Decision
) -> verbs.Answered:
    """Approve a plan, or the one that an incident waits for."""
    by = _who(served, found, decision)
    answered = verbs.approve(
        served.directory, subject, by, decision.reason, decision.overrides, decision.plan_hash
    )
    return _won(answered)


@router.post("/{subject}/reject", openapi_extra=does("reject"))
def reject_plan(served: Serving, found: Signed, subject: str, decision: Decision) -> verbs.Answered:
    """Reject a plan, or the one that an incident waits for; one rejection decides."""
    by = _who(served, found, decision)
    answered = verbs.reject(
        served.directory,
        subject,
        by,
        decision.reason,
        decision.plan_hash,
        decision.instead,
    )
    return _won(answered)


@router.post("/{subject}/acknowledge", openapi_extra=does("acknowledge"))
def acknowledge_plan(directory: Directory, by: Approver, subject: str) -> ApprovalRequest:
    """Say that one has seen the question, so that nobody else is called."""
    return verbs.acknowledge(directory, subject, by)


def _who(served: Serving, found: Caller, decision: Decision) -> Principal:
    """Who answers, or for whom. Raises NotPermitted."""
    signed = found.signed
    if decision.on_behalf_of:
        signed = in_place_of(served.directory, signed, decision.on_behalf_of)
    if not served.controls.permission:
        return signed.principal
    return signed.require("approve")


def _won(answered: verbs.Answered) -> verbs.Answered:
    """Raises AnsweredBefore."""
    if not answered.answer.won:
        raise AnsweredBefore(
            what_holds(answered.answer, answered.request),
            way=Way("show", answered.request.incident_id),
        )
    return answered
