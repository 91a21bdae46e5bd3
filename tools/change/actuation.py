"""Where a plan stands on its devices."""

from typing import Literal

from tools.journal.records import Change
from twin.nouns.base import Noun

ActuationState = Literal["committed", "confirmed", "rolled_back", "returned", "quarantined"]
Undone = Literal["rolled_back", "returned"]


class Actuation(Noun):
    """Where a plan stands on the devices.

    `state`: "committed" (return timers run), "confirmed", "rolled_back" (everything is as before),
    "returned" (everything is as before, by the devices' own timers, since nobody confirmed in time;
    that says nothing against the plan) or "quarantined" (some device could not be taken back; a
    person was paged). `reason`: why it is not as it was meant to be, "" if it is.

    While committed, by the devices' own logs: `return_at_s`, when the first one returns by itself;
    `committed_at_s`, when the last one was committed.
    """

    plan_id: str
    state: ActuationState
    reason: str
    return_at_s: float | None
    committed_at_s: float | None
    changes: tuple[Change, ...]
