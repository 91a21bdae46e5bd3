"""The live network, as every driver offers it.

Changes have the semantics of NETCONF confirmed-commit (RFC 6241 section 8.4): stage a candidate,
look at its diff, commit for T seconds, and either confirm or let the device return by itself. The
device, not we, keeps the return timer.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from twin.nouns.base import Noun
from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.field_note import FieldNote
from twin.nouns.plan import Dispatch

if TYPE_CHECKING:
    from twin.nouns.inventory import Inventory, ProbePath
    from twin.nouns.telemetry import ProbeRound, Telemetry


class CommitState(StrEnum):
    """Where one change stands on one device."""

    STAGED = "staged"
    COMMITTED = "committed"
    CONFIRMED = "confirmed"
    ROLLED_BACK = "rolled_back"
    RETURNED = "returned"


class CommitRecord(Noun):
    """A line of a device's own commit log. `return_at_s`: when an unconfirmed commit goes back."""

    node: str
    change_id: str
    state: CommitState
    time_s: float
    return_at_s: float | None = None


class RepairReport(Noun):
    """The field's answer to a dispatch. `state`: "open", "repaired" or "nothing_found". `time_s`:
    of that, Unix seconds; while it is open, of the order. `notes`: what crews have said so far, in
    order of time; none of a field that says nothing.
    """

    dispatch_id: str
    state: str
    time_s: float
    notes: tuple[FieldNote, ...] = ()


class Network(Protocol):
    """One network. Every method may raise NetworkError; none repeats a commit.

    `change_id` names one change on one device: staging the same id twice is refused.
    """

    @property
    def name(self) -> str:
        """Unique among the networks that are operated."""
        ...

    def inventory(self) -> "Inventory":
        """What is on record: never the hidden truth."""
        ...

    def now_s(self) -> float:
        """The network's clock, Unix seconds."""
        ...

    def poll(self, after_s: float | None = None) -> "Sequence[Telemetry]":
        """What was received after `after_s`, in order of arrival; since the last call if None.

        To name a time is to say that everything received until then is kept. Whoever does can lose
        a batch neither with an answer that did not come nor with its own death.
        """
        ...

    def running(self, node: str) -> DeviceConfiguration:
        """The configuration that `node` runs now. Raises UnknownNode."""
        ...

    def probe(self, paths: "Sequence[ProbePath]") -> "ProbeRound":
        """Measure `paths` now, besides the standing probes."""
        ...

    def stage(self, change_id: str, candidate: DeviceConfiguration) -> str:
        """Make `candidate` the candidate of its node, in place of nothing else.

        Returns the device's own diff in its own words, for people, "" where it gives none.
        Raises NetworkError if another change is staged or unconfirmed there, or the id was used.
        """
        ...

    def diff(self, node: str, change_id: str) -> str:
        """Running against candidate, as `configuration_diff` gives it."""
        ...

    def commit(self, node: str, change_id: str, return_after_s: float) -> CommitRecord:
        """Run the candidate; the device goes back after `return_after_s` unless confirmed."""
        ...

    def confirm(self, node: str, change_id: str) -> CommitRecord:
        """Keep what was committed. Raises NetworkError if it is not waiting for that."""
        ...

    def roll_back(self, node: str, change_id: str) -> CommitRecord:
        """Drop a staged candidate, or return an unconfirmed commit now."""
        ...

    def commit_log(self, node: str) -> Sequence[CommitRecord]:
        """Every state that every change had on `node`, oldest first."""
        ...

    def dispatch(self, order: Dispatch) -> None:
        """Send the field out. The same id twice is one order."""
        ...

    def repair_report(self, dispatch_id: str) -> RepairReport:
        """What the field says about an order. Raises NetworkError for an unknown id."""
        ...
