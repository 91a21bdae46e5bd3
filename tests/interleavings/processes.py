"""What the processes do: watch the incident, and answer for people.

`Watcher` goes through the phases of `graphs.execution` with the real gate, actuator and journal;
the phase in the journal is its checkpoint, which LangGraph's is in the product.
"""

from collections.abc import Callable
from functools import cache
from typing import Literal

from tests.interleavings.programs import rest
from tests.interleavings.seams import HeldJournal, HeldNetwork
from tests.tools.change.conftest import INCIDENT, plan_for
from tests.tools.change.in_memory import ManualClock, inventory
from tools.change.actuator import Actuator
from tools.change.policy import ApprovalPolicy
from tools.change.refusals import StaleState
from tools.journal.errors import DeviceBusy, LeaseHeld, LeaseLost, UnknownPlan
from tools.journal.lease_rows import Since, incident_subject
from tools.journal.records import Answer, ApprovalRequest, Lease
from twin.errors import NetworkError, Refused
from twin.events.actions.drain_link import DrainLink
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.incident import TERMINAL_PHASES, Phase
from twin.nouns.plan import Approval, Plan
from twin.nouns.principal import OS_USER, Principal

SUBJECT = incident_subject(INCIDENT.id)
TTL_S = 30.0
MOST_ATTEMPTS = 2
DRAIN = DrainLink(link="A-B")

Told = Answer | str
"""What an approver was told: the answer's outcome, or the rule that refused it."""


@cache
def _plan(running: NetworkConfiguration, plan_id: str) -> Plan:
    return plan_for(running, inventory(), [DRAIN], plan_id)


class Watcher:
    """One process that watches the incident, from its start to its end or death.

    `since`: seconds since boot. `kept`: what the verifier will say of any plan. `refused`: how
    often a write was refused since the lease was lost.
    """

    def __init__(
        self,
        holder: str,
        journal: HeldJournal,
        network: HeldNetwork,
        policy: ApprovalPolicy,
        since: Callable[[], Since],
        is_dead: Callable[[str], bool],
        *,
        kept: bool,
    ) -> None:
        self.holder = holder
        self.journal = journal
        self.refused = 0
        self._network = network
        self._clock: ManualClock = network.clock
        self._policy = policy
        self._since = since
        self._is_dead = is_dead
        self._kept = kept
        self._actuator = Actuator(network, journal, policy, network.clock)

    def renew(self) -> None:
        """What the thread beside it does."""
        self.journal.renew_leases(self.holder, self._since())

    def run(self) -> None:
        """Carry the incident on, or stand by, until it is closed."""
        while self.journal.incident(INCIDENT.id).phase not in TERMINAL_PHASES:
            try:
                lease = self.journal.take_lease(
                    SUBJECT, self.holder, self._since(), TTL_S, self._is_dead
                )
                with self.journal.holding(lease):
                    waits = self._carry_on(lease)
            except LeaseHeld:
                waits = "stands by"
            except LeaseLost:
                self.refused += 1
                waits = "was told that it lost the lease"
            if waits:
                rest(waits)
        self.journal.release_leases(self.holder, SUBJECT)

    def _carry_on(self, lease: Lease) -> str:
        """One step; why there is nothing more to do now, "" if there is."""
        phase = self.journal.incident(INCIDENT.id).phase
        if phase in TERMINAL_PHASES:
            return ""
        if phase in (Phase.DETECTED, Phase.PLANNING):
            return self._propose(lease)
        plan = self.journal.plans(INCIDENT.id)[-1]
        if phase is Phase.AWAITING_APPROVAL:
            return self._await_approval(lease, plan)
        return self._act(lease, plan) if phase is Phase.ACTUATING else self._verify(lease, plan)

    def _propose(self, lease: Lease) -> str:
        number = len(self.journal.plans(INCIDENT.id)) + 1
        if number > MOST_ATTEMPTS:
            return self._enter(lease, Phase.ESCALATED)
        nodes = [node.id for node in self._network.inventory().topology.nodes]
        devices = tuple(self._network.running(node) for node in nodes)
        plan = _plan(NetworkConfiguration(devices=devices), f"{INCIDENT.id}/plan-{number}")
        self.journal.record_plan(plan)
        return self._enter(lease, Phase.AWAITING_APPROVAL)

    def _await_approval(self, lease: Lease, plan: Plan) -> str:
        request = self._ask(plan)
        if request.approval is None and self._clock.now_s() < request.expires_s:
            return "waits for an answer"
        if request.approval is None:
            return self._enter(lease, Phase.ESCALATED)
        approved = request.approval.decision == "approve"
        return self._enter(lease, Phase.ACTUATING if approved else Phase.PLANNING)

    def _ask(self, plan: Plan) -> ApprovalRequest:
        now = self._clock.now_s()
        try:
            return self.journal.approval_request(plan.id, now)
        except UnknownPlan:
            needs = self._actuator.needs(plan, ())
        return self.journal.request_approval(
            plan,
            now,
            now + self._policy.approval.expires_after_s,
            approvers_needed=needs.approvers,
            overrides_needed=needs.overrides,
        )

    def _act(self, lease: Lease, plan: Plan) -> str:
        try:
            done = self._actuator.reconcile(plan) or self._actuator.commit(plan, ())
        except (StaleState, DeviceBusy):
            return self._enter(lease, Phase.PLANNING)
        except LeaseLost:
            raise
        except (Refused, NetworkError):
            return self._enter(lease, Phase.ESCALATED)
        if done.state in ("committed", "confirmed"):
            self._enter(lease, Phase.VERIFYING)
            return "waits for samples"
        return self._enter(
            lease, Phase.ESCALATED if done.state == "quarantined" else Phase.PLANNING
        )

    def _verify(self, lease: Lease, plan: Plan) -> str:
        try:
            done = self._actuator.reconcile(plan)
            if done is None or done.state == "committed":
                done = (
                    self._actuator.confirm(plan, ())
                    if self._kept
                    else self._actuator.roll_back(plan, "not as forecast")
                )
        except LeaseLost:
            raise
        except (Refused, NetworkError):
            return self._enter(lease, Phase.ESCALATED)
        after = {"confirmed": Phase.RESOLVED, "quarantined": Phase.ESCALATED}
        return self._enter(lease, after.get(done.state, Phase.PLANNING))

    def _enter(self, lease: Lease, phase: Phase) -> str:
        with self.journal.transaction():
            self.journal.set_phase(INCIDENT.id, phase)
            self.journal.add_event(
                INCIDENT.id,
                self._clock.now_s(),
                "phase",
                self.holder,
                phase,
                {"epoch": lease.epoch},
            )
        return ""


def answer(
    journal: HeldJournal,
    clock: ManualClock,
    by: str,
    decision: Literal["approve", "reject"],
    mark: str,
    told: dict[str, Told],
) -> None:
    """Answer the newest question, as `noctua approve` does; `mark` tells this answer from others.

    What the person is told stands in `told`.
    """
    requests = journal.approval_requests(clock.now_s())
    if not requests:
        return
    plan = journal.plan(requests[-1].plan_id)
    approval = Approval(
        plan_id=plan.id,
        plan_hash=plan.hash,
        decision=decision,
        by=Principal(name=by, provider=OS_USER),
        reason=mark,
        decided_s=clock.now_s(),
    )
    try:
        told[mark] = journal.answer(approval)
    except Refused as refusal:
        told[mark] = refusal.rule
