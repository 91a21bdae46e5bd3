"""What can go wrong with the journal.

NoctuaError
├── BadInput
│   ├── UnknownIncident / UnknownPlan / UnknownRisk / UnknownRefresh
│   ├── NotAJournal     the file is something else, or of a later version
│   └── AlreadyRecorded an id is used twice for different things
├── Refused
│   ├── LeaseHeld       somebody else works on it
│   ├── LeaseLost       somebody else has taken it over
│   └── DeviceBusy      another plan works on the device
└── JournalFailed       the disk or the database refused; nothing of the transaction stands
"""

from collections.abc import Iterable
from difflib import get_close_matches

from twin.errors import BadInput, NoctuaError, Refused


class UnknownIncident(BadInput):
    """No incident has that id."""

    def __init__(self, incident_id: str, known: Iterable[str]) -> None:
        super().__init__(_unknown("incident", incident_id, known, "list them with `incidents`"))


class UnknownPlan(BadInput):
    """No plan has that id, or nobody was asked about it."""

    def __init__(self, plan_id: str, known: Iterable[str]) -> None:
        super().__init__(_unknown("plan", plan_id, known, "`show INCIDENT` names its plans"))


class UnknownRisk(BadInput):
    """No line of the risk register has that id."""

    def __init__(self, risk_id: str, known: Iterable[str]) -> None:
        super().__init__(_unknown("risk", risk_id, known, "list them with `risks list`"))


class UnknownCause(BadInput):
    """No proposed cause has that id."""

    def __init__(self, cause_id: str, known: Iterable[str]) -> None:
        super().__init__(_unknown("cause", cause_id, known, "list them with `risks causes list`"))


class UnknownRefresh(BadInput):
    """No refresh of a risk register has that id."""

    def __init__(self, refresh_id: str, known: Iterable[str]) -> None:
        remedy = "`risks show` names the refresh of a line"
        super().__init__(_unknown("refresh", refresh_id, known, remedy))


class NotAJournal(BadInput):
    """The file cannot be read as a journal of this version."""


class NotOurJournal(BadInput):
    """The journal is not the one that the signing key signs for."""


class AlreadyRecorded(BadInput):
    """The id stands for something else already."""


class LeaseHeld(Refused):
    """Another process holds the incident or the network."""

    rule = "lease_held"

    def __init__(self, subject: str, holder: str) -> None:
        super().__init__(f"{subject} is held by {holder}; it goes on there")


class LeaseLost(Refused):
    """This process no longer holds what it works on, so that nothing that it writes is taken."""

    rule = "lease"

    def __init__(self, subject: str, holder: str) -> None:
        by = f"; {holder} has taken it over" if holder else ""
        super().__init__(f"{subject} is not held by this process{by}; nothing was recorded")


class DeviceBusy(Refused):
    """Another plan works on the device."""

    rule = "device_busy"

    def __init__(self, plan_id: str, node: str, other_plan_id: str) -> None:
        super().__init__(
            f'plan "{plan_id}": plan "{other_plan_id}" works on "{node}"; wait until it has ended'
        )


class JournalFailed(NoctuaError):
    """The journal could not be read or written; the transaction was taken back whole."""


def _unknown(noun: str, name: str, known: Iterable[str], remedy: str) -> str:
    near = get_close_matches(name, list(known), n=3)
    hint = "did you mean " + " or ".join(f'"{n}"' for n in near) + "?" if near else remedy
    return f'{noun} "{name}" is not in the journal ({hint})'
