"""One call to one device: journalled before and after, and looked up where it ends in an error."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from tools.change.refusals import DiffDiffers
from tools.clock import Clock
from tools.journal.errors import LeaseLost
from tools.journal.journal import Journal
from tools.journal.outbox_rows import NO_WAY_TO_CALL
from tools.journal.records import Change, ChangeState, DeviceCall, Quarantine
from tools.network.protocol import CommitRecord, CommitState, Network
from twin.nouns.configuration import DeviceConfiguration

ACTOR = "actuator"

ATTEMPTS = 3
"""How often a device is asked to read, confirm or roll back before it counts as silent."""

WAIT_S = 1.0
"""Between two attempts: far below any return timer."""

MOST_DEVICE_DIFF = 20_000
"""Characters of a device's own diff that are kept."""

FOUND_AS: dict[CommitState | None, ChangeState] = {
    None: ChangeState.INTENT,
    CommitState.STAGED: ChangeState.STAGED,
    CommitState.COMMITTED: ChangeState.COMMITTED,
    CommitState.CONFIRMED: ChangeState.CONFIRMED,
    CommitState.ROLLED_BACK: ChangeState.ROLLED_BACK,
    CommitState.RETURNED: ChangeState.ROLLED_BACK,
}
"""What the last line of a device's log means for the journal."""

T = TypeVar("T")


class DeviceFailed(Exception):
    """A call did not do what it was to do; the text says which device and why."""


class DeviceReturned(DeviceFailed):
    """The device has gone back by itself, as it does when nobody confirms."""


class DeviceCalls:
    """Calls to the devices of one network.

    Every method may raise JournalFailed, and LeaseLost where a lease is held: then no call was
    made, or the journal does not know yet what came of it.
    """

    def __init__(
        self, network: Network, journal: Journal, clock: Clock, return_after_s: float
    ) -> None:
        self._network = network
        self._journal = journal
        self._clock = clock
        self._return_after_s = return_after_s

    # Changing

    def stage(self, change: Change) -> None:
        """Make the change's candidate the device's, and compare the diff with the approved one.

        Raises:
            DeviceFailed: it is not staged.
            DiffDiffers: the device would change something else.
        """
        self._drop_left_over(change.node)
        try:
            said = self._call(
                change,
                "stage",
                lambda: self._network.stage(change.change_id, change.candidate),
                becomes=ChangeState.STAGED,
            )
        except LeaseLost:
            # Whoever has the lease now may have looked before this arrived, and looks no more.
            self._drop(change)
            raise
        if isinstance(said, str) and said:
            self._keep_device_diff(change, said[:MOST_DEVICE_DIFF])
        found = self.read(change.node, lambda: self._network.diff(change.node, change.change_id))
        if found != change.diff:
            message = (
                f'plan "{change.plan_id}": the diff on "{change.node}" is not the one that was '
                f"approved; approved:\n{change.diff}found:\n{found}"
                "make a new plan for what the device runs now"
            )
            self.audit(change.plan_id, "refuse", rule=DiffDiffers.rule, message=message)
            raise DiffDiffers(message)

    def _keep_device_diff(self, change: Change, said: str) -> None:
        with self._journal.transaction():
            self._journal.set_device_diff(change.change_id, said)
            self.audit(change.change_id, "device_diff", text=said)

    def _drop_left_over(self, node: str) -> None:
        """Drop a candidate that arrived only when its plan had been taken back.

        It is of a process that slept through its lease right before it staged, and then died.
        """
        try:
            log = self.read(node, lambda: self._network.commit_log(node))
        except DeviceFailed:
            return  # What is left over makes it refuse to stage, and nothing is changed.
        last = {record.change_id: record.state for record in log}
        staged = {name for name, state in last.items() if state is CommitState.STAGED}
        for change in self._journal.changes() if staged else ():
            if change.change_id in staged and change.state is ChangeState.ROLLED_BACK:
                self.audit(change.change_id, "drop", node=node)
                self._drop(change)

    def _drop(self, change: Change) -> None:
        # A device that keeps it refuses the next candidate, and that is looked up.
        with suppress(Exception):
            self._network.roll_back(change.node, change.change_id)

    def commit(self, change: Change) -> CommitRecord:
        """Run the candidate until it is confirmed or its timer is out, and read it back.

        Raises:
            DeviceFailed: it is not committed, or not whole.
        """
        self._call(
            change,
            "commit",
            lambda: self._network.commit(change.node, change.change_id, self._return_after_s),
            becomes=ChangeState.COMMITTED,
        )
        return self.require_whole(change)

    def confirm(self, change: Change) -> None:
        """Keep what was committed. Raises DeviceFailed if it is not kept."""
        self._call(
            change,
            "confirm",
            lambda: self._network.confirm(change.node, change.change_id),
            becomes=ChangeState.CONFIRMED,
            again_while=(ChangeState.COMMITTED,),
        )

    def roll_back(self, change: Change, reason: str) -> None:
        """Take it back. Raises DeviceFailed if the device does not run what it ran before."""
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
        self.require_before(change)

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
    ) -> object:
        """One call, journalled before and after; looked up where it ends in an error.

        Returns what the device replied, or the line of its log that was found instead.

        Raises:
            DeviceFailed: the change has reached neither `becomes` nor one of `enough`.
        """
        self._journal.calling(change.change_id, call, self._clock.now_s())
        reply: object = None
        for attempt in range(1, ATTEMPTS + 1):
            try:
                reply = act()
            except Exception as error:
                # Whatever a driver raises, even a bug of its own, says nothing about the device.
                record = self._look_up_after(change, call, error)
                reply, found = record, FOUND_AS[record.state if record else None]
                if found in (becomes, *enough):
                    detail = f"{detail}; found in the device's log after: {error}".lstrip("; ")
                    break
                if found not in again_while or attempt == ATTEMPTS:
                    self.record(change, found, f"{call}: {error}", _timer(record))
                    kind = DeviceReturned if _has_returned(record) else DeviceFailed
                    raise kind(f'{call} on "{change.node}" failed: {error}') from error
                self.wait()
            else:
                break
        self.record(change, becomes, detail, _timer(reply))
        return reply

    def _look_up_after(
        self, change: Change, call: DeviceCall, error: Exception
    ) -> CommitRecord | None:
        try:
            record = self.last_record(change)
        except DeviceFailed as silent:
            self.record(change, ChangeState.UNKNOWN, f"{call}: {error}; {silent}")
            raise DeviceFailed(
                f'the outcome of {call} on "{change.node}" is unknown: {error}; {silent}'
            ) from error
        found = record.state if record else "nothing"
        self.audit(change.change_id, "look_up", call=call, error=str(error), found=found)
        return record

    # Reading

    def last_record(self, change: Change) -> CommitRecord | None:
        """What the device's log says last about the change. Raises DeviceFailed if it is silent."""
        log = self.read(change.node, lambda: self._network.commit_log(change.node))
        ours = [record for record in log if record.change_id == change.change_id]
        return ours[-1] if ours else None

    def require_committed(self, change: Change) -> CommitRecord:
        """Its line in the log, with the time at which the device returns by itself.

        Raises:
            DeviceReturned: it has returned already.
            DeviceFailed: it is not committed, has no timer, or does not answer.
        """
        record = self.last_record(change)
        if record is None or record.state is not CommitState.COMMITTED:
            state = record.state if record else "not in its log"
            kind = DeviceReturned if _has_returned(record) else DeviceFailed
            raise kind(f'"{change.node}" is not committed any more ({state})')
        if record.return_at_s is None:
            raise DeviceFailed(f'"{change.node}" has no return timer')
        return record

    def require_whole(self, change: Change) -> CommitRecord:
        """As `require_committed`, and it runs the whole candidate."""
        record = self.require_committed(change)
        if self.running(change.node) != change.candidate:
            raise DeviceFailed(
                f'"{change.node}" took half of the change: it does not run what was approved'
            )
        return record

    def require_before(self, change: Change) -> None:
        """Raises DeviceFailed if the device does not run what it ran before the change."""
        if self.running(change.node) != change.before:
            raise DeviceFailed(f'"{change.node}" does not run what it ran before')

    def running(self, node: str) -> DeviceConfiguration:
        """What `node` runs. Raises DeviceFailed if it is silent."""
        return self.read(node, lambda: self._network.running(node))

    def read(self, node: str, read: Callable[[], T]) -> T:
        """Reading changes nothing, so it may be repeated. Raises DeviceFailed at the last."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return read()
            except Exception as error:
                if attempt == ATTEMPTS:
                    raise DeviceFailed(f'"{node}" does not answer: {error}') from error
                self.wait()
        raise AssertionError("the last attempt returns or raises")

    def wait(self) -> None:
        """Between two attempts."""
        self._clock.wait_until(self._clock.now_s() + WAIT_S)

    # The journal

    def record(
        self,
        change: Change,
        state: ChangeState,
        detail: str,
        return_at_s: float | None = None,
        *,
        found: bool = False,
    ) -> None:
        """Write down where a change stands; with the last of its plan, the devices are free.

        `found`: it was not we who have just brought it there.
        """
        now_s = self._clock.now_s()
        # Only what is committed and unconfirmed returns.
        timer = return_at_s if state is ChangeState.COMMITTED else None
        with self._journal.transaction():
            self._journal.set_change(change.change_id, state, detail, now_s, timer)
            if found:
                self.audit(change.change_id, "reconcile", was=change.state, found=state)
            else:
                self.audit(change.change_id, state, detail=detail)
            if _is_over(self._journal.changes(plan_id=change.plan_id)):
                self._journal.release_devices(change.plan_id)

    def quarantine(self, change: Change, reason: str) -> None:
        """Keep every plan away from the device, and page a person."""
        now_s = self._clock.now_s()
        text = (
            f"{change.node} is in quarantine and needs a person: {reason}; look at what it runs, "
            "put it right and lift the quarantine"
        )
        if not self._journal.calls_for("page"):
            text += f" ({NO_WAY_TO_CALL})"
        with self._journal.transaction():
            self.record(change, ChangeState.QUARANTINED, reason)
            self._journal.quarantine(
                Quarantine(network=change.network, node=change.node, since_s=now_s, reason=reason)
            )
            self._journal.add_event(
                change.incident_id,
                now_s,
                "page",
                ACTOR,
                text,
                {"node": change.node, "change": change.change_id},
            )

    def audit(self, subject: str, action: str, **data: str) -> None:
        """Add a line to the audit log."""
        self._journal.append_audit(self._clock.now_s(), ACTOR, action, subject, dict(data))


def _timer(reply: object) -> float | None:
    return reply.return_at_s if isinstance(reply, CommitRecord) else None


def _has_returned(record: CommitRecord | None) -> bool:
    return record is not None and record.state is CommitState.RETURNED


def _is_over(changes: tuple[Change, ...]) -> bool:
    """Whether nothing remains to be done on any device of a plan."""
    states = {change.state for change in changes}
    return states == {ChangeState.CONFIRMED} or states <= {
        ChangeState.ROLLED_BACK,
        ChangeState.QUARANTINED,
    }
