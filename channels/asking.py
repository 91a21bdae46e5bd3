"""What people are told an incident waits for, and how to answer what they are asked."""

from collections.abc import Sequence

from channels.report.wording import plain, quoted, utc
from tools.journal.journal import Journal
from tools.journal.records import Answer, ApprovalRequest, Signature
from twin.nouns.counted import counted
from twin.nouns.incident import TERMINAL_PHASES, Phase

_MEANS_WAITING = {
    Phase.AWAITING_REPAIR: "the repair",
    Phase.SOAKING: "the end of the soak",
    Phase.VERIFYING: "what the change does",
}


def waiting_for(phase: Phase, requests: Sequence[ApprovalRequest]) -> str:
    """What an incident in `phase` waits for, "" once it has ended. `requests`: about its plans."""
    if phase in TERMINAL_PHASES:
        return ""
    waiting = [_asked_of(request) for request in requests if request.state == "waiting"]
    if waiting:
        return f"approval of {', '.join(waiting)}"
    return _MEANS_WAITING.get(phase, "its next step")


def unanswered(journal: Journal, network: str, now_s: float) -> tuple[ApprovalRequest, ...]:
    """What people are asked about the open incidents of `network`, and have not answered yet."""
    phases = set(Phase) - TERMINAL_PHASES
    still_open = {r.incident.id for r in journal.incidents(network=network, phases=phases)}
    waiting = journal.attested_requests(now_s, state="waiting") if still_open else ()
    return tuple(r for r in waiting if r.incident_id in still_open)


def asking_parts(request: ApprovalRequest) -> tuple[str, str, str]:
    """That an answer is awaited, until when, and how it is given: each fits a line of its own."""
    wanted = still_wanted(request)
    by = f" by {wanted}" if wanted else ""
    until = f"until {utc(request.expires_s)} UTC:"
    return f"waiting for approval{by}", until, how_to_answer(request)


def asking_line(request: ApprovalRequest) -> str:
    """All of `asking_parts` on one line."""
    return " ".join(asking_parts(request))


def _asked_of(request: ApprovalRequest) -> str:
    wanted = still_wanted(request)
    return f"{request.plan_id} by {wanted}" if wanted else request.plan_id


def people(count: int) -> str:
    """1 more person, 2 more people."""
    return counted(count, "more person", "more people")


def what_holds(answer: Answer, request: ApprovalRequest) -> str:
    """Whose answer holds where another one was not taken, and who is still wanted."""
    standing = answer.standing
    if answer.still_needed:
        return (
            f"{request.plan_id}: {standing.decision} by {quoted(standing.by.name)} stands since "
            f"{utc(standing.decided_s)} UTC and counts once; {people(answer.still_needed)} must "
            "approve as well, who has to be somebody else"
        )
    return (
        f"{request.plan_id} was answered before: {standing.decision} by {quoted(standing.by.name)} "
        f"at {utc(standing.decided_s)} UTC holds"
    )


def command_line(request: ApprovalRequest) -> str:
    """The command that approves; an approval that overrides entries needs a reason too."""
    overrides = "".join(f" --override {plain(entry)}" for entry in request.overrides_needed)
    reason = " --reason WHY" if overrides else ""
    return f"noctua approve {plain(request.plan_id)}{overrides}{reason}"


def how_to_answer(request: ApprovalRequest) -> str:
    """The two commands that answer."""
    return f"{command_line(request)}, or noctua reject {plain(request.plan_id)}"


def still_wanted(request: ApprovalRequest) -> str:
    """What an open request lacks beyond one answer: "" if one yes is enough, whoever says it.

    "2 different people (1 so far: «erin»), naming freeze:year-end"
    """
    parts = []
    if request.needs_person:
        parts.append(f"a person, since {plain(request.needs_person)}")
    if request.approvers_needed > 1:
        so_far = ", ".join(quoted(a.by.name) for a in request.answers)
        has = f" ({len(request.answers)} so far: {so_far})" if so_far else " (none so far)"
        parts.append(f"{request.approvers_needed} different people{has}")
    if request.overrides_needed:
        parts.append(f"naming {', '.join(plain(e) for e in request.overrides_needed)}")
    return ", ".join(parts)


_SIGNED = {
    Signature.SIGNED: "",
    Signature.BEFORE: "signed by nobody (written before signing)",
    Signature.EARLIER: "signed with an earlier key",
    Signature.UNCHECKED: "signature not checked: the signing key cannot be read here",
    Signature.BROKEN: "the signature does not hold: see `noctua audit verify`",
}


def signed_by(request: ApprovalRequest, index: int) -> str:
    """What there is to say of the signature of one answer, "" where it is ours."""
    signatures = request.signatures
    return _SIGNED[signatures[index]] if index < len(signatures) else ""


def unattested(request: ApprovalRequest) -> str:
    """What there is to say of answers that the audit log does not have, "" if there are none."""
    count = request.unattested
    if not count:
        return ""
    stand = counted(count, "answer stands", "answers stand")
    return (
        f"{stand} beside the question that the audit log does not have: see `noctua audit verify`"
    )
