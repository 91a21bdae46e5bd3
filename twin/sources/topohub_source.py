"""Networks by the names of the topohub package: SNDlib, Topology Zoo, Gabriel graphs, backbones.

topohub carries the data inside the package; reading it is the only I/O of the twin.
"""

import importlib.resources
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from importlib.resources.abc import Traversable

import topohub

from twin.errors import BadTopology
from twin.sources.formats.node_link import read_node_link
from twin.sources.parsed import ParsedNetwork


def topology_from_topohub(name: str) -> ParsedNetwork:
    """The network that topohub calls `name`, such as `sndlib/germany50`.

    Raises:
        BadTopology: topohub has no such name (the text offers near ones), or the graph is not one
            connected network.
    """
    if name not in topohub_names():
        near = get_close_matches(name, topohub_names(), n=3, cutoff=0.5)
        hint = f" (did you mean {' or '.join(near)}?)" if near else ""
        raise BadTopology(
            f'topohub has no topology "{name}"{hint}; names are like sndlib/germany50 or '
            "topozoo/Abilene"
        )
    data = importlib.resources.files(topohub).joinpath(f"data/{name}.json")
    return read_node_link(data.read_text(encoding="utf-8"), name)


@cache
def topohub_names() -> tuple[str, ...]:
    """Every name that the installed topohub has, sorted."""
    return tuple(sorted(_names(importlib.resources.files(topohub).joinpath("data"), "")))


def _names(folder: Traversable, prefix: str) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _names(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".json"):
            yield prefix + entry.name.removesuffix(".json")
