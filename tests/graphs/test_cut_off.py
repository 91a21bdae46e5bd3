"""An incident that is cut off while a step is kept goes on where it stood."""

from pathlib import Path

import pytest

from tests.graphs.stagehand import LOSSY, Person, case, operating
from tools.journal.errors import JournalFailed


@pytest.mark.slow
def test_step_whose_results_are_kept_and_not_itself_does_not_begin_the_incident_anew(
    tmp_path: Path,
) -> None:
    with operating(tmp_path, case((600.0, LOSSY)), person=Person()) as operation:
        operation.run(operation.is_waiting_for_approval)
        is_full = [True]
        operation.kept[-1].fails.append(lambda: is_full[0])
        with pytest.raises(JournalFailed, match="the disk is full"):
            operation.run(most_s=600.0)
        is_full[0] = False
        operation.run()
        assert len(operation.told("acknowledged")) == 1
        assert len(operation.told("dispatched")) == 1
