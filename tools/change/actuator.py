"""The actuator: carries an approved plan to the devices, all of it or nothing. No model, no choice.

1. The gate.
2. The approval is used up, the devices are claimed, and the intent is on disk.
3. Every device is staged in the plan's order, and its diff compared with the approved one.
4. Every device is committed in that order, each with its own return timer, and read back.
5. Later, when the change has been watched, probes are sent to its devices from elsewhere; then all
   are confirmed and read back.

One failure takes all back in reverse order. A device that cannot be taken back is put in
quarantine, and a person is paged.

Before every call the journal says that it is about to be made, and after it what came of it. If a
call ends in an error its outcome is unknown: it is looked up in the device's own commit log.
Staging and committing are never repeated. Confirming and rolling back are, while that log says that
the change still waits: that outcome is known, and doing either twice does it once. After a restart
`reconcile` looks all changes of a plan up in the same way.

If the journal itself fails, or the incident's lease is lost, JournalFailed or LeaseLost leaves this
module at once and nothing is confirmed, so that the devices return by themselves.
"""

from collections.abc import Callable, Iterable, Sequence

from tools.change.actuation import Actuation, ActuationState
from tools.change.all_or_nothing import AllOrNothing
from tools.change.clock_doubt import clock_doubt
from tools.change.controls import EVERY_CONTROL, Controls
from tools.change.device_calls import ATTEMPTS, DeviceCalls, DeviceFailed
from tools.change.gate import Gate, Needs, Situation, used_twice
from tools.change.policy import ApprovalPolicy
from tools.change.probing import arrived, choose_probes
from tools.change.reconcile import reconcile
from tools.change.refusals import (
    ActionUsed,
    DiffDiffers,
    LeaseNotHeld,
    NotCommitted,
    WatchImpaired,
)
from tools.change.soundness import require_sound
from tools.clock import Clock
from tools.journal.anchors import Anchors
from tools.journal.errors import AlreadyRecorded, LeaseLost
from tools.journal.journal import Journal
from tools.journal.records import Change, ChangeState, Claim
from tools.network.protocol import CommitState, Network
from twin.errors import NetworkError, Refused
from twin.nouns.condition import Condition
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import ProbePath
from twin.nouns.plan import Plan
from twin.nouns.state import failed_links
from twin.remedies.steps import DeviceStep, change_id

__all__ = ["Actuation", "ActuationState", "Actuator"]


class Actuator:
    """Changes one network. `down_links` always means the links that are down as far as is known.

    `anchors`: where the head of the audit log is written elsewhere. `controls`: all of them, unless
    it is tried what one of them holds. `conditions`: what is wrong with the watch itself now.

    Only the process that holds the plan's incident commits, confirms, rolls back or reconciles.
    """

    def __init__(
        self,
        network: Network,
        journal: Journal,
        policy: ApprovalPolicy,
        clock: Clock,
        *,
        anchors: Anchors | None = None,
        controls: Controls = EVERY_CONTROL,
        conditions: Callable[[], tuple[Condition, ...]] = tuple,
    ) -> None:
        self._network = network
        self._journal = journal
        self._clock = clock
        self._conditions = conditions
        self._anchors = anchors or Anchors(journal, None)
        self._checks = controls.checks
        self._inventory = network.inventory()
        self._gate = Gate(journal, policy, self._inventory, network.name, controls.rules)
        self._calls = DeviceCalls(network, journal, clock, policy.commit.return_after_s)
        self._plans = AllOrNothing(self._calls, journal, clock, policy.commit.confirm_margin_s)

    def rehearse(self, plan: Plan, down_links: Iterable[str]) -> None:
        """Ask the gate about a plan that nobody has approved yet.

        Raises:
            Refused: a written rule forbids it.
            NetworkError: the network could not be read.
        """
        self._gate.rehearse(plan, self._situation(down_links))

    def needs(self, plan: Plan, down_links: Iterable[str]) -> Needs:
        """What a request for the approval of `plan` has to ask for, as things stand.

        Raises:
            BlastDisagrees: how much it touches cannot be said.
            NetworkError: the network could not be read.
        """
        return self._gate.needs(plan, self._situation(down_links))

    def require_well(self, plan_id: str) -> None:
        """Raises WatchImpaired, with an audit line, if something is wrong with the watch itself."""
        for condition in self._conditions():
            refusal = WatchImpaired(plan_id, condition)
            self._calls.audit(plan_id, "refuse", rule=refusal.rule, message=str(refusal))
            raise refusal

    def commit(self, plan: Plan, down_links: Iterable[str]) -> Actuation:
        """Stage and commit every device of `plan`; "committed", or all of it taken back.

        Raises:
            Refused: a written rule forbids it (`tools.change.refusals`); nothing is changed.
            NetworkError: the network could not be read; nothing is changed.
            JournalFailed, LeaseLost: nothing more is done; what is committed returns by itself.
        """
        self._require_sound_journal()
        situation = self._situation(down_links)
        steps = self._gate.check(plan, situation)
        changes = self._intend(plan, steps, situation)
        self._anchors.note(situation.now_s)
        try:
            for change in changes:
                self._calls.stage(change)
            records = [self._calls.commit(change) for change in changes]
        except DiffDiffers as refusal:
            self._plans.take_back(plan.id, str(refusal))
            raise
        except DeviceFailed as failure:
            return self._plans.take_back(plan.id, str(failure))
        return self._plans.committed(plan.id, records)

    def confirm(self, plan: Plan, down_links: Iterable[str]) -> Actuation:
        """Keep what was committed, on all devices or on none, and read it back.

        All is taken back if the time is in doubt, if a probe finds that nothing arrives at one of
        the devices, or if a device has returned or is about to.

        Raises:
            WatchImpaired: something is wrong with the watch itself; it waits on, and returns by
                itself unless that is over in time.
            NotCommitted: the plan does not wait to be confirmed.
            JournalFailed, LeaseLost: nothing more is done; what is committed returns by itself.
        """
        if (found := self._cut_off(plan)) and found.state != "committed":
            return found
        changes = self._changes(plan.id)
        ended = self._plans.ended(plan.id)
        if ended and ended.state == "confirmed":
            return ended
        states = {change.state for change in changes}
        self.require_well(plan.id)
        if ended or not states <= {ChangeState.COMMITTED, ChangeState.CONFIRMED}:
            raise self._refuse(plan.id, "only a plan that is committed on all devices is confirmed")
        self._require_sound_journal()
        try:
            self._require_time()
            if ChangeState.CONFIRMED not in states:
                self._require_probes(plan, changes, down_links)
        except DeviceFailed as failure:
            return self._plans.take_back(plan.id, str(failure))
        return self._plans.keep(plan.id)

    def roll_back(self, plan: Plan, reason: str) -> Actuation:
        """Take every device of `plan` back, in reverse order; "returned" if all were back already.

        Raises:
            NotCommitted: it is confirmed on some device; its way back is a plan of its own.
            JournalFailed, LeaseLost: nothing more is done; what is committed returns by itself.
        """
        self._cut_off(plan)
        changes = self._changes(plan.id)
        if any(change.state is ChangeState.CONFIRMED for change in changes):
            raise self._refuse(plan.id, "it is confirmed, so its way back is a plan of its own")
        if ended := self._plans.ended(plan.id):
            return ended
        if self._have_returned(changes):
            reason = f"all devices had returned before it was to be taken back: {reason}"
            return self._plans.take_back(plan.id, reason, "returned")
        return self._plans.take_back(plan.id, reason)

    def reconcile(self, plan: Plan) -> Actuation | None:
        """Where a plan that was cut off stands, and go on with it or undo it; None: nothing begun.

        Nothing is staged or committed. Once it has ended, asking again only says how. See
        `tools.change.reconcile`.

        Raises:
            JournalFailed, LeaseLost: nothing more is done; what is committed returns by itself.
        """
        self._require_holder(plan)
        if not self._journal.changes(plan_id=plan.id):
            return None
        if ended := self._plans.ended(plan.id):
            return ended
        self._require_sound_journal()
        return reconcile(plan.id, self._journal, self._calls, self._plans, self._clock_doubt)

    # Before a commit

    def _situation(self, down_links: Iterable[str]) -> Situation:
        running, doubt = self._running(), self._clock_doubt()
        failed = failed_links(running, down_links)
        return Situation(running, failed, self._clock.now_s(), doubt, self._conditions())

    def _running(self) -> NetworkConfiguration:
        nodes = [node.id for node in self._inventory.topology.nodes]
        try:
            return NetworkConfiguration(devices=tuple(self._calls.running(node) for node in nodes))
        except DeviceFailed as failure:
            raise NetworkError(
                f"the state cannot be read: {failure}; nothing is changed until every device "
                "answers"
            ) from failure

    def _intend(
        self, plan: Plan, steps: Sequence[DeviceStep], situation: Situation
    ) -> tuple[Change, ...]:
        """Use the approval up and write the intent, in one transaction that is on disk after it."""
        planned = zip(plan.steps, steps, strict=True)
        changes = tuple(
            Change(
                action_id=stated.action_id,
                node=step.node,
                change_id=change_id(stated.action_id, step.node),
                plan_id=plan.id,
                incident_id=plan.incident_id,
                network=self._network.name,
                position=position,
                state=ChangeState.INTENT,
                calling="",
                diff=step.diff,
                before=situation.running.device(step.node),
                candidate=step.candidate,
                detail="",
                updated_s=situation.now_s,
            )
            for position, (stated, step) in enumerate(planned)
        )
        try:
            self._write_intent(plan, changes, situation.now_s)
        except LeaseLost:
            raise
        except Refused as refusal:
            self._calls.audit(plan.id, "refuse", rule=refusal.rule, message=str(refusal))
            raise
        return changes

    def _write_intent(self, plan: Plan, changes: Sequence[Change], now_s: float) -> None:
        claims = [
            Claim(
                network=change.network,
                node=change.node,
                incident_id=change.incident_id,
                plan_id=change.plan_id,
                since_s=now_s,
            )
            for change in changes
        ]
        with self._journal.transaction():
            # Once more, now that nobody else can write: the rules went by what stood there before.
            self._require_sound_journal()
            if not self._journal.use_approval(plan.id, now_s):
                raise used_twice(plan)
            self._journal.claim_devices(claims)
            try:
                self._journal.intend_changes(changes)
            except AlreadyRecorded as error:
                raise ActionUsed(f'plan "{plan.id}": {error}') from error
            self._calls.audit(plan.id, "intend", devices=", ".join(c.node for c in changes))

    # Before a confirmation

    def _require_time(self) -> None:
        if doubt := self._clock_doubt():
            raise DeviceFailed(f"the time is in doubt, so nothing is confirmed: {doubt}")

    def _require_probes(
        self, plan: Plan, changes: Sequence[Change], down_links: Iterable[str]
    ) -> None:
        """Raises DeviceFailed if nothing arrives at one of the devices, from wherever it is probed.

        From one place alone it may be the fault that the change is about.
        """
        shut = {i.link for c in changes for i in c.candidate.interfaces if i.shut_down}
        nodes = [change.node for change in changes]
        probes = choose_probes(self._inventory.topology, shut | set(down_links), nodes)
        silent = self._lost(probes.paths)
        reached = {p.target for p in probes.paths if p not in silent}
        unreached = _pairs(p for p in silent if p.target not in reached)
        self._calls.audit(
            plan.id,
            "probe",
            sent=_pairs(probes.paths),
            lost=_pairs(silent),
            cut_off=", ".join(probes.cut_off),
        )
        if unreached:
            raise DeviceFailed(f"nothing arrives from {unreached}, so it is not confirmed")

    def _lost(self, paths: Sequence[ProbePath]) -> Sequence[ProbePath]:
        """Those over which nothing came; a probe that fails or does not report is sent again."""
        left = paths
        for attempt in range(1, ATTEMPTS + 1):
            if not left:
                break
            if attempt > 1:
                self._calls.wait()
            try:
                came = arrived(left, self._network.probe(left))
            except Exception:
                # Whatever a driver raises, nothing is known to have come.
                continue
            left = [path for path in left if path not in came]
        return left

    # What has to hold

    def _clock_doubt(self) -> str:
        return clock_doubt(self._clock, self._network, self._journal)

    def _require_sound_journal(self) -> None:
        """Damage or alteration anywhere may be of what the next steps go by."""
        require_sound(self._journal, self._anchors, self._checks)

    def _require_holder(self, plan: Plan) -> None:
        held, subject = self._journal.held(), f"incident:{plan.incident_id}"
        if held is None or held.subject != subject:
            raise LeaseNotHeld(plan.id, subject, held.subject if held else "")

    def _cut_off(self, plan: Plan) -> Actuation | None:
        """What is found, where an earlier call to a device was cut off; None if none was."""
        self._require_holder(plan)
        calling = any(change.calling for change in self._journal.changes(plan_id=plan.id))
        return self.reconcile(plan) if calling else None

    def _changes(self, plan_id: str) -> tuple[Change, ...]:
        changes = self._journal.changes(plan_id=plan_id)
        if not changes:
            raise self._refuse(plan_id, "it has not been carried out")
        return changes

    def _have_returned(self, changes: Sequence[Change]) -> bool:
        """Whether all went back by themselves; False where that cannot be found out."""
        try:
            records = [self._calls.last_record(change) for change in changes]
        except DeviceFailed:
            return False
        return all(record and record.state is CommitState.RETURNED for record in records)

    def _refuse(self, plan_id: str, why: str) -> NotCommitted:
        message = f'plan "{plan_id}": {why}'
        self._calls.audit(plan_id, "refuse", rule=NotCommitted.rule, message=message)
        return NotCommitted(message)


def _pairs(paths: Iterable[ProbePath]) -> str:
    return ", ".join(f"{path.source} to {path.target}" for path in paths)
