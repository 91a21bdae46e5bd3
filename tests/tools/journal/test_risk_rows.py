"""The risk register stands in the journal, with what people say of it and who said so."""

import pytest

from tools.journal.errors import UnknownRisk
from tools.journal.journal import Journal
from twin.nouns.forecast import Interval
from twin.nouns.principal import FLAG, Principal
from twin.nouns.rates import Rates
from twin.nouns.risk import Reckoned, Risk

ANN = Principal(name="ann", provider=FLAG)


def _line(rank: int, *elements: str, minutes: float = 10.0) -> Risk:
    return Risk(
        rank=rank,
        what_if="link A-B down",
        elements=elements,
        per_year=0.2,
        per_year_range=Interval(p05=0.1, median=0.2, p95=0.3),
        hours=4.0,
        slo_minutes=minutes,
        slo_minutes_range=Interval(p05=minutes / 2, median=minutes, p95=2 * minutes),
        in_work=0.0,
        regimes=(),
        customers=(),
    )


def _at(now_s: float) -> Reckoned:
    return Reckoned(rates=Rates(), seed=1, at_s=now_s, code="abc")


AB, CD, EF = _line(1, "link A-B"), _line(2, "link C-D"), _line(2, "link E-F")


def test_refresh_says_what_is_new_and_what_is_gone(journal: Journal) -> None:
    first = journal.put_risks("live", [AB, CD], _at(100.0), ANN)
    assert (first.since_s, first.new, first.gone) == (None, (AB.id, CD.id), ())
    again = journal.put_risks("live", [AB, EF], _at(200.0), ANN)
    assert (again.since_s, again.new, again.gone) == (100.0, (EF.id,), (CD.id,))
    records = journal.risk_records("live")
    assert [(r.id, r.first_s, r.gone_s) for r in records] == [
        (AB.id, 100.0, None),
        (EF.id, 200.0, None),
        (CD.id, 100.0, 200.0),
    ]
    back = journal.put_risks("live", [AB, CD, EF], _at(300.0), ANN)
    assert (back.new, back.gone, journal.risk_record("live", CD.id).gone_s) == ((), (), None)
    assert journal.risk_records("other") == ()
    lines = journal.audit_lines(subject="live")
    assert [(line.actor, line.action, line.data["new"]) for line in lines] == [
        ("ann", "imagine", [AB.id, CD.id]),
        ("ann", "imagine", [EF.id]),
        ("ann", "imagine", []),
    ]
    assert journal.check_seals().sound


@pytest.mark.parametrize(("minutes", "state"), [(20.0, "accepted"), (20.1, "open")])
def test_what_was_accepted_stands_until_it_costs_more_than_twice_that(
    journal: Journal, minutes: float, state: str
) -> None:
    journal.put_risks("live", [AB], _at(100.0), ANN)
    accepted = journal.decide_risk("live", AB.id, "accepted", ANN, "dear", 150.0, 900.0)
    assert (accepted.decided_by, accepted.reason, accepted.review_s) == (ANN, "dear", 900.0)
    changes = journal.put_risks("live", [_line(1, "link A-B", minutes=minutes)], _at(200.0), ANN)
    assert journal.risk_record("live", AB.id).state == state
    assert changes.reopened == ((AB.id,) if state == "open" else ())


def test_closed_line_that_is_found_again_is_open(journal: Journal) -> None:
    journal.put_risks("live", [AB], _at(100.0), ANN)
    journal.decide_risk("live", AB.id, "closed", ANN, "a second duct was built", 150.0)
    assert journal.put_risks("live", [AB], _at(200.0), ANN).reopened == (AB.id,)
    again = journal.risk_record("live", AB.id)
    assert (again.decided_by, again.reason) == (None, "was closed by ann: a second duct was built")


def test_owner_stays_with_the_line(journal: Journal) -> None:
    journal.put_risks("live", [AB], _at(100.0), ANN)
    journal.assign_risk("live", AB.id, "ben", ANN, 150.0)
    journal.put_risks("live", [AB], _at(200.0), ANN)
    assert journal.risk_record("live", AB.id).owner == "ben"
    (line,) = journal.audit_lines(subject=f"live/{AB.id}")
    assert (line.actor, line.action, line.data["owner"]) == ("ann", "assign_risk", "ben")


def test_line_that_is_not_there_is_named_with_what_is_near(journal: Journal) -> None:
    journal.put_risks("live", [AB], _at(100.0), ANN)
    with pytest.raises(UnknownRisk, match=AB.id):
        journal.decide_risk("live", f"{AB.id[:-1]}x", "closed", ANN, "gone", 150.0)


def test_id_is_that_of_the_elements_in_any_order() -> None:
    assert _line(1, "link A-B", "link C-D").id == _line(7, "link C-D", "link A-B", minutes=1.0).id
    assert _line(1, "link A-B").id != _line(1, "link A-C").id
