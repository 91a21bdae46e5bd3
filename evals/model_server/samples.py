"""The smallest value that a JSON schema allows, every free text of it given by the caller."""

from collections.abc import Mapping
from typing import Any

_MOST_NESTED = 12


def sample(schema: Mapping[str, Any], text: str) -> Any:
    """A value of `schema` in which free texts are `text`, and arrays have one item if they may."""
    return _sample(schema, text, schema.get("$defs") or {}, 0)


def _sample(schema: Mapping[str, Any], text: str, known: Mapping[str, Any], depth: int) -> Any:
    if depth > _MOST_NESTED:
        return None
    if "$ref" in schema:
        return _sample(known[schema["$ref"].removeprefix("#/$defs/")], text, known, depth + 1)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _sample(schema["anyOf"][0], text, known, depth + 1)
    match schema.get("type"):
        case "object":
            properties = schema.get("properties") or {}
            return {k: _sample(v, text, known, depth + 1) for k, v in properties.items()}
        case "array":
            size = min(max(1, schema.get("minItems", 0)), schema.get("maxItems", 1))
            items = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
            return [_sample(items, text, known, depth + 1) for _ in range(size)]
        case "string":
            return text
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return False
        case _:
            return None


def _number(schema: Mapping[str, Any]) -> float:
    if "minimum" in schema:
        return float(schema["minimum"]) if schema["type"] == "number" else int(schema["minimum"])
    low = schema.get("exclusiveMinimum", 0)
    high = schema.get("exclusiveMaximum", schema.get("maximum", low + 2))
    return (low + high) / 2 if schema["type"] == "number" else int(low) + 1
