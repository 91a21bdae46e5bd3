"""Where chats are measured: the demonstration's incident, whose plan waits, with people to ask."""

from collections.abc import Callable, Mapping
from pathlib import Path

from channels.access.accounts import add_account
from channels.cli.principal import os_identity
from evals.chat.stub import ChatStub
from evals.demo import demo_case
from evals.stage import stage
from graphs.state_directory import StateDirectory
from graphs.workplace import Workplace
from tools.journal.journal import Journal
from tools.network.emulated import SimulatedClock
from twin.errors import BadInput
from twin.nouns.account import Identity, Role
from twin.nouns.principal import OS_USER, Principal

NETWORK = "live"

_HOURS_S = 3 * 3600.0

ROOT = Principal(name="root", provider=OS_USER, account="root", role="admin")
"""The user of this process."""

_PACKAGED = Principal(name="noctua eval", provider=OS_USER)


class _Asked(Exception):
    """A person is asked."""


def stage_waiting(folder: Path, seed: int, chat: ChatStub, roles: Mapping[str, Role]) -> str:
    """A state directory in which a plan waits, and people of `chat` have accounts; the id of the
    plan.
    """
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
    _add_people(state, chat, roles)
    return plan


def _add_people(state: StateDirectory, chat: ChatStub, roles: Mapping[str, Role]) -> None:
    """Root, and people who are known by the chat."""
    add_account(state, _PACKAGED, "root", "admin", identities=(os_identity(),))
    for name, role in roles.items():
        person = chat.person(name)
        known = Identity(provider=chat.name, subject=person.id, tenant=person.tenant)
        add_account(state, ROOT, name, role, identities=(known,))


def _stop_when_asked(journal: Journal) -> Callable[[float], None]:
    def look(now_s: float) -> None:
        if journal.approval_requests(now_s, state="waiting"):
            raise _Asked

    return look
