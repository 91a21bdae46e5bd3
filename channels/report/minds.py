"""Who thought, what it cost, and what went wrong with it: from the journal's role runs."""

from collections import Counter
from collections.abc import Sequence

from pydantic import JsonValue

from channels.report.wording import plain, quoted
from tools.journal.journal import Journal
from tools.journal.records import BYTES_PER_TOKEN, Charges, RoleRunRecord
from twin.nouns.base import Noun
from twin.nouns.counted import counted


class RoleRunFact(Noun):
    """Who finished one run of a role, "" for nobody; which minds lost it, which replies were bad.

    `swaps`, `bad_replies`: in words, one line each.
    """

    role: str
    started_s: float
    ended_s: float
    finished_by: str
    swaps: tuple[str, ...]
    bad_replies: tuple[str, ...]


class RoleFact(Noun):
    """One role over the whole incident. `answered_by`: every mind, with how often."""

    role: str
    answered_by: str
    runs: int
    charges: Charges
    bad_replies: int
    swaps: int


class MindFacts(Noun):
    """Who thought. `charges`: of foreign minds, over all roles and restarts."""

    roles: tuple[RoleFact, ...]
    runs: tuple[RoleRunFact, ...]
    charges: Charges


def mind_facts(journal: Journal, incident_id: str) -> MindFacts:
    """Who thought about the incident. Raises UnknownIncident."""
    records = journal.role_runs(incident_id)
    by_role = journal.charged_roles(incident_id)
    runs = tuple(_run(r) for r in records)
    # Charges stand in the journal before a run has ended, and may outlive a process that died.
    roles = dict.fromkeys([*(r.role for r in runs), *by_role])
    return MindFacts(
        roles=tuple(
            _role(role, [r for r in runs if r.role == role], by_role.get(role, Charges()))
            for role in roles
        ),
        runs=runs,
        charges=journal.charged(incident_id),
    )


def spent_text(charges: Charges) -> str:
    """What foreign minds used, in one line: "3 calls, 2,100 tokens in and 90 out, 4.2 s, ..."."""
    parts = [
        counted(charges.calls, "call"),
        f"{counted(charges.input_tokens, 'token')} in and {charges.output_tokens:,} out",
        f"{charges.seconds:.1f} s",
    ]
    if cost := cost_text(charges):
        parts.append(cost)
    return f"{', '.join(parts)} ({_counted_text(charges)})"


def cost_text(charges: Charges) -> str:
    """The cost with its currency, "" where no price is known."""
    return f"{charges.cost:.4f} {plain(charges.currency)}" if charges.currency else ""


def _counted_text(charges: Charges) -> str:
    """Who counted the tokens."""
    rule = f"by our rule, UTF-8 bytes / {BYTES_PER_TOKEN}"
    if charges.ruled_calls == charges.calls:
        return f"tokens {rule}"
    told = f"{charges.ruled_input_tokens:,} in and {charges.ruled_output_tokens:,} out {rule}"
    if not charges.ruled_calls:
        return f"tokens as the server counts; {told}"
    alone = f"{charges.calls - charges.ruled_calls} of {counted(charges.calls, 'call')}"
    return f"tokens of {alone} as the server counts; {told}"


def _role(role: str, runs: Sequence[RoleRunFact], charges: Charges) -> RoleFact:
    answered = Counter(r.finished_by or "nobody" for r in runs)
    return RoleFact(
        role=role or "all roles, before they were told apart",
        answered_by=", ".join(
            f"{plain(name)}{f' ({n} times)' if n > 1 else ''}" for name, n in answered.items()
        ),
        runs=len(runs),
        charges=charges,
        bad_replies=sum(len(r.bad_replies) for r in runs),
        swaps=sum(len(r.swaps) for r in runs),
    )


def _run(run: RoleRunRecord) -> RoleRunFact:
    return RoleRunFact(
        role=run.role,
        started_s=run.started_s,
        ended_s=run.ended_s,
        finished_by=run.finished_by,
        swaps=tuple(
            f"{s.get('mind')} lost it to {s.get('to') or 'nobody'} ({s.get('cause')}): "
            f"{quoted(str(s.get('detail')))}"
            for s in _entries(run.data.get("swaps"))
        ),
        bad_replies=tuple(
            f"{e.get('mind')}: {quoted(str(e.get('reason')))}"
            for e in _entries(run.data.get("transcript"))
            if e.get("kind") == "complaint"
        ),
    )


def _entries(kept: JsonValue) -> list[dict[str, JsonValue]]:
    return [entry for entry in (kept if isinstance(kept, list) else []) if isinstance(entry, dict)]
