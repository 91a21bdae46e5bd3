"""What Teams takes of a message: its size, and the elements of Adaptive Cards 1.5 with their
properties, as docs/teams.md cites them."""

import json
from collections.abc import Iterator
from typing import Any

LARGEST = 28 * 1024
"""Bytes of a message with its cards."""

MOST_ACTIONS = 6
"""Buttons of a card in Teams."""

_ACTIVITY = {
    "type", "id", "summary", "text", "textFormat", "attachments", "recipient", "entities",
    "channelData", "importance", "locale",
}  # fmt: skip

_COMMON = {"type", "id", "spacing", "separator", "height", "isVisible", "fallback", "requires"}
_PROPERTIES = {
    "AdaptiveCard": {
        "type", "version", "$schema", "body", "actions", "refresh", "fallbackText", "speak", "lang",
        "minHeight", "rtl", "verticalContentAlignment", "selectAction", "backgroundImage",
        "msteams",
    },
    "RichTextBlock": _COMMON | {"inlines", "horizontalAlignment"},
    "TextRun": {
        "type", "text", "color", "fontType", "highlight", "isSubtle", "italic", "selectAction",
        "size", "strikethrough", "underline", "weight",
    },
    "TextBlock": _COMMON | {"text", "color", "fontType", "isSubtle", "maxLines", "size", "weight",
        "wrap", "style", "horizontalAlignment"},
    "Input.Text": _COMMON | {
        "isMultiline", "maxLength", "placeholder", "regex", "style", "value", "label",
        "isRequired", "errorMessage", "inlineAction",
    },
    "Input.ChoiceSet": _COMMON | {
        "choices", "isMultiSelect", "style", "value", "placeholder", "wrap", "label",
        "isRequired", "errorMessage",
    },
    "Action.Execute": {
        "type", "id", "title", "verb", "data", "style", "iconUrl", "associatedInputs", "tooltip",
        "isEnabled", "mode", "fallback", "requires",
    },
}  # fmt: skip
"""Of each kind of element that a card here may have. Source: adaptivecards.io/explorer."""

_NEEDED = {
    "AdaptiveCard": {"version"},
    "RichTextBlock": {"inlines"},
    "TextRun": {"text"},
    "Input.Text": {"id"},
    "Input.ChoiceSet": {"id", "choices"},
    "Action.Execute": {"title", "verb"},
}
_VALUES = {
    "style": {"default", "positive", "destructive", "compact", "expanded", "text"},
    "weight": {"Default", "Lighter", "Bolder"},
    "size": {"Default", "Small", "Medium", "Large", "ExtraLarge"},
    "fontType": {"Default", "Monospace"},
}
_INSIDE = ("body", "actions", "inlines")


def refusal(activity: dict[str, Any]) -> tuple[int, str]:
    """The status and the code with which Teams refuses an activity, 0 where it takes it."""
    if unknown := set(activity) - _ACTIVITY:
        return 400, f"BadSyntax: unknown {sorted(unknown)}"
    if activity.get("type") != "message":
        return 400, "BadSyntax: no message"
    if len(json.dumps(activity, separators=(",", ":")).encode()) > LARGEST:
        return 413, "MessageSizeTooBig"
    if not activity.get("text") and not activity.get("attachments"):
        return 400, "BadSyntax: an empty message"
    for attached in activity.get("attachments") or ():
        if attached.get("contentType") != "application/vnd.microsoft.card.adaptive":
            return 400, "BadArgument: an unknown attachment"
        if wrong := next(_wrong(attached["content"]), None):
            return 400, f"BadArgument: {wrong}"
    return 0, ""


def _wrong(element: dict[str, Any]) -> Iterator[str]:
    """What is wrong with an element and those in it."""
    kind = str(element.get("type"))
    if kind not in _PROPERTIES:
        yield f"no element {kind}"
        return
    if unknown := set(element) - _PROPERTIES[kind]:
        yield f"{kind} has no {sorted(unknown)}"
    if missing := _NEEDED.get(kind, set()) - set(element):
        yield f"{kind} needs {sorted(missing)}"
    for name, known in _VALUES.items():
        if name in element and element[name] not in known:
            yield f"{kind}: {name} cannot be {element[name]}"
    if kind == "AdaptiveCard":
        yield from _wrong_card(element)
    for name in _INSIDE:
        for inner in element.get(name) or ():
            yield from _wrong(inner)


def _wrong_card(card: dict[str, Any]) -> Iterator[str]:
    actions = card.get("actions") or ()
    if tuple(map(int, card["version"].split("."))) > (1, 5):
        yield "a version that Teams does not show"
    if any(a.get("type") == "Action.Execute" for a in actions) and card["version"] < "1.4":
        yield "Action.Execute in a version that has none"
    if len(actions) > MOST_ACTIONS:
        yield f"more than {MOST_ACTIONS} actions"
    ids = [e["id"] for e in card.get("body") or () if "id" in e]
    if len(ids) != len(set(ids)):
        yield "two elements of one id"
