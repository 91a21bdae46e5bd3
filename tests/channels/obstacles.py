"""What stands between a person and an answer, in a state directory whose plan waits."""

from collections.abc import Callable

from channels import alternatives, verbs
from channels.access import sign_in
from channels.chat import doing
from channels.http import plans, who
from graphs.state_directory import StateDirectory
from tests.channels.cli.desk_of_paper import write_plan
from tests.channels.conftest import INCIDENT, PLAN
from tools.journal import account_rows, approval_rows
from twin.errors import NoctuaError
from twin.nouns.incident import Phase
from twin.nouns.principal import OS_USER, Principal

MODULES = (
    doing, verbs, alternatives, sign_in, approval_rows, account_rows, plans, who,
)  # fmt: skip
"""What stands between a click and the journal."""

NEVER = {
    "_refusal name": "an account's name is one that somebody can have",
    "acknowledge BadInput": "as above",
    "_refusal person": "what answers is a person",
    "_refusal override_reason": "it is asked for before, by approve",
    "approval_request UnknownPlan": "it is looked for before, by _request_of",
    "plan UnknownPlan": "as above",
}
"""Reasons that nobody's click can meet, and why."""


def expired(state: StateDirectory) -> None:
    """Nobody answers in time."""
    state.network_file("live").unlink()  # The clock is the journal's last entry.
    with state.journal() as journal:
        expires_s = journal.approval_request(PLAN, 0.0).expires_s
        journal.add_event(INCIDENT, expires_s + 60.0, "routed", "supervisor", "time passes")


def escalated(state: StateDirectory) -> None:
    """The incident ends without an answer."""
    with state.journal() as journal:
        journal.set_phase(INCIDENT, Phase.ESCALATED)


def answered_and_closed(state: StateDirectory) -> None:
    """The incident ends after an answer."""
    with state.journal() as journal:
        admin = next(account.id for account in journal.accounts() if account.may("administer"))
        verbs.approve(state, PLAN, Principal(name=admin, provider=OS_USER, account=admin))
        journal.set_phase(INCIDENT, Phase.RESOLVED)


def with_a_freeze(state: StateDirectory) -> str:
    """Another plan, against which the calendar stands."""
    with state.journal() as journal:
        plan = write_plan(journal, INCIDENT, temporary=True)
        asked_s = journal.approval_request(PLAN, 0.0).requested_s + 60.0
        journal.request_approval(plan, asked_s, asked_s + 1800.0, overrides_needed=("freeze:x",))
        journal.add_event(INCIDENT, asked_s, "asked", "gate", "waits", {"plan": plan.id})
    return plan.id


def raising(kind: type[NoctuaError]) -> Callable[..., None]:
    """What ends in an error of that kind."""

    def raise_it(*_: object, **__: object) -> None:
        error = kind.__new__(kind, "for some reason")
        NoctuaError.__init__(error, "for some reason")
        raise error

    return raise_it
