"""What every noun is: an immutable, strict, JSON-round-trippable value with a content hash."""

import hashlib
import json
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")

IfGiven = Annotated[T | None, Field(exclude_if=lambda value: value is None)]
"""The type of a field that JSON leaves out while it is None; its default is None."""


class Noun(BaseModel):
    """A frozen value; unknown fields are refused, NaN and infinity are refused.

    In JSON schemas every field is required (`mode="serialization"`), so that what a model is shown
    has no hidden defaults.
    """

    model_config = ConfigDict(
        # Built when first used: a command that reads three nouns does not build two hundred.
        defer_build=True,
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,
    )


def content_hash(value: BaseModel | dict[str, Any] | list[Any]) -> str:
    """SHA-256 (hex) of the canonical JSON of `value`: the same content gives the same hash."""
    data = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
