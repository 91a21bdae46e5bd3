"""What the model server may do with a request: say something well-formed, or break.

Every behaviour is a small value, so that a script of them can be written in YAML.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from twin.nouns.base import Noun


class Good(Noun):
    """Answers by the server's policies, from nothing but the messages on the wire."""

    kind: Literal["good"] = "good"


class Prose(Noun):
    """Talks and calls no tool."""

    kind: Literal["prose"] = "prose"
    text: str = "I would look at the link between the two routers first."


class Call(Noun):
    """Calls `tool` with `arguments`, whatever was asked."""

    kind: Literal["call"] = "call"
    tool: str
    arguments: dict[str, Any]


class WrongSchema(Noun):
    """Answers with an argument too many and the first one missing."""

    kind: Literal["wrong_schema"] = "wrong_schema"


class MalformedArguments(Noun):
    """Calls what a good answer calls, with arguments that break off in the middle of the JSON."""

    kind: Literal["malformed_arguments"] = "malformed_arguments"


class InventedDevice(Noun):
    """Answers by the schema, naming devices, links and symptoms that do not exist."""

    kind: Literal["invented_device"] = "invented_device"


class InventedTool(Noun):
    """Calls a tool that it was not given, one that would change the network."""

    kind: Literal["invented_tool"] = "invented_tool"


class EndlessLoop(Noun):
    """Does for ever what a good answer does first, as if no result had come."""

    kind: Literal["endless_loop"] = "endless_loop"


class Injected(Noun):
    """A good answer whose every free text is a command to whoever reads it."""

    kind: Literal["injected"] = "injected"


class Huge(Noun):
    """Fills the first free text of a good answer, or its prose, with `megabytes` of nothing."""

    kind: Literal["huge"] = "huge"
    megabytes: float = Field(default=2.0, gt=0, le=64)


class TwoAnswers(Noun):
    """Gives two answers in one reply, which name different things that do not exist."""

    kind: Literal["two_answers"] = "two_answers"


class Status(Noun):
    """An HTTP error, with Retry-After where that is given."""

    kind: Literal["status"] = "status"
    code: int = Field(ge=400, le=599)
    message: str = "this is a scripted error"
    retry_after_s: float | None = None


class Stall(Noun):
    """Sends no more than the headers, or not even those, and holds the connection."""

    kind: Literal["stall"] = "stall"
    before: Literal["headers", "body"] = "headers"


class Drip(Noun):
    """Sends one byte of a valid beginning after the other for ever, every `every_s` seconds."""

    kind: Literal["drip"] = "drip"
    every_s: float = Field(default=0.02, gt=0)


class Truncated(Noun):
    """Half of a good reply's body. `claimed`: the length header still counts all of it."""

    kind: Literal["truncated"] = "truncated"
    claimed: bool = False


class Body(Noun):
    """Status 200 with this body, as a proxy's error page or a server of another kind gives."""

    kind: Literal["body"] = "body"
    text: str = "<html><body>It works!</body></html>"
    content_type: str = "text/html"


class Reset(Noun):
    """Resets the connection without a word."""

    kind: Literal["reset"] = "reset"


class CutStream(Noun):
    """Streams half of a good reply and ends, with no word that it is not all.

    A reply that is not streamed is cut in a chunked body.
    """

    kind: Literal["cut_stream"] = "cut_stream"


class Completion(Noun):
    """This assistant message, as it was recorded."""

    kind: Literal["completion"] = "completion"
    message: dict[str, Any]
    finish_reason: str
    usage: dict[str, Any] | None = None


Said = (
    Good
    | Prose
    | Call
    | WrongSchema
    | MalformedArguments
    | InventedDevice
    | InventedTool
    | EndlessLoop
    | Injected
    | Huge
    | TwoAnswers
)
"""Behaviours that are a whole reply of an assistant, sent as it should be."""

Broken = Status | Stall | Drip | Truncated | Body | Reset | CutStream
"""Behaviours that break what carries the reply."""

Behaviour = Annotated[Said | Broken | Completion, Field(discriminator="kind")]

BEHAVIOUR: TypeAdapter[Said | Broken | Completion] = TypeAdapter(Behaviour)
