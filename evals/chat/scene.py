"""Where chats are measured: the demonstration's incident, whose plan waits, with people to ask."""

import os
from collections.abc import Callable
from pathlib import Path

from channels.access.accounts import add_account
from evals.chat.slack_workspace import Person, SlackWorkspace
from evals.demo import demo_case
from evals.stage import stage
from graphs.state_directory import StateDirectory
from graphs.workplace import Workplace
from tools.journal.journal import Journal
from tools.network.emulated import SimulatedClock
from twin.errors import BadInput
from twin.nouns.account import Identity
from twin.nouns.principal import OS_USER, Principal

NETWORK = "live"

TEAM = "T0NOCTUA"
ERIN = Person("U0ERIN", "erin", TEAM)
"""Who answers."""

_HOURS_S = 3 * 3600.0

_PACKAGED = Principal(name="noctua eval", provider=OS_USER)


class _Asked(Exception):
    """A person is asked."""


def stage_waiting(folder: Path, seed: int) -> str:
    """A state directory in which a plan waits, which erin may answer; the id of the plan."""
    case, _ = demo_case(seed)
    network = stage(case, seed, folder / "networks" / f"{NETWORK}.sqlite")
    clock = SimulatedClock(network)
    state = StateDirectory(folder)
    with state.made_journal() as journal:
        try:
            with Workplace(folder, network, clock, on_step=_stop_when_asked(journal)) as workplace:
                workplace.watch.run(clock.now_s() + _HOURS_S)
            raise BadInput(f"seed {seed}: nobody was asked about anything; take another")
        except _Asked:
            pass
        finally:
            network.close()
        plan = journal.approval_requests(0.0)[-1].plan_id
    add_people(state)
    return plan


def add_people(state: StateDirectory) -> None:
    """An admin who is the user of this process, and erin, who answers in Slack."""
    me = Identity(provider=OS_USER, subject=str(os.getuid()))
    add_account(state, _PACKAGED, "root", "admin", identities=(me,))
    by = Principal(name="root", provider=OS_USER, account="root")
    in_slack = Identity(provider="slack", subject=ERIN.id, tenant=TEAM)
    add_account(state, by, "erin", "approver", identities=(in_slack,))


def speak_with(folder: Path, workspace: SlackWorkspace) -> None:
    """Have the state directory speak with `workspace`."""
    text = f"team: {workspace.team}\nchannel: {workspace.channel}\napi: {workspace.api}\n"
    (folder / "slack.yaml").write_text(text, encoding="utf-8")


def _stop_when_asked(journal: Journal) -> Callable[[float], None]:
    def look(now_s: float) -> None:
        if journal.approval_requests(now_s, state="waiting"):
            raise _Asked

    return look
