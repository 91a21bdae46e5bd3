"""One real incident on the emulated germany50: a weight is changed, and a plan waits for a person.

It is played once; every test gets a copy of the state directory as it stood at that moment.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from channels.cli.app import app
from channels.networks import open_network
from evals.stage import load_case, stage
from graphs.state_directory import StateDirectory
from graphs.workplace import Workplace
from tests.made_once import made_once
from tools.journal.journal import Journal
from tools.network.emulated import SimulatedClock
from twin.nouns.inventory import Inventory

INCIDENT = "live-0001"
PLAN = "live-0001.mitigate1"

CASE = """
world:
  id: plain-stone
  topology: sndlib/germany50
  starts_s: 2026-03-03T18:00:00Z
  duration_s: 21600
truth:
  events:
    - at_s: 5400
      fault: {kind: igp_weight_misconfig, node: Fulda, link: Fulda--Kassel, weight: 1}
"""


class _Asked(Exception):
    """A person was asked."""


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory in which a plan waits for approval."""
    return made_once(tmp_path_factory, "played", _play)


def _play(state: Path) -> None:
    file = state.with_suffix(".yaml")
    file.write_text(CASE, encoding="utf-8")
    case = load_case(str(file))
    network = stage(case, 1, state / "networks" / "live.sqlite")
    clock = SimulatedClock(network)
    with Journal.open(state / "journal.sqlite") as journal:

        def stop_when_asked(now_s: float) -> None:
            if journal.approval_requests(now_s, state="waiting"):
                raise _Asked

        try:
            with Workplace(state, network, clock, on_step=stop_when_asked) as workplace:
                workplace.watch.run(clock.now_s() + 3 * 3600)
            pytest.fail("nobody was asked for approval within three hours")
        except _Asked:
            pass
        finally:
            network.close()


@pytest.fixture
def state(played: Path, tmp_path: Path) -> Path:
    """A copy of its own, in which the plan still waits."""
    return Path(shutil.copytree(played, tmp_path / "state"))


def noctua(state: Path, *arguments: str) -> tuple[int, str, str]:
    """Run the command line: exit code, standard output, standard error."""
    result = CliRunner().invoke(app, ["--state", str(state), *arguments], catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def with_accounts(state: Path, place: str, people: Mapping[str, tuple[str, str]]) -> None:
    """Give an account to whoever runs this, and to `people` (role and id in a chat's `place`)."""
    add = ("accounts", "add")
    assert noctua(state, *add, "root", "--role", "admin", "--os-user")[0] == 0
    for name, (role, subject) in people.items():
        named = ("--identity", f"{place}={subject}")
        assert noctua(state, *add, name, "--role", role, *named)[0] == 0


def inventory_of(state: Path) -> Inventory:
    """What is on record of the network."""
    network, _ = open_network(StateDirectory(state), "live")
    inventory = network.inventory()
    network.close()
    return inventory


@pytest.fixture(scope="session")
def resolved(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory in which the plan was approved and the incident ended well."""
    return made_once(tmp_path_factory, "resolved", lambda state: _resolve(played, state))


def _resolve(played: Path, state: Path) -> None:
    shutil.copytree(played, state)
    assert noctua(state, "approve", INCIDENT, "--by", "erin", "--reason", "looks right")[0] == 0
    code, output, _ = noctua(state, "resume")
    while "waiting for approval" in output:  # the way back of a temporary change
        assert noctua(state, "approve", INCIDENT, "--by", "erin")[0] == 0
        code, output, _ = noctua(state, "resume")
    assert code == 0


@pytest.fixture(scope="session")
def escalated(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory in which a person rejected every plan."""
    return made_once(tmp_path_factory, "escalated", lambda state: _reject_all(played, state))


def _reject_all(played: Path, state: Path) -> None:
    shutil.copytree(played, state)
    for _ in range(5):
        noctua(state, "reject", INCIDENT, "--by", "erin", "--reason", "not tonight")
        _, output, _ = noctua(state, "resume")
        if "waiting for approval" not in output:
            break
