"""The gate's rules about leave to carry a plan out now: how the watch is, what stands against it,
the answers, the holder.

They read rows of the journal, never the value with which somebody resumed a graph.
"""

from tools.change.blast import bounds_exceeded
from tools.change.calendar import (
    approvers_needed,
    freezes_on,
    touched_links,
    windows_missed,
    work_on,
)
from tools.change.examined import Examined
from tools.change.refusals import (
    AnsweredOutOfTime,
    ApprovalExpired,
    ApprovalNotAttested,
    ApprovalNotSigned,
    ApprovalUsed,
    BlastTooLarge,
    ChangeFrozen,
    ClockInDoubt,
    DuringPlannedWork,
    EditedAfterApproval,
    LeaseNotHeld,
    NotApproved,
    NotEntitled,
    OutsideWindow,
    OverrideUnasked,
    PersonNeeded,
    RejectedByPerson,
    SecondApproverMissing,
    SignedBefore,
    WatchImpaired,
)
from tools.change.swaps import MOST_SWAPS, minds_lost
from tools.journal.approval_rows import ANSWERED, answer_of, unasked_overrides
from tools.journal.errors import DeviceBusy, UnknownPlan
from tools.journal.records import ApprovalRequest, Signature
from twin.errors import Refused
from twin.nouns.plan import Approval, Plan
from twin.nouns.principal import different_people
from twin.nouns.way import Way

CLOCKS_AGREE_S = 30.0
"""As far as the clocks of whoever asks, answers and commits may differ."""


def standing_entries(case: Examined) -> dict[str, tuple[type[Refused], str]]:
    """What stands against the plan now, by id: the refusal, and what it says."""
    plan, now_s, rules = case.plan, case.situation.now_s, case.policy.calendar
    found: dict[str, tuple[type[Refused], str]] = {}
    for entry in windows_missed(rules, plan.purpose, now_s):
        found[entry] = (OutsideWindow, f"no change window to {plan.purpose} is open")
    for freeze in freezes_on(rules, plan.purpose, case.network, now_s):
        until = freeze.until.isoformat()
        found[f"freeze:{freeze.id}"] = (ChangeFrozen, f"frozen until {until} ({freeze.reason})")
    links = touched_links(case.situation.running, case.after)
    ahead_s = case.policy.commit.return_after_s
    planned = case.journal.planned_work(case.network, case.inventory.planned_work)
    for work in work_on(planned, links, now_s, ahead_s):
        where = ", ".join(sorted(links & set(work.links)))
        said = f"planned work {work.id} is announced on {where}, which the plan changes"
        found[f"planned_work:{work.id}"] = (DuringPlannedWork, said)
    for key, (value, bound) in _bounds_exceeded(case).items():
        said = f"it touches much: blast.{key} is {bound:g} in the policy and {value:.3g} here"
        found[f"blast:{key}"] = (BlastTooLarge, said)
    return found


def people_needed(case: Examined) -> int:
    """How many different people have to approve the plan."""
    if _bounds_exceeded(case):
        return 2
    return approvers_needed(case.blast, case.peak_bps, case.policy.approval.second_approver)


def _bounds_exceeded(case: Examined) -> dict[str, tuple[float, float]]:
    return bounds_exceeded(case.blast, case.peak_bps, case.policy.blast)


def conditions(case: Examined) -> None:
    """Nothing is wrong with the watch itself."""
    for condition in case.situation.conditions:
        raise WatchImpaired(case.plan.id, condition)


def clock(case: Examined) -> None:
    """The time can be believed."""
    if case.situation.clock_doubt:
        raise ClockInDoubt(
            f'plan "{case.plan.id}": the time is in doubt ({case.situation.clock_doubt}); no '
            "change is begun until the clock is set right"
        )


def standing(case: Examined) -> None:
    """Nothing stands against the plan now but what every approval overrides by name, with a reason:
    no time, no announced work, and no bound on how much a plan may touch.
    """
    request = _request(case)
    answers = request.answers if request else ()
    overridden = [set(answer.overrides) for answer in answers if answer.decision == "approve"]
    against = {
        entry: refusal
        for entry, refusal in standing_entries(case).items()
        if not overridden or not all(entry in named for named in overridden)
    }
    if not against:
        return
    kind, said = next(iter(against.values()))
    named = ", ".join(against)
    again = f"make a new plan and approve that, overriding {named} by name, with a reason"
    way = None
    if request is None:
        again = f"approve it, overriding {named} by name, with a reason"
        way = Way("approve", case.plan.id, override=tuple(against), reason="WHY")
    raise kind(f'plan "{case.plan.id}": {said}; wait, or {again}', way=way)


def approval(case: Examined) -> None:
    """People have approved this very plan, in time, and for this one attempt."""
    plan, request, now_s = case.plan, _request(case), case.situation.now_s
    if request is None:
        raise NotApproved(
            f'plan "{plan.id}": nobody was asked about it; a plan is carried out once it was '
            "asked about and approved"
        )
    if not request.answers:
        raise NotApproved(
            f'plan "{plan.id}": nobody has answered yet ({request.state}); approve or reject it',
            way=Way("approve", plan.id),
        )
    for answer in request.answers:
        _require_yes_to(plan, answer)
        if not request.requested_s - CLOCKS_AGREE_S <= answer.decided_s <= now_s + CLOCKS_AGREE_S:
            raise AnsweredOutOfTime(
                f'plan "{plan.id}": the answer of {answer.by.name} is dated '
                f"{answer.decided_s - request.requested_s:.0f} s after the question, and that was "
                f"put {now_s - request.requested_s:.0f} s ago; set the clocks right and make a new "
                "plan"
            )
    if now_s > request.expires_s:
        raise ApprovalExpired(
            f'plan "{plan.id}": the approval expired {now_s - request.expires_s:.0f} s ago; a new '
            "plan has to be made for the state as it is now"
        )
    if request.used_s is not None:
        raise used_twice(plan)


def _require_yes_to(plan: Plan, answer: Approval) -> None:
    if answer.decision != "approve":
        raise RejectedByPerson(
            f'plan "{plan.id}" was rejected by {answer.by.name}: {answer.reason}; '
            "propose another one"
        )
    if answer.plan_hash != plan.hash:
        raise EditedAfterApproval(
            f'plan "{plan.id}" was edited after {answer.by.name} had approved it (approved '
            f"{answer.plan_hash[:12]}, now {plan.hash[:12]}); ask again under a new id"
        )


def entitled(case: Examined) -> None:
    """Whoever approved may still do so, where people have accounts."""
    request = _request(case)
    for answer in request.answers if request else ():
        objection = "" if answer.automatic else case.journal.objection(answer.by, "approve", None)
        if objection:
            raise NotEntitled(
                f'plan "{case.plan.id}": the approval of {answer.by.name} does not count: '
                f"{objection}; make a new plan, and have it approved by somebody who may"
            )


def second_approver(case: Examined) -> None:
    """As many different people have approved as the size of the change needs."""
    request = _request(case)
    answers = request.answers if request else ()
    # One person is one person however the name is typed, and whoever they answer for.
    people, needed = different_people(a.by for a in answers), people_needed(case)
    if len(people) < max(needed, request.approvers_needed if request else 1):
        again, way = "make a new plan, which asks for two; it was decided with fewer", None
        if not (request and request.approval):
            again, way = "have somebody else approve it", Way("approve", case.plan.id)
        raise SecondApproverMissing(
            f'plan "{case.plan.id}" touches so much that another person than '
            f"{', '.join(sorted(p.name for p in people))} has to approve it too "
            f"(approval.second_approver in the policy file): {again}",
            way=way,
        )


def person_needed(case: Examined) -> str:
    """Why no automatic approval of the plan will do, "" where one will."""
    return case.plan.needs_person or minds_lost(case.journal, case.plan.incident_id, MOST_SWAPS)


def person(case: Examined) -> None:
    """Where only a person may approve, every answer is a person's."""
    request = _request(case)
    why = person_needed(case) or (request.needs_person if request else "")
    automatic = [a.by.name for a in request.answers if a.automatic] if request else []
    if why and automatic:
        raise PersonNeeded(
            f'plan "{case.plan.id}": only a person may approve it ({why}), and {automatic[0]} is '
            "none; make a new plan, and approve that by hand"
        )


def attested(case: Examined) -> None:
    """The answers are those that the audit log says were given."""
    request, plan_id = _request(case), case.plan.id
    given = list(request.answers) if request else []
    lines = case.journal.audit_lines(subject=plan_id)
    if given != [answer_of(line) for line in lines if line.action == ANSWERED]:
        raise ApprovalNotAttested(
            f'plan "{plan_id}": the answers in the journal are not those that its audit log '
            "attests; somebody has altered the file: run `noctua audit verify`, and ask again "
            "under a new plan"
        )


def signed(case: Examined) -> None:
    """Every answer was signed by a process that holds the signing key."""
    request, plan_id = _request(case), case.plan.id
    if request is None:
        return
    for answer, signature in zip(request.answers, request.signatures, strict=True):
        if signature in (Signature.BEFORE, Signature.EARLIER):
            when = "before answers were signed"
            if signature is Signature.EARLIER:
                when = "under an earlier signing key"
            raise SignedBefore(
                f'plan "{plan_id}": {answer.by.name} answered {when}, so that nothing proves it; '
                "a new plan has to be made, and answered again"
            )
        if signature is not Signature.SIGNED:
            raise ApprovalNotSigned(
                f'plan "{plan_id}": the answer of {answer.by.name} was not signed with the key of '
                "this journal; somebody has altered the file: run `noctua audit verify`, and ask "
                "again under a new plan"
            )


def asked_overrides(case: Examined) -> None:
    """No approval sets aside what nothing asked for."""
    request = _request(case)
    for answer in request.answers if request else ():
        if request and (refusal := unasked_overrides(request, answer)):
            raise OverrideUnasked(str(refusal))


def lease(case: Examined) -> None:
    """Whoever asks holds the plan's incident."""
    held, subject = case.journal.held(), f"incident:{case.plan.incident_id}"
    if held is None or held.subject != subject:
        raise LeaseNotHeld(case.plan.id, subject, held.subject if held else "")


def device_claims(case: Examined) -> None:
    """No other plan works on a device of this one."""
    busy = {claim.node: claim.plan_id for claim in case.journal.claims(case.network)}
    for step in case.plan.steps:
        if busy.get(step.node, case.plan.id) != case.plan.id:
            raise DeviceBusy(case.plan.id, step.node, busy[step.node])


def used_twice(plan: Plan) -> ApprovalUsed:
    """The refusal of an approval that has carried an attempt already."""
    return ApprovalUsed(
        f'plan "{plan.id}": its approval was used before; a new attempt is a new plan with a new '
        "approval"
    )


def _request(case: Examined) -> ApprovalRequest | None:
    try:
        return case.journal.approval_request(case.plan.id, case.situation.now_s)
    except UnknownPlan:
        return None
