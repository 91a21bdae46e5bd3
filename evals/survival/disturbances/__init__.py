"""What is done to a watch while it runs, one file each: it begins, lasts, and ends."""

from collections.abc import Mapping

from evals.survival.disturbances.disturbance import Disturbance
from evals.survival.disturbances.full_disk import FullDisk
from evals.survival.disturbances.hangup import Hangup
from evals.survival.disturbances.lost_store import LostStore
from evals.survival.disturbances.set_clock import SetBack, SetForward

DISTURBANCES: Mapping[str, Disturbance] = {
    one.name: one for one in (FullDisk(), SetForward(), SetBack(), LostStore(), Hangup())
}
"""All of them, by name."""
