"""Who may do what is kept in the journal, and believed only with the seals of its rows."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.tools.journal.conftest import OPENED_S, incident
from tests.tools.journal.test_journal import _plan
from tools.journal.errors import AlreadyRecorded, JournalFailed
from tools.journal.journal import Journal
from twin.errors import Refused
from twin.nouns.account import Account, Delegation, Identity, Role, Token
from twin.nouns.plan import Approval
from twin.nouns.principal import OS_USER, Principal, different_people

ROOT = Principal(name="root", provider=OS_USER)
ISSUER = "https://idp.example"


def _account(name: str, role: Role) -> Account:
    identity = Identity(provider=ISSUER, subject=f"sub-{name}")
    return Account(id=name, name=name.title(), role=role, identities=(identity,))


ERIN, OMAR = _account("erin", "approver"), _account("omar", "operator")


def _by(account: Account, on_behalf_of: str = "") -> Principal:
    return account.principal(account.identities[0], "http", on_behalf_of)


def _answer(by: Principal) -> Approval:
    plan = _plan()
    return Approval(
        plan_id=plan.id,
        plan_hash=plan.hash,
        decision="approve",
        by=by,
        reason="",
        decided_s=OPENED_S + 5,
    )


@pytest.fixture
def asked(tmp_path: Path) -> Journal:
    """A journal in which a plan waits for two people; erin approves, omar operates."""
    journal = Journal.open(tmp_path / "journal.sqlite")
    journal.open_incident(incident(), OPENED_S, "a" * 32)
    journal.request_approval(_plan(), OPENED_S, OPENED_S + 600, approvers_needed=2)
    for account in (ERIN, OMAR, _account("zoe", "approver")):
        journal.put_account(account, ROOT, "account_made")
    return journal


def test_identity_leads_to_one_account_whatever_its_name_is(asked: Journal) -> None:
    renamed = ERIN.model_copy(update={"name": "Erin Doe-Smith"})
    asked.put_account(renamed, ROOT, "account_renamed")
    assert asked.account_of(ERIN.identities[0]) == renamed
    assert asked.account_of(Identity(provider=ISSUER, subject="sub-erin", tenant="t2")) is None
    assert asked.account_of(Identity(provider="https://other", subject="sub-erin")) is None


def test_identity_of_one_account_is_not_given_to_another(asked: Journal) -> None:
    thief = OMAR.model_copy(update={"identities": (*OMAR.identities, *ERIN.identities)})
    with pytest.raises(AlreadyRecorded, match='is account "erin"'):
        asked.put_account(thief, ROOT, "account_changed")


def _refused(journal: Journal, by: Principal) -> str:
    with pytest.raises(Refused) as caught:
        journal.answer(_answer(by))
    assert caught.value.rule == "entitled"
    assert journal.audit_lines(_plan().id)[-1].action == "answer_unentitled"
    return str(caught.value)


def test_only_accounts_that_may_approve_are_heard(asked: Journal) -> None:
    assert 'omar" is operator here' in _refused(asked, _by(OMAR))
    assert "this is nobody's" in _refused(asked, Principal(name="erin", provider=OS_USER))
    claims = _by(OMAR).model_copy(update={"role": "admin"})
    assert "is operator here" in _refused(asked, claims)
    ended = ERIN.model_copy(update={"ended_wall_s": 1.0})
    asked.put_account(ended, ROOT, "account_ended")
    assert "has ended" in _refused(asked, _by(ERIN))
    assert not asked.approval_request(_plan().id, OPENED_S).answers


def test_one_account_is_one_person_through_every_identity(asked: Journal) -> None:
    chat = Identity(provider="slack", subject="U1", tenant="T1")
    assert asked.answer(_answer(_by(ERIN))).won
    again = asked.answer(_answer(ERIN.principal(chat, "slack")))
    assert (again.won, again.still_needed) == (False, 1)


def _delegate(journal: Journal, begins_in_s: float = -60.0) -> Delegation:
    now_s = time.time()
    stands = Delegation(
        id="d1",
        giver="erin",
        to="omar",
        begins_wall_s=now_s + begins_in_s,
        ends_wall_s=now_s + 3600,
        reason="on leave",
    )
    journal.put_delegation(stands, _by(ERIN))
    return stands


def test_delegate_answers_for_whoever_delegated_and_the_two_count_once(asked: Journal) -> None:
    _delegate(asked)
    assert asked.answer(_answer(_by(OMAR, "erin"))).still_needed == 1
    assert not asked.answer(_answer(_by(ERIN))).won
    assert asked.answer(_answer(_by(_account("zoe", "approver")))).still_needed == 0


def test_delegation_that_does_not_stand_now_lets_nobody_answer(asked: Journal) -> None:
    stands = _delegate(asked, begins_in_s=60.0)
    assert "has delegated nothing" in _refused(asked, _by(OMAR, "erin"))
    assert "has nothing to delegate" in _refused(asked, _by(ERIN, "omar"))
    ended = stands.model_copy(update={"begins_wall_s": 0.0, "ended_wall_s": 1.0})
    asked.put_delegation(ended, _by(ERIN))
    assert "has delegated nothing" in _refused(asked, _by(OMAR, "erin"))


def test_two_answers_of_overlapping_people_are_of_one() -> None:
    erin, omar, both = _by(ERIN), _by(OMAR), _by(OMAR, "erin")
    assert different_people([both, erin, omar]) == (both,)
    assert different_people([erin, both]) == (erin,)
    assert different_people([erin, omar]) == (erin, omar)


def _token(account: str, expires_wall_s: float) -> Token:
    return Token(
        digest="d" * 64,
        account=account,
        identity=ERIN.identities[0],
        kind="session",
        label="a browser",
        scopes=frozenset({"read", "approve"}),
        made_wall_s=0.0,
        expires_wall_s=expires_wall_s,
    )


def test_token_ends_by_its_time_by_signing_out_and_with_its_account(asked: Journal) -> None:
    now_s = time.time()
    token = _token("erin", now_s + 60)
    asked.put_token(token, ROOT)
    assert asked.token(token.digest, now_s + 59) == token
    assert asked.token(token.digest, now_s + 60) is None
    assert asked.end_token(token.digest, ROOT)
    assert not asked.end_token(token.digest, ROOT)
    asked.put_token(token, ROOT)
    ended = ERIN.model_copy(update={"ended_wall_s": now_s})
    asked.put_account(ended, ROOT, "account_ended")
    assert asked.token(token.digest, now_s) is None


def test_rows_that_were_written_past_the_journal_make_nobody_somebody(asked: Journal) -> None:
    admin = OMAR.model_copy(update={"role": "admin"})
    with closing(sqlite3.connect(asked.path)) as file, file:
        file.execute("UPDATE accounts SET body = ? WHERE id = ?", (admin.model_dump_json(), "omar"))
    with pytest.raises(JournalFailed, match="nobody is believed by it"):
        asked.account("omar")
    with closing(sqlite3.connect(asked.path)) as file, file:
        row = ("https://evil", "", "x", "erin")
        file.execute("INSERT INTO identities VALUES (?, ?, ?, ?)", row)
    with pytest.raises(JournalFailed, match="nobody is believed by it"):
        asked.account_of(Identity(provider="https://evil", subject="x"))


def test_audit_log_has_accounts_and_tokens_without_their_secrets(asked: Journal) -> None:
    secret = ERIN.model_copy(update={"password": "$argon2id$secret"})
    asked.put_account(secret, ROOT, "account_changed")
    asked.put_token(_token("erin", time.time() + 60), ROOT)
    told = [line.model_dump_json() for line in asked.audit_lines("erin")]
    assert len(told) == 3
    assert not any("argon2" in text or "d" * 64 in text for text in told)


# Questions as durable records


def test_request_that_expired_stays_so_when_the_clock_is_set_back(asked: Journal) -> None:
    plan = _plan()
    assert asked.expire_request(plan.id, OPENED_S + 599.9).state == "waiting"
    assert asked.expire_request(plan.id, OPENED_S + 600).state == "expired"
    asked.expire_request(plan.id, OPENED_S + 700)
    assert asked.approval_request(plan.id, OPENED_S).expired_s == OPENED_S + 600
    assert asked.approval_request(plan.id, OPENED_S).state == "expired"
    with pytest.raises(Refused, match="expired") as caught:
        asked.answer(_answer(_by(ERIN)))
    assert caught.value.rule == "approval_expired"
    assert [x.action for x in asked.audit_lines(plan.id)] == ["expire", "answer_too_late"]


def test_seeing_a_question_is_recorded_once_and_answers_nothing(asked: Journal) -> None:
    plan = _plan()
    asked.acknowledge(plan.id, _by(OMAR), OPENED_S + 1)
    request = asked.acknowledge(plan.id, _by(OMAR), OPENED_S + 2)
    assert [(seen.by.account, seen.seen_s) for seen in request.acknowledged] == [
        ("omar", OPENED_S + 1)
    ]
    assert (request.state, request.still_needed) == ("waiting", 2)
