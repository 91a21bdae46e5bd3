"""The risk register: what is expected to break next, and what people say of it."""

from fastapi import APIRouter

from channels import causes as known_causes
from channels import risks as known_risks
from channels.http.commands import does
from channels.http.sent import Moment, Name, Sent, Text
from channels.http.served import Directory
from channels.http.who import Operator, Reader
from twin.nouns.common_cause import CauseRecord, CauseState
from twin.nouns.risk import RiskRecord, RiskState

router = APIRouter(prefix="/networks/{network}", tags=["risks"])


class RiskDecision(Sent):
    """Why, and when it is looked at again: Unix seconds of the network's clock."""

    reason: Text = ""
    review_s: Moment | None = None


class Owner(Sent):
    """Who looks after a line."""

    owner: Name


class CauseDecision(Sent):
    """Why."""

    reason: Text


@router.get("/risks", openapi_extra=does("risks list"))
def list_risks(directory: Directory, _: Reader, network: str) -> tuple[RiskRecord, ...]:
    """The lines of the register, what costs most first."""
    return tuple(known_risks.listed(directory, network))


@router.get("/risks/{risk}", openapi_extra=does("risks show"))
def show_risk(directory: Directory, _: Reader, network: str, risk: str) -> RiskRecord:
    """One line: what fails, how often, whom it hits, and what would help."""
    return known_risks.shown(directory, network, risk)


@router.post("/risks/{risk}/replay", openapi_extra=does("risks replay"))
def replay_risk(directory: Directory, _: Operator, network: str, risk: str) -> known_risks.Replayed:
    """Reckon a line again, of the network as it is known now."""
    return known_risks.replay(directory, network, risk)


@router.put("/risks/{risk}/owner", openapi_extra=does("risks assign"))
def assign_risk(
    directory: Directory, by: Operator, network: str, risk: str, owner: Owner
) -> RiskRecord:
    """Say who looks after a line."""
    return known_risks.assign(directory, network, risk, owner.owner, by)


@router.post("/risks/{risk}/accept", openapi_extra=does("risks accept"))
def accept_risk(
    directory: Directory, by: Operator, network: str, risk: str, said: RiskDecision
) -> RiskRecord:
    """Accept what a line costs; it is open again once it costs more than twice that."""
    return _decided(directory, by, network, risk, "accepted", said)


@router.post("/risks/{risk}/close", openapi_extra=does("risks close"))
def close_risk(
    directory: Directory, by: Operator, network: str, risk: str, said: RiskDecision
) -> RiskRecord:
    """Close a line that is none any more; it is open again if it is found once more."""
    return _decided(directory, by, network, risk, "closed", said)


@router.post("/risks/{risk}/reopen", openapi_extra=does("risks reopen"))
def reopen_risk(
    directory: Directory, by: Operator, network: str, risk: str, said: RiskDecision
) -> RiskRecord:
    """Say that a line is to be decided anew."""
    return _decided(directory, by, network, risk, "open", said)


@router.get("/causes", openapi_extra=does("risks causes list"))
def list_causes(directory: Directory, _: Reader, network: str) -> tuple[CauseRecord, ...]:
    """Causes that several things may share, as they were proposed from what people wrote."""
    return tuple(known_causes.listed(directory, network))


@router.post("/causes/{cause}/accept", openapi_extra=does("risks causes accept"))
def accept_cause(
    directory: Directory, by: Operator, network: str, cause: str, said: CauseDecision
) -> CauseRecord:
    """Count a proposed cause from now on."""
    return _decided_cause(directory, by, network, cause, "accepted", said)


@router.post("/causes/{cause}/reject", openapi_extra=does("risks causes reject"))
def reject_cause(
    directory: Directory, by: Operator, network: str, cause: str, said: CauseDecision
) -> CauseRecord:
    """Say that a proposed cause is none."""
    return _decided_cause(directory, by, network, cause, "rejected", said)


def _decided(
    directory: Directory,
    by: Operator,
    network: str,
    risk: str,
    state: RiskState,
    said: RiskDecision,
) -> RiskRecord:
    return known_risks.decide(directory, network, risk, state, by, said.reason, said.review_s)


def _decided_cause(
    directory: Directory,
    by: Operator,
    network: str,
    cause: str,
    state: CauseState,
    said: CauseDecision,
) -> CauseRecord:
    return known_causes.decide(directory, network, cause, state, by, said.reason)
