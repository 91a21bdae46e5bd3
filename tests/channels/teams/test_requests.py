"""Requests to the endpoint: only what the Bot Connector of our tenant sends is heard, and once."""

import time
from typing import Any

import jwt
import pytest

from tests.channels.conftest import PLAN
from tests.channels.teams.conftest import ERIN, OTHERS, Desk, body_of


def _require_nothing(desk: Desk) -> None:
    with desk.journal() as journal:
        assert journal.unanswered_chat_events("teams") == ()
        assert journal.approval_request(PLAN, 0.0).answers == ()


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://sts.windows.net/evil/"},
        {"iss": None},
        {"aud": "another-app"},
        {"aud": ["3b1f6c52-6a0d-4a6e-8f77-5d1c2b9a4e10", "another-app"]},
        {"aud": None},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 4_000_000_000},
        {"serviceurl": "https://evil.example/"},
        {"serviceurl": None},
        {"serviceurl": 7},
    ],
)
def test_token_with_a_wrong_claim_is_refused_and_leaves_nothing(
    desk: Desk, claims: dict[str, Any]
) -> None:
    assert desk.tenant.deliver(desk.click(ERIN), **claims) == 401
    _require_nothing(desk)


def test_request_without_a_token_of_microsoft_is_refused_and_leaves_nothing(desk: Desk) -> None:
    body, good = body_of(desk.click(ERIN)), desk.tenant.token()
    head, claims, signature = good.split(".")
    said = {"iss": "https://api.botframework.com", "aud": desk.tenant.app}
    said["serviceurl"] = desk.tenant.service_url
    until = {**said, "exp": int(time.time()) + 600}
    kid = {"kid": desk.tenant.key_id}
    forged = {
        "none": None,
        "empty": "",
        "no scheme": good,
        "another scheme": f"Basic {good}",
        "no token": "Bearer ",
        "no signature": f"Bearer {head}.{claims}.",
        "another signature": f"Bearer {head}.{claims}.{signature[::-1]}",
        "alg none": f"Bearer {jwt.encode(until, '', 'none', headers=kid)}",
        "a secret": f"Bearer {jwt.encode(until, 'k' * 64, 'HS256', headers=kid)}",
        "no key named": f"Bearer {jwt.encode(until, desk.tenant.key, 'RS256')}",
        "no form": "Bearer ....",
        "very long": f"Bearer {'a' * 50_000}",
    }
    for what, authorization in forged.items():
        assert desk.tenant.send(body, authorization) == 401, what
    _require_nothing(desk)
    assert desk.tenant.send(body, f"Bearer {good}") == 200


def test_token_of_a_key_that_is_not_published_is_refused(desk: Desk) -> None:
    published, desk.tenant.key = desk.tenant.key, type(desk.tenant)().key
    forged = desk.tenant.token()
    desk.tenant.key = published
    assert desk.tenant.send(body_of(desk.click(ERIN)), f"Bearer {forged}") == 401
    _require_nothing(desk)


def test_key_that_microsoft_has_changed_is_learned(desk: Desk) -> None:
    desk.tenant.rotate()
    assert desk.tenant.deliver(desk.click(ERIN)) == 200


def test_service_that_is_not_listed_is_refused_whoever_has_signed(desk: Desk) -> None:
    for url in ("https://smba.trafficmanager.net/teams/", "https://evil.example/teams/", ""):
        click = {**desk.click(ERIN), "serviceUrl": url}
        assert desk.tenant.deliver(click, serviceurl=url) == 403, url
    _require_nothing(desk)
    ours = f"{desk.tenant.service_url}{desk.tenant.tenant}/"
    assert desk.tenant.deliver({**desk.click(ERIN), "serviceUrl": ours}, serviceurl=ours) == 200


def test_activity_of_another_tenant_or_channel_is_refused(desk: Desk) -> None:
    for name, value in (
        ("conversation", {"id": "19:noc@thread.tacv2", "tenantId": OTHERS}),
        ("channelData", {"tenant": {"id": OTHERS}}),
        ("channelId", "directline"),
        ("channelId", None),
    ):
        assert desk.tenant.deliver({**desk.click(ERIN), name: value}) == 403, value
    silent = {**desk.click(ERIN), "channelData": {}, "conversation": {"id": "19:noc@thread.tacv2"}}
    assert desk.tenant.deliver(silent) == 403
    _require_nothing(desk)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"7", b"\xff\xfe", b"[" * 100_000, b'{"type": "invoke"}'],
)
def test_body_that_is_no_activity_is_refused(desk: Desk, body: bytes) -> None:
    assert desk.tenant.send(body, f"Bearer {desk.tenant.token()}") == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", None),
        ("from", None),
        ("from", {"id": "29:x"}),
        ("value", None),
        ("value", {"action": 7}),
        ("conversation", 7),
        ("channelData", [1]),
        ("entities", 7),
        ("recipient", 7),
    ],
)
def test_activity_that_lacks_something_is_no_error_and_leaves_nothing(
    desk: Desk, name: str, value: object
) -> None:
    click = {**desk.click(ERIN), name: value}
    if value is None:
        del click[name]
    assert desk.tenant.deliver(click) in (200, 400)
    if name not in ("entities", "recipient"):
        _require_nothing(desk)
    mention = {**desk.tenant.mention(ERIN, "take", desk.head), name: value}
    assert desk.tenant.deliver(mention) in (200, 400)


def test_body_that_is_too_large_is_refused(desk: Desk) -> None:
    assert desk.tenant.send(b" " * 1_100_000, f"Bearer {desk.tenant.token()}") == 413


def test_what_cannot_be_put_on_record_is_not_acknowledged(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bool:
        raise OSError("the disk is full")

    monkeypatch.setattr(desk.room, "receive", fail)
    assert desk.tenant.deliver(desk.click(ERIN)) == 500


def test_keys_that_are_not_to_be_had_are_not_the_sender_s_fault(desk: Desk) -> None:
    body, token = body_of(desk.click(ERIN)), desk.tenant.token()
    file = desk.state / "teams.yaml"
    text = file.read_text("utf-8").replace(f"{desk.tenant.address}/keys", "http://127.0.0.1:9/keys")
    file.write_text(text, encoding="utf-8")
    with Desk(desk.state, desk.tenant).open():
        assert desk.tenant.send(body, f"Bearer {token}") == 503


def test_what_is_not_meant_for_us_is_not_kept(desk: Desk) -> None:
    said = desk.tenant.mention(ERIN, "take", desk.head)
    of_another = [{"type": "mention", "mentioned": {"id": "28:another"}, "text": "<at>x</at>"}]
    assert desk.tenant.deliver({**said, "entities": of_another}) == 200
    assert desk.tenant.deliver({**said, "entities": []}) == 200
    assert desk.tenant.deliver({**said, "type": "conversationUpdate"}) == 200
    assert desk.tenant.deliver({**desk.click(ERIN), "name": "task/fetch"}) == 501
    _require_nothing(desk)
