"""What can be asked of a state directory and done in it, whichever channel it comes through.

Each verb takes a state directory and typed arguments, and returns nouns. It prints nothing, ends no
process, and raises NoctuaError. Who does something is a `Principal`, which the channel has to know.

What only one verb needs, and what brings the twin or LangChain along, is imported in that verb: the
others answer before it would be there.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

from channels.alerts import listed as alerts
from channels.alternatives import instead_of, require_alternative
from channels.announced_work import announce as announce_work
from channels.announced_work import cancel as cancel_work
from channels.announced_work import listed as announced_work
from channels.audit import export_audit, verify_audit
from channels.handover import Handover
from channels.handover import gather as gather_handover
from channels.networks import (
    chosen_network,
    inventory_of,
    is_watched,
    known_networks,
    network_time_s,
    require_known,
)
from channels.people import Handled, close, note, reopen, take
from channels.views import (
    IncidentDetails,
    IncidentView,
    NetworkView,
    incident_details,
    incident_view,
    network_view,
)
from graphs.state_directory import StateDirectory
from tools.journal.anchors import Anchors
from tools.journal.errors import UnknownPlan
from tools.journal.journal import Journal
from tools.journal.records import (
    Answer,
    ApprovalRequest,
    Quarantine,
    RefreshRecord,
    RequestState,
)
from twin.errors import BadInput, Refused
from twin.nouns.base import Noun
from twin.nouns.incident import TERMINAL_PHASES
from twin.nouns.plan import Approval, Plan
from twin.nouns.principal import Principal, visible
from twin.nouns.way import Way

if TYPE_CHECKING:
    from agents.loop.role_events import RoleEvent
    from channels.report.contents import ReportFacts
    from graphs.conversation import Conversation, Reply
    from graphs.pruning import Droppable
    from twin.knowledge.past import SimilarIncident
    from twin.nouns.left_out import LeftOut
    from twin.remedies.trials import Trial
    from twin.tracking.drift import Drift

__all__ = (
    "Answered",
    "Handled",
    "Lifted",
    "acknowledge",
    "alerts",
    "alternatives",
    "announce_work",
    "announced_work",
    "approve",
    "ask",
    "cancel_work",
    "close",
    "converse",
    "drift",
    "export_audit",
    "handover",
    "incident",
    "incidents",
    "left_out",
    "lift_quarantine",
    "network_clock",
    "networks",
    "note",
    "prune",
    "quarantined",
    "question",
    "reject",
    "reopen",
    "report",
    "requests",
    "similar",
    "take",
    "verify_audit",
    "vouch",
)


class Answered(Noun):
    """What came of answering. `request`: as it stands now; `watched`: a watch goes on with it."""

    answer: Answer
    request: ApprovalRequest
    watched: bool


class Lifted(Noun):
    """A device that plans may touch again, and who vouches for it."""

    network: str
    node: str
    by: Principal
    lifted_s: float


def incidents(state: StateDirectory) -> tuple[IncidentView, ...]:
    """Every incident, oldest first."""
    with state.read_only_journal() as journal:
        records = journal.incidents()
        names = {record.incident.network for record in records}
        now_s = {name: network_time_s(state, journal, name) for name in names}
        return tuple(incident_view(journal, r, now_s[r.incident.network]) for r in records)


def incident(state: StateDirectory, incident_id: str) -> IncidentDetails:
    """All that is on record of one incident. Raises UnknownIncident."""
    with state.read_only_journal() as journal:
        name = journal.incident(incident_id).incident.network
        now_s = network_time_s(state, journal, name)
        return incident_details(journal, incident_id, now_s, left_out(state).get(name, ()))


def refresh(state: StateDirectory, refresh_id: str) -> RefreshRecord | None:
    """One refresh of a risk register, None where there is none of that id."""
    with state.read_only_journal() as journal:
        return journal.known_refresh(refresh_id)


def networks(state: StateDirectory) -> tuple[NetworkView, ...]:
    """Every network that is known, in order of name, with its open incidents."""
    with state.read_only_journal() as journal:
        return tuple(
            network_view(journal, name, network_time_s(state, journal, name))
            for name in known_networks(state, journal)
        )


def handover(state: StateDirectory, since_s: float) -> Handover:
    """What a shift takes over. `since_s`: what ended within so many seconds is named."""
    with state.read_only_journal() as journal:
        names = known_networks(state, journal)
        now_s = {name: network_time_s(state, journal, name) for name in names}
        return gather_handover(journal, now_s, since_s, left_out(state))


def approve(
    state: StateDirectory,
    subject: str,
    by: Principal,
    reason: str = "",
    overrides: Sequence[str] = (),
    plan_hash: str = "",
) -> Answered:
    """Approve a plan, or the plan that an incident waits for: `subject` is the id of either.

    `overrides`: entries of the change calendar that are set aside by name, for `reason`.
    `plan_hash`: of the plan that was read; where it is given, no other is answered.

    Raises:
        BadInput: there is no such plan or incident, nobody was asked, or nothing waits any more.
        Refused: the answer is too late, lacks an override, or is about another plan.
    """
    if overrides and not visible(reason):
        raise BadInput(f"say why {', '.join(overrides)} is overridden", way=Way(reason="WHY"))
    return _answer(state, "approve", subject, by, reason, tuple(overrides), plan_hash)


def reject(
    state: StateDirectory,
    subject: str,
    by: Principal,
    reason: str = "",
    plan_hash: str = "",
    instead: str = "",
) -> Answered:
    """Reject a plan, or the plan that an incident waits for.

    `instead`: the simulated remedy that is planned in its place, "" for the next best.

    Raises as `approve` does; BadInput: nothing of that id can be chosen instead.
    """
    return _answer(state, "reject", subject, by, reason, (), plan_hash, instead)


def alternatives(state: StateDirectory, subject: str) -> "tuple[Trial, ...]":
    """The simulated remedies that can be chosen in place of a plan, the cheapest first.

    Raises BadInput as `approve` does.
    """
    with state.read_only_journal() as journal:
        return instead_of(journal, journal.plan(_request_of(journal, subject).plan_id))


def requests(
    state: StateDirectory, wanted: RequestState | None = None
) -> tuple[ApprovalRequest, ...]:
    """What people are asked, or were, oldest first; in one state, where that is named."""
    with state.read_only_journal() as journal:
        now_s: dict[str, float] = {}
        found: list[ApprovalRequest] = []
        for incident_id in dict.fromkeys(r.incident_id for r in journal.approval_requests(0.0)):
            name = journal.incident(incident_id).incident.network
            now_s.setdefault(name, network_time_s(state, journal, name))
            found += journal.attested_requests(now_s[name], incident_id=incident_id, state=wanted)
        return tuple(sorted(found, key=lambda request: (request.requested_s, request.plan_id)))


def question(state: StateDirectory, subject: str) -> tuple[Plan, ApprovalRequest]:
    """A plan, or the one that an incident waits for, with what is asked. Raises BadInput."""
    with state.read_only_journal() as journal:
        asked = _request_of(journal, subject)
        network = journal.incident(asked.incident_id).incident.network
        now_s = network_time_s(state, journal, network)
        own = journal.attested_requests(now_s, incident_id=asked.incident_id)
        return journal.plan(asked.plan_id), next(r for r in own if r.plan_id == asked.plan_id)


def acknowledge(state: StateDirectory, subject: str, by: Principal) -> ApprovalRequest:
    """Say that `by` has seen what a plan asks, so that nobody else is called; answers nothing.

    Raises:
        BadInput: as `approve`; or nobody can answer under that name.
    """
    if by.objection:
        raise BadInput(f"nobody can answer under that name: {by.objection}; name a person")
    with state.journal() as journal:
        request = _request_of(journal, subject)
        network = journal.incident(request.incident_id).incident.network
        now_s = network_time_s(state, journal, network)
        return journal.acknowledge(request.plan_id, by, now_s)


def _answer(
    state: StateDirectory,
    decision: Literal["approve", "reject"],
    subject: str,
    by: Principal,
    reason: str,
    overrides: tuple[str, ...],
    plan_hash: str,
    instead: str = "",
) -> Answered:
    with state.journal() as journal:
        plan = journal.plan(_request_of(journal, subject).plan_id)
        if plan_hash and plan_hash != plan.hash:
            raise Refused(
                f'plan "{plan.id}" is another one than was read ({plan_hash[:12]}, and it is '
                f"{plan.hash[:12]}); look at it again",
                rule="another_plan",
            )
        if instead:
            require_alternative(journal, plan, instead)
        record = journal.incident(plan.incident_id)
        if record.phase in TERMINAL_PHASES:
            raise BadInput(
                f"incident {plan.incident_id} is closed ({record.phase}); nothing waits there"
            )
        network = record.incident.network
        approval = Approval(
            plan_id=plan.id,
            plan_hash=plan.hash,
            decision=decision,
            by=by,
            reason=reason,
            decided_s=network_time_s(state, journal, network),
            overrides=overrides,
            instead=instead,
        )
        answer = journal.answer(approval)
        Anchors(journal, state.anchor_file()).note(approval.decided_s)
        return Answered(
            answer=answer,
            request=journal.approval_request(plan.id, approval.decided_s),
            watched=is_watched(state, journal, network),
        )


def _request_of(journal: Journal, subject: str) -> ApprovalRequest:
    """The request that `subject` means: a plan's, or the one that an incident waits for."""
    # Which one is waiting must not depend on the time: an answer that is too late is told so.
    requests = journal.approval_requests(0.0)
    for request in requests:
        if request.plan_id == subject:
            return request
    known = [record.incident.id for record in journal.incidents()]
    if subject not in known:
        raise UnknownPlan(subject, [*(r.plan_id for r in requests), *known])
    own = [r for r in requests if r.incident_id == subject]
    if not own:
        raise BadInput(f'nobody was asked to approve anything for incident "{subject}"')
    waiting = [r for r in own if r.state == "waiting"]
    return (waiting or own)[-1]


def converse(state: StateDirectory, network: str | None = None) -> "Conversation":
    """A conversation about a network, or about the only one; it reads and changes nothing.

    Raises:
        BadInput: there is no such network, or several of which none is named.
    """
    from graphs.conversation import Conversation, Source
    from graphs.minds import minds_from_environment

    with state.read_only_journal() as journal:
        name = chosen_network(network, known_networks(state, journal))
    source = Source(state, name, lambda: inventory_of(state, name))
    return Conversation(
        source, lambda inventory: minds_from_environment(os.environ, state.path, inventory)
    )


def ask(
    state: StateDirectory,
    question: str,
    network: str | None = None,
    listen: "Callable[[RoleEvent], None] | None" = None,
) -> "Reply":
    """The answer to one question, or why there is none. `listen`: told what is looked up.

    Raises:
        BadInput: as `converse`; the question is empty or too long.
    """
    return converse(state, network).ask(question, listen)


def network_clock(state: StateDirectory, network: str | None) -> tuple[str, float]:
    """The network that is meant, the only one where none is named, and the time there.

    Raises:
        BadInput: there is no such network, or several and none is named.
    """
    with state.read_only_journal() as journal:
        name = chosen_network(network, known_networks(state, journal))
        return name, network_time_s(state, journal, name)


def report(state: StateDirectory, incident_id: str) -> "ReportFacts":
    """Everything that the report of an incident says. Raises UnknownIncident, NetworkError."""
    from channels.report.facts import gather as gather_report

    with state.read_only_journal() as journal:
        inventory = inventory_of(state, journal.incident(incident_id).incident.network)
        return gather_report(journal, incident_id, inventory)


def similar(
    state: StateDirectory, incident_id: str, most: int = 5
) -> "tuple[SimilarIncident, ...]":
    """The past incidents, itself aside, that share most symptoms with one; the most similar first.

    Raises:
        BadInput: there is no such incident, or the knowledge graph cannot be read.
        GraphUnavailable: the server that has the graph does not answer.
    """
    from tools.graph_store.opening import open_graph

    with state.read_only_journal() as journal:
        this = journal.incident(incident_id).incident
    symptoms = [symptom.id for symptom in this.symptoms]
    file = state.knowledge_file(this.network)
    with closing(open_graph(file, this.network, os.environ)) as graph:
        found = graph.incidents_like(symptoms, most + 1)
    return tuple(one for one in found if one.incident.id != incident_id)[:most]


def prune(
    state: StateDirectory, now_s: float, days: float, *, dry_run: bool = False
) -> "Droppable":
    """Drop what is kept no longer, or say only what that is. `now_s`: the machine's clock; `days`:
    how long traces and alerts are kept, and what was learned of a network once nobody watches it.
    """
    from graphs.pruning import droppable
    from graphs.pruning import prune as drop

    if dry_run:
        with state.read_only_journal() as journal:
            return droppable(state, journal, now_s, days)
    with state.journal() as journal:
        return drop(state, journal, now_s, days)


def quarantined(state: StateDirectory) -> tuple[Quarantine, ...]:
    """The devices that no plan may touch until a person has looked at them."""
    with state.read_only_journal() as journal:
        names = known_networks(state, journal)
        return tuple(entry for name in names for entry in journal.quarantined(name))


def lift_quarantine(
    state: StateDirectory, network: str, node: str, by: Principal, reason: str
) -> Lifted:
    """Vouch for a device: plans may touch it again. `reason`: what was seen on it.

    Raises:
        BadInput: it is not in quarantine, or no reason is given.
    """
    if not visible(reason):
        raise BadInput(
            "say what was seen on the device; it stands in the audit log", way=Way(reason="WHY")
        )
    with state.journal() as journal:
        now_s = network_time_s(state, journal, network)
        if not journal.lift_quarantine(network, node, by, now_s, reason):
            require_known(network, known_networks(state, journal))
            entries = [entry.node for entry in journal.quarantined(network)]
            listed = f"in quarantine are {', '.join(entries)}" if entries else "no device of it is"
            raise BadInput(f'"{node}" of "{network}" is not in quarantine ({listed})')
    return Lifted(network=network, node=node, by=by, lifted_s=now_s)


def vouch(state: StateDirectory, by: Principal, reason: str) -> None:
    """Vouch for the journal as it stands: it is sealed anew, under the key that is there.

    Answers that this key has not signed have to be given again.

    Raises:
        BadInput: no reason is given, or nobody can vouch under that name; as
            `StateDirectory.vouch_for_journal`.
    """
    if not visible(reason):
        raise BadInput("say what was looked at; it stands in the audit log", way=Way(reason="WHY"))
    if by.objection:
        raise BadInput(
            f"nobody can vouch under that name: {by.objection}; name a person", way=Way(by="NAME")
        )
    state.vouch_for_journal(by, reason)


def drift(state: StateDirectory, network: str | None = None) -> "dict[str, tuple[Drift, ...]]":
    """By network, the comparisons of twin and network that its watch wrote down, oldest first.

    Raises:
        BadInput: `network` was never watched, or what a watch wrote cannot be read.
    """
    from graphs.tracker_file import kept_drifts

    found = kept_drifts(state)
    if network is None:
        return found
    if network not in found:
        near = get_close_matches(network, found, n=1)
        hint = f' (did you mean "{near[0]}"?)' if near else ""
        way = None if near else Way("watch", network)
        raise BadInput(f'network "{network}" was never watched{hint}', way=way)
    return {network: found[network]}


def left_out(state: StateDirectory) -> "dict[str, tuple[LeftOut, ...]]":
    """By network, what its watch did not believe of what it was told, by source.

    Raises:
        BadInput: what a watch wrote cannot be read.
    """
    from graphs.left_out_file import kept_left_out

    return kept_left_out(state)
