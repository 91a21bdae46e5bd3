"""Who is hit until an incident ends, and when one that people have is seen to be over."""

from pathlib import Path

import pytest

from tests.graphs.stagehand import FIRST, LOSSY, Operation, Person, case, operating
from tools.journal.outbox_rows import NO_WAY_TO_CALL
from tools.journal.standing import (
    CLOSED,
    FOUND,
    IMPACT,
    REOPENED,
    TAKEN,
    Standing,
    impact_of,
    standing,
    with_people,
)
from twin.nouns.finding import Finding
from twin.nouns.impact import Impact
from twin.nouns.incident import Phase
from twin.nouns.principal import OS_USER, Principal
from twin.tracking.services import BreachSpan

ERIN = Principal(name="erin", provider=OS_USER)


def _standing(operation: Operation) -> Standing:
    return standing(operation.journal, operation.journal.incident(FIRST))


def _impact(operation: Operation) -> Impact:
    impact = impact_of(operation.journal, operation.journal.incident(FIRST))
    assert impact is not None
    return impact


@pytest.mark.slow
def test_incident_that_was_handed_over_is_with_people_until_the_repair_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It goes on for longer than breaches are kept.
    monkeypatch.setattr("twin.tracking.services._KEPT_S", 1200.0)
    with operating(tmp_path, case((60.0, LOSSY)), person=Person(("reject",))) as operation:
        seen: dict[float, BreachSpan] = {}
        journal, clock = operation.journal, operation.clock
        services = operation.workplace.tracker.services
        operation.run(operation.is_waiting_for_approval)
        impact = journal.artefact(FIRST, IMPACT, Impact)
        assert impact is not None
        assert {hit.service for hit in impact.hit_now} == services.in_breach_now
        assert impact.total_minutes > 0
        operation.run()
        assert operation.phase() is Phase.ESCALATED
        (told,) = operation.told("escalated")
        assert told.text.endswith(f"({NO_WAY_TO_CALL})"), "nobody was called, so nothing says so"
        assert [r.incident.id for r in with_people(journal, "live")] == [FIRST]
        handed_over = _impact(operation)
        (order,) = journal.dispatches(FIRST)
        journal.add_persons_event(FIRST, clock.now_s(), TAKEN, ERIN, "has it")

        def is_over() -> bool:
            seen.update((span.from_s, span) for span in services.spans)
            return bool(operation.told("over"))

        is_over()
        operation.run(is_over)
        (over,) = operation.told("over")
        assert not operation.workplace.tracker.active_symptoms()
        assert over.time_s - told.time_s >= operation.workplace.desk.policy.verification.soak_s
        assert with_people(journal, "live") == ()
        found = _standing(operation)
        assert (found.ending, found.ended_s) == ("over", over.time_s), "a person had it"
        counted, onset_s = _impact(operation), journal.incident(FIRST).incident.onset_s
        assert counted.total_minutes > handed_over.total_minutes, "they counted on"
        assert not services.remembers(onset_s)
        minutes = sum(
            max(0.0, min(s.time_s, counted.as_of_s) - max(s.from_s, onset_s)) * len(s.services) / 60
            for s in seen.values()
        )
        assert counted.total_minutes == pytest.approx(minutes, rel=0.01)
        (after,) = journal.dispatches(FIRST)
        assert (order.state, after.state) == ("open", "repaired")
        assert not any(s.active for s in journal.incident(FIRST).incident.symptoms)
        _reopen_and_close(operation)


def _reopen_and_close(operation: Operation) -> None:
    """Nothing of it is seen, and still only people end what a person has reopened."""
    journal, clock = operation.journal, operation.clock
    graph = operation.workplace.desk.situation.graph
    journal.add_persons_event(FIRST, clock.now_s(), REOPENED, ERIN, "customers complain")
    operation.run(lambda: False, most_s=1800.0)
    assert len(operation.told("over")) == 1
    assert _standing(operation).with_people
    finding = Finding(
        by=ERIN,
        found_s=clock.now_s(),
        said="dirty connector at NYCMng",
        faults=(),
        resources=("NYCMng",),
        verdict="found",
        diagnosed=(LOSSY.id,),
    )
    journal.put_artefact(FIRST, FOUND, finding)
    journal.add_persons_event(FIRST, clock.now_s(), CLOSED, ERIN, "so")
    operation.run(lambda: False, most_s=60.0)
    past = graph.past_incident(FIRST)
    assert past is not None
    assert (past.cause, past.found_by) == ("dirty connector at NYCMng", "erin")
    assert _standing(operation).ending == "closed"


@pytest.mark.slow
def test_cause_that_the_field_has_repaired_is_not_believed_until_it_is_known_to_be_over(
    tmp_path: Path,
) -> None:
    with operating(tmp_path, case((60.0, LOSSY)), person=Person(("reject",))) as operation:
        attributed = operation.workplace.tracker.attributed
        operation.run()
        assert [fault.id for fault in attributed[FIRST]] == [LOSSY.id]
        operation.run(lambda: FIRST not in attributed)
        (order,) = operation.journal.dispatches(FIRST)
        assert order.state == "repaired"
        assert not operation.told("over")


@pytest.mark.slow
def test_loss_that_no_traffic_shows_any_more_reads_that_it_cannot_be_measured(
    tmp_path: Path,
) -> None:
    with operating(tmp_path, case((60.0, LOSSY), repair_s=3600.0), person=Person()) as operation:
        loss = f"silent_loss:{LOSSY.node}|{LOSSY.link}"

        def states() -> list[str]:
            known = operation.journal.incidents()
            return [s.state for r in known for s in r.incident.symptoms if s.id == loss]

        operation.run(lambda: states() == ["cannot be measured"], most_s=3600.0)
        assert states() == ["cannot be measured"]
        assert operation.phase() is Phase.AWAITING_REPAIR
