"""What lies where in a state directory: the names are a promise to directories written before."""

import ast
from pathlib import Path

import pytest

import graphs
from graphs.state_directory import StateDirectory
from tools.journal.journal import Journal
from twin.errors import BadInput

CHECKOUT = Path(graphs.__path__[0]).parent

LAYOUT = {
    "journal.sqlite",
    "checkpoints.sqlite",
    "policy.yaml",
    "models.yaml",
    "on_event.yaml",
    "serve.yaml",
    "alerts.yaml",
    "slack.yaml",
    "teams.yaml",
    "repair_times.json",
    "networks",
    "trackers",
    "inventories",
    "knowledge",
    "traces",
    "reports",
    "locks",
}


def test_names_are_those_that_directories_have(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    assert {path.name for path in (*state.folders, *state.files)} == LAYOUT
    of_network = (
        state.network_file("live"),
        state.tracker_file("live"),
        state.inventory_file("live"),
        state.knowledge_file("live"),
    )
    assert [str(path.relative_to(tmp_path)) for path in of_network] == [
        "networks/live.sqlite",
        "trackers/live.json",
        "inventories/live.json",
        "knowledge/live.sqlite",
    ]


@pytest.mark.slow
def test_no_other_module_spells_where_the_records_lie() -> None:
    names = {"journal.sqlite", "checkpoints.sqlite", "trackers", "inventories"}
    spelled = {
        str(file.relative_to(CHECKOUT))
        for package in ("twin", "tools", "agents", "graphs", "channels", "evals")
        for file in (CHECKOUT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    }
    assert spelled == {"graphs/state_directory.py"}


def test_journal_is_opened_only_where_there_is_one(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    for opening in (state.journal, state.read_only_journal):
        with pytest.raises(BadInput, match="is not a state directory"):
            opening()
    state.journal_file.touch()
    with pytest.raises(BadInput, match="is empty"):
        state.journal()
    state.journal_file.unlink()
    Journal.open(state.journal_file).close()
    state.journal().close()


def test_journal_that_has_gone_is_not_replaced(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    state.require_journal()
    state.trackers.mkdir()
    state.tracker_file("live").touch()
    with pytest.raises(BadInput, match="put the last good copy there"):
        state.require_journal()


def test_policy_of_the_directory_comes_before_the_one_that_ships(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    shipped = state.policy()
    state.policy_file.write_text("approval: 3", encoding="utf-8")
    with pytest.raises(BadInput, match="approval must be a mapping"):
        state.policy()
    state.policy_file.unlink()
    assert state.policy() == shipped
