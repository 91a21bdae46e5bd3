"""What we did to a network is not taken for somebody else's, even by the process after us."""

from pathlib import Path

import pytest

from tests.graphs.stagehand import FIRST, LOSSY, Operation, Person, case, operating
from twin.nouns.incident import Phase


def _is_committed(operation: Operation) -> bool:
    return bool(operation.journal.incidents()) and bool(operation.told("committed"))


@pytest.mark.slow
def test_change_whose_process_died_before_the_tracker_was_saved_is_known_as_ours(
    tmp_path: Path,
) -> None:
    tracker_file = tmp_path / "trackers" / "live.json"
    with operating(tmp_path, case((600.0, LOSSY)), person=Person()) as operation:
        operation.run(operation.is_waiting_for_approval)
        operation.workplace.watch.save()
        as_it_was = tracker_file.read_bytes()
        operation.run(lambda: _is_committed(operation))
        ours = {c.change_id for c in operation.journal.changes(incident_id=FIRST)}
        assert ours
    tracker_file.write_bytes(as_it_was)
    with operating(tmp_path, None, person=Person()) as operation:
        assert ours <= set(operation.workplace.tracker.known_changes)
        operation.run()
        assert [r.phase for r in operation.journal.incidents()] == [Phase.RESOLVED]
