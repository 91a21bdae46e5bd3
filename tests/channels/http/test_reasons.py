"""Whoever answers over HTTP and is refused is told why, whichever reason it is."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from channels import verbs
from channels.http.app import create_app
from channels.http.controls import EVERY_CONTROL
from channels.http.settings import Limits, ServeSettings
from channels.http.who import COOKIE
from channels.report.wording import plain
from graphs.state_directory import StateDirectory
from tests.channels.cli.desk_of_paper import SECOND, write_incident
from tests.channels.conftest import PLAN
from tests.channels.http.conftest import BASE, PASSWORD, token_of
from tests.channels.obstacles import (
    MODULES,
    NEVER,
    answered_and_closed,
    expired,
    raising,
    with_a_freeze,
)
from tests.channels.reasons import Reason, errors_made, kinds, reasons, said

REASONS = reasons(
    MODULES, {"approve_plan", "reject_plan", "acknowledge_plan", "caller"}, aside=set()
)

Reply = Any
Ask = Callable[[StateDirectory], Reply]

OFTEN = ServeSettings(limits=Limits(requests=3, sign_ins=100))


def _client(
    state: StateDirectory, name: str = "", *, off: str = "", limited: bool = False, secret: str = ""
) -> TestClient:
    controls = EVERY_CONTROL.without(off) if off else EVERY_CONTROL
    app = create_app(state, settings=OFTEN if limited else None, controls=controls)
    secret = token_of(state, name) if name else secret
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return TestClient(app, BASE, headers=headers, raise_server_exceptions=False)


def _answer(state: StateDirectory, name: str, subject: str = PLAN, **given: Any) -> Reply:
    return _client(state, name).post(f"/plans/{subject}/approve", json=given)


def _unknown_token(state: StateDirectory) -> Reply:
    return _client(state, secret="noctua_of_nobody").post(f"/plans/{PLAN}/approve", json={})


def _unknown_session(state: StateDirectory) -> Reply:
    client = _client(state)
    client.cookies.set(COOKIE, "noctua_of_nobody")
    return client.post(f"/plans/{PLAN}/approve", json={})


def _after_it(what: Callable[[StateDirectory], object]) -> Ask:
    def ask(state: StateDirectory) -> Reply:
        what(state)
        return _answer(state, "ann")

    return ask


def _with_overrides(*named: str, **given: Any) -> Ask:
    def ask(state: StateDirectory) -> Reply:
        return _answer(state, "ann", with_a_freeze(state), overrides=named, **given)

    return ask


def _nobody_asked(state: StateDirectory) -> Reply:
    with state.journal() as journal:
        write_incident(journal)
    return _answer(state, "ann", SECOND)


def _other_remedy(state: StateDirectory) -> Reply:
    return _client(state, "ann").post(f"/plans/{PLAN}/reject", json={"instead": "R99"})


def _where_the_route_is_open(state: StateDirectory) -> Reply:
    return _client(state, "vic", off="permission").post(f"/plans/{PLAN}/approve", json={})


def _in_a_browser(**headers: str) -> Ask:
    def ask(state: StateDirectory) -> Reply:
        client = _client(state)
        proof = {"account": "ann", "password": PASSWORD}
        assert client.post("/session", json=proof).is_success
        return client.post(f"/plans/{PLAN}/approve", json={}, headers=headers)

    return ask


def _too_often(state: StateDirectory) -> Reply:
    client = _client(state, limited=True)
    return [client.post(f"/plans/{PLAN}/approve", json={}) for _ in range(4)][-1]


ASKS: tuple[Ask, ...] = (
    lambda state: _client(state).post(f"/plans/{PLAN}/approve", json={}),
    _unknown_token,
    _unknown_session,
    lambda state: _answer(state, "vic"),
    lambda state: _answer(state, "ann", on_behalf_of="ben"),
    lambda state: _answer(state, "ann", plan_hash="0" * 64),
    lambda state: _answer(state, "ann", "live-0009"),
    _nobody_asked,
    _other_remedy,
    _where_the_route_is_open,
    _after_it(expired),
    _after_it(answered_and_closed),
    _after_it(lambda state: _client(state, "ben").post(f"/plans/{PLAN}/reject", json={})),
    _with_overrides(),
    _with_overrides("freeze:x"),
    _with_overrides("freeze:x", "freeze:y", reason="why not"),
    _in_a_browser(),
    _in_a_browser(origin="https://evil.example"),
    _too_often,
)


@pytest.fixture
def copies(peopled: Path, tmp_path: Path) -> Iterator[StateDirectory]:
    """One after the other, each for itself."""
    return (
        StateDirectory(Path(shutil.copytree(peopled, tmp_path / str(number))))
        for number in range(100)
    )


@pytest.mark.slow  # each is asked of a server of its own
def test_answer_over_http_is_told_every_reason(copies: Iterator[StateDirectory]) -> None:
    met = set[Reason]()
    by_place = {(reason.file, reason.line): reason for reason in REASONS}
    for ask in ASKS:
        with errors_made() as made:
            reply = ask(next(copies))
        assert 400 <= reply.status_code < 500
        placed = [one for one in made if one[:2] in by_place]
        if placed:
            problem, told = reply.json(), placed[-1][2]
            assert plain(said(told), 4000) in f"{problem['title']}\n{problem['detail']}"
            # Where one is said in the words of another, both are met.
            met |= {by_place[f, n] for f, n, error in placed if error in (told, told.__cause__)}
    assert met == {reason for reason in REASONS if reason.name not in NEVER}


def test_answer_over_http_is_told_of_an_error_of_any_kind(
    copies: Iterator[StateDirectory], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _client(next(copies), "ann")
    for kind in kinds():
        monkeypatch.setattr(verbs, "approve", raising(kind))
        reply = client.post(f"/plans/{PLAN}/approve", json={})
        assert 400 <= reply.status_code < 600
        assert reply.json()["detail"] == "for some reason", kind
