"""Proposed causes stand in the journal, with who proposed them and what people say of them."""

import pytest

from tools.journal.errors import UnknownCause
from tools.journal.journal import Journal
from twin.nouns.common_cause import MOST_HINTS, CommonCause, Hint
from twin.nouns.principal import FLAG, Principal

ANN = Principal(name="ann", provider=FLAG)


def _bridge(*tickets: str) -> CommonCause:
    hints = tuple(Hint(ticket=ticket, quote="at the bridge") for ticket in tickets)
    return CommonCause(kind="place", links=("A-B", "C-D"), hints=hints)


FEED = CommonCause(
    kind="power feed", nodes=("A", "B"), hints=(Hint(ticket="T-9", quote="one transformer"),)
)


def test_proposed_cause_waits_for_a_person(journal: Journal) -> None:
    assert journal.propose_causes("live", [_bridge("T-1"), FEED], "playbook", ANN, 100.0) == (
        _bridge().id,
        FEED.id,
    )
    records = journal.cause_records("live")
    assert [(r.id, r.state, r.read_by, r.first_s) for r in records] == [
        (_bridge().id, "proposed", "playbook", 100.0),
        (FEED.id, "proposed", "playbook", 100.0),
    ]
    assert journal.cause_records("other") == ()
    [line] = journal.audit_lines(subject="live")
    assert (line.actor, line.action, line.data["read_by"]) == ("ann", "propose_causes", "playbook")
    assert journal.check_seals().sound


def test_decision_stands_when_the_cause_is_proposed_again_with_another_hint(
    journal: Journal,
) -> None:
    journal.propose_causes("live", [_bridge("T-1")], "playbook", ANN, 100.0)
    journal.decide_cause("live", _bridge().id, "accepted", ANN, "the map says so", 150.0)
    assert journal.propose_causes("live", [_bridge("T-2")], "gpt", ANN, 200.0) == ()
    [record] = journal.cause_records("live")
    assert [hint.ticket for hint in record.cause.hints] == ["T-1", "T-2"]
    assert (record.state, record.reason, record.read_by) == (
        "accepted",
        "the map says so",
        "playbook",
    )
    assert record.decided_by == ANN
    [line] = journal.audit_lines(subject=f"live/{record.id}")
    assert (line.actor, line.action, line.data["state"]) == ("ann", "decide_cause", "accepted")
    assert journal.check_seals().sound


def test_cause_keeps_the_first_of_its_hints(journal: Journal) -> None:
    for number in range(MOST_HINTS + 5):
        journal.propose_causes("live", [_bridge(f"T-{number}")], "playbook", ANN, 100.0)
    [record] = journal.cause_records("live")
    assert [hint.ticket for hint in record.cause.hints] == [f"T-{n}" for n in range(MOST_HINTS)]


def test_cause_that_nobody_proposed_cannot_be_decided(journal: Journal) -> None:
    journal.propose_causes("live", [FEED], "playbook", ANN, 100.0)
    with pytest.raises(UnknownCause, match="risks causes list"):
        journal.decide_cause("live", "X", "accepted", ANN, "so it is", 150.0)
