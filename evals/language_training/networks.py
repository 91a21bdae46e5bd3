"""Which networks the language is learned on; those on which anything is measured never are."""

from collections.abc import Iterator

from evals.policy_training.networks import NEVER_LEARNED
from twin.sources.topohub_source import topohub_names, topology_from_topohub

MEASURED = (
    "topozoo/Abilene", "topozoo/Aconet", "topozoo/Arnes", "topozoo/Arpanet19728", "topozoo/Atmnet",
    "topozoo/Compuserve", "topozoo/Garr201201", "topozoo/Geant2012",
)  # fmt: skip
"""Besides those that policies are measured on, and all of SNDlib."""

FAMILIES = ("backbone/", "caida/", "topozoo/")

SMALLEST, LARGEST = 8, 50
"""Nodes. The larger networks of the Topology Zoo stay for measuring."""


def learnable() -> Iterator[str]:
    """By name. None that another year of a network is measured on either (Arpanet19723)."""
    never = {_without_year(name) for name in (*MEASURED, *NEVER_LEARNED)}
    for name in sorted(topohub_names()):
        if name.startswith(FAMILIES) and _without_year(name) not in never:
            network = topology_from_topohub(name)
            if SMALLEST <= len(network.nodes) <= LARGEST:
                yield name


def _without_year(name: str) -> str:
    return name.rstrip("0123456789") if name.startswith("topozoo/") else name
