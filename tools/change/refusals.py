"""What the gate and the actuator refuse, one class per written rule.

Refused
├── NotAPlan             schema            the plan does not validate, or contradicts itself
├── ActionNotAllowed     capability        the policy does not allow the action
├── NotInInventory       inventory         a name does not exist
├── InQuarantine         quarantine        a device waits for a person
├── WatchImpaired        (a condition)     something is wrong with the watch itself
├── ClockInDoubt         clock             the time may be wrong
├── StaleState           state             the network is not as the plan assumes
├── StepsDiffer          steps             the commits are not what the actions make
├── BlastTooLarge        blast             more is touched than a bound, and not overridden
├── BlastDisagrees       blast_disagrees   what is touched was counted differently
├── ManagementPathLost   management_path   nodes would no longer reach each other
├── OutsideWindow        window            no change window is open
├── ChangeFrozen         freeze            changes are frozen
├── DuringPlannedWork    planned_work      others work on the plan's links
├── NotApproved          approval_missing  nobody has answered
├── RejectedByPerson     approval_rejected the answer was no
├── EditedAfterApproval  approval_edited   another plan was approved under this id
├── ApprovalExpired      approval_expired  the approval is too old
├── AnsweredOutOfTime    approval_time     an answer is dated before the question, or after now
├── ApprovalUsed         approval_used     the approval was used before
├── NotEntitled          entitled          an answer is of somebody who may not answer here
├── SecondApproverMissing second_approver  fewer people have approved than the change needs
├── PersonNeeded         person            an automatic approval of what only a person may approve
├── ApprovalNotAttested  approval_attested the answers are not those of the audit log
├── ApprovalNotSigned    approval_signed   an answer is not signed with the journal's key
├── SignedBefore         signed_before     an answer was given before the key in use was
├── OverrideUnasked      override_unasked  an approval sets aside what nothing asked for
├── LeaseNotHeld         lease             this process does not hold the incident
├── DeviceBusy           device_busy       another plan works on a device (in `tools.journal`)
├── DiffDiffers          diff              the device's diff is not the approved one
├── ActionUsed           action_used       the action id was tried before
└── NotCommitted         not_committed     the changes do not stand where they have to
"""

from tools.journal.errors import LeaseLost
from twin.errors import Refused
from twin.nouns.condition import Condition


class NotAPlan(Refused):
    """The plan does not validate, or contradicts itself."""

    rule = "schema"


class ActionNotAllowed(Refused):
    """The policy does not allow an action of the plan."""

    rule = "capability"


class NotInInventory(Refused):
    """The plan names what does not exist."""

    rule = "inventory"


class InQuarantine(Refused):
    """A device could not be taken back earlier, and no person has vouched for it since."""

    rule = "quarantine"


class WatchImpaired(Refused):
    """Something is wrong with the watch itself; the rule is the condition's name."""

    rule = "condition"

    def __init__(self, plan_id: str, condition: Condition) -> None:
        super().__init__(
            f'plan "{plan_id}": {condition.text} No change is begun or confirmed meanwhile',
            rule=condition.kind,
        )


class ClockInDoubt(Refused):
    """The clock may be wrong, so timers, windows and expiry would be too."""

    rule = "clock"


class StaleState(Refused):
    """The network is not in the state that the plan was made for."""

    rule = "state"


class StepsDiffer(Refused):
    """The commits of the plan are not what its actions make of the running configuration."""

    rule = "steps"


class BlastTooLarge(Refused):
    """The plan touches more devices, services or traffic than the policy allows without an approval
    of two people that names the bound."""

    rule = "blast"


class BlastDisagrees(Refused):
    """Two figures of what the plan touches contradict each other."""

    rule = "blast_disagrees"


class ManagementPathLost(Refused):
    """After a step, nodes that reach each other now would not."""

    rule = "management_path"


class OutsideWindow(Refused):
    """No change window is open, and the approval does not override that by name."""

    rule = "window"


class ChangeFrozen(Refused):
    """Changes are frozen, and the approval does not override that by name."""

    rule = "freeze"


class DuringPlannedWork(Refused):
    """Others work on a link of the plan, or soon will, and the approval does not override that."""

    rule = "planned_work"


class NotApproved(Refused):
    """Nobody has answered for the plan."""

    rule = "approval_missing"


class RejectedByPerson(Refused):
    """The plan was rejected."""

    rule = "approval_rejected"


class EditedAfterApproval(Refused):
    """What was approved under the plan's id has other content."""

    rule = "approval_edited"


class ApprovalExpired(Refused):
    """The approval is older than the policy allows."""

    rule = "approval_expired"


class AnsweredOutOfTime(Refused):
    """An answer is dated before its question was put, or after now."""

    rule = "approval_time"


class ApprovalUsed(Refused):
    """The approval has carried one attempt already."""

    rule = "approval_used"


class NotEntitled(Refused):
    """People have accounts here, and none that may approve is behind an answer."""

    rule = "entitled"


class SecondApproverMissing(Refused):
    """Fewer different people have approved than the size of the change needs."""

    rule = "second_approver"


class PersonNeeded(Refused):
    """Only a person may approve the plan, and nobody looked at it."""

    rule = "person"


class ApprovalNotAttested(Refused):
    """The journal's answers are not those that its audit log attests."""

    rule = "approval_attested"


class ApprovalNotSigned(Refused):
    """An answer is not signed with the key that the journal is sealed with."""

    rule = "approval_signed"


class SignedBefore(Refused):
    """An answer was given before answers were signed, or under an earlier key."""

    rule = "signed_before"


class OverrideUnasked(Refused):
    """An approval sets aside entries of the calendar that nothing asked for."""

    rule = "override_unasked"


class LeaseNotHeld(LeaseLost):
    """Whoever asks does not hold the plan's incident."""

    def __init__(self, plan_id: str, subject: str, held: str) -> None:
        Refused.__init__(
            self,
            f'plan "{plan_id}": {subject} is not held here (held: {held or "nothing"}); only the '
            "process that holds an incident carries its plans out",
        )


class DiffDiffers(Refused):
    """What a device would change is not what was approved."""

    rule = "diff"


class ActionUsed(Refused):
    """The action id was tried on that device before; ids are unique per attempt."""

    rule = "action_used"


class NotCommitted(Refused):
    """The plan's changes do not stand where this needs them to stand."""

    rule = "not_committed"
