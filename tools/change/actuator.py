"""The actuator: carries an approved plan to the devices, all of it or nothing. No model, no choice.

1. The gate.
2. The approval is used up, and the intent is on disk.
3. Every device is staged in the plan's order, and its diff compared with the approved one.
4. Every device is committed in that order, each with its own return timer.
5. Later, when the change has been watched, all are confirmed and read back.

One failure takes all back in reverse order. A device that cannot be taken back is put in
quarantine, and a person is paged.

Before every call the journal says that it is about to be made, and after it what came of it. If a
call ends in an error its outcome is unknown: it is looked up in the device's own commit log.
Staging and committing are never repeated. Confirming and rolling back are, while that log says that
the change still waits: that outcome is known, and doing either twice does it once.

If the journal itself fails, JournalFailed leaves this module at once and nothing is confirmed, so
that the devices return by themselves.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeVar

from tools.change.gate import Gate, Situation, used_twice
from tools.change.policy import ApprovalPolicy
from tools.change.refusals import ActionUsed, DiffDiffers, NotCommitted
from tools.change.steps import DeviceStep, change_id
from tools.clock import Clock
from tools.journal.errors import AlreadyRecorded
from tools.journal.journal import Journal
from tools.journal.records import Change, ChangeState, DeviceCall, Quarantine
from tools.network.protocol import CommitRecord, CommitState, Network
from twin.errors import NetworkError, Refused
from twin.nouns.base import Noun
from twin.nouns.configuration import DeviceConfiguration, NetworkConfiguration
from twin.nouns.plan import Plan

ACTOR = "actuator"

ATTEMPTS = 3
"""How often a device is asked to read, confirm or roll back before it counts as silent."""

WAIT_S = 1.0
"""Between two attempts: far below any return timer."""

_FOUND_AS: dict[CommitState | None, ChangeState] = {
    None: ChangeState.INTENT,
    CommitState.STAGED: ChangeState.STAGED,
    CommitState.COMMITTED: ChangeState.COMMITTED,
    CommitState.CONFIRMED: ChangeState.CONFIRMED,
    CommitState.ROLLED_BACK: ChangeState.ROLLED_BACK,
    CommitState.RETURNED: ChangeState.ROLLED_BACK,
}
"""What the device's log means for the journal."""

T = TypeVar("T")

ActuationState = Literal["committed", "confirmed", "rolled_back", "quarantined"]


class Actuation(Noun):
    """Where a plan stands on the devices.

    `state`: "committed" (return timers run), "confirmed", "rolled_back" (everything is as before),
    or "quarantined" (some device could not be taken back; a person was paged). `return_at_s`: when
    the first device returns by itself, while committed.
    """

    plan_id: str
    state: ActuationState
    reason: str
    return_at_s: float | None
    changes: tuple[Change, ...]


class _DeviceFailed(Exception):
    """A call did not do what it was to do; the text says which device and why."""


class Actuator:
    """Changes one network. `down_links` always means the links that are down as far as is known."""

    def __init__(
        self, network: Network, journal: Journal, policy: ApprovalPolicy, clock: Clock
    ) -> None:
        self._network = network
        self._journal = journal
        self._policy = policy
        self._clock = clock
        self._inventory = network.inventory()
        self._gate = Gate(journal, policy, self._inventory, network.name)

    def rehearse(self, plan: Plan, down_links: Iterable[str]) -> None:
        """Ask the gate about a plan that nobody has approved yet.

        Raises:
            Refused: a written rule forbids it.
            NetworkError: the network could not be read.
        """
        now_s = self._clock.now_s()
        self._gate.rehearse(plan, Situation(self._running(), frozenset(down_links), now_s))

    def commit(self, plan: Plan, down_links: Iterable[str]) -> Actuation:
        """Stage and commit every device of `plan`; "committed", or all of it taken back.

        Raises:
            Refused: a written rule forbids it (`tools.change.refusals`); nothing is changed.
            NetworkError: the network could not be read; nothing is changed.
            JournalFailed: nothing more is done; what was committed returns by itself.
        """
        situation = Situation(self._running(), frozenset(down_links), self._clock.now_s())
        steps = self._gate.check(plan, situation)
        changes = self._intend(plan, steps, situation)
        try:
            for change in changes:
                self._stage(change)
            for change in changes:
                self._commit(change)
            return_at_s = min(self._return_at_s(change) for change in changes)
        except DiffDiffers as refusal:
            self._take_back(plan.id, str(refusal))
            raise
        except _DeviceFailed as failure:
            return self._take_back(plan.id, str(failure))
        return self._actuation(plan.id, "committed", "", return_at_s)

    def confirm(self, plan: Plan) -> Actuation:
        """Keep what was committed, on all devices or on none, and read it back.

        A device that has returned, or whose return timer is nearly out, takes all back.

        Raises:
            NotCommitted: some change of the plan is not committed.
        """
        changes = self._changes(plan.id)
        if all(change.state is ChangeState.CONFIRMED for change in changes):
            return self._actuation(plan.id, "confirmed", "")
        if any(change.state is not ChangeState.COMMITTED for change in changes):
            raise self._refuse(plan.id, "only a plan that is committed on all devices is confirmed")
        try:
            for change in changes:
                self._require_time_left(change)
            for change in changes:
                self._confirm(change)
        except _DeviceFailed as failure:
            return self._take_back(plan.id, str(failure))
        return self._read_back(plan.id)

    def roll_back(self, plan: Plan, reason: str) -> Actuation:
        """Take every device of `plan` back, in reverse order.

        Raises:
            NotCommitted: it is confirmed on some device; its way back is a plan of its own.
        """
        changes = self._changes(plan.id)
        if any(change.state is ChangeState.CONFIRMED for change in changes):
            raise self._refuse(plan.id, "it is confirmed, so its way back is a plan of its own")
        return self._take_back(plan.id, reason)

    # Calls to one device

    def _stage(self, change: Change) -> None:
        self._call(
            change,
            "stage",
            lambda: self._network.stage(change.change_id, change.candidate),
            becomes=ChangeState.STAGED,
        )
        found = self._read(change.node, lambda: self._network.diff(change.node, change.change_id))
        if found != change.diff:
            message = (
                f'plan "{change.plan_id}": the diff on "{change.node}" is not the one that was '
                f"approved; approved:\n{change.diff}found:\n{found}"
            )
            self._audit(change.plan_id, "refuse", rule=DiffDiffers.rule, message=message)
            raise DiffDiffers(message)

    def _commit(self, change: Change) -> None:
        after_s = self._policy.commit.return_after_s
        self._call(
            change,
            "commit",
            lambda: self._network.commit(change.node, change.change_id, after_s),
            becomes=ChangeState.COMMITTED,
        )

    def _confirm(self, change: Change) -> None:
        self._call(
            change,
            "confirm",
            lambda: self._network.confirm(change.node, change.change_id),
            becomes=ChangeState.CONFIRMED,
            again_while=(ChangeState.COMMITTED,),
        )

    def _roll_back(self, change: Change, reason: str) -> None:
        self._call(
            change,
            "roll_back",
            lambda: self._network.roll_back(change.node, change.change_id),
            becomes=ChangeState.ROLLED_BACK,
            # Nothing in the log: nothing was staged, and there is nothing to take back.
            enough=(ChangeState.ROLLED_BACK, ChangeState.INTENT),
            again_while=(ChangeState.STAGED, ChangeState.COMMITTED),
            detail=reason,
        )
        if self._read(change.node, lambda: self._network.running(change.node)) != change.before:
            raise _DeviceFailed(f'"{change.node}" does not run what it ran before')

    def _call(
        self,
        change: Change,
        call: DeviceCall,
        act: Callable[[], object],
        *,
        becomes: ChangeState,
        enough: tuple[ChangeState, ...] = (),
        again_while: tuple[ChangeState, ...] = (),
        detail: str = "",
    ) -> None:
        """One call, journalled before and after; looked up where it ends in an error.

        Raises:
            _DeviceFailed: the change has reached neither `becomes` nor one of `enough`.
        """
        self._journal.calling(change.change_id, call, self._clock.now_s())
        for attempt in range(1, ATTEMPTS + 1):
            try:
                act()
            except Exception as error:
                # Whatever a driver raises, even a bug of its own, says nothing about the device.
                found = self._look_up_after(change, call, error)
                if found in (becomes, *enough):
                    detail = f"{detail}; found in the device's log after: {error}".lstrip("; ")
                    break
                if found not in again_while or attempt == ATTEMPTS:
                    self._record(change, found, f"{call}: {error}")
                    raise _DeviceFailed(f'{call} on "{change.node}" failed: {error}') from error
                self._wait()
            else:
                break
        self._record(change, becomes, detail)

    def _look_up_after(self, change: Change, call: DeviceCall, error: Exception) -> ChangeState:
        try:
            record = self._last_record(change)
        except _DeviceFailed as silent:
            self._record(change, ChangeState.UNKNOWN, f"{call}: {error}; {silent}")
            raise _DeviceFailed(
                f'the outcome of {call} on "{change.node}" is unknown: {error}; {silent}'
            ) from error
        found = _FOUND_AS[record.state if record else None]
        self._audit(change.change_id, "look_up", call=call, error=str(error), found=found)
        return found

    def _last_record(self, change: Change) -> CommitRecord | None:
        log = self._read(change.node, lambda: self._network.commit_log(change.node))
        ours = [record for record in log if record.change_id == change.change_id]
        return ours[-1] if ours else None

    def _require_time_left(self, change: Change) -> None:
        left_s = self._return_at_s(change) - self._clock.now_s()
        if left_s < self._policy.commit.confirm_margin_s:
            raise _DeviceFailed(f'"{change.node}" returns in {left_s:.0f} s, too soon to confirm')

    def _return_at_s(self, change: Change) -> float:
        record = self._last_record(change)
        if record is None or record.state is not CommitState.COMMITTED:
            state = record.state if record else "not in its log"
            raise _DeviceFailed(f'"{change.node}" is not committed any more ({state})')
        if record.return_at_s is None:
            raise _DeviceFailed(f'"{change.node}" has no return timer')
        return record.return_at_s

    def _read(self, node: str, read: Callable[[], T]) -> T:
        """Reading changes nothing, so it may be repeated."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return read()
            except Exception as error:
                if attempt == ATTEMPTS:
                    raise _DeviceFailed(f'"{node}" does not answer: {error}') from error
                self._wait()
        raise AssertionError("the last attempt returns or raises")

    # The whole plan

    def _running(self) -> NetworkConfiguration:
        nodes = [node.id for node in self._inventory.topology.nodes]
        try:
            return NetworkConfiguration(devices=tuple(self._running_of(node) for node in nodes))
        except _DeviceFailed as failure:
            raise NetworkError(f"the state cannot be read: {failure}") from failure

    def _running_of(self, node: str) -> DeviceConfiguration:
        return self._read(node, lambda: self._network.running(node))

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
        except Refused as refusal:
            self._audit(plan.id, "refuse", rule=refusal.rule, message=str(refusal))
            raise
        return changes

    def _write_intent(self, plan: Plan, changes: Sequence[Change], now_s: float) -> None:
        with self._journal.transaction():
            if not self._journal.use_approval(plan.id, now_s):
                raise used_twice(plan)
            try:
                self._journal.intend_changes(changes)
            except AlreadyRecorded as error:
                raise ActionUsed(f'plan "{plan.id}": {error}') from error
            self._audit(plan.id, "intend", devices=", ".join(c.node for c in changes))

    def _take_back(self, plan_id: str, reason: str) -> Actuation:
        """All in reverse order; what cannot be taken back is quarantined, and the rest goes on."""
        self._audit(plan_id, "take_back", reason=reason)
        for change in reversed(self._changes(plan_id)):
            if change.state is ChangeState.CONFIRMED:
                self._quarantine(change, f"confirmed before another device failed: {reason}")
            elif change.state is ChangeState.INTENT and not change.calling and not change.detail:
                self._record(change, ChangeState.ROLLED_BACK, "nothing was staged")
            elif change.state not in (ChangeState.ROLLED_BACK, ChangeState.QUARANTINED):
                try:
                    self._roll_back(change, reason)
                except _DeviceFailed as failure:
                    self._quarantine(change, str(failure))
        return self._taken_back(plan_id, reason)

    def _taken_back(self, plan_id: str, reason: str) -> Actuation:
        held = [c.node for c in self._changes(plan_id) if c.state is ChangeState.QUARANTINED]
        if not held:
            return self._actuation(plan_id, "rolled_back", reason)
        return self._actuation(plan_id, "quarantined", f"{reason}; look at {', '.join(held)}")

    def _read_back(self, plan_id: str) -> Actuation:
        for change in self._changes(plan_id):
            try:
                runs = self._running_of(change.node)
                if runs != change.candidate:
                    self._quarantine(change, "does not run what was confirmed")
            except _DeviceFailed as failure:
                self._quarantine(change, f"could not be read back: {failure}")
        held = [c.node for c in self._changes(plan_id) if c.state is ChangeState.QUARANTINED]
        if held:
            reason = f"confirmed, but not as approved on {', '.join(held)}"
            return self._actuation(plan_id, "quarantined", reason)
        return self._actuation(plan_id, "confirmed", "")

    def _quarantine(self, change: Change, reason: str) -> None:
        now_s = self._clock.now_s()
        text = f"{change.node} is in quarantine and needs a person: {reason}"
        with self._journal.transaction():
            self._record(change, ChangeState.QUARANTINED, reason)
            self._journal.quarantine(
                Quarantine(network=change.network, node=change.node, since_s=now_s, reason=reason)
            )
            self._journal.add_event(
                change.incident_id, now_s, "page", ACTOR, text, {"node": change.node}
            )

    # The journal

    def _changes(self, plan_id: str) -> tuple[Change, ...]:
        changes = self._journal.changes(plan_id=plan_id)
        if not changes:
            raise self._refuse(plan_id, "it has not been carried out")
        return changes

    def _record(self, change: Change, state: ChangeState, detail: str) -> None:
        with self._journal.transaction():
            self._journal.set_change(change.change_id, state, detail, self._clock.now_s())
            self._audit(change.change_id, state, detail=detail)

    def _audit(self, subject: str, action: str, **data: str) -> None:
        self._journal.append_audit(self._clock.now_s(), ACTOR, action, subject, dict(data))

    def _refuse(self, plan_id: str, why: str) -> NotCommitted:
        message = f'plan "{plan_id}": {why}'
        self._audit(plan_id, "refuse", rule=NotCommitted.rule, message=message)
        return NotCommitted(message)

    def _actuation(
        self, plan_id: str, state: ActuationState, reason: str, return_at_s: float | None = None
    ) -> Actuation:
        changes = self._journal.changes(plan_id=plan_id)
        return Actuation(
            plan_id=plan_id, state=state, reason=reason, return_at_s=return_at_s, changes=changes
        )

    def _wait(self) -> None:
        self._clock.wait_until(self._clock.now_s() + WAIT_S)
