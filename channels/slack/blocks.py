"""A message in Slack's Block Kit, within what Slack takes.

Nothing is marked up: texts are `plain_text` objects or literal rich text, so that no word of a
network can mention anybody, link anywhere or look like ours.

Source: docs.slack.dev/reference/block-kit (limits of blocks and elements, as docs/slack.md lists
them).
"""

import json
from collections.abc import Iterator
from typing import Any

from channels.chat.service import Message, Question

SECTION = 3000
HEADER = 150
OPTION = 75
BUTTON = 75
REASON = 1000
"""Characters; of a reason we read fewer than the 3000 that Slack lets people type."""

LARGEST = 13_000
"""Characters of all blocks of a message, as they are sent; Slack takes about 13,200."""

_TEXTS = (SECTION, 900, 400, 150, 60, 30, 12)
"""Characters of a text, the most with which all blocks fit being taken."""

Block = dict[str, Any]

PRESS = "noctua_"
"""Begins the id of each of our buttons, behind which stands which button it is."""

REASON_FIELD, CHOICE_FIELD = "noctua_reason", "noctua_choice"


def blocks_of(message: Message) -> list[Block]:
    """The blocks that show `message`; long texts are cut until they fit."""
    for longest in _TEXTS:
        blocks = list(_blocks(message, longest))
        if len(json.dumps(blocks)) <= LARGEST:
            break
    return blocks


def notification(message: Message) -> str:
    """The text that is shown where blocks are not, with Slack's control characters escaped."""
    text = message.plain[:SECTION]
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(message: Message, longest: int) -> Iterator[Block]:
    if message.title:
        yield {"type": "header", "text": _plain(message.title, min(longest, HEADER))}
    if message.text:
        yield {"type": "section", "text": _plain(message.text, longest)}
    for fact in message.facts:
        bold = {**_run(f"{fact.name}: ", longest), "style": {"bold": True}}
        yield _rich("rich_text_section", [bold, _run(fact.value or "-", longest)])
    if message.code:
        yield _rich("rich_text_preformatted", [_run(message.code, longest)])
    if message.question:
        yield from _question(message.question, longest)


def _rich(kind: str, runs: list[Block]) -> Block:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": runs}]}


def _run(text: str, longest: int) -> Block:
    return {"type": "text", "text": _cut(text, longest)}


def _question(question: Question, longest: int) -> Iterator[Block]:
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
            {"text": _plain(choice.text, min(longest, OPTION)), "value": choice.id}
            for choice in question.choices
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
    return {"type": "plain_text", "text": _cut(text, longest), "emoji": False}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
