"""All devices of a plan together: kept on all of them, or taken back on all of them."""

from collections.abc import Sequence
from typing import cast

from tools.change.actuation import Actuation, ActuationState, Undone
from tools.change.device_calls import DeviceCalls, DeviceFailed, DeviceReturned
from tools.clock import Clock
from tools.journal.journal import Journal
from tools.journal.records import AuditLine, Change, ChangeState
from tools.network.protocol import CommitRecord

_TAKE_BACK, _END = "take_back", "end"
"""Lines of the audit log about a plan, by which a restart knows what was decided."""


class AllOrNothing:
    """What is decided about a plan as a whole, and carried out on every device.

    A decision is written down before it is carried out, and its end after it, so that whoever goes
    on after a restart decides nothing anew.
    """

    def __init__(
        self, calls: DeviceCalls, journal: Journal, clock: Clock, confirm_margin_s: float
    ) -> None:
        self._calls = calls
        self._journal = journal
        self._clock = clock
        self._confirm_margin_s = confirm_margin_s

    def committed(self, plan_id: str, records: Sequence[CommitRecord]) -> Actuation:
        """It waits to be confirmed; `records` are of the devices' own logs, one for each."""
        return self._actuation(plan_id, "committed", "", records)

    def require_time_left(self, change: Change) -> None:
        """Raises DeviceFailed if the device returns before it could safely be confirmed."""
        returns_s = self._calls.require_committed(change).return_at_s
        assert returns_s is not None
        left_s = returns_s - self._clock.now_s()
        if left_s < self._confirm_margin_s:
            raise DeviceFailed(f'"{change.node}" returns in {left_s:.0f} s, too soon to confirm')

    def keep(self, plan_id: str) -> Actuation:
        """Confirm whatever is not confirmed yet, and read all devices back.

        A device that has returned, or whose return timer is nearly out, takes all back.
        """
        waiting = [c for c in self._changes(plan_id) if c.state is not ChangeState.CONFIRMED]
        try:
            for change in waiting:
                self.require_time_left(change)
            for change in waiting:
                self._calls.confirm(change)
        except DeviceReturned as returned:
            kept = any(c.state is ChangeState.CONFIRMED for c in self._changes(plan_id))
            as_: Undone = "rolled_back" if kept else "returned"
            return self.take_back(plan_id, str(returned), as_)
        except DeviceFailed as failure:
            return self.take_back(plan_id, str(failure))
        return self.read_back(plan_id)

    def read_back(self, plan_id: str) -> Actuation:
        """Compare what was confirmed with what runs; a device that differs waits for a person."""
        for change in self._changes(plan_id):
            if change.state is ChangeState.QUARANTINED:
                continue
            try:
                if self._calls.running(change.node) != change.candidate:
                    self._calls.quarantine(change, "does not run what was confirmed")
            except DeviceFailed as failure:
                self._calls.quarantine(change, f"could not be read back: {failure}")
        held = self._quarantined(plan_id)
        if held:
            return self._end(plan_id, "quarantined", f"confirmed, but not as approved on {held}")
        return self._end(plan_id, "confirmed", "")

    def take_back(self, plan_id: str, reason: str, as_: Undone = "rolled_back") -> Actuation:
        """All in reverse order; what cannot be taken back is quarantined, and the rest goes on.

        A taking back that was begun before is gone on with, for the reason that it had.
        """
        if line := self._last(plan_id, _TAKE_BACK):
            reason, as_ = str(line.data["reason"]), cast(Undone, line.data["as"])
        else:
            self._calls.audit(plan_id, _TAKE_BACK, **{"reason": reason, "as": as_})
        for change in reversed(self._changes(plan_id)):
            if change.state is ChangeState.CONFIRMED:
                why = f"confirmed, and another device of its plan is not: {reason}"
                self._calls.quarantine(change, why)
            elif change.state is not ChangeState.QUARANTINED:
                try:
                    self._take_one_back(change, reason)
                except DeviceFailed as failure:
                    self._calls.quarantine(change, str(failure))
        held = self._quarantined(plan_id)
        if held:
            return self._end(plan_id, "quarantined", f"{reason}; look at {held}")
        return self._end(plan_id, as_, reason)

    def _take_one_back(self, change: Change, reason: str) -> None:
        if change.state is ChangeState.INTENT and not change.calling and not change.detail:
            self._calls.record(change, ChangeState.ROLLED_BACK, "nothing was staged")
        elif change.state is ChangeState.ROLLED_BACK:
            self._calls.require_before(change)
        else:
            self._calls.roll_back(change, reason)

    # What was decided

    def taking_back(self, plan_id: str) -> bool:
        """Whether it was decided to take the plan back."""
        return self._last(plan_id, _TAKE_BACK) is not None

    def ended(self, plan_id: str) -> Actuation | None:
        """What came of the plan, None while something remains to be done."""
        line = self._last(plan_id, _END)
        if line is None:
            return None
        state = cast(ActuationState, line.data["state"])
        return self._actuation(plan_id, state, str(line.data["reason"]))

    def _last(self, plan_id: str, action: str) -> AuditLine | None:
        lines = self._journal.audit_lines(subject=plan_id)
        return next((line for line in reversed(lines) if line.action == action), None)

    def _end(self, plan_id: str, state: ActuationState, reason: str) -> Actuation:
        self._calls.audit(plan_id, _END, state=state, reason=reason)
        return self._actuation(plan_id, state, reason)

    def _quarantined(self, plan_id: str) -> str:
        changes = self._changes(plan_id)
        return ", ".join(c.node for c in changes if c.state is ChangeState.QUARANTINED)

    def _changes(self, plan_id: str) -> tuple[Change, ...]:
        return self._journal.changes(plan_id=plan_id)

    def _actuation(
        self, plan_id: str, state: ActuationState, reason: str, records: Sequence[CommitRecord] = ()
    ) -> Actuation:
        returns = [r.return_at_s for r in records if r.return_at_s is not None]
        return Actuation(
            plan_id=plan_id,
            state=state,
            reason=reason,
            return_at_s=min(returns, default=None),
            committed_at_s=max((r.time_s for r in records), default=None),
            changes=self._changes(plan_id),
        )
