"""Who is hurt is relieved though nobody knows why, and people are told so."""

from pathlib import Path

import pytest

from evals.stage import Case
from tests.graphs.stagehand import EVENING_S, FIRST, Operation, Person, case, operating
from tools.network.emulated.case_truth import CaseTruth, DemandEpisode, TimedEvent
from twin.events.faults.traffic_spike import TrafficSpike
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Phase
from twin.tracking.alarms import Alarm


def _growth(factor: float, scale: float) -> Case:
    """All demand grows for over an hour, which is no fault of the catalogue."""
    quiet = case(scale=scale)
    episode = DemandEpisode(at_s=900.0, until_s=6000.0, factor=factor, ramp_s=900.0)
    return Case(quiet.world, CaseTruth(demand_episodes=(episode,)))


def _verdict(operation: Operation) -> str:
    diagnosis = operation.journal.artefact(FIRST, "diagnosis", Diagnosis)
    return "" if diagnosis is None else diagnosis.verdict


@pytest.mark.slow
def test_relief_does_not_wait_for_a_name(tmp_path: Path) -> None:
    with operating(tmp_path, _growth(1.15, scale=2.0), person=Person(sets_aside=True)) as operation:
        operation.run(lambda: operation.has_begun() and operation.told("paged") != [])
        assert _verdict(operation) == "unknown"
        (plan,) = operation.plans()
        assert plan.cause == ()
        assert plan.actions
        (paged,) = operation.told("paged")
        assert paged.text.startswith(f"no cause is known; {plan.id} relieves it")
        # Where all is relieved, nothing is seen any more.
        assert operation.phase() is Phase.SOAKING


@pytest.mark.slow
def test_what_people_have_without_a_cause_is_looked_at_again_when_it_shows_more(
    tmp_path: Path,
) -> None:
    """Drops that nobody explains, and then word of a link beside them: neither is so, which is why
    no cause is found.
    """
    with operating(tmp_path, case(), person=Person()) as operation:
        operation.run(most_s=300.0)
        book, now_s = operation.workplace.tracker.book, operation.clock.now_s()
        book.raise_alarm(Alarm("queue_drops", "NYCMng|NYCMng--WASHng", now_s, 0.05))
        operation.run(lambda: operation.has_begun() and operation.phase() is Phase.ESCALATED)
        assert _verdict(operation) == "unknown"
        book.raise_alarm(Alarm("adjacency_down", "NYCMng--WASHng", operation.clock.now_s(), 1.0))
        operation.run(lambda: operation.told("again") != [], most_s=120.0)
        assert len(operation.journal.incidents()) == 1
        operation.run(lambda: operation.phase() is Phase.ESCALATED)
        assert len(operation.told("acknowledged")) == 2
        assert len(operation.told("escalated")) == 2


@pytest.mark.slow
def test_limit_is_not_taken_out_for_good_before_the_demand_that_needs_it_has_fallen(
    tmp_path: Path,
) -> None:
    """A surge that is limited looks smaller than it is: taking the limit out shows it."""
    with operating(tmp_path, _growth(1.7, scale=1.4), person=Person(sets_aside=True)) as operation:
        operation.run(lambda: operation.has_begun() and operation.told("needed") != [])
        operation.run(most_s=4 * 3600.0)
        assert [r.phase for r in operation.journal.incidents()] == [Phase.RESOLVED]
        returned_s = operation.told("committed")[-1].time_s
        assert returned_s > EVENING_S + 5000.0, "most of the demand has gone by then"


@pytest.mark.slow
def test_surge_of_which_flow_records_tell_late_is_looked_at_as_the_cause(tmp_path: Path) -> None:
    """What is relieved without a name has its cause looked for again; a surge alone is nothing, and
    not one that comes with drops.
    """
    surge = TrafficSpike(target="WASHng", factor=6.0)
    quiet = case(scale=1.4)
    events = (TimedEvent(at_s=1410.0, until_s=7200.0, fault=surge),)
    surging = Case(quiet.world, CaseTruth(events=events))
    with operating(tmp_path, surging, person=Person()) as operation:
        operation.run(lambda: operation.has_begun() and _verdict(operation) == "found")
        (record,) = operation.journal.incidents()
        assert "traffic_surge:WASHng" in {s.id for s in record.incident.symptoms}
        diagnosis = operation.journal.artefact(FIRST, "diagnosis", Diagnosis)
        assert diagnosis is not None
        assert [f.resources for f in diagnosis.cause] == [("WASHng",)]
