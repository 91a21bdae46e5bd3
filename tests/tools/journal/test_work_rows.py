"""Work that people announce stands in the journal, and the audit log says who did."""

import pytest

from tools.journal.errors import AlreadyRecorded
from tools.journal.journal import Journal
from twin.nouns.foretold import Foretold
from twin.nouns.planned_work import PlannedWork
from twin.nouns.principal import FLAG, Principal

ANN = Principal(name="ann", provider=FLAG)
BEN = Principal(name="ben", provider=FLAG)
WORK = PlannedWork(id="CHG-1", links=("A-B",), starts_s=1000.0, ends_s=2000.0)
FILED = PlannedWork(id="CHG-2", links=("B-C",), starts_s=1000.0, ends_s=2000.0)


def test_announced_work_stands_beside_that_on_record(journal: Journal) -> None:
    journal.announce_work("live", WORK, ANN, "", 500.0)
    assert journal.planned_work("live", [FILED]) == (FILED, WORK)
    assert journal.planned_work("other", ()) == ()
    (line,) = journal.audit_lines(subject="live/CHG-1")
    assert (line.actor, line.action, line.data["links"]) == ("ann", "announce_work", ["A-B"])


def test_id_is_given_once(journal: Journal) -> None:
    journal.announce_work("live", WORK, ANN, "", 500.0)
    with pytest.raises(AlreadyRecorded, match="give another id"):
        journal.announce_work("live", WORK, BEN, "", 600.0)


@pytest.mark.parametrize("work", [WORK, FILED], ids=["of a person", "on record"])
def test_cancelled_work_does_not_stand_any_more(journal: Journal, work: PlannedWork) -> None:
    journal.announce_work("live", WORK, ANN, "", 500.0)
    journal.cancel_work("live", work, BEN, "rain", 600.0)
    assert work not in journal.planned_work("live", [FILED])
    record = next(r for r in journal.work_records("live") if r.work == work)
    assert (record.cancelled_by, record.cancelled_s) == (BEN, 600.0)
    assert journal.audit_lines(subject=f"live/{work.id}")[-1].data["reason"] == "rain"
    assert journal.check_seals().sound


def test_what_is_foretold_is_that_of_the_last_time(journal: Journal) -> None:
    before = Foretold(
        work=WORK,
        busiest_s=1500.0,
        beside=(),
        max_utilisation=0.9,
        egress="A|A-D",
        overloaded=(),
        in_breach=("svc-1",),
    )
    after = before.model_copy(update={"in_breach": ()})
    journal.put_foretold("live", [before])
    journal.put_foretold("live", [after])
    assert journal.foretold("live") == (after,)
    assert journal.foretold("other") == ()
