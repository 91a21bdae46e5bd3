"""Networks: how each is, what a shift takes over, announced work, and devices in quarantine."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from channels import verbs
from channels.announced_work import Announced, Listed
from channels.handover import Handover
from channels.http.commands import does
from channels.http.incidents import Reason
from channels.http.sent import Moment, Name, Sent, Text
from channels.http.served import Directory
from channels.http.who import Approver, Operator, Reader
from channels.views import NetworkView
from tools.journal.records import Quarantine, WorkRecord

router = APIRouter(tags=["networks"])


class NewWork(Sent):
    """Work to be announced; times are Unix seconds of the network's clock."""

    resources: Annotated[tuple[Name, ...], Field(min_length=1, max_length=1000)]
    starts_s: Moment
    ends_s: Moment
    id: Name = ""
    contractor: Name = ""
    accept_breach: bool = False
    reason: Text = ""


@router.get("/networks", openapi_extra=does("networks"))
def list_networks(directory: Directory, _: Reader) -> tuple[NetworkView, ...]:
    """Every network: what time it is there, who watches, what is open."""
    return verbs.networks(directory)


@router.get("/handover", openapi_extra=does("handover"))
def hand_over(
    directory: Directory, _: Reader, since_s: Annotated[float, Query(ge=0, le=1e9)] = 43_200.0
) -> Handover:
    """What a shift takes over: what is open, in force, armed, waited for, and what has ended."""
    return verbs.handover(directory, since_s)


@router.get("/quarantine", openapi_extra=does("quarantine list"))
def list_quarantine(directory: Directory, _: Reader) -> tuple[Quarantine, ...]:
    """Devices that no plan may touch until a person has looked at them."""
    return verbs.quarantined(directory)


@router.post("/networks/{network}/quarantine/{node}/lift", openapi_extra=does("quarantine lift"))
def lift_quarantine(
    directory: Directory, by: Approver, network: str, node: str, seen: Reason
) -> verbs.Lifted:
    """Vouch for a device: plans may touch it again."""
    return verbs.lift_quarantine(directory, network, node, by, seen.reason)


@router.get("/works", openapi_extra=does("work list"))
def list_work(
    directory: Directory, _: Reader, network: Annotated[str | None, Query()] = None
) -> tuple[Listed, ...]:
    """Announced work, with what it will do."""
    return tuple(verbs.announced_work(directory, network))


@router.post("/networks/{network}/works", status_code=201, openapi_extra=does("work add"))
def announce_work(directory: Directory, by: Operator, network: str, work: NewWork) -> Announced:
    """Announce work, once it is known what it does to services at the busiest hour of its time."""
    return verbs.announce_work(
        directory,
        network,
        work.resources,
        work.starts_s,
        work.ends_s,
        by,
        work_id=work.id,
        contractor=work.contractor,
        accept_breach=work.accept_breach,
        reason=work.reason,
    )


@router.post("/networks/{network}/works/{work}/cancel", openapi_extra=does("work cancel"))
def cancel_work(
    directory: Directory, by: Operator, network: str, work: str, why: Reason
) -> WorkRecord:
    """Cancel announced work: from now on it explains nothing."""
    return verbs.cancel_work(directory, network, work, by, why.reason)
