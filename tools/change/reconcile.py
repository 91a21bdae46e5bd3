"""After a restart: where a plan that was cut off stands on its devices, and what is done about it.

The devices' own logs are compared with what the journal has as intended, staged, committed and
confirmed. Nothing is staged or committed here. What was found and what follows from it:

- confirmed everywhere: it is read back, and kept.
- committed everywhere, and whole: it goes on, and is watched and confirmed as if nothing had been.
- confirmed on some, committed on the others: it had been decided to keep it, so the others are
  confirmed too, if the time allows it; if not, a person is paged for those that are confirmed.
- returned by the timer wherever it was committed: candidates of the others are dropped.
- anything else, or a device that is silent: all is taken back, or quarantined where that fails.
"""

from collections.abc import Callable, Collection

from tools.change.actuation import Actuation
from tools.change.all_or_nothing import AllOrNothing
from tools.change.device_calls import FOUND_AS, DeviceCalls, DeviceFailed
from tools.journal.journal import Journal
from tools.journal.records import Change, ChangeState
from tools.network.protocol import CommitState

_KNOWN = (ChangeState.CONFIRMED, ChangeState.QUARANTINED)
"""What the journal says after the device has, and what no device takes back."""


def reconcile(
    plan_id: str,
    journal: Journal,
    calls: DeviceCalls,
    plans: AllOrNothing,
    clock_doubt: Callable[[], str],
) -> Actuation:
    """See where all changes of one plan stand, and go on with it or undo it.

    Raises:
        JournalFailed: nothing more is done; what is committed returns by itself.
    """
    returned, silent = set[str](), list[str]()
    for change in journal.changes(plan_id=plan_id):
        try:
            if change.state not in _KNOWN and _look_up(change, calls):
                returned.add(change.node)
        except DeviceFailed as failure:
            silent.append(str(failure))
    changes = journal.changes(plan_id=plan_id)
    states = {change.state for change in changes}
    if plans.taking_back(plan_id) or silent:
        return plans.take_back(plan_id, "; ".join(silent))
    if states <= set(_KNOWN):
        return plans.read_back(plan_id)
    if states == {ChangeState.COMMITTED}:
        return _go_on(plan_id, changes, calls, plans)
    if states == {ChangeState.COMMITTED, ChangeState.CONFIRMED}:
        doubt = clock_doubt()
        return plans.take_back(plan_id, doubt) if doubt else plans.keep(plan_id)
    if _only_timers(changes, returned):
        reason = f"{', '.join(sorted(returned))} returned before anybody confirmed"
        return plans.take_back(plan_id, reason, "returned")
    return plans.take_back(plan_id, "it was cut off while it was carried out")


def _look_up(change: Change, calls: DeviceCalls) -> bool:
    """Write down what the device's log says; whether that is that it has returned by itself.

    Raises:
        DeviceFailed: it is silent, so that the outcome is unknown.
    """
    try:
        record = calls.last_record(change)
    except DeviceFailed as silent:
        if change.state is not ChangeState.UNKNOWN:
            calls.record(change, ChangeState.UNKNOWN, str(silent), found=True)
        raise
    found, timer = FOUND_AS[record.state if record else None], None
    if record is None and change.state is ChangeState.ROLLED_BACK:
        return False  # Nothing of it was ever staged, and that is on record.
    if record is not None and record.state is CommitState.COMMITTED:
        timer = record.return_at_s
    if (change.state, change.calling, change.return_at_s) != (found, "", timer):
        why = "found in the device's log after a restart"
        calls.record(change, found, why, timer, found=True)
    return record is not None and record.state is CommitState.RETURNED


def _go_on(
    plan_id: str, changes: tuple[Change, ...], calls: DeviceCalls, plans: AllOrNothing
) -> Actuation:
    try:
        return plans.committed(plan_id, [calls.require_whole(change) for change in changes])
    except DeviceFailed as failure:
        return plans.take_back(plan_id, str(failure))


def _only_timers(changes: tuple[Change, ...], returned: Collection[str]) -> bool:
    """Whether what is undone was undone by timers, and nothing else has gone wrong."""
    wrong = (ChangeState.UNKNOWN, *_KNOWN)
    undone = {change.node for change in changes if change.state is ChangeState.ROLLED_BACK}
    return bool(returned) and undone <= set(returned) and all(c.state not in wrong for c in changes)
