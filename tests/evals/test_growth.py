"""The journal of the watch that is measured is that of a network with a past."""

from pathlib import Path

import pytest

from evals.growth import end_incidents, main
from tools.journal.journal import Journal
from tools.journal.standing import open_incidents, standing


def test_incidents_of_the_past_have_ended_by_themselves_or_by_a_person(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        end_incidents(journal, "live", 6, 1_000_000.0)
        records = journal.incidents(network="live")
        assert [standing(journal, r).ending for r in records] == ["resolved", "closed"] * 3
        assert all(len(r.incident.symptoms) == 20 for r in records)
        assert open_incidents(journal, "live") == ()
        assert journal.latest_incidents("live", 2) == ("live-0005", "live-0006")
        assert journal.latest_incidents("live", 9) == tuple(r.incident.id for r in records)


def test_only_what_was_measured_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["growth", "--days", "0", "--quiet-days", "0"])
    assert main() == 0
    assert capsys.readouterr().out == ""
