"""Which networks are learned from, by size; those on which it is measured are never among them."""

from collections.abc import Iterator

from twin.sources.topohub_source import topohub_names, topology_from_topohub

HELD_OUT = (
    "sndlib/germany50", "sndlib/cost266", "sndlib/india35", "sndlib/nobel-eu", "gabriel/50/0",
    "gabriel/50/3", "topozoo/Bellcanada",
)  # fmt: skip
"""Up to 50 nodes: what the ranker is measured on."""

HELD_OUT_LARGER = (
    "gabriel/90/3", "gabriel/95/1", "gabriel/100/0", "gabriel/100/1", "gabriel/200/0",
    "gabriel/200/1",
)  # fmt: skip

FAMILIES = ("backbone/", "gabriel/", "topozoo/")
"""Of all others nothing is learned, SNDlib least of all."""

MOST_OF_ZOO = 50
"""Nodes up to which the Topology Zoo is learned from: its larger networks are for measuring."""

MESHED = 1.2
"""Links for each node. Below, almost every failure parts the network, and nothing can be done."""


def learnable(smallest: int, largest: int) -> Iterator[str]:
    """The networks of that many nodes that are learned from, by name."""
    for name in sorted(topohub_names()):
        if not name.startswith(FAMILIES) or name in HELD_OUT or name in HELD_OUT_LARGER:
            continue
        network = topology_from_topohub(name)
        nodes = len(network.nodes)
        most = min(largest, MOST_OF_ZOO) if name.startswith("topozoo/") else largest
        if smallest <= nodes <= most and len(network.links) >= MESHED * nodes:
            yield name
