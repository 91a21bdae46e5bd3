"""Answers to plans over HTTP: who may, what each is told, and what the audit log has of it."""

import threading
import time

import pytest
from fastapi.testclient import TestClient

from channels import verbs
from channels.access import accounts
from channels.http.controls import EVERY_CONTROL
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN
from tests.channels.http.conftest import BASE, Serve, token_of
from tools.journal.records import AuditLine
from twin.nouns.principal import OS_USER, Principal

APPROVE = f"/plans/{PLAN}/approve"


def _lines(directory: StateDirectory, subject: str) -> list[AuditLine]:
    with directory.read_only_journal() as journal:
        return [*journal.audit_lines(subject)]


def test_approval_carries_identity_role_and_channel(
    serve: Serve, directory: StateDirectory
) -> None:
    answer = serve("ann").post(APPROVE, json={"reason": "looks right"})
    assert answer.status_code == 200
    [line] = [x for x in _lines(directory, PLAN) if x.action == "answer"]
    assert line.data["by"] == {
        "name": "ann",
        "provider": "local",
        "subject": "ann",
        "account": "ann",
        "role": "approver",
        "channel": "http",
    }
    assert line.data["reason"] == "looks right"


def test_answer_by_incident_is_an_answer_to_what_it_waits_for(serve: Serve) -> None:
    answer = serve("ann").post(f"/plans/{INCIDENT}/reject", json={})
    assert answer.json()["request"]["plan_id"] == PLAN
    assert answer.json()["request"]["state"] == "rejected"


def test_later_answer_is_told_whose_holds(serve: Serve) -> None:
    assert serve("ann").post(f"/plans/{PLAN}/reject", json={}).status_code == 200
    late = serve("ben").post(APPROVE, json={})
    assert late.status_code == 409
    assert late.headers["content-type"] == "application/problem+json"
    told = late.json()
    assert told["rule"] == "answered_before"
    assert "reject by «ann»" in told["detail"]
    assert f"GET /incidents/{INCIDENT}" in told["detail"]


@pytest.mark.parametrize("name", ["olga", "vic"])
def test_who_may_not_answer_is_told_so_and_stands_in_the_audit_log(
    serve: Serve, directory: StateDirectory, name: str
) -> None:
    answer = serve(name).post(APPROVE, json={})
    assert (answer.status_code, answer.json()["rule"]) == (403, "not_permitted")
    assert "ask an admin" in answer.json()["detail"]
    [line] = _lines(directory, "/plans/{subject}/approve")
    assert (line.action, line.actor, line.data["rule"]) == (
        "request_refused",
        name,
        "not_permitted",
    )
    assert not verbs.question(directory, PLAN)[1].answers


def test_journal_itself_refuses_where_the_route_does_not(
    serve: Serve, directory: StateDirectory
) -> None:
    open_door = serve("olga", controls=EVERY_CONTROL.without("permission"))
    answer = open_door.post(APPROVE, json={})
    assert (answer.status_code, answer.json()["rule"]) == (409, "entitled")
    assert not verbs.question(directory, PLAN)[1].answers


def test_nobody_is_let_in_without_a_sign_in(serve: Serve, directory: StateDirectory) -> None:
    answer = serve().post(APPROVE, json={})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert _lines(directory, "/plans/{subject}/approve")[0].actor == "nobody"


def test_token_that_may_only_read_answers_nothing(serve: Serve) -> None:
    client = serve("ann", scopes=("read",))
    assert client.get(f"/plans/{PLAN}").status_code == 200
    answer = client.post(APPROVE, json={})
    assert (answer.status_code, "its token is not for that" in answer.json()["detail"]) == (
        403,
        True,
    )


def test_another_plan_than_was_read_is_not_answered(serve: Serve) -> None:
    client = serve("ann")
    read = client.get(f"/plans/{PLAN}").json()["request"]["plan_hash"]
    wrong = client.post(APPROVE, json={"plan_hash": "0" * 64})
    assert (wrong.status_code, wrong.json()["rule"]) == (409, "another_plan")
    assert client.post(APPROVE, json={"plan_hash": read}).status_code == 200


def test_override_that_nothing_asked_for_is_refused_with_its_reason(serve: Serve) -> None:
    answer = serve("ann").post(APPROVE, json={"overrides": ["freeze:x"], "reason": "why not"})
    assert (answer.status_code, answer.json()["rule"]) == (409, "override_unasked")


def test_of_answers_that_race_one_holds_and_every_other_is_told(
    serve: Serve, directory: StateDirectory
) -> None:
    first, *others = [serve(name) for name in ("ann", "ben", "ada") for _ in range(3)]
    # One server for all. It makes of its routes what it needs of them when it is first asked.
    first.get("/openapi.json")
    clients = [first, *(TestClient(first.app, BASE, headers=dict(one.headers)) for one in others)]
    told: list[int] = []
    start = threading.Barrier(len(clients))

    def click(client: TestClient, verb: str) -> None:
        start.wait()
        told.append(client.post(f"/plans/{PLAN}/{verb}", json={}).status_code)

    threads = [
        threading.Thread(target=click, args=(client, ("approve", "reject")[i % 2]))
        for i, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [200, *[409] * (len(clients) - 1)]
    assert len(verbs.question(directory, PLAN)[1].answers) == 1


def test_delegate_answers_for_who_delegated_and_nobody_else(
    serve: Serve, directory: StateDirectory
) -> None:
    ben = Principal(name="ben", provider=OS_USER, account="ben", role="approver")
    refused = serve("olga").post(APPROVE, json={"on_behalf_of": "ben"})
    assert (refused.status_code, "delegated nothing" in refused.json()["detail"]) == (403, True)
    accounts.delegate(directory, ben, "olga", time.time(), time.time() + 3600, "on leave")
    assert serve("olga").post(APPROVE, json={"on_behalf_of": "ann"}).status_code == 403
    assert serve("olga").post(APPROVE, json={"on_behalf_of": "ben"}).status_code == 200
    [answer] = verbs.question(directory, PLAN)[1].answers
    assert (answer.by.account, answer.by.on_behalf_of) == ("olga", "ben")


def test_ended_account_answers_nothing_with_the_token_that_it_had(
    serve: Serve, directory: StateDirectory
) -> None:
    client = serve("ann")
    ada = Principal(name="ada", provider=OS_USER, account="ada", role="admin")
    accounts.end_account(directory, ada, "ann")
    assert client.post(APPROVE, json={}).status_code == 401


def test_seeing_a_plan_is_recorded_and_answers_nothing(serve: Serve) -> None:
    seen = serve("ann").post(f"/plans/{PLAN}/acknowledge")
    assert [one["by"]["account"] for one in seen.json()["acknowledged"]] == ["ann"]
    assert seen.json()["state"] == "waiting"


def test_secret_in_the_address_signs_nobody_in(serve: Serve, directory: StateDirectory) -> None:
    secret = token_of(directory, "ann")
    for query in ("token", "access_token", "noctua_session"):
        assert serve().get(f"/plans?{query}={secret}").status_code == 401
