"""The judge: what a play has left, against what was promised. It believes the network first.

1. twice: no change committed twice, none that changes nothing (the same step under another id),
   none without an intent and an approval that came before it.
2. lost: every cause has its one incident, which has ended, waits for an answer, or stands blocked
   with its reason.
3. audit: the chain verifies.
4. final state: every device runs what was confirmed on it last, or what it ran before; no change is
   left between; a plan is on all of its devices or on none; journal and devices agree; nothing
   temporary outlives a resolved incident. A device in quarantine, of which a person was told, is
   exempt from the plan's whole, and from nothing else.
5. claims: no device stays claimed by a plan that has ended.
6. trace: all workflow spans of an incident are in its one trace, under its one root.
"""

from collections import defaultdict
from collections.abc import Iterator

from evals.survival.evidence import NETWORK, Evidence
from tools.journal.lease_rows import incident_subject, network_subject
from tools.journal.records import Change, ChangeState
from tools.network.emulated.network_file import Change as DeviceChange
from tools.network.protocol import CommitRecord, CommitState
from tools.trace import incident_trace_id, root_span_id
from twin.nouns.base import Noun
from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.incident import TERMINAL_PHASES, Phase
from twin.nouns.plan import Plan

_LEGAL_LIVES = {
    (CommitState.STAGED,),
    (CommitState.STAGED, CommitState.ROLLED_BACK),
    (CommitState.STAGED, CommitState.COMMITTED),
    (CommitState.STAGED, CommitState.COMMITTED, CommitState.CONFIRMED),
    (CommitState.STAGED, CommitState.COMMITTED, CommitState.ROLLED_BACK),
    (CommitState.STAGED, CommitState.COMMITTED, CommitState.RETURNED),
}
"""What a device's log may say of one change; anything else was done twice, or out of order."""

_OPEN = (CommitState.STAGED, CommitState.COMMITTED)

_SAYS: dict[ChangeState, frozenset[CommitState | None]] = {
    ChangeState.INTENT: frozenset({None}),
    ChangeState.STAGED: frozenset({CommitState.STAGED}),
    ChangeState.COMMITTED: frozenset({CommitState.COMMITTED}),
    ChangeState.CONFIRMED: frozenset({CommitState.CONFIRMED}),
    ChangeState.ROLLED_BACK: frozenset({None, CommitState.ROLLED_BACK, CommitState.RETURNED}),
    ChangeState.QUARANTINED: frozenset({None, *CommitState}),
}
"""What the device's log says last where the journal says that; UNKNOWN agrees with nothing."""

_UNFINISHED = (ChangeState.INTENT, ChangeState.STAGED, ChangeState.COMMITTED)


class Violation(Noun):
    """A promise that was not kept. `rule`: twice, lost, audit, state, claims, trace or crash."""

    rule: str
    text: str


def judge(found: Evidence, most_incidents: int) -> tuple[Violation, ...]:
    """Everything that is wrong, nothing if all promises were kept."""
    rules = {
        "twice": _twice(found),
        "lost": _lost(found, most_incidents),
        "audit": _audit(found),
        "state": _state(found),
        "claims": _claims(found),
        "trace": _trace(found),
        "crash": iter(found.crashes),
    }
    return tuple(Violation(rule=rule, text=text) for rule, texts in rules.items() for text in texts)


# Nothing is done twice, and nothing that nobody meant


def _twice(found: Evidence) -> Iterator[str]:
    intents = {(c.node, c.change_id): c for c in found.changes}
    for (node, change_id), records in _lives(found).items():
        life = tuple(r.state for r in records)
        if life not in _LEGAL_LIVES:
            yield f"{node}: change {change_id} was {', '.join(life)}"
        committed = [r.time_s for r in records if r.state is CommitState.COMMITTED]
        intent = intents.get((node, change_id))
        if intent is None:
            yield f"{node}: change {change_id} has no intent in the journal"
        elif committed:
            yield from _unapproved(found, intent, committed[0])
    for staged in found.staged:
        intent = intents.get((staged.node, staged.change_id))
        if intent is not None and intent.candidate != staged.candidate:
            yield f"{staged.node}: change {staged.change_id} is not what was meant"
        if staged.previous == staged.candidate:
            yield f"{staged.node}: change {staged.change_id} changes nothing: it was in force"
    yield from _two_for_a_step(found)


def _lives(found: Evidence) -> dict[tuple[str, str], list[CommitRecord]]:
    """The log of each change of ours on each device, oldest first."""
    scripted = {(d.change_id, d.time_s) for d in found.deeds if d.user not in _DEVICE_USERS}
    lives: dict[tuple[str, str], list[CommitRecord]] = defaultdict(list)
    for record in found.log:
        if (record.change_id, record.time_s) not in scripted:
            lives[record.node, record.change_id].append(record)
    return lives


_DEVICE_USERS = ("netconf", "rollback-timer", "field")


def _unapproved(found: Evidence, intent: Change, committed_s: float) -> Iterator[str]:
    request = next((r for r in found.requests if r.plan_id == intent.plan_id), None)
    answer = request.approval if request else None
    if answer is None or answer.decision != "approve" or answer.decided_s > committed_s:
        yield f"{intent.node}: change {intent.change_id} was committed without an approval"


def _two_for_a_step(found: Evidence) -> Iterator[str]:
    """A step of a plan has one change; another attempt is another plan, with its own approval."""
    plan_of = {(c.node, c.change_id): c.plan_id for c in found.changes}
    committed: dict[tuple[str, str], set[str]] = defaultdict(set)
    for record in found.log:
        plan = plan_of.get((record.node, record.change_id))
        if plan is not None and record.state is CommitState.COMMITTED:
            committed[plan, record.node].add(record.change_id)
    for (plan, node), ids in committed.items():
        if len(ids) > 1:
            yield f"{node}: the step of {plan} was committed as {', '.join(sorted(ids))}"


# Nothing is lost


def _lost(found: Evidence, most_incidents: int) -> Iterator[str]:
    if not found.incidents:
        yield "no incident was ever opened"
    if len(found.incidents) > most_incidents:
        titles = "; ".join(r.incident.title for r in found.incidents)
        yield f"{len(found.incidents)} incidents for {most_incidents} causes: {titles}"
    for record in found.incidents:
        if end_of(found, record.incident.id) == "lost":
            yield f"{record.incident.id} stands in {record.phase} and nothing moves it"


def end_of(found: Evidence, incident_id: str) -> str:
    """Where an incident stands: resolved, escalated, blocked, waiting or lost."""
    record = next(r for r in found.incidents if r.incident.id == incident_id)
    if record.phase in TERMINAL_PHASES:
        return record.phase.value
    subjects = (incident_subject(incident_id), network_subject(record.incident.network))
    if any(b.subject in subjects and b.reason for b in found.blocked):
        return "blocked"
    waits = any(r.incident_id == incident_id and r.state == "waiting" for r in found.requests)
    return "waiting" if waits and record.phase is Phase.AWAITING_APPROVAL else "lost"


def _audit(found: Evidence) -> Iterator[str]:
    if found.audit.first_broken is not None:
        yield f"the audit chain breaks at {found.audit.first_broken}: {found.audit.why}"


# What is left on the devices


def _state(found: Evidence) -> Iterator[str]:
    waiting = {
        r.incident.id for r in found.incidents if end_of(found, r.incident.id) in _STILL_WORKING
    }
    for staged in found.staged:
        if staged.state in _OPEN and not _is_of(found, staged, waiting):
            yield f"{staged.node}: change {staged.change_id} is left {staged.state}"
    for node, expected in _expected(found).items():
        if found.running[node] != expected:
            yield f"{node} runs neither what it ran before nor what was confirmed last"
    yield from _disagreeing(found)
    for plan in found.plans:
        yield from _not_whole(found, plan)
    for record in found.incidents:
        if record.phase is Phase.RESOLVED:
            yield from _left_temporary(found, record.incident.id)


_STILL_WORKING = ("blocked", "waiting")


def _is_of(found: Evidence, staged: DeviceChange, incidents: set[str]) -> bool:
    return any(
        c.change_id == staged.change_id and c.node == staged.node and c.incident_id in incidents
        for c in found.changes
    )


def _expected(found: Evidence) -> dict[str, DeviceConfiguration]:
    """What every device on which we committed should run, by its own log and nothing else."""
    staged = {(c.node, c.change_id): c for c in found.staged}
    expected: dict[str, DeviceConfiguration] = {}
    edits = {
        (DeviceConfiguration.model_validate_json(d.body).node, d.change_id, d.time_s): d
        for d in found.deeds
        if d.kind == "configuration"
    }
    for record in found.log:
        change = staged.get((record.node, record.change_id))
        if change is None:
            deed = edits.get((record.node, record.change_id, record.time_s))
            if deed is not None and record.node in expected:
                expected[record.node] = DeviceConfiguration.model_validate_json(deed.body)
        elif record.state is CommitState.COMMITTED:
            if change.previous is not None:
                expected.setdefault(record.node, change.previous)
        elif record.state is CommitState.CONFIRMED:
            expected[record.node] = change.candidate
    return expected


def _disagreeing(found: Evidence) -> Iterator[str]:
    last = {key: records[-1].state for key, records in _lives(found).items()}
    held = {q.node for q in found.quarantined}
    told = {str(e.data.get("node")) for e in found.pages}
    ended = {r.incident.id for r in found.incidents if r.phase in TERMINAL_PHASES}
    for change in found.changes:
        says = last.get((change.node, change.change_id))
        if says not in _SAYS.get(change.state, frozenset()):
            where = says or "nothing"
            yield f"{change.node}: the journal says {change.state}, the device's log {where}"
        if change.state in _UNFINISHED and change.incident_id in ended:
            yield f"{change.node}: the journal leaves {change.change_id} {change.state}"
        if change.state is ChangeState.QUARANTINED and change.node not in held & told:
            yield f"{change.node}: in quarantine, and nobody was told"


def _not_whole(found: Evidence, plan: Plan) -> Iterator[str]:
    changes = [c for c in found.changes if c.plan_id == plan.id]
    states = {c.state for c in changes}
    if ChangeState.QUARANTINED in states:
        return
    if ChangeState.CONFIRMED in states and len(states) > 1:
        yield f"{plan.id} is on some of its devices only: {', '.join(sorted(states))}"


def _left_temporary(found: Evidence, incident_id: str) -> Iterator[str]:
    """Every device that a temporary plan changed runs what it ran before that plan."""
    temporary = {p.id for p in found.plans if p.incident_id == incident_id and p.temporary}
    first: dict[str, Change] = {}
    for change in found.changes:
        if change.plan_id in temporary and change.state is ChangeState.CONFIRMED:
            first.setdefault(change.node, change)
    for node, change in first.items():
        if found.running[node] != change.before:
            yield f"{node}: {incident_id} is resolved, and {change.plan_id} is still in force"


# Claims and traces


def _claims(found: Evidence) -> Iterator[str]:
    open_ids = {r.incident.id for r in found.incidents if r.phase not in TERMINAL_PHASES}
    for claim in found.claims:
        if claim.incident_id not in open_ids:
            yield f"{claim.node} is still claimed by {claim.plan_id}"


def _trace(found: Evidence) -> Iterator[str]:
    known = {r.trace_id: r.incident.id for r in found.incidents}
    # A judgement that opened nothing stands in the trace of the incident that it might have opened.
    coming = f"{NETWORK}-{len(known) + 1:04d}"
    may_be = known | {f"{incident_trace_id(coming):032x}": coming}
    for trace_id in sorted(known.keys() - found.spans.keys()):
        yield f"{known[trace_id]} has no trace"
    for trace_id, spans in found.spans.items():
        if trace_id not in may_be:
            yield f"trace {trace_id} is of no incident"
            continue
        root = f"{root_span_id(int(trace_id, 16)):016x}"
        for span in spans:
            if span.trace_id != trace_id:
                yield f"{span.name} is in the file of another trace"
            if span.name.startswith("invoke_workflow") and span.parent_id != root:
                yield f"{span.name} of {may_be[trace_id]} hangs under {span.parent_id}"
