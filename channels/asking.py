"""What people are told about a plan that waits for their approval."""

from channels.report.wording import plain, quoted
from tools.journal.records import ApprovalRequest


def people(count: int) -> str:
    """1 more person, 2 more people."""
    return f"{count} more {'person' if count == 1 else 'people'}"


def command_line(request: ApprovalRequest) -> str:
    """The command that approves; an approval that overrides entries needs a reason too."""
    overrides = "".join(f" --override {plain(entry)}" for entry in request.overrides_needed)
    return f"noctua approve {request.plan_id}{overrides}{' --reason WHY' if overrides else ''}"


def still_wanted(request: ApprovalRequest) -> str:
    """What an open request lacks beyond one answer: "" if one yes is enough, whoever says it.

    "2 different people (1 so far: «erin»), naming freeze:year-end"
    """
    parts = []
    if request.needs_person:
        parts.append(f"a person, since {plain(request.needs_person)}")
    if request.approvers_needed > 1:
        so_far = ", ".join(quoted(a.by) for a in request.answers)
        has = f" ({len(request.answers)} so far: {so_far})" if so_far else " (none so far)"
        parts.append(f"{request.approvers_needed} different people{has}")
    if request.overrides_needed:
        parts.append(f"naming {', '.join(plain(e) for e in request.overrides_needed)}")
    return ", ".join(parts)
