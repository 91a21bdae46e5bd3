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
    except _TROUBLE:
        return None


def yaml_value(text: str, name: str) -> object:
    """The same; `name` is how errors call the source.

    Raises:
        BadTopology: it is not YAML (the text says where), or nested beyond DEEPEST.
    """
    try:
        return _decoded(text)
    except RecursionError as exc:
        raise BadTopology(f"{name}: nested deeper than {DEEPEST} levels") from exc
    except _TROUBLE as exc:
        raise BadTopology(f"{name}: not YAML ({' '.join(str(exc).split())})") from exc


# Every format in turn looks at the same text.
@lru_cache(maxsize=1)
def _decoded(text: str) -> object:
    _refuse_deep(text)
    value: object = yaml.load(text, Loader=_Loader)  # A subclass of the safe loader.
    return value


def _refuse_deep(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise RecursionError
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
