"""What Slack sends us, as acts: button presses and mentions, with Slack's own id for each."""

import re
from collections.abc import Mapping
from typing import Any

from channels.chat.acts import BUTTONS, LONGEST_SAID, AnyAct, Pressed, Said, Strange
from channels.slack.blocks import CHOICE_FIELD, PRESS, REASON_FIELD
from channels.slack.client import SLACK
from twin.nouns.account import Identity

_MENTION = re.compile(r"<@[A-Z0-9]+(\|[^>]*)?>")
_LINK = re.compile(r"<(?:https?|mailto)[^|>]*\|?([^>]*)>")


def pressed(body: Mapping[str, Any]) -> tuple[str, AnyAct]:
    """The id and the act of an interaction (`block_actions`) with one of our messages."""
    action, container = body["actions"][0], body.get("container", {})
    message = body.get("message", {})
    place, message_id = container.get("channel_id", ""), container.get("message_ts", "")
    thread = container.get("thread_ts") or message.get("thread_ts") or message_id
    # Somebody of another workspace acts in a shared channel under the id of their own.
    user = body["user"]
    who = _identity(user["id"], user.get("team_id") or body["team"]["id"])
    named = str(action.get("action_id", "")).removeprefix(PRESS)
    button = next((known for known in BUTTONS if known == named), None)
    # One click, however often it is sent.
    event_id = f"{body.get('trigger_id', '')}/{action.get('action_ts', '')}/{user['id']}"
    if button is None:
        return event_id, Strange(who=who, place=place, thread=thread, what=named[:200])
    values = _values(body.get("state", {}))
    return event_id, Pressed(
        who=who,
        place=place,
        thread=thread,
        button=button,
        plan_id=str(action.get("value", "")),
        message_id=message_id,
        reason=values.get(REASON_FIELD, ""),
        choice=values.get(CHOICE_FIELD, ""),
    )


def mentioned(body: Mapping[str, Any]) -> tuple[str, AnyAct]:
    """The id and the act of a message that mentions us (`app_mention`)."""
    event = body["event"]
    team = event.get("user_team") or event.get("team") or body["team_id"]
    return str(body["event_id"]), Said(
        who=_identity(event["user"], team),
        place=event["channel"],
        thread=event.get("thread_ts") or event["ts"],
        words=_words(event.get("text", ""))[: LONGEST_SAID + 1],
    )


def _identity(user: str, team: str) -> Identity:
    return Identity(provider=SLACK, subject=user, tenant=team)


def _values(state: Mapping[str, Any]) -> dict[str, str]:
    """What stands in the fields of a message, by their ids."""
    found = {}
    for block in state.get("values", {}).values():
        for name, field in block.items():
            chosen = field.get("selected_option") or {}
            found[name] = str(field.get("value") or chosen.get("value") or "")
    return found


def _words(text: str) -> str:
    """What was written, without the mention, and with what Slack escapes as it was."""
    said = _LINK.sub(r"\1", _MENTION.sub(" ", text, count=1))
    return said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()
