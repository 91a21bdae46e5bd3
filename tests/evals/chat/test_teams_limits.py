"""The Teams on loopback refuses what Teams refuses, each limit at its first step beyond."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from evals.chat.teams_limits import LARGEST, MOST_ACTIONS, refusal
from evals.chat.teams_tenant import A_SECOND, TeamsTenant

Json = dict[str, Any]


def _card(*body: Json, actions: int = 0, **more: Any) -> Json:
    button = {"type": "Action.Execute", "title": "x", "verb": "noctua"}
    shown = {"type": "AdaptiveCard", "version": "1.5", "body": [*body]}
    kind = "application/vnd.microsoft.card.adaptive"
    content = {**shown, "actions": [button] * actions, **more}
    return {"type": "message", "attachments": [{"contentType": kind, "content": content}]}


def _rich(text: str = "x", **more: Any) -> Json:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **more}]}


def _of_bytes(size: int) -> Json:
    empty = len(json.dumps(_card(_rich("")), separators=(",", ":")))
    return _card(_rich("x" * (size - empty)))


TAKEN = {
    "size": _of_bytes(LARGEST),
    "buttons": _card(_rich(), actions=MOST_ACTIONS),
}
REFUSED = {
    "size": (413, _of_bytes(LARGEST + 1)),
    "buttons": (400, _card(_rich(), actions=MOST_ACTIONS + 1)),
    "a version that Teams does not show": (400, _card(_rich(), version="1.6")),
    "Action.Execute in a version without it": (400, _card(_rich(), actions=1, version="1.3")),
    "an unknown element": (400, _card({"type": "Carousel"})),
    "an unknown property": (400, _card(_rich(colour="red"))),
    "an unknown value": (400, _card(_rich(weight="Heavy"))),
    "a field without an id": (400, _card({"type": "Input.Text"})),
    "two elements of one id": (400, _card({**_rich(), "id": "x"}, {**_rich(), "id": "x"})),
    "an unknown field of the message": (400, {**_card(_rich()), "colour": "red"}),
    "an unknown attachment": (
        400,
        {"type": "message", "attachments": [{"contentType": "text/html", "content": {}}]},
    ),
    "an empty message": (400, {"type": "message"}),
    "no message": (400, {"type": "typing", "text": "x"}),
}


@pytest.mark.parametrize("what", TAKEN)
def test_teams_takes_what_is_at_a_limit(what: str) -> None:
    assert refusal(TAKEN[what]) == (0, "")


@pytest.mark.parametrize("what", REFUSED)
def test_teams_refuses_a_message_beyond_a_limit(what: str) -> None:
    status, message = REFUSED[what]
    assert refusal(message)[0] == status


@pytest.fixture
def tenant() -> Iterator[TeamsTenant]:
    with TeamsTenant().serving() as served:
        yield served


Call = Callable[..., int]


@pytest.fixture
def call(tenant: TeamsTenant) -> Call:
    def called(
        method: str, path: str, body: Json | None = None, token: str = "bot-token-of-the-stub"
    ) -> int:
        """The status that a call is answered with."""
        request = urllib.request.Request(
            f"{tenant.service_url}v3/conversations{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            return int(error.code)

    return called


def _begun(tenant: TeamsTenant, **more: Any) -> Json:
    return {
        "isGroup": True,
        "tenantId": tenant.tenant,
        "channelData": {"channel": {"id": tenant.channel}},
        "activity": _card(_rich()),
        **more,
    }


def test_teams_refuses_calls_that_it_does_not_know(tenant: TeamsTenant, call: Call) -> None:
    assert call("POST", "", _begun(tenant), "of-others") == 401
    assert call("POST", "", _begun(tenant, colour="red")) == 400
    assert call("POST", "", _begun(tenant, tenantId="another")) == 403
    elsewhere = {"channel": {"id": "19:other@thread.tacv2"}}
    assert call("POST", "", _begun(tenant, channelData=elsewhere)) == 404
    below = urllib.parse.quote(f"{tenant.channel};messageid=1", safe="")
    assert call("POST", f"/{below}/activities", _card(_rich())) == 404
    assert call("PUT", f"/{below}/activities/1", {**_card(_rich()), "id": "1"}) == 404
    assert call("GET", f"/{below}/members/nobody") == 404
    assert tenant.messages == []


@pytest.mark.slow  # it waits for a second
def test_teams_takes_seven_messages_a_second_in_a_thread(tenant: TeamsTenant, call: Call) -> None:
    statuses = [call("POST", "", _begun(tenant)) for _ in range(A_SECOND + 1)]
    assert statuses == [201] * A_SECOND + [429]
    time.sleep(1.05)
    assert call("POST", "", _begun(tenant)) == 201


def test_teams_shows_a_targeted_message_to_members_alone(tenant: TeamsTenant, call: Call) -> None:
    place = urllib.parse.quote(tenant.channel, safe="")
    path, erin = f"/{place}/activities?isTargetedActivity=true", tenant.person("erin")
    said = {"type": "message", "text": "x", "recipient": {"id": f"29:{erin.id}"}}
    assert call("POST", path, said) == 201
    assert call("POST", path, {**said, "recipient": {"id": "29:stranger"}}) == 400
    assert call("POST", f"/{place}/activities", said) == 400
    assert [whisper.user for whisper in tenant.whispers] == [erin.id]
