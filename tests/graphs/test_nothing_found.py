"""A field crew finds nothing, while a change of ours is in force."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evals.stage import Case, stage
from graphs.workplace import Workplace
from tests.graphs.stagehand import EVENING_S, FIRST, LOSSY, Operation, Person
from tools.network.emulated import EmulatedNetwork, SimulatedClock
from tools.network.emulated.case_truth import CaseTruth, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from tools.network.emulated.network_file import NetworkFile
from twin.nouns.incident import Phase
from twin.nouns.plan import Dispatch


class FruitlessCrew(EmulatedNetwork):
    """Whoever is sent out looks in the wrong place."""

    def dispatch(self, order: Dispatch) -> None:
        """See EmulatedNetwork."""
        super().dispatch(order.model_copy(update={"links": (), "place": ""}))


@contextmanager
def operating(folder: Path, person: Person) -> Iterator[Operation]:
    """A link loses 5 % for twenty minutes, and then nobody knows why it did."""
    file = folder / "networks" / "live.sqlite"
    world = CaseWorld(
        id="plain-name", topology="sndlib/abilene", starts_s=EVENING_S, duration_s=14_400.0
    )
    loss = TimedEvent(at_s=60.0, until_s=1260.0, fault=LOSSY)
    stage(Case(world, CaseTruth(events=(loss,))), 1, file).close()
    network = FruitlessCrew(NetworkFile(file, create=False))
    clock = SimulatedClock(network)
    try:
        with Workplace(folder, network, clock, approver=person) as workplace:
            person.journal = workplace.journal
            yield Operation(network, workplace, clock, folder)
    finally:
        network.close()


@pytest.mark.slow
def test_change_is_taken_out_again_before_people_take_over(tmp_path: Path) -> None:
    with operating(tmp_path, Person()) as operation:
        before = operation.running()
        operation.run()
        assert operation.phase() is Phase.ESCALATED
        purposes = [plan.purpose for plan in operation.plans()]
        assert purposes == ["mitigate", "return"]
        assert operation.plans()[1].reason.startswith("the field found nothing")
        assert operation.running() == before
        (told,) = operation.told("escalated")
        assert told.text.startswith(f"the field found nothing to repair for {FIRST}")
        assert not operation.told("resolved")


@pytest.mark.slow
def test_person_who_rejects_the_way_back_is_handed_the_change(tmp_path: Path) -> None:
    with operating(tmp_path, Person(("approve", "reject"))) as operation:
        before = operation.running()
        operation.run()
        assert operation.phase() is Phase.ESCALATED
        assert operation.running() != before
        (told,) = operation.told("escalated")
        assert "rejected" in told.text
