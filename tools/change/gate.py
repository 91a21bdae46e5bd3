"""The gate: written rules in a fixed order. It chooses nothing; the first broken rule ends it.

Every refusal is a class of its own and leaves a line in the audit log; so does passing. A further
rule is one more function in `ABOUT_THE_PLAN` or `ABOUT_LEAVE`.
"""

from dataclasses import dataclass

from tools.change import permission_rules, plan_rules
from tools.change.examined import Examined, Situation
from tools.change.permission_rules import (
    people_needed,
    person_needed,
    standing_entries,
    used_twice,
)
from tools.change.plan_rules import Rule
from tools.change.policy import ApprovalPolicy
from tools.journal.journal import Journal
from twin.errors import Refused
from twin.nouns.inventory import Inventory
from twin.nouns.plan import Plan
from twin.remedies.steps import DeviceStep

__all__ = ["ABOUT_LEAVE", "ABOUT_THE_PLAN", "RULES", "Gate", "Needs", "Situation", "used_twice"]

ACTOR = "gate"

ABOUT_THE_PLAN: tuple[Rule, ...] = (
    plan_rules.schema,
    plan_rules.capability,
    plan_rules.inventory,
    plan_rules.quarantine,
    plan_rules.fresh_state,
    plan_rules.steps,
    plan_rules.blast,
    plan_rules.management_path,
)
"""What would be refused whoever approved it."""

ABOUT_LEAVE: tuple[Rule, ...] = (
    permission_rules.conditions,
    permission_rules.clock,
    permission_rules.standing,
    permission_rules.approval,
    permission_rules.entitled,
    permission_rules.second_approver,
    permission_rules.person,
    permission_rules.attested,
    permission_rules.signed,
    permission_rules.asked_overrides,
    permission_rules.lease,
    permission_rules.device_claims,
)
"""What the watch itself, people, the calendar and other plans say now. It comes after what is about
the plan, and what stands in the way now may be gone by the time that people have answered."""

RULES: tuple[Rule, ...] = (*ABOUT_THE_PLAN, *ABOUT_LEAVE)
"""All of them, in order."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a request for approval has to ask for.

    `approvers`: how many different people. `overrides`: entries of the calendar that each of them
    has to name. `person`: why no automatic approval will do, "" where one will.
    """

    approvers: int
    overrides: tuple[str, ...]
    person: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """The rules of one network's policy, over its inventory and the journal's approvals.

    `rules`: all of them, unless it is tried what one of them holds.
    """

    journal: Journal
    policy: ApprovalPolicy
    inventory: Inventory
    network: str
    rules: tuple[Rule, ...] = RULES

    def check(self, plan: Plan, situation: Situation) -> tuple[DeviceStep, ...]:
        """The commits that `plan` stands for, if no rule forbids it; either way an audit line.

        Raises:
            Refused: one of `tools.change.refusals`, by the first rule that is broken.
        """
        case = self._examined(plan, situation)
        try:
            for rule in self.rules:
                rule(case)
        except Refused as refusal:
            self._audit(plan, situation.now_s, "refuse", rule=refusal.rule, message=str(refusal))
            raise
        self._audit(plan, situation.now_s, "pass")
        return case.steps

    def rehearse(self, plan: Plan, situation: Situation) -> None:
        """The rules about the plan, so that nobody is asked about what would be refused anyway.

        Raises:
            Refused: as `check`; nothing is audited, since nothing was attempted.
        """
        case = self._examined(plan, situation)
        for rule in ABOUT_THE_PLAN:
            rule(case)

    def needs(self, plan: Plan, situation: Situation) -> Needs:
        """What has to be asked for if `plan` is to pass now. The plan has been rehearsed.

        Raises:
            BlastDisagrees: how much it touches cannot be said.
        """
        case = self._examined(plan, situation)
        return Needs(people_needed(case), tuple(standing_entries(case)), person_needed(case))

    def _examined(self, plan: Plan, situation: Situation) -> Examined:
        return Examined(plan, situation, self.journal, self.policy, self.inventory, self.network)

    def _audit(self, plan: Plan, time_s: float, action: str, **data: str) -> None:
        subject = str(plan.id)
        self.journal.append_audit(time_s, ACTOR, action, subject, dict(data))
