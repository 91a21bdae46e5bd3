"""Arguments as a function's schema has them: the same names and values in the form that is asked.

Only what does not fit is touched, and only if it then fits.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from tools.models.leniency.arguments import value_in
from tools.models.leniency.wire import ARGUMENTS, NAMES

JSON_TEXT = "JSON text where a list, an object, a number or a truth value is wanted"
ONE_FOR_LIST = "one thing where a list is wanted"
OTHER_CASE = "choices or keys in other cases"
WRAPPED = "arguments wrapped in an object of their own"

Schema = Mapping[str, Any]
Tell = Callable[[str], None]

_WRAPPERS = (*ARGUMENTS, "properties", "kwargs")
_BESIDE = (*NAMES, "type", "id", "index")
_DEEPEST = 40
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


def folded(name: str) -> str:
    """A name without what servers and models change in it."""
    return re.sub(r"[\s_\-]", "", name).casefold()


def unwrapped(arguments: dict[str, Any], schema: Schema, tell: Tell) -> dict[str, Any]:
    """`arguments` without an object around them that the schema does not know."""
    known = schema.get("properties") or {}
    inside = [key for key in arguments if key in _WRAPPERS and key not in known]
    beside = [key for key in arguments if key not in inside]
    if len(inside) != 1 or not all(key in _BESIDE and key not in known for key in beside):
        return arguments
    value = arguments[inside[0]]
    if isinstance(value, str):
        value = value_in(value, lambda _: None)
    if not isinstance(value, dict):
        return arguments
    tell(WRAPPED)
    return unwrapped(value, schema, tell)


class Fitting:
    """Fits values to one function's `schema`."""

    def __init__(self, schema: Schema, tell: Tell = lambda _: None) -> None:
        self._schema = schema
        self._known = schema.get("$defs") or {}
        self._tell = tell

    def fits(self, value: Any) -> bool:
        """Whether `value` has the schema's form; its bounds are not looked at."""
        return self._fits(value, self._schema, 0)

    def takes(self, value: Any) -> bool:
        """Whether `value` fits, and everything in it has a name that the schema knows."""
        properties = self._schema.get("properties") or {}
        return self.fits(value) and isinstance(value, dict) and value.keys() <= properties.keys()

    def fitted(self, value: Any) -> Any:
        """`value` in the schema's form as far as it can be brought into it."""
        return self._fitted(value, self._schema, 0)

    def _fits(self, value: Any, schema: Schema, depth: int) -> bool:
        schema = self._resolved(schema)
        if depth > _DEEPEST:
            return True
        if "anyOf" in schema:
            if self._is_null_text(value, schema["anyOf"]):
                return False
            return any(self._fits(value, each, depth + 1) for each in schema["anyOf"])
        if "const" in schema:
            return bool(value == schema["const"])
        if "enum" in schema:
            return value in schema["enum"]
        if not _is_of(value, schema):
            return False
        if isinstance(value, dict):
            return self._object_fits(value, schema, depth)
        if isinstance(value, list):
            items = [_item(schema, i) for i in range(len(value))]
            return all(self._fits(v, s, depth + 1) for v, s in zip(value, items, strict=True) if s)
        return True

    def _object_fits(self, value: dict[str, Any], schema: Schema, depth: int) -> bool:
        properties = schema.get("properties") or {}
        others = schema.get("additionalProperties", True)
        if not set(schema.get("required") or ()) <= value.keys():
            return False
        if others is False and not value.keys() <= properties.keys():
            return False
        default = others if isinstance(others, Mapping) else {}
        return all(self._fits(v, properties.get(k, default), depth + 1) for k, v in value.items())

    def _fitted(self, value: Any, schema: Schema, depth: int) -> Any:
        if depth > _DEEPEST or self._fits(value, schema, depth):
            return value
        schema = self._resolved(schema)
        if "anyOf" in schema:
            return self._fitted_to_any(value, schema["anyOf"], depth)
        choices = [schema["const"]] if "const" in schema else schema.get("enum")
        if choices is not None:
            return self._chosen(value, choices)
        if isinstance(value, str) and not _is_of(value, schema):
            return self._decoded(value, schema, depth)
        if isinstance(value, dict) and _may_be(schema, "object"):
            return self._object_fitted(value, schema, depth)
        if not _may_be(schema, "array"):
            return value
        if isinstance(value, list):
            return [self._fitted(v, _item(schema, i), depth + 1) for i, v in enumerate(value)]
        return self._listed(value, schema, depth)

    def _object_fitted(self, value: dict[str, Any], schema: Schema, depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        renamed = self._renamed(value, properties)
        default = schema.get("additionalProperties")
        default = default if isinstance(default, Mapping) else {}
        return {
            key: self._fitted(each, properties.get(key, default), depth + 1)
            for key, each in renamed.items()
        }

    def _renamed(self, value: dict[str, Any], properties: Schema) -> dict[str, Any]:
        by_fold: dict[str, list[str]] = {}
        for name in properties:
            by_fold.setdefault(folded(name), []).append(name)
        renamed = dict[str, Any]()
        for key, each in value.items():
            meant = by_fold.get(folded(key), [])
            new = meant[0] if key not in properties and len(meant) == 1 else key
            if new in renamed or (new != key and new in value):
                return value  # Two keys for one thing: neither is chosen.
            renamed[new] = each
        if renamed.keys() != value.keys():
            self._tell(OTHER_CASE)
        return renamed

    def _is_null_text(self, value: Any, branches: list[Schema]) -> bool:
        # Parsers of tags have no other way of saying it.
        return value == "null" and any(_may_be(self._resolved(each), "null") for each in branches)

    def _fitted_to_any(self, value: Any, branches: list[Schema], depth: int) -> Any:
        if self._is_null_text(value, branches):
            self._tell(JSON_TEXT)
            return None
        tried = [(b, self._fitted(value, b, depth + 1)) for b in branches]
        fitting = {json.dumps(v, sort_keys=True): v for b, v in tried if self._fits(v, b, depth)}
        if len(fitting) == 1:
            return next(iter(fitting.values()))
        # Which member of the union is meant stands in its constants, whatever else is wrong.
        meant = [v for b, v in tried if isinstance(v, dict) and self._is_kind(v, b)]
        return meant[0] if not fitting and len(meant) == 1 else value

    def _is_kind(self, value: dict[str, Any], branch: Schema) -> bool:
        properties = self._resolved(branch).get("properties") or {}
        constants = {k: s["const"] for k, s in properties.items() if "const" in s}
        return bool(constants) and all(value.get(k) == const for k, const in constants.items())

    def _chosen(self, value: Any, choices: list[Any]) -> Any:
        if not isinstance(value, str):
            return value
        asked = folded(value.strip("\"'` \n"))
        meant = [each for each in choices if isinstance(each, str) and folded(each) == asked]
        if len(meant) == 1:
            self._tell(OTHER_CASE)
            return meant[0]
        others = [each for each in choices if not isinstance(each, str)]
        told = self._scalar(value)
        return told if others and any(told is e or told == e for e in others) else value

    def _decoded(self, value: str, schema: Schema, depth: int) -> Any:
        decoded = self._scalar(value)
        if not isinstance(decoded, str):
            fitted = self._fitted(decoded, schema, depth + 1)
            if _is_of(fitted, schema):
                self._tell(JSON_TEXT)
                return fitted
        return self._listed(value, schema, depth)

    def _scalar(self, value: str) -> Any:
        """What a text stands for, the text itself if it is no JSON."""
        told = value.strip()
        constant = {"none": None, "null": None, "true": True, "false": False}
        if told.casefold() in constant:
            return constant[told.casefold()]
        decoded = value_in(told, lambda _: None)
        if isinstance(decoded, str):
            decoded = value_in(decoded, lambda _: None)
        return value if decoded is None else decoded

    def _listed(self, value: Any, schema: Schema, depth: int) -> Any:
        item = _item(schema, 0)
        if not _may_be(schema, "array") or value in (None, "") or not item:
            return value
        fitted = self._fitted(value, item, depth + 1)
        if not self._fits(fitted, item, depth + 1):
            return value
        self._tell(ONE_FOR_LIST)
        return [fitted]

    def _resolved(self, schema: Schema) -> Schema:
        target = schema.get("$ref")
        if not isinstance(target, str):
            return schema
        found = self._known.get(target.removeprefix("#/$defs/"), {})
        return found if isinstance(found, Mapping) else {}


def _types(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _may_be(schema: Schema, kind: str) -> bool:
    return kind in _types(schema)


def _is_of(value: Any, schema: Schema) -> bool:
    kinds = _types(schema)
    if not kinds:
        return True
    if isinstance(value, bool):
        return "boolean" in kinds
    return any(isinstance(value, _TYPES.get(kind, ())) for kind in kinds)


def _item(schema: Schema, place: int) -> Schema:
    prefix = schema.get("prefixItems") or []
    item = prefix[place] if place < len(prefix) else schema.get("items") or {}
    return item if isinstance(item, Mapping) else {}
