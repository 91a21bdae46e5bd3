"""Who answers the demonstration's requests, when nobody answers from outside."""

from typing import Literal

from rich.console import Console
from rich.prompt import Confirm, Prompt

from tools.journal.journal import Journal
from tools.journal.records import Answer, ApprovalRequest
from twin.nouns.plan import Approval, Plan
from twin.nouns.principal import FLAG, Principal


class AskingApprover:
    """Shows every plan on the terminal, and takes the answer of whoever sits there."""

    def __init__(self, console: Console, principal: Principal) -> None:
        self._console = console
        self._principal = principal
        self._journal: Journal | None = None

    def answer_through(self, journal: Journal) -> None:
        """Where the answers go."""
        self._journal = journal

    def consider(self, request: ApprovalRequest, plan: Plan, now_s: float) -> None:
        """Ask, and wait for as long as it takes: the network's clock stands still meanwhile."""
        if self._journal is None:
            return
        self._console.print(f"\n{plan.id}: {plan.reason}", markup=False, highlight=False)
        if request.needs_person:
            why = f"  Only a person may approve it: {request.needs_person}"
            self._console.print(why, markup=False, highlight=False)
        for action in plan.actions:
            self._console.print(f"  {action.describe()}", markup=False, highlight=False)
        for step in plan.steps:
            self._console.print(step.diff, markup=False, highlight=False)
        decision: Literal["approve", "reject"] = "reject"
        if Confirm.ask("Approve?", console=self._console):
            decision = "approve"
        answer = self._answer(plan, decision, self._principal, now_s)
        if answer.still_needed:
            self._console.print("A second person has to approve it too: it touches so much.")
            name = Prompt.ask("Their name, or nothing to reject it", console=self._console)
            if name.strip():
                self._answer(plan, "approve", Principal(name=name, provider=FLAG), now_s)
            else:
                nobody = Principal(name="nobody else", provider=FLAG)
                self._answer(plan, "reject", nobody, now_s)

    def _answer(
        self, plan: Plan, decision: Literal["approve", "reject"], by: Principal, now_s: float
    ) -> Answer:
        assert self._journal is not None
        return self._journal.answer(
            Approval(
                plan_id=plan.id,
                plan_hash=plan.hash,
                decision=decision,
                by=by,
                reason="asked on the terminal",
                decided_s=now_s,
            )
        )
