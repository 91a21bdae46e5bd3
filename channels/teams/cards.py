"""A message as an Adaptive Card, within what Teams takes.

Texts are runs of a `RichTextBlock`, which know no Markdown, so that no word of a network can
mention anybody, link anywhere or look like ours.

Source: learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards (limits and
versions, as docs/teams.md lists them).
"""

import json
from collections.abc import Iterator
from typing import Any

from channels.chat.service import Message, Question

VERSION = "1.5"
"""`Action.Execute` needs it in Teams."""

LARGEST = 26_000
"""Bytes of a card: Teams takes about 28 kB of a message, the rest of which is small."""

LONGEST_FILE = 6_000
"""Characters that are shown of what is too long for a card, since a bot posts no files."""

REASON = 1000
OPTION = 200

CUT = "… cut here, since Teams takes no more; the terminal and the report have all of it"

VERB = "noctua"
"""What all of our buttons are; which one it is stands in its data."""

BUTTON_FIELD, PLAN_FIELD = "noctua_button", "noctua_plan"
REASON_FIELD, CHOICE_FIELD = "noctua_reason", "noctua_choice"

MARK = "noctua/"
"""Begins the id of the first element of each of our cards, behind which stands what it is about."""

_TEXTS = (6_000, 900, 400, 150, 60, 30)
"""Characters of a text, the most that fit being taken."""

Element = dict[str, Any]


def card_of(key: str, message: Message) -> Element:
    """The card that shows `message`, marked with `key`; long texts are cut until it fits."""
    for longest in _TEXTS:
        card = _card(key, message, longest)
        if size_of(card) <= LARGEST:
            break
    return card


def size_of(card: Element) -> int:
    """Bytes of a card as it is sent."""
    return len(json.dumps(card, separators=(",", ":")).encode())


def key_of(card: Element) -> str:
    """What one of our cards is marked with, "" for any other."""
    body = card.get("body") or [{}]
    mark = str(body[0].get("id", "")) if isinstance(body[0], dict) else ""
    return mark.removeprefix(MARK) if mark.startswith(MARK) else ""


def _card(key: str, message: Message, longest: int) -> Element:
    body = [*_body(message, longest)] or [_text("…", longest)]
    body[0]["id"] = f"{MARK}{key}"
    card: Element = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": VERSION,
        "body": body,
        "msteams": {"width": "Full"},
    }
    if message.question:
        card["body"] += _fields(message.question, min(longest, OPTION))
        card["actions"] = _buttons(message.question)
    return card


def _body(message: Message, longest: int) -> Iterator[Element]:
    if message.title:
        yield _text(message.title, longest, weight="Bolder", size="Medium")
    if message.text:
        yield _text(message.text, longest)
    for fact in message.facts:
        yield _rich([_run(f"{fact.name}: ", longest, weight="Bolder"), _run(fact.value, longest)])
    if message.code:
        yield _text(message.code, longest, fontType="Monospace")
    if message.file:
        yield _text(message.file.content, min(longest, LONGEST_FILE), fontType="Monospace")
        if len(message.file.content) > min(longest, LONGEST_FILE):
            yield _text(CUT, len(CUT), isSubtle=True)


def _fields(question: Question, longest: int) -> Iterator[Element]:
    yield {
        "type": "Input.Text",
        "id": REASON_FIELD,
        "label": "Reason",
        "isMultiline": True,
        "maxLength": REASON,
    }
    if question.choices:
        yield {
            "type": "Input.ChoiceSet",
            "id": CHOICE_FIELD,
            "label": "Another remedy, as it was simulated",
            "choices": [{"title": _cut(c.text, longest), "value": c.id} for c in question.choices],
        }


def _buttons(question: Question) -> list[Element]:
    plan = question.plan_id
    buttons = [
        _button("approve", question.approve, plan, "positive"),
        _button("reject", "Reject", plan, "destructive"),
        _button("acknowledge", "I have seen it", plan),
    ]
    if question.choices:
        buttons.insert(1, _button("instead", "Plan the other remedy", plan))
    return buttons


def _button(name: str, text: str, plan: str, style: str = "default") -> Element:
    return {
        "type": "Action.Execute",
        "title": text,
        "verb": VERB,
        "data": {BUTTON_FIELD: name, PLAN_FIELD: plan},
        "style": style,
    }


def _text(text: str, longest: int, **style: str | bool) -> Element:
    return _rich([_run(text, longest, **style)])


def _rich(runs: list[Element]) -> Element:
    return {"type": "RichTextBlock", "inlines": runs}


def _run(text: str, longest: int, **style: str | bool) -> Element:
    return {"type": "TextRun", "text": _cut(text, longest), **style}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
