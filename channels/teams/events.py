"""What the Bot Connector sends us, as acts: `Action.Execute` and mentions, with its id for each."""

import html
import re
from collections.abc import Mapping
from typing import Any

from channels.chat.acts import BUTTONS, LONGEST_SAID, AnyAct, Pressed, Said, Strange
from channels.teams.cards import BUTTON_FIELD, CHOICE_FIELD, PLAN_FIELD, REASON_FIELD, VERB
from channels.teams.client import TEAMS, message_name
from twin.nouns.account import Identity

_MENTION = re.compile(r"<at\b[^>]*>.*?</at>", re.IGNORECASE | re.DOTALL)

Activity = Mapping[str, Any]


def tenants_of(activity: Activity) -> set[str]:
    """The tenants that an activity says it comes from."""
    conversation, channel = activity.get("conversation") or {}, activity.get("channelData") or {}
    named = (conversation.get("tenantId"), (channel.get("tenant") or {}).get("id"))
    return {str(one) for one in named if one}


def act_of(activity: Activity) -> tuple[str, AnyAct] | None:
    """The id and the act of an activity, None of one that is not meant for us.

    Raises:
        KeyError, TypeError, AttributeError, ValueError: it has not the form of one.
    """
    if activity.get("type") == "invoke" and activity.get("name") == "adaptiveCard/action":
        return _pressed(activity)
    return _mentioned(activity) if _is_mention(activity) else None


def _is_mention(activity: Activity) -> bool:
    """Whether somebody speaks to us: who may read a channel is sent all that is said there."""
    us = str((activity.get("recipient") or {}).get("id", ""))
    named = [e for e in activity.get("entities") or () if e.get("type") == "mention"]
    return (
        activity.get("type") == "message"
        and bool(us)
        and any((e.get("mentioned") or {}).get("id") == us for e in named)
    )


def _pressed(activity: Activity) -> tuple[str, AnyAct]:
    """A button that was pressed."""
    place, thread = _where(activity)
    message_id = str(activity.get("replyToId", ""))
    who = _who(activity)
    action = activity["value"]["action"]
    data = action.get("data") or {}
    named = str(data.get(BUTTON_FIELD, ""))
    button = next((known for known in BUTTONS if known == named), None)
    event_id = f"invoke/{activity['id']}"
    if button is None or action.get("verb") != VERB:
        return event_id, Strange(who=who, place=place, thread=thread, what=named[:200])
    return event_id, Pressed(
        who=who,
        place=place,
        thread=thread,
        button=button,
        plan_id=str(data.get(PLAN_FIELD, "")),
        message_id=message_name(thread, message_id),
        reason=str(data.get(REASON_FIELD) or ""),
        choice=str(data.get(CHOICE_FIELD) or ""),
    )


def _mentioned(activity: Activity) -> tuple[str, AnyAct]:
    """A message to us."""
    place, thread = _where(activity)
    return f"message/{place}/{activity['id']}", Said(
        who=_who(activity),
        place=place,
        thread=thread or str(activity["id"]),
        words=_words(str(activity.get("text") or ""))[: LONGEST_SAID + 1],
    )


def _who(activity: Activity) -> Identity:
    """Who did it. In a shared channel people of other tenants act, whose own is named with them."""
    person = activity["from"]
    tenant = person.get("tenantId") or activity["channelData"]["tenant"]["id"]
    return Identity(provider=TEAMS, subject=str(person["aadObjectId"]), tenant=str(tenant))


def _where(activity: Activity) -> tuple[str, str]:
    """The channel, and the first message of the thread."""
    place, _, root = str(activity["conversation"]["id"]).partition(";messageid=")
    return place, root


def _words(text: str) -> str:
    """What was written, without the mention, and with what Teams escapes as it was."""
    return html.unescape(_MENTION.sub(" ", text, count=1)).strip()
