"""Who answers requests inside this process: whoever sits at the terminal, or people who trust."""

import sys
import termios
from collections.abc import Callable
from typing import Literal

from rich.console import Console
from rich.prompt import Confirm, Prompt

from channels.cli.show import plan_lines
from channels.report.wording import plain, printable
from tools.journal.journal import Journal
from tools.journal.records import Answer, ApprovalRequest
from twin.nouns.plan import Approval, Plan
from twin.nouns.principal import FLAG, OS_USER, Principal


class AskingApprover:
    """Shows every plan on the terminal, and takes the answer of whoever sits there.

    What was typed before a question was shown is no answer to it, and is dropped.
    """

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
        self._show(request, plan)
        _drop_what_was_typed()
        decision: Literal["approve", "reject"] = "reject"
        if Confirm.ask(f"Approve {plain(plan.id)}?", console=self._console):
            decision = "approve"
        answer = self._answer(request, plan, decision, self._principal, now_s)
        if answer.still_needed:
            self._console.print("A second person has to approve it too: it touches so much.")
            _drop_what_was_typed()
            name = Prompt.ask("Their name, or nothing to reject it", console=self._console)
            if name.strip():
                second = Principal(name=name, provider=FLAG)
                self._answer(request, plan, "approve", second, now_s)
            else:
                nobody = Principal(name="nobody else", provider=FLAG)
                self._answer(request, plan, "reject", nobody, now_s)

    def _show(self, request: ApprovalRequest, plan: Plan) -> None:
        lines = [
            "",
            f"{plain(plan.id)} waits for {plain(self._principal.name)}; nothing is changed before",
            *plan_lines(plan),
        ]
        if request.needs_person:
            lines.append(f"person    only a person may approve it: {plain(request.needs_person)}")
        if request.overrides_needed:
            named = ", ".join(plain(entry) for entry in request.overrides_needed)
            lines.append(f"override  whoever approves it sets aside {named}")
        for step in plan.steps:
            lines += [printable(line) for line in step.diff.splitlines()]
        for line in lines:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _answer(
        self,
        request: ApprovalRequest,
        plan: Plan,
        decision: Literal["approve", "reject"],
        by: Principal,
        now_s: float,
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
                overrides=request.overrides_needed if decision == "approve" else (),
            )
        )


def _drop_what_was_typed() -> None:
    if sys.stdin.isatty():
        termios.tcflush(sys.stdin, termios.TCIFLUSH)


class TrustingPeople:
    """People who approve whatever is shown, `delay_s` after it was asked for, as many as it takes,
    naming what has to be overridden; a plan that was asked about when `rejects` they reject, and at
    once.
    """

    def __init__(self, delay_s: float, rejects: Callable[[float], bool] = lambda _: False) -> None:
        self._delay_s = delay_s
        self._rejects = rejects
        self._journal: Journal | None = None

    def answer_through(self, journal: Journal) -> None:
        """Where the answers go."""
        self._journal = journal

    def consider(self, request: ApprovalRequest, plan: Plan, now_s: float) -> None:
        """Answer, if the request has waited for long enough."""
        refused = self._rejects(request.requested_s)
        due_s = request.requested_s + (0.0 if refused else self._delay_s)
        if self._journal is None or now_s < due_s:
            return
        needed = 1 if refused else request.approvers_needed
        for name in ("erin", "frank")[len(request.answers) : needed]:
            self._journal.answer(
                Approval(
                    plan_id=plan.id,
                    plan_hash=request.plan_hash,
                    decision="reject" if refused else "approve",
                    by=Principal(name=name, provider=OS_USER),
                    reason="not now" if refused else "it looks right",
                    overrides=request.overrides_needed,
                    decided_s=now_s,
                )
            )
