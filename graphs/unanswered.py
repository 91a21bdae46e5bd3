"""What becomes of a question that nobody answers: the next in line is called, and it expires.

The watch looks at every step, so that it happens whatever the incident's own graph waits for.
"""

from collections.abc import Iterator

from pydantic import JsonValue

from tools.change.policy import ApprovalRules, EscalationStep
from tools.journal.journal import Journal
from tools.journal.outbox_rows import NO_WAY_TO_CALL
from tools.journal.records import ApprovalRequest

UNSEEN = "unseen"
"""The kind of event that says that nobody has seen a question, and who is called next."""


def tend(journal: Journal, rules: ApprovalRules, network: str, now_s: float) -> None:
    """Call whoever is next about the questions of `network` that nobody has seen, each once, and
    record those that have expired. `now_s`: the network's clock.
    """
    for request in journal.waiting_requests(network, now_s):
        if now_s >= request.expires_s:
            journal.expire_request(request.plan_id, now_s)
            continue
        for place, step in _due(rules, request, now_s):
            _call(journal, request, place, step, now_s)


def _due(
    rules: ApprovalRules, request: ApprovalRequest, now_s: float
) -> Iterator[tuple[int, EscalationStep]]:
    """The steps whose time has come, by number; none once somebody has seen the question, or has
    given one of several answers.
    """
    if request.acknowledged or request.answers:
        return
    for place, step in enumerate(rules.escalation, 1):
        if now_s >= request.requested_s + step.after_s:
            yield place, step


def _call(
    journal: Journal, request: ApprovalRequest, place: int, step: EscalationStep, now_s: float
) -> None:
    with journal.transaction():
        told = journal.events_of(request.incident_id, (UNSEEN,))
        if any(e.data.get("plan") == request.plan_id and e.data.get("step") == place for e in told):
            return
        # Somebody may have seen it meanwhile, and what is called cannot be called back.
        if journal.approval_request(request.plan_id, now_s).acknowledged:
            return
        called = "is called" if journal.calls_for(UNSEEN) else f"is to look: {NO_WAY_TO_CALL}"
        waited_min = (now_s - request.requested_s) / 60
        text = f"nobody has seen {request.plan_id} for {waited_min:.0f} min; {step.to} {called}"
        data: dict[str, JsonValue] = {"plan": request.plan_id, "step": place, "to": step.to}
        journal.add_event(request.incident_id, now_s, UNSEEN, "supervisor", text, data)
