"""A link that is taken for down, and turns out to flap."""

from pathlib import Path

import pytest

from tests.graphs.stagehand import FIRST, WESTERN_LINK, Operation, Person, case, operating
from twin.events.faults.link_flap import LinkFlap
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Phase


def _named(operation: Operation) -> list[str]:
    diagnosis = operation.journal.artefact(FIRST, "diagnosis", Diagnosis)
    assert diagnosis is not None
    return [fault.id for h in diagnosis.hypotheses[:1] for fault in h.faults]


@pytest.mark.slow
def test_link_that_came_back_again_and_again_after_it_was_looked_for_is_looked_at_once_more(
    tmp_path: Path,
) -> None:
    flap = LinkFlap(link=WESTERN_LINK.link, period_s=130.0)
    with operating(tmp_path, case((600.0, flap)), person=Person()) as operation:
        operation.run(lambda: operation.has_begun() and operation.told("diagnosed") != [])
        assert _named(operation) == [WESTERN_LINK.id]
        operation.run(lambda: operation.told("again") != [])
        assert operation.told("again")[0].text.startswith(f"{flap.link} goes down and comes back")
        operation.run(lambda: _named(operation) == [flap.id])
        operation.run(lambda: operation.phase() is Phase.RESOLVED)
        assert len(operation.told("again")) == 1
        assert len(operation.told("dispatched")) == 1
