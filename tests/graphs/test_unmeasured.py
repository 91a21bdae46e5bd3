"""An incident on a network whose routers export no flow records: demand comes from counters."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.stage import stage
from evals.unmeasured import NoFlowExport
from graphs.workplace import Workplace
from tests.graphs.stagehand import EVENING_S, FIRST, WESTERN_LINK, Operation, Person, case
from tools.network.emulated import SimulatedClock
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Phase
from twin.nouns.plan import Outcome


@pytest.fixture
def operated(tmp_path: Path) -> Iterator[Operation]:
    """Half an hour of health, then a link is down; a person approves what is proposed."""
    file = tmp_path / "networks" / "live.sqlite"
    stage(case((1800.0, WESTERN_LINK), scale=1.4), 1, file).close()
    network = NoFlowExport.open(file)
    clock = SimulatedClock(network)
    person = Person()
    try:
        with Workplace(tmp_path, network, clock, approver=person) as workplace:
            person.journal = workplace.journal
            yield Operation(network, workplace, clock, tmp_path)
    finally:
        network.close()


@pytest.mark.slow
def test_link_failure_is_diagnosed_and_resolved_on_estimated_demand(operated: Operation) -> None:
    operated.run(lambda: operated.clock.now_s() >= EVENING_S + 1740.0)
    tracker = operated.workplace.tracker
    assert tracker.demand.latest is None
    assert tracker.demand.estimated.all()
    assert not operated.journal.incidents()
    # Pairs that nobody measures are known less, so forecasts are wider.
    assert operated.workplace.desk.situation.uncertainty.pair_sigma >= 0.5
    healthy = tracker.drifts[-1]
    assert healthy.estimated_sources == len(tracker.demand.nodes)
    assert healthy.load_error is not None
    assert healthy.load_error < 0.1
    operated.run()
    found = operated.journal.artefact(FIRST, "diagnosis", Diagnosis)
    assert found is not None
    assert found.hypotheses[0].faults == (WESTERN_LINK,)
    assert operated.phase() is Phase.RESOLVED
    # A later look that decides to wait makes a plan as well, which changes nothing.
    mitigate, back = (plan for plan in operated.plans() if plan.steps)
    assert back.actions == mitigate.way_back
    for plan in (mitigate, back):
        outcome = operated.journal.artefact(FIRST, f"outcome:{plan.id}", Outcome)
        assert outcome is not None
        assert outcome.kept
