"""Where the network is, and how loaded each link was at the moments that matter."""

from collections.abc import Mapping

from pydantic import JsonValue

from twin.nouns.base import Noun
from twin.nouns.inventory import Inventory

MOMENTS = ("before", "during", "after", "final")
"""As in the artefacts "utilisation:<moment>"."""


class NodeFact(Noun):
    """A node and its place, degrees (WGS 84)."""

    id: str
    longitude: float
    latitude: float


class LinkFact(Noun):
    """A link. `utilisation`: by moment, the higher of both directions, None where nothing was read.

    `down`: it was reported or diagnosed as down. `touched`: a change reconfigured it.
    """

    id: str
    a: str
    b: str
    capacity_bps: float
    down: bool
    touched: bool
    utilisation: dict[str, float | None]


class TopologyFacts(Noun):
    """The network of an incident.

    `moments`: those for which anything was kept. `origins`: which figures are given and which
    assumed, in one line.
    """

    name: str
    nodes: tuple[NodeFact, ...]
    links: tuple[LinkFact, ...]
    moments: tuple[str, ...]
    origins: str


def topology_facts(
    inventory: Inventory,
    artefacts: Mapping[str, JsonValue],
    down: frozenset[str],
    touched: frozenset[str],
) -> TopologyFacts:
    """`artefacts`: of the incident; "utilisation:<moment>" is a list in arc order."""
    topology = inventory.topology
    kept = {m: artefacts.get(f"utilisation:{m}") for m in MOMENTS}
    loads = {m: values for m, values in kept.items() if isinstance(values, list)}
    places = {s.id: s for s in topology.sites}
    return TopologyFacts(
        name=topology.name,
        nodes=tuple(
            NodeFact(id=n.id, longitude=places[n.site].longitude, latitude=places[n.site].latitude)
            for n in topology.nodes
        ),
        links=tuple(
            LinkFact(
                id=link.id,
                a=link.a,
                b=link.b,
                capacity_bps=link.capacity_bps,
                down=link.id in down,
                touched=link.id in touched,
                utilisation={m: _highest(values[2 * i : 2 * i + 2]) for m, values in loads.items()},
            )
            for i, link in enumerate(topology.links)
        ),
        moments=tuple(loads),
        origins=inventory.origins.line(),
    )


def _highest(values: list[JsonValue]) -> float | None:
    read = [float(v) for v in values if isinstance(v, int | float)]
    return max(read) if read else None
