"""The Bolt application: what Slack has signed is put on record, and acknowledged at once."""

import re
from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from channels.chat.room import Room
from channels.slack.events import mentioned, pressed

_TIMESTAMP = re.compile(r"[0-9]{1,11}", re.ASCII)
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)


def bolt_app(room: Room, client: WebClient, signing_secret: str | None) -> App:
    """The application that hands to `room` what people do. `signing_secret`: None over a socket."""
    app = App(
        client=client,
        signing_secret=signing_secret,
        request_verification_enabled=signing_secret is not None,
        # Otherwise Bolt acknowledges an event before it is handed to anybody, and a death in
        # between would lose it.
        process_before_response=True,
    )

    @app.action(re.compile(".*"))
    def on_press(body: dict[str, Any], ack: Ack) -> None:
        room.receive(*pressed(body))
        ack()

    @app.event("app_mention")
    def on_mention(body: dict[str, Any], ack: Ack) -> None:
        room.receive(*mentioned(body))
        ack()

    return app


def has_signed_form(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the signature can be looked at, which it then is by Bolt.

    Bolt's own check ends in an error where the timestamp is no whole number ("NaN"), the signature
    is no ASCII, or the body no UTF-8.
    """
    timestamp = headers.get("x-slack-request-timestamp", "")
    signature = headers.get("x-slack-signature", "")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return bool(_TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(signature))
