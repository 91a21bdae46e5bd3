"""The facts of one incident, gathered from the journal: everything that a report may say.

Nothing here is computed anew: every figure was written down by whoever computed it, and names its
run (seed and rollouts). Texts that people, minds or the network wrote are quoted as such.
"""

from collections.abc import Sequence

from channels.asking import how_to_answer, signed_by, unattested
from channels.report.comparison import Comparison
from channels.report.contents import (
    AlarmFacts,
    ApprovalFact,
    AuditFacts,
    CauseFact,
    DiagnosisFacts,
    DispatchFact,
    GuidanceFacts,
    ObservedFact,
    PlanFacts,
    Remaining,
    RemedyFact,
    ReportFacts,
    ScenarioFact,
    ServiceFact,
    ServiceFacts,
    StepFact,
    SymptomFact,
)
from channels.report.minds import mind_facts
from channels.report.timing import Milestones, PlanCourse, courses, milestones
from channels.report.topology_facts import topology_facts
from channels.report.wording import magnitude_text, plain, printable, quoted
from channels.sealed import sealed_text
from channels.views import IncidentDetails, incident_details, incident_view
from tools.journal.journal import Journal
from tools.journal.records import (
    ApprovalRequest,
    Change,
    DispatchRecord,
    IncidentRecord,
    Quarantine,
)
from tools.journal.standing import standing
from twin.events.action import in_words
from twin.nouns.configuration import configuration_diff
from twin.nouns.diagnosis import Diagnosis, disagreement_text, reads_text, refutation_text
from twin.nouns.guidance import GUIDANCE, GuidanceRecord
from twin.nouns.imagined_fault import ImaginedFault
from twin.nouns.incident import TERMINAL_PHASES
from twin.nouns.inventory import Inventory
from twin.nouns.plan import Outcome, Plan
from twin.remedies.believed import links_of
from twin.remedies.trials import Trial


def gather(
    journal: Journal,
    incident_id: str,
    inventory: Inventory,
    comparisons: Sequence[Comparison] = (),
) -> ReportFacts:
    """The facts of `incident_id`, as of the journal's last entry.

    `inventory`: of the incident's network. `comparisons`: other arms of the same run, if there are.

    Raises:
        UnknownIncident: the journal has no such incident.
    """
    record = journal.incident(incident_id)
    audit = _audit(journal, incident_id)
    told_s = [event.time_s for event in journal.timeline(incident_id)]
    as_of_s = max([record.opened_s, *told_s, *(line.time_s for line in audit.lines)])
    details = incident_details(journal, incident_id, as_of_s)
    diagnosis, timeline = details.diagnosis, details.timeline
    artefacts = journal.artefacts(incident_id)
    plans = _plans(journal, details)
    dispatches = tuple(_dispatch(d) for d in details.dispatches)
    planned = {step.node for plan in plans for step in plan.steps}
    isolated = [q for q in journal.quarantined(details.network) if q.node in planned]
    remaining = _remaining(details, plans, dispatches, isolated)
    times = milestones(record, timeline, details.standing)
    return ReportFacts(
        incident=incident_view(journal, record, as_of_s),
        as_of_s=as_of_s,
        health=details.health,
        closed=details.ended_s is not None,
        milestones=times,
        alarms=_alarms(journal, record, times),
        services=_services(details, inventory),
        service_impact=details.service_impact,
        topology=topology_facts(
            inventory,
            artefacts,
            _links_down(record, diagnosis),
            _touched(journal, incident_id),
        ),
        diagnosis=_diagnosis(diagnosis),
        log_findings=details.log_findings,
        guidance=_guidance(journal, incident_id),
        remedies=_remedies(journal, incident_id),
        scenarios=_scenarios(journal.artefact(incident_id, "scenarios", list[ImaginedFault]) or ()),
        next_failures=details.next_failures,
        plans=plans,
        dispatches=dispatches,
        remaining=remaining,
        next_steps=_next_steps(details, dispatches, remaining, isolated),
        minds=mind_facts(journal, incident_id),
        timeline=timeline,
        audit=audit,
        comparisons=tuple(comparisons),
    )


def _alarms(journal: Journal, record: IncidentRecord, times: Milestones) -> AlarmFacts:
    symptoms = tuple(
        SymptomFact(
            id=s.id,
            kind=s.kind,
            resource=s.resource,
            first_seen_s=s.first_seen_s,
            last_seen_s=s.last_seen_s,
            magnitude=magnitude_text(s),
            alarms=s.alarms,
            state=s.state,
        )
        for s in sorted(record.incident.symptoms, key=lambda s: (s.first_seen_s, s.id))
    )
    others = journal.incidents(network=record.incident.network)
    until = times.closed_s if times.closed_s is not None else float("inf")
    together = [r for r in others if r.opened_s <= until and _end_of(journal, r) >= record.opened_s]
    return AlarmFacts(
        alarms=sum(s.alarms for s in symptoms), symptoms=symptoms, incidents_open=len(together)
    )


def _end_of(journal: Journal, record: IncidentRecord) -> float:
    ended_s = standing(journal, record).ended_s
    return float("inf") if ended_s is None else ended_s


def _services(details: IncidentDetails, inventory: Inventory) -> ServiceFacts:
    impact = details.impact
    lost = {} if impact is None else impact.minutes_lost
    known = {s.id: s for s in inventory.services}
    hit = [
        ServiceFact(
            service=name,
            customer=known[name].customer if name in known else "",
            traffic_class=known[name].traffic_class.value if name in known else "",
            minutes_lost=value,
        )
        for name, value in lost.items()
        if value > 0
    ]
    hit.sort(key=lambda s: (-s.minutes_lost, s.service))
    return ServiceFacts(
        measured=impact is not None,
        as_of_s=None if impact is None else impact.as_of_s,
        final=details.ended_s is not None,
        hit=tuple(hit),
        minutes_lost=sum(s.minutes_lost for s in hit),
        customers=tuple(sorted({s.customer for s in hit if s.customer})),
    )


def _links_down(record: IncidentRecord, diagnosis: Diagnosis | None) -> frozenset[str]:
    """Links that were down during the incident: as reported, and as diagnosed."""
    reported = {s.resource for s in record.incident.symptoms if s.kind == "adjacency_down"}
    return frozenset(reported) | links_of(diagnosis.cause if diagnosis else ())


def _touched(journal: Journal, incident_id: str) -> frozenset[str]:
    """Links that a plan which reached devices has reconfigured."""
    touched: set[str] = set()
    for change in journal.changes(incident_id=incident_id):
        for was, runs in zip(change.before.interfaces, change.candidate.interfaces, strict=True):
            if was != runs:
                touched.add(runs.link)
    return frozenset(touched)


_SAME_FIT_NATS = 0.5
"""Less than this is no evidence: a Bayes factor below 1.65 (Kass and Raftery 1995: under 3 is "not
worth more than a bare mention")."""


def _diagnosis(diagnosis: Diagnosis | None) -> DiagnosisFacts | None:
    if diagnosis is None:
        return None
    causes = tuple(
        CauseFact(
            id=h.id,
            faults=tuple(f.describe() for f in h.faults),
            probability=h.probability,
            log_likelihood=h.log_likelihood,
            evidence_for=h.evidence_for,
            evidence_against=h.evidence_against,
            unexplained=h.unexplained,
            source=h.source,
            refutations=tuple(refutation_text(r) for r in h.refutations),
        )
        for h in diagnosis.hypotheses
    )
    return DiagnosisFacts(
        verdict=diagnosis.verdict,
        statement=diagnosis.statement,
        causes=causes,
        equal_fit=tuple(
            " and ".join(c.faults)
            for c in causes[1:]
            if causes[0].log_likelihood - c.log_likelihood < _SAME_FIT_NATS
        ),
        indistinguishable=diagnosis.indistinguishable,
        would_separate=diagnosis.would_separate,
        suspected_location=diagnosis.suspected_location,
        disagreement=disagreement_text(found) if (found := diagnosis.disagreement) else "",
        reads=reads_text(diagnosis.reads or ()),
    )


def _guidance(journal: Journal, incident_id: str) -> GuidanceFacts | None:
    record = journal.artefact(incident_id, GUIDANCE, GuidanceRecord)
    if record is None:
        return None
    found = record.guidance
    return GuidanceFacts(
        points=tuple(
            plain(f"{point.describe()}: {point.said.describe()}", 400) for point in found.points
        ),
        clipped=found.clipped,
        suspicious=tuple(plain(said.describe(), 400) for said in found.suspicious),
        by=found.by,
    )


def _remedies(journal: Journal, incident_id: str) -> tuple[RemedyFact, ...]:
    trials = journal.artefact(incident_id, "trials", list[Trial]) or []
    chosen = {p.actions for p in journal.plans(incident_id) if p.purpose == "mitigate"}
    facts = [
        RemedyFact(
            id=t.remedy.id,
            actions=in_words(t.remedy.actions),
            sources=t.remedy.sources,
            in_short="; ".join(a.short() for a in t.remedy.actions) or "do nothing",
            reason=quoted(t.remedy.reason),
            cost=t.cost,
            breached_services=t.ahead.breached_services,
            max_utilisation=t.ahead.max_utilisation,
            lost_bps=t.ahead.lost_bps,
            in_scenario=t.in_scenario,
            rollouts=t.ahead.rollouts,
            seed=t.ahead.seed,
            chosen=t.remedy.actions in chosen,
        )
        for t in trials
    ]
    return tuple(sorted(facts, key=lambda r: (r.cost, r.id)))


def _scenarios(kept: Sequence[ImaginedFault]) -> tuple[ScenarioFact, ...]:
    return tuple(
        ScenarioFact(
            id=s.id,
            fault=s.fault.describe(),
            probability=s.probability,
            why=quoted(s.why),
            max_utilisation=s.max_utilisation,
        )
        for s in kept
    )


def _plans(journal: Journal, details: IncidentDetails) -> tuple[PlanFacts, ...]:
    requests = {request.plan_id: request for request in details.approval_requests}
    course = courses(details.timeline)
    return tuple(
        _plan(
            plan,
            journal.changes(plan_id=plan.id),
            requests.get(plan.id),
            course.get(plan.id, PlanCourse()),
            journal.artefact(details.id, f"outcome:{plan.id}", Outcome),
        )
        for plan in details.plans
    )


def _plan(
    plan: Plan,
    changes: Sequence[Change],
    request: ApprovalRequest | None,
    course: PlanCourse,
    outcome: Outcome | None,
) -> PlanFacts:
    by_node = {change.node: change for change in changes}
    return PlanFacts(
        id=plan.id,
        hash=plan.hash,
        purpose=plan.purpose,
        attempt=plan.attempt,
        actions=tuple(a.describe() for a in plan.actions),
        way_back=tuple(a.describe() for a in plan.way_back),
        temporary=plan.temporary,
        reason=quoted(plan.reason),
        finished_by=plan.finished_by,
        needs_person=plan.needs_person or (request.needs_person if request else ""),
        created_s=plan.created_s,
        state_hash=plan.state_hash,
        steps=tuple(_step(plan, i, by_node.get(s.node)) for i, s in enumerate(plan.steps)),
        blast_radius=plan.blast_radius,
        forecast=plan.forecast,
        do_nothing=plan.do_nothing,
        approval=_approval(request) if request else None,
        course=course,
        verdict=_verdict(plan, outcome),
        observed=_observed(plan, outcome),
        worse_services=outcome.worse_services if outcome else (),
    )


def _step(plan: Plan, index: int, change: Change | None) -> StepFact:
    step = plan.steps[index]
    back = configuration_diff(change.candidate, change.before) if change else ""
    said = change.differing_device_diff if change else ""
    return StepFact(
        node=step.node,
        actions=tuple(a.describe() for a in step.actions),
        diff=step.diff,
        device_diff="\n".join(map(printable, said.splitlines())),
        return_diff=back,
        state=change.state.value if change else "not sent",
        detail=quoted(change.detail) if change and change.detail else "",
        forecast=step.forecast,
    )


def _approval(request: ApprovalRequest) -> ApprovalFact:
    answer = request.approval
    return ApprovalFact(
        state=request.state,
        requested_s=request.requested_s,
        expires_s=request.expires_s,
        decision=answer.decision if answer else "",
        by=quoted(answer.by.name) if answer else "",
        reason=quoted(answer.reason) if answer and answer.reason else "",
        automatic=answer.automatic if answer else False,
        decided_s=answer.decided_s if answer else None,
        plan_hash=request.plan_hash,
        signed="; ".join(filter(None, [*_signatures(request), unattested(request)])),
    )


def _signatures(request: ApprovalRequest) -> list[str]:
    """What there is to say of each answer's signature, and whose it is where several are."""
    said = [(a.by.name, signed_by(request, i)) for i, a in enumerate(request.answers)]
    several = len(said) > 1
    return [f"{quoted(name)}: {text}" if several and text else text for name, text in said]


def _verdict(plan: Plan, outcome: Outcome | None) -> str:
    if outcome is None:
        return "nothing to verify: no change" if not plan.steps else "not verified"
    return ("kept: " if outcome.kept else "rolled back: ") + outcome.reason


def _observed(plan: Plan, outcome: Outcome | None) -> tuple[ObservedFact, ...]:
    if outcome is None:
        return ()
    return tuple(
        ObservedFact(
            egress=name,
            forecast=interval,
            observed=outcome.observed_utilisation.get(name),
            inside=outcome.inside_interval.get(name),
        )
        for name, interval in plan.forecast.utilisation.items()
    )


def _dispatch(record: DispatchRecord) -> DispatchFact:
    order = record.dispatch
    return DispatchFact(
        id=order.id,
        place=order.place,
        links=order.links,
        text=quoted(order.text, 2000),
        requested_s=order.requested_s,
        state=record.state,
        updated_s=record.updated_s,
    )


def _remaining(
    details: IncidentDetails,
    plans: Sequence[PlanFacts],
    dispatches: Sequence[DispatchFact],
    quarantined: Sequence[Quarantine],
) -> Remaining:
    broken: list[str] = [*details.still_seen]
    if details.ended_s is None and not details.standing.unattended:
        broken += [
            f"{d.place}: {', '.join(d.links)} wait for repair ({d.id}, {d.state})"
            for d in dispatches
            if d.state != "repaired"
        ]
    broken += [f"{q.node} is in quarantine: {q.reason}" for q in quarantined]
    unsure = [
        f"{step.node}: the change of {plan.id} is {step.state} ({step.detail or 'no detail'})"
        for plan in plans
        for step in plan.steps
        if step.state in ("unknown", "quarantined", "intent", "staged", "committed")
    ]
    return Remaining(broken=tuple(broken + unsure), temporary=tuple(_in_force(plans)))


def _in_force(plans: Sequence[PlanFacts]) -> list[str]:
    """Temporary changes that were confirmed and not taken out since."""
    found: list[str] = []
    for plan in plans:
        if plan.course.confirmed_s is None:
            continue
        if plan.purpose == "return":
            found.clear()
        elif plan.temporary:
            back = "; ".join(plan.way_back)
            found.append(f"{plan.id}: {'; '.join(plan.actions)} (way back: {back})")
    return found


def _next_steps(
    details: IncidentDetails,
    dispatches: Sequence[DispatchFact],
    remaining: Remaining,
    isolated: Sequence[Quarantine],
) -> tuple[str, ...]:
    diagnosis = details.diagnosis
    steps = [f"Answer: {how_to_answer(request)}" for request in details.waiting]
    if details.with_people:
        where = ", ".join(diagnosis.suspected_location) if diagnosis else ""
        first = f"look first at {where or 'the symptoms listed above'}"
        has = details.standing.taken_by
        over = f"{quoted(has)} has it" if has else f"A person takes over (noctua take {details.id})"
        steps.append(f"{over}; {first}; it is not known to be over")
    if details.standing.unattended:
        steps.append(
            "It is over, and nobody has looked at it: "
            f"noctua close {details.id} --cause WHAT --reason WHY"
        )
    if details.ended_s is None and not details.standing.unattended:
        steps += [
            f"Chase the field at {d.place} for {', '.join(d.links)} ({d.id})"
            for d in dispatches
            if d.state not in ("repaired", "nothing_found")
        ]
        if diagnosis is not None and diagnosis.verdict == "ambiguous" and diagnosis.would_separate:
            steps.append(f"To tell the causes apart: {diagnosis.would_separate}")
    steps += [f"Take out when the cause is repaired: {line}" for line in remaining.temporary]
    steps += [f"Look at {q.node}, which no plan touches until then" for q in isolated]
    if not steps and details.phase not in TERMINAL_PHASES:
        steps.append(f"Let it go on: noctua resume {details.id}")
    return tuple(steps) or ("None: nothing is left broken or temporary",)


def _audit(journal: Journal, incident_id: str) -> AuditFacts:
    """Subjects are the incident's id, or begin with it: plans, actions and changes are named so."""
    lines = tuple(
        line
        for line in journal.audit_lines()
        if line.subject == incident_id or line.subject.startswith(f"{incident_id}.")
    )
    return AuditFacts(
        lines=lines, report=journal.verify_audit(), seals=sealed_text(journal.check_seals())
    )
