"""Fills the slots of the questions for one network, and writes names as people write them."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import networkx as nx

from twin.events.fault import Fault
from twin.nouns.inventory import Inventory
from twin.nouns.topology import Link, Topology

_UMLAUTS = (("ue", "ü"), ("oe", "ö"), ("ae", "ä"))


@dataclass(frozen=True, slots=True)
class Written:
    """A name and the ways in which people write it; `{link.lower}` in a question asks for one."""

    id: str
    a: str = ""
    b: str = ""

    def __str__(self) -> str:
        return f"{self.a}-{self.b}" if self.a else self.id

    @property
    def lower(self) -> str:
        """Without capitals."""
        return str(self).lower()

    @property
    def spaced(self) -> str:
        """A link with a dash between blanks."""
        return f"{self.a} – {self.b}"

    @property
    def umlauts(self) -> str:
        """With umlauts where they are written out: Muenchen is München."""
        name = str(self)
        for out, umlaut in _UMLAUTS:
            name = name.replace(out, umlaut)
        return name


def slots_of(inventory: Inventory, fault: Fault, incident: str) -> dict[str, Any]:
    """What every slot stands for in that network, chosen by what the network is like.

    `node`: the best connected one (with an umlaut, if such a one has several links); `far`: a node
    that is no neighbour of it; `link`, `link2`: disjoint links without parallels whose failure cuts
    nobody off; `faulty`: the link of the staged fault.
    """
    topology = inventory.topology
    node = max(
        (n.id for n in topology.nodes),
        key=lambda n: (any(out in n for out, _ in _UMLAUTS), len(topology.links_at(n)), n),
    )
    near = {x.other_end(node) for x in topology.links_at(node)}
    far = next(n.id for n in topology.nodes if n.id not in near and n.id != node)
    link, link2 = _two_links(topology, getattr(fault, "link", ""))
    service = inventory.services[0]
    faulty = topology.link(getattr(fault, "link", topology.links[0].id))
    return {
        "node": Written(node),
        "far": Written(far),
        "link": _written(link),
        "link2": _written(link2),
        "faulty": _written(faulty),
        "service": Written(service.id),
        "customer": Written(service.customer),
        "incident": Written(incident),
    }


def _written(link: Link) -> Written:
    return Written(link.id, link.a, link.b)


def _two_links(topology: Topology, faulty: str) -> tuple[Link, Link]:
    busy = [
        x
        for x in topology.links
        if x.id != faulty and sum({y.a, y.b} == {x.a, x.b} for y in topology.links) == 1
    ]
    ranked = sorted(busy, key=lambda x: (-x.capacity_bps, x.id))
    for one, other in combinations(ranked, 2):
        left = nx.Graph((x.a, x.b) for x in topology.links if x not in (one, other))
        disjoint = not {one.a, one.b} & {other.a, other.b}
        if disjoint and len(left) == len(topology.nodes) and nx.is_connected(left):
            return one, other
    raise ValueError(f"{topology.name} has no two links that it can spare")
