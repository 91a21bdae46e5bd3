"""A refresh of a risk register is one, whichever process works on it and however often it dies."""

import pytest

from tests.tools.journal.test_risk_rows import AB, ANN, CD
from tools.journal.errors import UnknownRefresh
from tools.journal.journal import Journal
from tools.journal.records import Charges, RefreshRecord, RoleAnswer
from twin.nouns.rates import Rates
from twin.nouns.risk import Reckoned

DAY_S = 86_400.0


def _refresh(name: str, asked: str = "the same", network: str = "live") -> RefreshRecord:
    return RefreshRecord(
        id=name, network=network, asked=asked, by=ANN, trace_id="a" * 32, begun_s=100.0
    )


def _said(role: str, mind: str) -> RoleAnswer:
    return RoleAnswer(role=role, finished_by=mind, answer={"by": mind}, data={})


def test_what_was_cut_off_goes_on_where_the_same_is_asked(journal: Journal) -> None:
    first = journal.begin_refresh(_refresh("live-register-0001"))
    assert journal.begin_refresh(_refresh("live-register-0002")) == first
    assert journal.next_refresh("live") == "live-register-0002"
    assert journal.refreshes_in_work() == (first,)
    journal.end_refresh(first.id, 200.0)
    assert journal.refreshes_in_work() == ()
    assert journal.begin_refresh(_refresh("live-register-0002")).id == "live-register-0002"


def test_another_question_overtakes_what_was_cut_off(journal: Journal) -> None:
    journal.begin_refresh(_refresh("live-register-0001"))
    journal.begin_refresh(_refresh("other-register-0001", network="other"))
    journal.begin_refresh(_refresh("live-register-0002", asked="something else"))
    known = {r.id: r.ended_s for name in ("live", "other") for r in journal.refreshes(name)}
    assert known == {
        "live-register-0001": 100.0,
        "other-register-0001": None,
        "live-register-0002": None,
    }


def test_first_answer_of_a_role_stands(journal: Journal) -> None:
    name = journal.begin_refresh(_refresh("live-register-0001")).id
    assert journal.record_answer(name, _said("a role", "one")).finished_by == "one"
    assert journal.record_answer(name, _said("a role", "two")).finished_by == "one"
    assert journal.record_answer(name, _said("another", "two")).finished_by == "two"
    assert [answer.role for answer in journal.refresh(name).answers] == ["a role", "another"]


def test_refresh_changes_the_register_once(journal: Journal) -> None:
    name = journal.begin_refresh(_refresh("live-register-0001")).id
    reckoned = Reckoned(rates=Rates(), seed=1, at_s=100.0, code="abc", refresh=name)
    changes = journal.put_risks("live", [AB, CD], reckoned, ANN)
    assert journal.put_risks("live", [AB, CD], reckoned, ANN) == changes
    assert changes.new == (AB.id, CD.id)
    (line,) = journal.audit_lines(subject="live")
    assert line.data["refresh"] == name
    assert journal.refresh(name).changes == changes
    assert journal.check_seals().sound


def test_unknown_refresh_is_refused_with_what_is_near(journal: Journal) -> None:
    journal.begin_refresh(_refresh("live-register-0001"))
    with pytest.raises(UnknownRefresh, match='did you mean "live-register-0001"'):
        journal.refresh("live-register-0007")


def test_refreshes_are_charged_by_day_beside_the_watch(journal: Journal) -> None:
    journal.charge_refresh("live", 0.0, "a role", Charges(calls=1))
    journal.charge_refresh("live", DAY_S - 1.0, "a role", Charges(calls=1))
    journal.charge_refresh("live", DAY_S, "a role", Charges(calls=1))
    journal.charge_watch("live", 0.0, "a role", Charges(calls=5))
    assert journal.charged_refresh("live", 1.0)["a role"].calls == 2
    assert journal.charged_refresh("live", DAY_S + 1.0)["a role"].calls == 1
