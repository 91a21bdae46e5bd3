"""Plans in the journal, the questions about them, and what people answered."""

import json
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import JsonValue, ValidationError

from tools.journal.account_rows import AccountRows
from tools.journal.database import json_text, read, readable
from tools.journal.errors import AlreadyRecorded, JournalFailed, UnknownPlan
from tools.journal.incident_rows import IncidentRows
from tools.journal.records import (
    Acknowledgement,
    Answer,
    ApprovalRequest,
    AuditLine,
    RequestState,
    Signature,
)
from twin.errors import Refused
from twin.nouns.incident import Phase
from twin.nouns.plan import Approval, Plan
from twin.nouns.principal import Principal, visible
from twin.nouns.way import Way


class ApprovalRows(IncidentRows, AccountRows):
    """Tables plans, approval_requests, answers, acknowledgements."""

    def record_plan(self, plan: Plan) -> None:
        """Record `plan` under its id, once; the same plan again is no change.

        Raises:
            AlreadyRecorded: the id stands for a plan of other content.
        """
        with self.transaction():
            self._require_incident(plan.incident_id)
            rows = self._rows("SELECT hash FROM plans WHERE id = ?", plan.id)
            if rows and rows[0]["hash"] != plan.hash:
                raise AlreadyRecorded(
                    f'plan "{plan.id}" is recorded with other content; a changed plan is a new '
                    "attempt and needs a new id"
                )
            if not rows:
                values = (plan.id, plan.incident_id, plan.hash, plan.model_dump_json())
                self._execute("INSERT INTO plans VALUES (?, ?, ?, ?)", *values)

    def plan(self, plan_id: str) -> Plan:
        """The plan of that id. Raises UnknownPlan."""
        rows = self._rows("SELECT hash, plan FROM plans WHERE id = ?", plan_id)
        if not rows:
            raise UnknownPlan(plan_id, self._ids("plans"))
        return _plan(rows[0])

    def plans(self, incident_id: str) -> tuple[Plan, ...]:
        """The incident's plans, in order of recording."""
        self._require_incident(incident_id)
        rows = self._rows(
            "SELECT hash, plan FROM plans WHERE incident_id = ? ORDER BY rowid", incident_id
        )
        return tuple(_plan(row) for row in rows)

    def request_approval(
        self,
        plan: Plan,
        requested_s: float,
        expires_s: float,
        *,
        approvers_needed: int = 1,
        overrides_needed: tuple[str, ...] = (),
        needs_person: str = "",
    ) -> ApprovalRequest:
        """Ask for answers to `plan`, and record the plan; asking again changes nothing.

        `approvers_needed`: so many different people. `overrides_needed`: entries of the calendar
        that every approval has to name. `needs_person`: why no automatic approval is taken.
        """
        with self.transaction():
            self.record_plan(plan)
            self._execute(
                "INSERT OR IGNORE INTO approval_requests (plan_id, incident_id, plan_hash, "
                "requested_s, expires_s, approvers_needed, overrides_needed, needs_person) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                plan.id,
                plan.incident_id,
                plan.hash,
                requested_s,
                expires_s,
                approvers_needed,
                json_text(list(overrides_needed)),
                needs_person or plan.needs_person,
            )
            return self.approval_request(plan.id, requested_s)

    def approval_request(self, plan_id: str, now_s: float) -> ApprovalRequest:
        """The request about a plan, as it stands at `now_s`. Raises UnknownPlan if nobody asked."""
        rows = self._rows("SELECT * FROM approval_requests WHERE plan_id = ?", plan_id)
        if not rows:
            raise UnknownPlan(plan_id, self._ids("approval_requests", "plan_id"))
        return self._request(rows[0], now_s)

    def approval_requests(
        self, now_s: float, *, incident_id: str | None = None, state: RequestState | None = None
    ) -> tuple[ApprovalRequest, ...]:
        """Requests, oldest first; those of one incident, or in one state, where that is given."""
        of_incident = "1" if incident_id is None else "incident_id = ?"
        rows = self._rows(
            f"SELECT * FROM approval_requests WHERE {of_incident} ORDER BY requested_s, plan_id",
            *(() if incident_id is None else (incident_id,)),
        )
        found = (self._request(row, now_s) for row in rows)
        return tuple(request for request in found if state is None or request.state == state)

    def waiting_requests(self, network: str, now_s: float) -> tuple[ApprovalRequest, ...]:
        """What the incidents of `network` wait for that is neither decided nor known to be over."""
        waiting = self._of_phases("id", network, [Phase.AWAITING_APPROVAL])
        found = (r for row in waiting for r in self.approval_requests(now_s, incident_id=row["id"]))
        return tuple(r for r in found if r.approval is None and r.expired_s is None)

    def answer(self, approval: Approval) -> Answer:
        """Answer a request. What decided it first holds; a later answer is told which that is.

        Where two people are needed, one rejection decides, or the second approval; one person
        answers once.

        Raises:
            UnknownPlan: nobody asked about that plan.
            Refused: nothing but the audit line is recorded. `approval_expired`: the answer came too
                late. `override_missing`: it does not name what it has to override.
                `override_unasked`: it names what nothing asked for. `override_reason`: it does not
                say why. `person`: it is an automatic
                approval of what only a person may approve. `name`: no person can have the name.
                `entitled`: people have accounts here, and who answers may not.
        """
        with self.transaction():
            request = self.approval_request(approval.plan_id, approval.decided_s)
            refusal = self._unentitled(approval) or _refusal(request, approval)
            standing = _standing(request, approval.by)
            won = refusal is None and standing is None
            if won:
                row = (
                    approval.plan_id,
                    len(request.answers) + 1,
                    approval.by.person,
                    approval.model_dump_json(),
                )
                signature = self.sign(_ANSWER, *row)
                self._execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?)", *row, signature)
            action = _REFUSED_AS[refusal.rule] if refusal else ANSWERED if won else "answer_second"
            self.append_audit(
                approval.decided_s,
                approval.by.name,
                action,
                approval.plan_id,
                approval.model_dump(mode="json"),
            )
            after = self.approval_request(approval.plan_id, approval.decided_s)
        if refusal is not None:
            raise refusal
        return Answer(won=won, standing=standing or approval, still_needed=after.still_needed)

    def _unentitled(self, approval: Approval) -> Refused | None:
        if approval.automatic:
            return None
        objection = self.objection(approval.by, "approve", time.time())
        if not objection:
            return None
        return Refused(
            f'plan "{approval.plan_id}": {approval.by.name} may not answer it: {objection}',
            rule="entitled",
        )

    def acknowledge(self, plan_id: str, by: Principal, seen_s: float) -> ApprovalRequest:
        """Record that `by` has seen the question; again changes nothing. It answers nothing.

        Raises:
            UnknownPlan: nobody asked about that plan.
        """
        with self.transaction():
            self.approval_request(plan_id, seen_s)
            cursor = self._execute(
                "INSERT OR IGNORE INTO acknowledgements VALUES (?, ?, ?, ?)",
                plan_id,
                by.person,
                by.model_dump_json(),
                seen_s,
            )
            if cursor.rowcount:
                self.append_audit(seen_s, by.name, "acknowledge", plan_id, {**by.stated})
            return self.approval_request(plan_id, seen_s)

    def expire_request(self, plan_id: str, now_s: float) -> ApprovalRequest:
        """Record that nobody answered in time, if so; the request as it stands then.

        Nobody can answer it any more, whatever a clock says later.
        """
        with self.transaction():
            request = self.approval_request(plan_id, now_s)
            if request.approval or request.expired_s is not None or now_s < request.expires_s:
                return request
            expire = "UPDATE approval_requests SET expired_s = ? WHERE plan_id = ?"
            self._execute(expire, now_s, plan_id)
            told: dict[str, JsonValue] = {"asked_for": f"{request.still_needed} more people"}
            self.append_audit(now_s, "gate", "expire", plan_id, told)
            return self.approval_request(plan_id, now_s)

    def use_approval(self, plan_id: str, used_s: float) -> bool:
        """Use a plan's approval up. False if it was used before, or if there is none."""
        with self.transaction():
            cursor = self._execute(
                "UPDATE approval_requests SET used_s = ? WHERE plan_id = ? AND used_s IS NULL "
                "AND plan_id IN (SELECT plan_id FROM answers)",
                used_s,
                plan_id,
            )
            return cursor.rowcount == 1

    def _request(self, row: dict[str, Any], now_s: float) -> ApprovalRequest:
        stored = self._rows(
            "SELECT rowid, * FROM answers WHERE plan_id = ? ORDER BY position", row["plan_id"]
        )
        answers = tuple(read(Approval, item["approval"]) for item in stored)
        seen = self._rows(
            "SELECT principal, seen_s FROM acknowledgements WHERE plan_id = ? ORDER BY rowid",
            row["plan_id"],
        )
        acknowledged = tuple(
            Acknowledgement(by=read(Principal, item["principal"]), seen_s=item["seen_s"])
            for item in seen
        )
        with readable("question"):
            deciding = _deciding(answers, row["approvers_needed"])
        with readable("question"):
            return ApprovalRequest(
                **{**row, "overrides_needed": tuple(json.loads(row["overrides_needed"]))},
                answers=answers,
                acknowledged=acknowledged,
                approval=deciding,
                state=_state(deciding, row, now_s),
                signatures=tuple(map(self._signature_of, stored)),
            )

    def _signature_of(self, row: dict[str, Any]) -> Signature:
        named = ("plan_id", "position", "answered_by", "approval")
        found = self.signature(row["signature"], _ANSWER, *(row[name] for name in named))
        if found in (Signature.BEFORE, Signature.EARLIER):
            # What nobody can tell from the answer itself is told by the seal of its row.
            return found if self._row_holds("answers", row["rowid"]) else Signature.BROKEN
        return found

    # Who answered, as the audit log has it

    def attested_requests(
        self, now_s: float, *, incident_id: str | None = None, state: RequestState | None = None
    ) -> tuple[ApprovalRequest, ...]:
        """As `approval_requests`, with the answers that the audit log has, for people to read."""
        found = self.approval_requests(now_s, incident_id=incident_id)
        attested = (self._attested(request, now_s) for request in found)
        return tuple(request for request in attested if state is None or request.state == state)

    def _attested(self, request: ApprovalRequest, now_s: float) -> ApprovalRequest:
        given = dict(zip(request.answers, request.signatures, strict=True))
        answers: list[Approval] = []
        signatures: list[Signature] = []
        for line in self.audit_lines(request.plan_id):
            said = answer_of(line) if line.action == ANSWERED else None
            if said is not None:
                holds = self._row_holds("audit", line.seq)
                answers.append(said)
                signatures.append(given.pop(said, Signature.BROKEN) if holds else Signature.BROKEN)
        deciding = _deciding(tuple(answers), request.approvers_needed)
        return request.model_copy(
            update={
                "answers": tuple(answers),
                "signatures": tuple(signatures),
                "approval": deciding,
                "state": _state(deciding, dict(request), now_s),
                "unattested": len(given),
            }
        )


ANSWERED = "answer"
"""Lines of the audit log that say what was answered about a plan."""

_ANSWER = "answer"
"""What a signature of an answer is of."""


def answer_of(line: AuditLine) -> Approval | None:
    """The answer that a line stands for; None where its data are no answer of its actor."""
    try:
        answer = Approval.model_validate(line.data)
    except ValidationError:
        return None
    return answer if answer.by.name == line.actor else None


_REFUSED_AS = {
    "approval_expired": "answer_too_late",
    "override_missing": "answer_incomplete",
    "override_unasked": "answer_unasked",
    "override_reason": "answer_unreasoned",
    "person": "answer_automatic",
    "name": "answer_by_nobody",
    "entitled": "answer_unentitled",
}
"""What the audit log says of an answer that was not taken, by the rule that refused it."""


def _plan(row: dict[str, Any]) -> Plan:
    return _read_plan(row["plan"], row["hash"])


@lru_cache(maxsize=16)
def _read_plan(stored: str, made_hash: str) -> Plan:
    """Kept in mind, since what is in force is looked up at every step, and a plan is large."""
    plan = read(Plan, stored)
    if plan.hash != made_hash:
        raise JournalFailed(
            f'plan "{plan.id}" is damaged in the journal: its content is not what was recorded; '
            "put the file aside and take the last good copy"
        )
    return plan


def _deciding(answers: tuple[Approval, ...], needed: int) -> Approval | None:
    """The answer that decided: a rejection, or the last approval that was needed."""
    for answer in answers:
        if answer.decision == "reject":
            return answer
    return answers[-1] if len(answers) >= needed else None


def _standing(request: ApprovalRequest, by: Principal) -> Approval | None:
    """What holds already: the answer that decided it, or one of `by`, or of whom it acts for."""
    own = (answer for answer in request.answers if answer.by.people & by.people)
    return request.approval or next(own, None)


def _refusal(request: ApprovalRequest, approval: Approval) -> Refused | None:
    if approval.by.objection:
        return Refused(
            f'plan "{approval.plan_id}": nobody can answer under that name: '
            f"{approval.by.objection}; name a person",
            rule="name",
            way=Way(by="NAME"),
        )
    if request.state == "expired":
        # Of a clock that was set back, all that is known is that it was too late.
        late_s = max(0.0, approval.decided_s - request.expires_s)
        return Refused(
            f'plan "{approval.plan_id}": the answer came {late_s:.0f} s after the request expired; '
            "a new plan has to be made for the state as it is now",
            rule="approval_expired",
        )
    if approval.automatic and approval.decision == "approve" and request.needs_person:
        return Refused(
            f'plan "{approval.plan_id}": only a person may approve it ({request.needs_person})',
            rule="person",
            way=Way("approve", approval.plan_id),
        )
    if approval.overrides and not visible(approval.reason):
        return Refused(
            f'plan "{approval.plan_id}": say why {", ".join(approval.overrides)} is overridden',
            rule="override_reason",
            way=Way(reason="WHY"),
        )
    missing = sorted(set(request.overrides_needed) - set(approval.overrides))
    if approval.decision == "approve" and missing and request.approval is None:
        return Refused(
            f'plan "{approval.plan_id}": {", ".join(missing)} stands against a change now; '
            "to make it all the same, override that by name, with a reason",
            rule="override_missing",
            way=Way("approve", approval.plan_id, override=tuple(missing), reason="WHY"),
        )
    return unasked_overrides(request, approval)


def unasked_overrides(request: ApprovalRequest, approval: Approval) -> Refused | None:
    """The refusal of an approval that sets aside what nothing asked for; None where it does not."""
    unasked = sorted(set(approval.overrides) - set(request.overrides_needed))
    if approval.decision != "approve" or not unasked:
        return None
    asked = ", ".join(request.overrides_needed)
    instead = f"asked for {asked} alone" if asked else "asked for no override"
    return Refused(
        f'plan "{approval.plan_id}": {", ".join(unasked)} would be overridden, and the question '
        f"{instead}; approve it as it was asked, or wait for a new plan that asks for more",
        rule="override_unasked",
    )


def _state(approval: Approval | None, row: Mapping[str, Any], now_s: float) -> RequestState:
    if approval is None:
        late = row["expired_s"] is not None or now_s > row["expires_s"]
        return "expired" if late else "waiting"
    if row["used_s"] is not None:
        return "used"
    return "approved" if approval.decision == "approve" else "rejected"
