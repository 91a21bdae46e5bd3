"""Nobody touches the network; the field still repairs.

The field is sent when, and where, people would have sent it: this is the baseline NOC with its
hands off the devices, at the same delays. A misconfiguration stays until the case ends.
"""

from evals.arms.noc import NocArm


def nothing_arm() -> NocArm:
    """The arm that changes nothing."""
    return NocArm(hands_off=True)
