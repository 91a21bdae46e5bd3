"""The Slack on loopback refuses what Slack refuses, each limit at its first step beyond."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from evals.chat.slack_limits import refusal
from evals.chat.slack_workspace import EVERY_S, SlackWorkspace

Json = dict[str, Any]

LATER = "429, again in 1 s"


def _plain(length: int) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def _section(length: int = 10, **more: Any) -> Json:
    return {"type": "section", "text": _plain(length), **more}


def _button(**more: Any) -> Json:
    return {"type": "button", "action_id": "a", "text": _plain(75), "value": "x" * 2000, **more}


def _actions(*buttons: Json) -> Json:
    return {"type": "actions", "elements": [*buttons]}


def _field(**element: Any) -> Json:
    typed = {"type": "plain_text_input", "action_id": "a", "max_length": 3000}
    return {"type": "input", "label": _plain(2000), "element": {**typed, **element}}


def _menu(options: int, **option: Any) -> Json:
    one = {"text": _plain(75), "value": "x" * 150, **option}
    return _field(**{"type": "static_select", "action_id": "a", "options": [one] * options})


def _without_length(block: Json) -> Json:
    block["element"].pop("max_length", None)
    return block


WITHIN = {
    "blocks": [_section()] * 50,
    "text of a section": [_section(3000)],
    "text of a header": [{"type": "header", "text": _plain(150)}],
    "text and value of a button": [_actions(_button())],
    "buttons in a row": [_actions(*[_button(value="", text=_plain(1))] * 25)],
    "text and value of an option": [_without_length(_menu(1))],
    "what is typed": [_field()],
    "ids": [_section(block_id="x" * 255)],
}
BEYOND = {
    "blocks": [_section()] * 51,
    "text of a section": [_section(3001)],
    "empty text": [_section(0)],
    "text of a header": [{"type": "header", "text": _plain(151)}],
    "text of a button": [_actions(_button(text=_plain(76)))],
    "value of a button": [_actions(_button(value="x" * 2001))],
    "buttons in a row": [_actions(*[_button(value="")] * 26)],
    "text of an option": [_without_length(_menu(1, text=_plain(76)))],
    "value of an option": [_without_length(_menu(1, value="x" * 151))],
    "options": [_without_length(_menu(101, text=_plain(1), value="x"))],
    "no options": [_without_length(_menu(0))],
    "what is typed": [_field(max_length=3001)],
    "id of a block": [_section(block_id="x" * 256)],
    "id of an action": [_actions(_button(action_id="x" * 256))],
    "two blocks of one id": [_section(block_id="x")] * 2,
    "an unknown field of a block": [_section(colour="red")],
    "an unknown block": [{"type": "carousel", "elements": []}],
    "an unknown style": [_actions(_button(style="green"))],
    "a number for a text": [{"type": "section", "text": {"type": "plain_text", "text": 7}}],
}


@pytest.mark.parametrize("what", WITHIN)
def test_slack_takes_what_is_at_a_limit(what: str) -> None:
    assert refusal("x", WITHIN[what], {}) == ("", [])


@pytest.mark.parametrize("what", BEYOND)
def test_slack_refuses_blocks_beyond_a_limit(what: str) -> None:
    assert refusal("x", BEYOND[what], {})[0] == "invalid_blocks"


def test_slack_refuses_too_much_text_altogether() -> None:
    marked = {"event_type": "x", "event_payload": {"key": "x"}}
    assert refusal("x" * 40_000, [], marked) == ("", [])
    assert refusal("x" * 40_001, [], {})[0] == "msg_too_long"
    assert refusal("x", [_section(2900)] * 5, {})[0] == "msg_blocks_too_long"
    assert refusal("", [], {})[0] == "no_text"
    large = {**marked, "event_payload": {"key": "x" * 9000}}
    assert refusal("x", [], large)[0] == "metadata_too_large"
    assert refusal("x", [], {"event_type": "x"})[0] == "invalid_metadata_format"


@pytest.fixture
def workspace() -> Iterator[SlackWorkspace]:
    with SlackWorkspace().serving() as served:
        yield served


def _call(workspace: SlackWorkspace, method: str, token: str = "", **given: Any) -> str:
    """The error that a call is answered with, "" where it is done."""
    headers = {
        "Authorization": f"Bearer {token or workspace.bot_token}",
        "Content-Type": "application/json",
    }
    body = json.dumps(given).encode()
    request = urllib.request.Request(f"{workspace.api}{method}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return str(json.load(reply).get("error", ""))
    except urllib.error.HTTPError as error:
        return f"{error.code}, again in {error.headers['Retry-After']} s"


def test_slack_refuses_calls_that_it_does_not_know(workspace: SlackWorkspace) -> None:
    here = {"channel": workspace.channel, "text": "x"}
    assert _call(workspace, "chat.postMessage", "xoxb-of-others", **here) == "invalid_auth"
    assert _call(workspace, "chat.shout", **here) == "unknown_method"
    assert _call(workspace, "chat.postMessage", colour="red", **here) == "invalid_arguments"
    assert _call(workspace, "chat.postMessage", channel="C0OTHER") == "channel_not_found"
    assert _call(workspace, "chat.postMessage", thread_ts="1.0", **here) == "thread_not_found"
    assert _call(workspace, "chat.update", ts="1.0", **here) == "message_not_found"
    workspace.scopes = frozenset({"files:write"})
    assert _call(workspace, "chat.postMessage", **here) == "missing_scope"
    assert workspace.messages == []


@pytest.mark.slow  # it waits for a second
def test_slack_takes_one_message_a_second_in_a_channel(workspace: SlackWorkspace) -> None:
    here = {"channel": workspace.channel, "text": "x"}
    assert [_call(workspace, "chat.postMessage", **here) for _ in range(2)] == ["", LATER]
    time.sleep(EVERY_S)
    assert _call(workspace, "chat.postMessage", **here) == ""
    whispered = _call(workspace, "chat.postEphemeral", user="U0ERIN", **here)
    assert (whispered, len(workspace.messages)) == (LATER, 2)
