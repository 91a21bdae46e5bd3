"""Requests over HTTP: only what Slack has signed lately is heard, and that once."""

import json
import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.slack.app import has_signed_form
from evals.chat.slack_workspace import form_of
from tests.channels.conftest import PLAN
from tests.channels.slack.conftest import ERIN, Desk

TIMESTAMP, SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"


def _click(desk: Desk) -> bytes:
    card = str(desk.card()["ts"])
    return form_of(desk.workspace.click(ERIN, card, "approve"))


def _forged(desk: Desk, body: bytes) -> dict[str, dict[str, str]]:
    """Headers that Slack would not send with the body, by what is wrong with them."""
    good = desk.workspace.signed(body, is_form=True)
    of_others = desk.workspace.signed(body + b" ", is_form=True)
    return {
        "no signature": {k: v for k, v in good.items() if k != SIGNATURE},
        "no timestamp": {k: v for k, v in good.items() if k != TIMESTAMP},
        "another body's": of_others,
        "of no bytes": good | {SIGNATURE: "v0="},
        "another version": good | {SIGNATURE: good[SIGNATURE].replace("v0", "v1")},
        "upper case": good | {SIGNATURE: good[SIGNATURE].upper()},
        "NaN": good | {TIMESTAMP: "NaN"},
        "infinity": good | {TIMESTAMP: "inf"},
        "empty": good | {TIMESTAMP: ""},
        "signed number": good | {TIMESTAMP: f"+{good[TIMESTAMP]}"},
        "with underscores": good | {TIMESTAMP: f"{good[TIMESTAMP][:3]}_{good[TIMESTAMP][3:]}"},
        "very long": good | {TIMESTAMP: "9" * 5000},
        "not of our alphabet": good | {SIGNATURE: "v0=" + "é" * 64},
        "six minutes old": desk.workspace.signed(body, is_form=True, at_s=time.time() - 360),
        "six minutes ahead": desk.workspace.signed(body, is_form=True, at_s=time.time() + 360),
    }


def test_forged_requests_are_refused_and_leave_nothing(desk: Desk) -> None:
    body = _click(desk)
    for what, headers in _forged(desk, body).items():
        assert desk.workspace.send(body, headers) == 401, what
    desk.workspace.signing_secret = "0" * 32
    assert desk.workspace.send(body, desk.workspace.signed(body, is_form=True)) == 401
    with desk.journal() as journal:
        assert journal.unanswered_chat_events("slack") == ()
        assert journal.approval_request(PLAN, 0.0).answers == ()


def test_body_that_is_no_text_is_refused(desk: Desk) -> None:
    body = b"payload=\xff\xfe"
    assert desk.workspace.send(body, desk.workspace.signed(body, is_form=True)) == 401


def test_body_that_is_too_large_is_refused(desk: Desk) -> None:
    body = b"payload=" + b"x" * 1_100_000
    assert desk.workspace.send(body, desk.workspace.signed(body, is_form=True)) == 413


def test_signed_request_of_slack_is_heard_and_its_replay_is_not(desk: Desk) -> None:
    body = _click(desk)
    headers = desk.workspace.signed(body, is_form=True)
    assert [desk.workspace.send(body, headers) for _ in range(2)] == [200, 200]
    desk.step()
    assert desk.workspace.send(body, headers) == 200
    desk.step()
    assert len(desk.audit("answer")) == len(desk.workspace.whispers) == 1


def test_address_is_verified_as_slack_asks(desk: Desk) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"}).encode()
    assert desk.workspace.send(body, desk.workspace.signed(body, is_form=False)) == 200


def test_what_cannot_be_put_on_record_is_not_acknowledged(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bool:
        raise OSError("the disk is full")

    monkeypatch.setattr(desk.room, "receive", fail)
    body = _click(desk)
    assert desk.workspace.send(body, desk.workspace.signed(body, is_form=True)) == 500


@given(
    st.dictionaries(st.sampled_from([TIMESTAMP, SIGNATURE]), st.text(max_size=80)),
    st.binary(max_size=40),
)
def test_no_header_is_an_error(headers: Mapping[str, str], body: bytes) -> None:
    assert has_signed_form(headers, body) in (True, False)
