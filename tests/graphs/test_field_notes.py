"""What the field says while it works is told once, and remedies are judged by what it means."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.repair_times import past_orders
from graphs.field import expected_repair
from graphs.recovery import await_repair
from graphs.repair_times_file import keep_repair_model, kept_repair_model
from graphs.state import IncidentState
from graphs.state_directory import StateDirectory
from tests.graphs.stagehand import FIRST, WESTERN_LINK, Operation, Person, case, operating
from twin.errors import BadInput
from twin.nouns.diagnosis import Diagnosis
from twin.remedies.repair_forecast import RepairModel


@pytest.fixture(scope="module")
def model() -> RepairModel:
    return RepairModel.learned(past_orders(1, 300), "the emulated field, seed 1")


@pytest.fixture(scope="module")
def repairing(tmp_path_factory: pytest.TempPathFactory, model: RepairModel) -> Iterator[Operation]:
    """A link is down; the crew is there and has said how long it takes."""
    folder = tmp_path_factory.mktemp("repairing")
    keep_repair_model(StateDirectory(folder), model)
    scripted = case((600.0, WESTERN_LINK), repair_s=7200.0)
    with operating(folder, scripted, person=Person()) as operation:
        operation.run(
            lambda: (
                operation.has_begun()
                and any("says that it takes" in event.text for event in operation.told("field"))
            )
        )
        yield operation


@pytest.mark.slow
def test_notes_are_told_in_the_timeline_with_what_is_expected_by_them(
    repairing: Operation,
) -> None:
    told = [event.text for event in repairing.told("field")]
    assert all(text.startswith(f"{FIRST}.dispatch1: ") for text in told)
    assert any("says that it takes" in text for text in told)
    assert all("; expected in " in text and "h, 80 %)" in text for text in told)
    assert any(event.actor == "field" for event in repairing.told("field"))


@pytest.mark.slow
def test_repair_is_expected_by_what_was_said_of_the_open_order(
    repairing: Operation, model: RepairModel
) -> None:
    desk = repairing.workplace.desk
    found = expected_repair(desk, FIRST)
    assert found is not None
    assert found.errors == model.errors["estimate"]


@pytest.mark.slow
def test_node_that_runs_again_tells_no_note_twice(repairing: Operation) -> None:
    desk, before = repairing.workplace.desk, len(repairing.told("field"))
    (record,) = repairing.journal.dispatches(FIRST)
    diagnosis = repairing.journal.artefact(FIRST, "diagnosis", Diagnosis)
    assert diagnosis is not None
    state: IncidentState = {
        "incident_id": FIRST,
        "dispatch_id": record.dispatch.id,
        "diagnosis": diagnosis.model_dump(mode="json"),
    }
    await_repair(desk, state)
    await_repair(desk, state)
    assert len(repairing.told("field")) == before


def test_without_a_model_nothing_is_expected_but_what_is_assumed(tmp_path: Path) -> None:
    assert kept_repair_model(StateDirectory(tmp_path)) is None


def test_damaged_model_is_refused_with_what_writes_it_anew(
    tmp_path: Path, model: RepairModel
) -> None:
    state = StateDirectory(tmp_path / "state")
    keep_repair_model(state, model)
    assert kept_repair_model(state) == model
    state.repair_times_file.write_text("{}", encoding="utf-8")
    with pytest.raises(BadInput, match="noctua repair-times --keep"):
        kept_repair_model(state)
