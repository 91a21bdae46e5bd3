"""A field crew finds nothing, while a change of ours is in force."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from channels import verbs
from evals.stage import Case, stage
from graphs.state_directory import StateDirectory
from graphs.workplace import Workplace
from tests.graphs.stagehand import EVENING_S, FIRST, LOSSY, WESTERN_LINK, Operation, Person
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


_LOSES = TimedEvent(at_s=60.0, until_s=1260.0, fault=LOSSY)
"""A link loses 5 % for twenty minutes, and then nobody knows why it did."""

_IS_DOWN = TimedEvent(at_s=60.0, until_s=6000.0, fault=WESTERN_LINK)
"""A link is down until others have repaired it, long after our crew found nothing."""


@contextmanager
def operating(
    folder: Path, person: Person, event: TimedEvent = _LOSES, scale: float = 1.0
) -> Iterator[Operation]:
    """Operate Abilene on an evening on which `event` happens, at `scale` times its traffic."""
    file = folder / "networks" / "live.sqlite"
    world = CaseWorld(
        id="plain-name",
        topology="sndlib/abilene",
        starts_s=EVENING_S,
        duration_s=14_400.0,
        traffic_scale=scale,
    )
    stage(Case(world, CaseTruth(events=(event,))), 1, file).close()
    network = FruitlessCrew(NetworkFile(file, create=False))
    clock = SimulatedClock(network)
    try:
        with Workplace(folder, network, clock, approver=person) as workplace:
            person.journal = workplace.journal
            yield Operation(network, workplace, clock, folder)
    finally:
        network.close()


def _ends_with(operation: Operation) -> str:
    """What ends the one change in force, as whoever takes over the shift is told."""
    (network,) = verbs.handover(StateDirectory(operation.folder), 0.0).networks
    (temporary,) = network.temporary
    return temporary.ends_with


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
        operation.run(lambda: False, most_s=2400.0)
        assert [plan.purpose for plan in operation.plans()] == ["mitigate", "return"]
        assert operation.phase() is Phase.ESCALATED, "nobody is asked again"
        assert _ends_with(operation).startswith("a person")


@pytest.mark.slow
def test_change_that_people_were_left_with_is_taken_out_once_its_cause_is_gone(
    tmp_path: Path,
) -> None:
    with operating(tmp_path, Person(), _IS_DOWN, scale=1.4) as operation:
        before = operation.running()
        operation.run()
        assert operation.phase() is Phase.ESCALATED
        assert operation.running() != before, "it is needed while the link is down"
        assert _ends_with(operation).startswith("the end of its cause and a soak")
        operation.run(lambda: operation.phase() is Phase.RESOLVED, most_s=7200.0)
        (again,) = operation.told("again")
        assert again.text.startswith("its cause is gone for 10 min")
        assert not any(e.time_s >= again.time_s for e in operation.told("diagnosed"))
        assert [plan.purpose for plan in operation.plans()] == ["mitigate", "return"]
        assert operation.running() == before
        assert operation.phase() is Phase.RESOLVED
