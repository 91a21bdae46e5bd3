"""YAML as the formats that are written in it need it: every scalar is a text.

So a host may be called `no`, `1e3` or `007`, as the programs that own these files read them.
"""

import re
from collections import Counter
from functools import lru_cache
from typing import Any

import yaml

from twin.errors import BadTopology

DEEPEST = 64
"""No format of a network nests deeper; what does is refused before it is decoded."""

LONGEST = 3 * 2**20
"""Characters of a text; YAML takes a hundred times as long to read as JSON."""

MOST_MERGED = 100_000
"""Pairs that merge keys (`<<`) may bring in; more would come of a file made to expand."""

_RESOLVERS: dict[Any, Any] = {"<": [("tag:yaml.org,2002:merge", re.compile("^(?:<<)$"))]}
_TROUBLE = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError)
"""What PyYAML raises for texts that are not YAML, or whose tags do not fit their values."""


class _Loader(yaml.CSafeLoader):
    yaml_implicit_resolvers = _RESOLVERS

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._merged = 0
        self._flattened: set[int] = set()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        written = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = [key for key, count in Counter(written).items() if count > 1 and key != "<<"]
        # Merging leaves the overridden pair in the node, which is flattened once more then.
        if twice and id(node) not in self._flattened:
            raise yaml.YAMLError(f'"{twice[0]:.40}" stands twice in one mapping')
        self._flattened.add(id(node))
        before = len(node.value)
        super().flatten_mapping(node)
        self._merged += max(0, len(node.value) - before)
        if self._merged > MOST_MERGED:
            raise yaml.YAMLError(f"merge keys bring in more than {MOST_MERGED:,} pairs")


def yaml_or_none(text: str) -> object | None:
    """The value in `text`, None where it is not YAML; shared by all callers, so left as is."""
    if text.lstrip()[:1] in ("{", "[", "<", "?"):
        return None
    try:
        return _decoded(text)
    except BadTopology:
        return None


def yaml_value(text: str, name: str) -> object:
    """The same; `name` is how errors call the source.

    Raises:
        BadTopology: it is not YAML (the text says where), nested beyond DEEPEST, or longer than
            LONGEST.
    """
    try:
        return _decoded(text)
    except BadTopology as exc:
        raise BadTopology(f"{name}: {exc}") from exc


def _decoded(text: str) -> object:
    value, refusal = _tried(text)
    if refusal:
        raise BadTopology(refusal)
    return value


# Every format in turn looks at the same text, also where it is refused.
@lru_cache(maxsize=1)
def _tried(text: str) -> tuple[object, str]:
    """The value in `text`, or why there is none."""
    if len(text) > LONGEST:
        return None, f"it has {len(text):,} characters; YAML is read up to {LONGEST:,}"
    try:
        _refuse_deep(text)
        value: object = yaml.load(text, Loader=_Loader)  # A subclass of the safe loader.
    except RecursionError:
        return None, f"nested deeper than {DEEPEST} levels"
    except _TROUBLE as exc:
        return None, f"not YAML ({' '.join(str(exc).split())})"
    return value, ""


def forget() -> None:
    """Let go of the text that was looked at last, and of what it says."""
    _tried.cache_clear()


def _refuse_deep(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise RecursionError
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
