"""Who is hit while an incident is open, and when one that people have is seen to be over."""

from pathlib import Path

import pytest

from tests.graphs.stagehand import FIRST, LOSSY, Person, case, operating
from tools.journal.outbox_rows import NO_WAY_TO_CALL
from tools.journal.standing import IMPACT, with_people
from twin.nouns.impact import Impact
from twin.nouns.incident import Phase


@pytest.mark.slow
def test_incident_that_was_handed_over_is_with_people_until_the_repair_is_seen(
    tmp_path: Path,
) -> None:
    with operating(tmp_path, case((60.0, LOSSY)), person=Person(("reject",))) as operation:
        journal = operation.journal
        operation.run(operation.is_waiting_for_approval)
        impact = journal.artefact(FIRST, IMPACT, Impact)
        services = operation.workplace.tracker.services
        assert impact is not None
        assert {hit.service for hit in impact.hit_now} == services.in_breach_now
        assert impact.total_minutes > 0
        operation.run()
        assert operation.phase() is Phase.ESCALATED
        (told,) = operation.told("escalated")
        assert told.text.endswith(f"({NO_WAY_TO_CALL})"), "nobody was called, so nothing says so"
        assert [r.incident.id for r in with_people(journal, "live")] == [FIRST]
        operation.run(lambda: bool(operation.told("over")))
        (over,) = operation.told("over")
        assert not operation.workplace.tracker.active_symptoms()
        assert over.time_s - told.time_s >= operation.workplace.desk.policy.verification.soak_s
        assert with_people(journal, "live") == ()
