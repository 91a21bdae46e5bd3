"""An alarm storm over a network that is operated by a real workplace."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.stormy_network import Storm, StormyNetwork
from graphs.watch import POLL_S
from tests.graphs.stagehand import (
    EVENING_S,
    FIRST,
    SECOND,
    WESTERN_LINK,
    Operation,
    Person,
    case,
    operating,
)
from twin.events.faults.link_down import LinkDown
from twin.nouns.incident import Phase, Symptom
from twin.nouns.telemetry import AdjacencyEvent

FAULT_AFTER_S = 612.0
COAST = LinkDown(link="LOSAng--SNVAng")
FLAPPING = "ATLAng--HSTNng"
STORM = Storm(EVENING_S + 600.0, events=20_000, flapping=FLAPPING)


@pytest.fixture(scope="module")
def stormy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operation]:
    """A link fails in the middle of a storm; nobody answers."""
    scripted = case((FAULT_AFTER_S, WESTERN_LINK), scale=1.4)
    with operating(tmp_path_factory.mktemp("stormy"), scripted, storm=STORM) as operation:
        operation.run(operation.is_waiting_for_approval)
        operation.run(lambda: operation.clock.now_s() > STORM.starts_s + 120.0)
        yield operation


def _symptoms(operation: Operation, incident_id: str = FIRST) -> tuple[Symptom, ...]:
    return operation.journal.incident(incident_id).incident.symptoms


def _ids(symptoms: tuple[Symptom, ...]) -> list[str]:
    return sorted(s.id for s in symptoms)


@pytest.mark.slow
def test_storm_opens_the_incidents_that_the_fault_opens_without_it(
    stormy: Operation, tmp_path: Path
) -> None:
    scripted = case((FAULT_AFTER_S, WESTERN_LINK), scale=1.4)
    with operating(tmp_path, scripted) as calm:
        calm.run(calm.is_waiting_for_approval)
        calm.run(lambda: calm.clock.now_s() > STORM.starts_s + 120.0)
        assert len(calm.journal.incidents()) == 1
        assert len(stormy.journal.incidents()) == 1
        assert _ids(_symptoms(stormy)) == _ids(_symptoms(calm))
        # A link that came back several times in the storm may flap besides, so that it is looked at
        # again before anything is planned, and the plan is of another minute.
        assert stormy.plans()[0].cause == calm.plans()[0].cause


def test_every_end_that_the_storm_reports_stands_as_it_was_reported_last(
    stormy: Operation,
) -> None:
    tracker = stormy.workplace.tracker
    assert tracker.down_links == {WESTERN_LINK.link}
    assert tracker.adjacencies.flaps == {FLAPPING: STORM.flaps}
    over = {s.id for s in tracker.book.since(STORM.starts_s) if not s.active}
    assert f"adjacency_down:{FLAPPING}" in over


def test_every_alarm_of_the_storm_is_counted_somewhere(stormy: Operation) -> None:
    assert isinstance(stormy.network, StormyNetwork)
    events = [
        r for batch in stormy.network.delivered for r in batch if isinstance(r, AdjacencyEvent)
    ]
    about = [e for e in events if e.link == WESTERN_LINK.link and not e.up]
    known = [e for e in about if not e.node.startswith("R")]
    active = stormy.workplace.tracker.active_symptoms()
    (symptom,) = [s for s in active if s.kind == "adjacency_down"]
    assert symptom.alarms == len(known) > 1000
    summary = stormy.workplace.tracker.intake.summary()
    assert summary.received > STORM.events
    assert summary.unknown > 500
    assert summary.folded + summary.late + summary.shed + summary.unknown > 0.9 * STORM.events


def _report(operation: Operation, link: str, *, up: bool) -> None:
    """A step later, both ends of `link` report, and another step looks at it."""
    operation.clock.wait_until(operation.clock.now_s() + POLL_S)
    operation.workplace.watch.step()
    now_s = operation.clock.now_s()
    ends = operation.network.inventory().topology.link(link)
    operation.workplace.tracker.ingest(
        [AdjacencyEvent(now_s, now_s, node, link, up) for node in (ends.a, ends.b)]
    )
    operation.run(lambda: operation.clock.now_s() > now_s)


@pytest.mark.slow
def test_symptom_that_returns_to_its_open_incident_keeps_its_first_sign_and_its_alarms(
    tmp_path: Path,
) -> None:
    person = Person()
    with operating(tmp_path, case((600.0, WESTERN_LINK), scale=1.4), person=person) as operation:
        operation.run(operation.is_waiting_for_approval)
        (before,) = [s for s in _symptoms(operation) if s.kind == "adjacency_down"]
        for up in (True, False):
            _report(operation, WESTERN_LINK.link, up=up)
        operation.run(lambda: operation.phase() is Phase.AWAITING_REPAIR)
        (after,) = [s for s in _symptoms(operation) if s.id == before.id]
        assert after.first_seen_s == before.first_seen_s
        assert after.alarms >= before.alarms + 2
        assert after.last_seen_s > before.last_seen_s
        assert len(operation.journal.incidents()) == 1


@pytest.mark.slow
def test_symptom_that_is_raised_anew_after_its_incident_was_closed_opens_another(
    tmp_path: Path,
) -> None:
    with operating(tmp_path, case((600.0, COAST)), person=Person()) as operation:
        operation.run()
        assert operation.phase() is Phase.RESOLVED
        closed = operation.journal.incident(FIRST).incident
        _report(operation, COAST.link, up=False)
        again = operation.journal.incident(SECOND).incident
        assert _ids(again.symptoms) == [f"adjacency_down:{COAST.link}"]
        assert again.symptoms[0].first_seen_s > max(s.last_seen_s for s in closed.symptoms)
        assert again.symptoms[0].alarms == 2
