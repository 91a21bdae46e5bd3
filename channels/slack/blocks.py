"""A message in Slack's Block Kit, within what Slack takes.

Nothing is marked up: texts are `plain_text` objects or literal rich text, so that no word of a
network can mention anybody, link anywhere or look like ours.

Source: docs.slack.dev/reference/block-kit (limits of blocks and elements, as docs/slack.md lists
them).
"""

from collections.abc import Iterator
from typing import Any

from channels.chat.service import Message, Question

SECTION = 3000
HEADER = 150
OPTION = 75
BUTTON = 75
REASON = 1000
"""Characters; of a reason we read fewer than the 3000 that Slack lets people type."""

Block = dict[str, Any]

PRESS = "noctua_"
"""Begins the id of each of our buttons, behind which stands which button it is."""

REASON_FIELD, CHOICE_FIELD = "noctua_reason", "noctua_choice"


def blocks_of(message: Message) -> list[Block]:
    """The blocks that show `message`."""
    return list(_blocks(message))


def notification(message: Message) -> str:
    """The text that is shown where blocks are not, with Slack's control characters escaped."""
    text = message.plain[:SECTION]
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(message: Message) -> Iterator[Block]:
    if message.title:
        yield {"type": "header", "text": _plain(message.title, HEADER)}
    if message.text:
        yield {"type": "section", "text": _plain(message.text, SECTION)}
    for fact in message.facts:
        yield {"type": "rich_text", "elements": [_fact(fact.name, fact.value)]}
    if message.code:
        shown = {"type": "text", "text": message.code}
        code = {"type": "rich_text_preformatted", "elements": [shown]}
        yield {"type": "rich_text", "elements": [code]}
    if message.question:
        yield from _question(message.question)


def _fact(name: str, value: str) -> Block:
    bold = {"type": "text", "text": f"{name}: ", "style": {"bold": True}}
    return {"type": "rich_text_section", "elements": [bold, {"type": "text", "text": value}]}


def _question(question: Question) -> Iterator[Block]:
    # Ids differ from plan to plan, so that what was typed into one card stays out of the next.
    plan = question.plan_id
    yield {
        "type": "input",
        "block_id": f"reason/{plan}"[:255],
        "optional": True,
        "label": _plain("Reason", 2000),
        "element": {"type": "plain_text_input", "action_id": REASON_FIELD, "max_length": REASON},
    }
    if question.choices:
        options = [
            {"text": _plain(choice.text, OPTION), "value": choice.id} for choice in question.choices
        ]
        yield {
            "type": "input",
            "block_id": f"choice/{plan}"[:255],
            "optional": True,
            "label": _plain("Another remedy, as it was simulated", 2000),
            "element": {
                "type": "static_select",
                "action_id": CHOICE_FIELD,
                "placeholder": _plain("choose one", 150),
                "options": options,
            },
        }
    buttons = [
        _button("approve", question.approve, plan, "primary"),
        _button("reject", "Reject", plan, "danger"),
        _button("acknowledge", "I have seen it", plan),
    ]
    if question.choices:
        buttons.insert(1, _button("instead", "Plan the other remedy", plan))
    yield {"type": "actions", "block_id": f"answer/{plan}"[:255], "elements": buttons}


def _button(name: str, text: str, plan: str, style: str = "") -> Block:
    button = {
        "type": "button",
        "action_id": f"{PRESS}{name}",
        "text": _plain(text, BUTTON),
        "value": plan,
    }
    return {**button, "style": style} if style else button


def _plain(text: str, longest: int) -> Block:
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return {"type": "plain_text", "text": cut, "emoji": False}
