"""What whoever takes over a shift has to know, gathered from the journal without any judgement."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from channels.asking import command_line
from channels.views import IncidentView, NetworkView, incident_view, network_view
from tools.journal.journal import Journal
from tools.journal.records import (
    ApprovalRequest,
    Change,
    ChangeState,
    Claim,
    IncidentRecord,
    NoticeEvent,
    Quarantine,
)
from tools.journal.standing import is_with_people, standing, temporary_in_force
from twin.events.action import in_words
from twin.nouns.base import Noun
from twin.nouns.foretold import Foretold
from twin.nouns.incident import Phase
from twin.nouns.left_out import LeftOut
from twin.nouns.plan import Dispatch, Plan

_ORDER_IS_DONE = frozenset({"repaired", "nothing_found"})


class DeviceChange(Noun):
    """A temporary change on one device. `changed`: the lines of its diff that differ."""

    node: str
    changed: tuple[str, ...]
    since_s: float


class TemporaryChange(Noun):
    """A confirmed plan that has to be taken out again. `ends_with`: what will take it out."""

    plan_id: str
    incident_id: str
    devices: tuple[DeviceChange, ...]
    since_s: float
    way_back: str
    ends_with: str


class ArmedTimer(Noun):
    """A device that goes back by itself at `return_at_s`, unless its change is confirmed before."""

    node: str
    plan_id: str
    incident_id: str
    committed_s: float
    return_at_s: float


class WaitingApproval(Noun):
    """A plan that people are asked about. `still_needed`: so many have yet to approve.

    `command`: what approves it on the command line.
    """

    purpose: str
    still_needed: int
    command: str
    request: ApprovalRequest


class UnsettledChange(Noun):
    """A change on a device of which nobody knows for certain where it stands."""

    node: str
    plan_id: str
    incident_id: str
    state: str
    detail: str
    since_s: float


class FieldOrder(Noun):
    """An order to the field that is not done. `state`: what the field last reported, and when."""

    order: Dispatch
    state: str
    updated_s: float


class LostCall(Noun):
    """A call to people that was not taken, about an incident or announced work. `given_up`: it is
    not tried again.
    """

    incident_id: str
    work: str
    event: NoticeEvent
    attempts: int
    trouble: str
    given_up: bool


class NetworkHandover(NetworkView):
    """All that goes on in one network. `ended`: incidents that ended lately.

    `orders`: of incidents that go on. `lost_calls`: calls to people that nobody has taken, and
    those that are still tried. `left_out`: what was lately told of the network and not believed, by
    source. `work`: announced work that is under way or begins within a day, with what it does.
    """

    temporary: tuple[TemporaryChange, ...]
    timers: tuple[ArmedTimer, ...]
    approvals: tuple[WaitingApproval, ...]
    quarantined: tuple[Quarantine, ...]
    claims: tuple[Claim, ...]
    unsettled: tuple[UnsettledChange, ...]
    orders: tuple[FieldOrder, ...]
    lost_calls: tuple[LostCall, ...]
    left_out: tuple[LeftOut, ...]
    ended: tuple[IncidentView, ...]
    work: tuple[Foretold, ...] = ()


_WORK_AHEAD_S = 86_400.0


class Handover(Noun):
    """All networks, in order of name. `since_s`: what ended within so many seconds is named."""

    since_s: float
    networks: tuple[NetworkHandover, ...]


def gather(
    journal: Journal,
    now_s: Mapping[str, float],
    since_s: float,
    left_out: Mapping[str, Sequence[LeftOut]] = MappingProxyType({}),
) -> Handover:
    """What there is to hand over. `now_s`, `left_out`: by network, the time and what was told of it
    and not believed.
    """
    return Handover(
        since_s=since_s,
        networks=tuple(
            _network(journal, name, now_s[name], since_s, left_out.get(name, ()))
            for name in sorted(now_s)
        ),
    )


def _network(
    journal: Journal, name: str, now_s: float, since_s: float, left_out: Sequence[LeftOut]
) -> NetworkHandover:
    view = network_view(journal, name, now_s)
    records = journal.incidents(network=name)
    # A resolved incident has left nothing behind: its graph ends there only when that is so.
    unresolved = [r for r in records if r.phase is not Phase.RESOLVED]
    blocked = {incident.id for incident in view.incidents if incident.blocked}
    open_ids = {incident.id for incident in view.incidents}
    waiting = [
        request
        for request in journal.attested_requests(now_s, state="waiting")
        if request.incident_id in open_ids
    ]
    changes = {r.incident.id: journal.changes(incident_id=r.incident.id) for r in unresolved}
    every = [change for of_one in changes.values() for change in of_one]
    going_on = {incident.id for incident in (*view.incidents, *view.with_people)}
    begin_s = now_s - since_s
    ended = (
        incident_view(journal, r, now_s)
        for r in records
        if (end_s := standing(journal, r).ended_s) is not None and end_s >= begin_s
    )
    return NetworkHandover(
        **dict(view),
        temporary=tuple(
            temporary
            for r in unresolved
            for temporary in _temporary(journal, r, changes[r.incident.id], waiting, blocked)
        ),
        timers=tuple(sorted(_timers(every), key=lambda t: (t.return_at_s, t.node))),
        approvals=tuple(_approval(journal, request) for request in waiting),
        quarantined=journal.quarantined(name),
        claims=journal.claims(name),
        unsettled=tuple(_unsettled(every)),
        orders=tuple(order for name in sorted(going_on) for order in _orders(journal, name)),
        lost_calls=tuple(_lost_calls(journal, name)),
        left_out=tuple(one for one in left_out if one.last_s >= begin_s),
        work=tuple(
            f
            for f in journal.foretold(name)
            if f.work.starts_s <= now_s + _WORK_AHEAD_S and now_s <= f.work.ends_s
        ),
        ended=tuple(ended),
    )


def _temporary(
    journal: Journal,
    record: IncidentRecord,
    changes: Sequence[Change],
    waiting: Sequence[ApprovalRequest],
    blocked: Collection[str],
) -> Iterable[TemporaryChange]:
    """Temporary changes of an incident that are in force, and what ends each."""
    for plan, left, returns in temporary_in_force(journal.plans(record.incident.id), changes):
        devices = tuple(_device(c) for c in left)
        yield TemporaryChange(
            plan_id=plan.id,
            incident_id=record.incident.id,
            devices=devices,
            since_s=min(d.since_s for d in devices),
            way_back="; ".join(in_words(plan.way_back)),
            ends_with=_ends_with(journal, record, returns, waiting, blocked),
        )


def _device(change: Change) -> DeviceChange:
    lines = change.diff.splitlines()
    changed = tuple(
        line for line in lines if line[:1] in "+-" and not line.startswith(("+++", "---"))
    )
    return DeviceChange(node=change.node, changed=changed, since_s=change.updated_s)


def _ends_with(
    journal: Journal,
    record: IncidentRecord,
    returns: Sequence[Plan],
    waiting: Sequence[ApprovalRequest],
    blocked: Collection[str],
) -> str:
    if record.phase is Phase.ESCALATED:
        # What people did not want taken out, or have closed, is theirs.
        if returns or not is_with_people(journal, record):
            return "a person: the incident was handed over, and no process takes the change out"
        return "the end of its cause and a soak, then a plan of its own with an approval"
    if record.incident.id in blocked:
        return "a person first: the incident stands blocked"
    asked = {r.plan_id for r in waiting}
    if back := [p.id for p in returns if p.id in asked]:
        return f"the approval of {back[-1]}"
    if record.phase in (Phase.RETURNING, Phase.ACTUATING, Phase.VERIFYING) and returns:
        return f"{returns[-1].id}, which is under way"
    if record.phase is Phase.SOAKING:
        return "the end of the soak, then a plan of its own with an approval"
    return "the repair and a soak, then a plan of its own with an approval"


def _timers(changes: Iterable[Change]) -> Iterable[ArmedTimer]:
    for change in changes:
        if change.state is ChangeState.COMMITTED and change.return_at_s is not None:
            yield ArmedTimer(
                node=change.node,
                plan_id=change.plan_id,
                incident_id=change.incident_id,
                committed_s=change.updated_s,
                return_at_s=change.return_at_s,
            )


def _unsettled(changes: Iterable[Change]) -> Iterable[UnsettledChange]:
    for change in changes:
        if change.calling or change.state is ChangeState.UNKNOWN:
            state = f"{change.calling} was begun" if change.calling else change.state.value
            yield UnsettledChange(
                node=change.node,
                plan_id=change.plan_id,
                incident_id=change.incident_id,
                state=state,
                detail=change.detail,
                since_s=change.updated_s,
            )


def _lost_calls(journal: Journal, network: str) -> Iterable[LostCall]:
    tried = [n for n in journal.unsent_notices(network) if n.trouble]
    for notice in (*journal.lost_notices(network), *tried):
        yield LostCall(
            incident_id=notice.incident_id,
            work=notice.work,
            event=notice.event,
            attempts=notice.attempts,
            trouble=notice.trouble,
            given_up=notice not in tried,
        )


def _approval(journal: Journal, request: ApprovalRequest) -> WaitingApproval:
    return WaitingApproval(
        purpose=journal.plan(request.plan_id).purpose,
        still_needed=request.still_needed,
        command=command_line(request),
        request=request,
    )


def _orders(journal: Journal, incident_id: str) -> Iterable[FieldOrder]:
    for entry in journal.dispatches(incident_id):
        if entry.state not in _ORDER_IS_DONE:
            yield FieldOrder(order=entry.dispatch, state=entry.state, updated_s=entry.updated_s)
