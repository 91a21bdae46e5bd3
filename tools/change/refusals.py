"""What the gate and the actuator refuse, one class per written rule.

Refused
├── NotAPlan             schema            the plan does not validate, or contradicts itself
├── ActionNotAllowed     capability        the policy does not allow the action
├── NotInInventory       inventory         a name does not exist
├── InQuarantine         quarantine        a device waits for a person
├── StaleState           state             the network is not as the plan assumes
├── StepsDiffer          steps             the commits are not what the actions make
├── BlastTooLarge        blast             more is touched than the policy allows
├── ManagementPathLost   management_path   nodes would no longer reach each other
├── NotApproved          approval_missing  nobody has answered
├── RejectedByPerson     approval_rejected the answer was no
├── EditedAfterApproval  approval_edited   another plan was approved under this id
├── ApprovalUsed         approval_used     the approval was used before
├── ApprovalExpired      approval_expired  the approval is too old
└── DiffDiffers          diff              the device's diff is not the approved one
"""

from twin.errors import Refused


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


class StaleState(Refused):
    """The network is not in the state that the plan was made for."""

    rule = "state"


class StepsDiffer(Refused):
    """The commits of the plan are not what its actions make of the running configuration."""

    rule = "steps"


class BlastTooLarge(Refused):
    """The plan touches more devices, services or traffic than the policy allows."""

    rule = "blast"


class ManagementPathLost(Refused):
    """After a step, nodes that reach each other now would not."""

    rule = "management_path"


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


class ApprovalUsed(Refused):
    """The approval has carried one attempt already."""

    rule = "approval_used"


class DiffDiffers(Refused):
    """What a device would change is not what was approved."""

    rule = "diff"


class ActionUsed(Refused):
    """The action id was tried on that device before; ids are unique per attempt."""

    rule = "action_used"


class NotCommitted(Refused):
    """The plan's changes do not stand where this needs them to stand."""

    rule = "not_committed"
