"""What the demonstration begins with: a network, settings, and people with accounts."""

from pathlib import Path

import yaml

from channels.access.accounts import add_account
from channels.cli.principal import os_identity, os_user
from evals.chat.scene import NETWORK
from evals.chat.slack_workspace import SlackWorkspace
from evals.chat.stub import Person
from evals.chat.teams_tenant import TeamsTenant
from evals.demo import demo_case
from evals.stage import stage
from graphs.state_directory import StateDirectory
from tools.change.policy import default_policy
from twin.nouns.account import Identity, Role
from twin.nouns.principal import OS_USER, Principal

ERIN = Person("U0ERIN", "erin", SlackWorkspace.team)
OLGA = Person("U0OLGA", "olga", SlackWorkspace.team)
"""An operator, who may not answer."""

FRANK = Person("f0000000-0000-0000-0000-00000000000f", "frank", TeamsTenant.tenant)

HANA, PASSWORD = "hana", "a sentence makes a good password"

_PEOPLE: tuple[tuple[str, Role, Identity], ...] = (
    (ERIN.name, "approver", Identity(provider="slack", tenant=ERIN.tenant, subject=ERIN.id)),
    (OLGA.name, "operator", Identity(provider="slack", tenant=OLGA.tenant, subject=OLGA.id)),
    (FRANK.name, "approver", Identity(provider="teams", tenant=FRANK.tenant, subject=FRANK.id)),
)


def prepare(folder: Path, seed: int, slack: SlackWorkspace, teams: TeamsTenant) -> None:
    """Make the state directory `folder`, in which nothing has happened yet."""
    case, _ = demo_case(seed)
    stage(case, seed, folder / "networks" / f"{NETWORK}.sqlite").close()
    state = StateDirectory(folder)
    state.made_journal().close()
    slack.set_up(folder)
    teams.set_up(folder)
    state.serve_file.write_text("chats: {slack: http, teams: http}\n", encoding="utf-8")
    _need_two_people(state)
    _add_people(state)


def _need_two_people(state: StateDirectory) -> None:
    """Whatever touches more than one device needs a second person."""
    policy = default_policy().model_dump(mode="json", by_alias=True)
    policy["approval"]["second_approver"]["above_devices"] = 1
    state.policy_file.write_text(yaml.safe_dump(policy, sort_keys=False), encoding="utf-8")


def _add_people(state: StateDirectory) -> None:
    """An admin who is the user of this process, and those who answer or try to."""
    add_account(state, os_user(), "ada", "admin", identities=(os_identity(),))
    by = Principal(name="ada", provider=OS_USER, account="ada", role="admin")
    for name, role, identity in _PEOPLE:
        add_account(state, by, name, role, identities=(identity,))
    add_account(state, by, HANA, "approver", password=PASSWORD)
