"""Which networks predictors are fitted on, and which they are measured on."""

from collections.abc import Sequence
from functools import cache

from evals.policy_training.networks import MESHED, MOST_OF_ZOO, NEVER_LEARNED
from twin.sources.topohub_source import topohub_names, topology_from_topohub

SMALLEST, LARGEST = 10, 65
"""Nodes of the networks that are measured on."""

GABRIEL = tuple(f"gabriel/{nodes}/0" for nodes in range(25, 55, 5))


@cache
def fitted_on() -> Sequence[str]:
    """Networks of the Topology Zoo of up to 50 nodes, and backbones of as many, that nothing is
    measured on; meshed ones, as for policies.
    """
    names = (n for n in sorted(topohub_names()) if n.startswith(("topozoo/", "backbone/")))
    return tuple(n for n in names if n not in NEVER_LEARNED and _fits(n, SMALLEST, MOST_OF_ZOO))


@cache
def held_out() -> Sequence[str]:
    """All networks of SNDlib of that size and meshed, and one Gabriel graph of each size."""
    sndlib = (n for n in sorted(topohub_names()) if n.startswith("sndlib/"))
    return (*(n for n in sndlib if _fits(n, SMALLEST, LARGEST)), *GABRIEL)


def _fits(name: str, smallest: int, largest: int) -> bool:
    network = topology_from_topohub(name)
    nodes = len(network.nodes)
    return smallest <= nodes <= largest and len(network.links) >= MESHED * nodes
