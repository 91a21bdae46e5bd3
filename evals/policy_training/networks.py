"""Which networks are learned from, by size; those on which it is measured are never among them."""

from collections.abc import Iterator
from functools import cache

from twin.remediation.held_out import HELD_OUT
from twin.sources.topohub_source import topohub_names, topology_from_topohub

MEASURED = (
    "sndlib/germany50", "sndlib/cost266", "sndlib/india35", "sndlib/nobel-eu", "gabriel/50/0",
    "gabriel/50/3", "topozoo/Bellcanada",
)  # fmt: skip
"""Up to 50 nodes: what the ranker is measured on."""

MEASURED_LARGER = (
    "gabriel/90/3", "gabriel/95/1", "gabriel/100/0", "gabriel/100/1", "gabriel/200/0",
)  # fmt: skip

FAMILIES = ("backbone/", "gabriel/", "topozoo/")
"""Of all others nothing is learned, SNDlib least of all."""

NEVER_LEARNED = tuple(sorted({*MEASURED, *MEASURED_LARGER, *HELD_OUT}))

MOST_OF_ZOO = 50
"""Nodes up to which the Topology Zoo is learned from: its larger networks are for measuring."""

MESHED = 1.2
"""Links for each node. Below, almost every failure parts the network, and nothing can be done."""


def learnable(smallest: int, largest: int) -> Iterator[str]:
    """The networks of that many nodes that are learned from, by name."""
    for name in sorted(topohub_names()):
        if not name.startswith(FAMILIES) or name in NEVER_LEARNED:
            continue
        most = min(largest, MOST_OF_ZOO) if name.startswith("topozoo/") else largest
        # A Gabriel graph says its size in its name; to read all of them takes seconds.
        if name.startswith("gabriel/") and not smallest <= int(name.split("/")[1]) <= most:
            continue
        nodes, links = _size(name)
        if smallest <= nodes <= most and links >= MESHED * nodes:
            yield name


@cache
def _size(name: str) -> tuple[int, int]:
    network = topology_from_topohub(name)
    return len(network.nodes), len(network.links)
