"""What Slack takes as a message, as a schema: block by block, with its limits.

Sources: docs.slack.dev/reference/block-kit/blocks and /block-elements (each page has its limits);
docs.slack.dev/reference/methods/chat.postMessage (50 blocks, 40,000 characters of text);
github.com/slackapi/bolt-js/issues/2509 (`msg_blocks_too_long` from about 13,200 characters of
blocks on, which no page says).
"""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

MOST_BLOCKS = 50
LONGEST_TEXT = 40_000
LONGEST_BLOCKS = 13_200
LARGEST_METADATA = 8_192

BlockId = Annotated[str, Field(min_length=1, max_length=255)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Text = Annotated[str, Field(min_length=1, max_length=3000)]


class PlainText(_Strict):
    type: Literal["plain_text"]
    text: Text
    emoji: bool = True


def _at_most(longest: int) -> AfterValidator:
    """Of a plain text that is bounded more than others."""

    def bounded(value: PlainText) -> PlainText:
        if len(value.text) > longest:
            raise ValueError(f"must be no more than {longest} characters")
        return value

    return AfterValidator(bounded)


class Mrkdwn(_Strict):
    type: Literal["mrkdwn"]
    text: Text
    verbatim: bool = False


class Header(_Strict):
    type: Literal["header"]
    text: Annotated[PlainText, _at_most(150)]
    block_id: BlockId | None = None


class Section(_Strict):
    type: Literal["section"]
    text: PlainText | Mrkdwn
    block_id: BlockId | None = None


class Style(_Strict):
    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False


class RichText(_Strict):
    type: Literal["text"]
    text: Annotated[str, Field(min_length=1)]
    style: Style | None = None


class RichTextSection(_Strict):
    type: Literal["rich_text_section", "rich_text_preformatted"]
    elements: Annotated[list[RichText], Field(min_length=1)]


class RichTextBlock(_Strict):
    type: Literal["rich_text"]
    elements: Annotated[list[RichTextSection], Field(min_length=1)]
    block_id: BlockId | None = None


class Button(_Strict):
    type: Literal["button"]
    action_id: BlockId
    text: Annotated[PlainText, _at_most(75)]
    value: Annotated[str, Field(max_length=2000)] | None = None
    style: Literal["primary", "danger"] | None = None


class Option(_Strict):
    text: Annotated[PlainText, _at_most(75)]
    value: Annotated[str, Field(min_length=1, max_length=150)]


class StaticSelect(_Strict):
    type: Literal["static_select"]
    action_id: BlockId
    placeholder: Annotated[PlainText, _at_most(150)] | None = None
    options: Annotated[list[Option], Field(min_length=1, max_length=100)]


class PlainTextInput(_Strict):
    type: Literal["plain_text_input"]
    action_id: BlockId
    multiline: bool = False
    max_length: Annotated[int, Field(ge=1, le=3000)] = 3000


class Input(_Strict):
    type: Literal["input"]
    block_id: BlockId | None = None
    label: Annotated[PlainText, _at_most(2000)]
    element: Annotated[PlainTextInput | StaticSelect, Field(discriminator="type")]
    optional: bool = False


class Actions(_Strict):
    type: Literal["actions"]
    block_id: BlockId | None = None
    elements: Annotated[list[Button], Field(min_length=1, max_length=25)]


_Block = Annotated[Header | Section | RichTextBlock | Input | Actions, Field(discriminator="type")]
_BLOCKS: TypeAdapter[list[Any]] = TypeAdapter(list[_Block])


def refusal(text: str, blocks: list[Any], metadata: dict[str, Any]) -> tuple[str, list[str]]:
    """The error that Slack answers to such a message, with details; ("", []) where it takes it."""
    if not text and not blocks:
        return "no_text", []
    if len(text) > LONGEST_TEXT:
        return "msg_too_long", []
    if len(blocks) > MOST_BLOCKS:
        return "invalid_blocks", [f"no more than {MOST_BLOCKS} items allowed"]
    try:
        _BLOCKS.validate_python(blocks)
    except ValidationError as error:
        return "invalid_blocks", [
            f"{'/'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
        ]
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)):
        return "invalid_blocks", ["block_id is not unique"]
    if len(json.dumps(blocks)) > LONGEST_BLOCKS:
        return "msg_blocks_too_long", []
    if metadata and set(metadata) != {"event_type", "event_payload"}:
        return "invalid_metadata_format", []
    if len(json.dumps(metadata)) > LARGEST_METADATA:
        return "metadata_too_large", []
    return "", []
