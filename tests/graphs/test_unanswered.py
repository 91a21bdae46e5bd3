"""A question that nobody sees calls the next in line, each once, and expires at its time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs.unanswered import tend
from tests.tools.journal.conftest import OPENED_S, incident
from tests.tools.journal.test_journal import _plan
from tools.change.policy import ApprovalRules, EscalationStep
from tools.journal.journal import Journal
from tools.notification.on_event import EVERY_EVENT
from twin.nouns.incident import Phase
from twin.nouns.plan import Approval
from twin.nouns.principal import OS_USER, Principal

NETWORK = incident().network
ANN = Principal(name="ann", provider=OS_USER)
RULES = ApprovalRules(
    auto_approve="none",
    expires_after_s=1800.0,
    escalation=(
        EscalationStep(after_s=300.0, to="the second line"),
        EscalationStep(after_s=600.0, to="the head of the shift"),
    ),
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal in which a plan was asked about at OPENED_S, and calls are sent."""
    with _asked(tmp_path / "journal.sqlite") as made:
        yield made


def _asked(path: Path) -> Journal:
    journal = Journal.open(path)
    journal.notifies_of = {"": EVERY_EVENT}
    journal.open_incident(incident(), OPENED_S, "a" * 32)
    journal.set_phase(incident().id, Phase.AWAITING_APPROVAL)
    journal.request_approval(_plan(), OPENED_S, OPENED_S + 1800, approvers_needed=2)
    return journal


def _called(journal: Journal) -> list[tuple[float, object]]:
    events = journal.events_of(incident().id, ("unseen",))
    return [(event.time_s - OPENED_S, event.data["to"]) for event in events]


def _watch(journal: Journal, *at_s: float) -> None:
    for after_s in at_s:
        tend(journal, RULES, NETWORK, OPENED_S + after_s)


def test_next_in_line_is_called_when_nobody_has_seen_it_for_so_long(journal: Journal) -> None:
    _watch(journal, 0, 299.9, 300, 330, 599, 600, 630, 1700)
    assert _called(journal) == [(300, "the second line"), (600, "the head of the shift")]
    assert len(journal.unsent_notices(NETWORK)) == 2


def test_watch_that_was_away_calls_everybody_at_once_and_once(journal: Journal) -> None:
    _watch(journal, 900, 930)
    assert _called(journal) == [(900, "the second line"), (900, "the head of the shift")]


def test_nobody_is_called_once_somebody_has_seen_it(journal: Journal) -> None:
    _watch(journal, 300)
    journal.acknowledge(_plan().id, ANN, OPENED_S + 400)
    _watch(journal, 600, 1700)
    assert _called(journal) == [(300, "the second line")]


def test_nobody_is_called_once_somebody_has_answered(journal: Journal) -> None:
    plan = _plan()
    journal.answer(
        Approval(
            plan_id=plan.id,
            plan_hash=plan.hash,
            decision="approve",
            by=ANN,
            reason="",
            decided_s=OPENED_S + 10,
        )
    )
    _watch(journal, 300, 600)
    assert _called(journal) == []


def test_question_expires_by_the_networks_clock_and_is_not_looked_at_again(
    journal: Journal,
) -> None:
    _watch(journal, 1799)
    assert journal.approval_request(_plan().id, OPENED_S).expired_s is None
    _watch(journal, 1800, 1830)
    assert journal.approval_request(_plan().id, OPENED_S).expired_s == OPENED_S + 1800
    assert journal.waiting_requests(NETWORK, OPENED_S) == ()
    assert [x.action for x in journal.audit_lines(_plan().id)] == ["expire"]


def test_other_networks_questions_are_left_alone(journal: Journal) -> None:
    tend(journal, RULES, "another", OPENED_S + 9000)
    assert journal.approval_request(_plan().id, OPENED_S).expired_s is None
    assert _called(journal) == []


@settings(max_examples=20)
@given(times=st.lists(st.floats(0, 1799), max_size=12).map(sorted))
def test_whenever_the_watch_looks_each_is_called_once_and_never_early(
    tmp_path_factory: pytest.TempPathFactory, times: list[float]
) -> None:
    with _asked(tmp_path_factory.mktemp("t") / "journal.sqlite") as journal:
        _watch(journal, *times)
        last = max(times, default=0.0)
        due = [step.to for step in RULES.escalation if step.after_s <= last]
        assert [to for _, to in _called(journal)] == due
        assert all(at_s >= 300 for at_s, _ in _called(journal))


def test_chain_that_nobody_could_follow_is_refused() -> None:
    for steps in ([(600, "a"), (300, "b")], [(300, "a"), (300, "b")], [(1800, "a")]):
        chain = tuple(EscalationStep(after_s=float(s), to=to) for s, to in steps)
        with pytest.raises(ValueError, match="in turn"):
            ApprovalRules(auto_approve="none", expires_after_s=1800.0, escalation=chain)
