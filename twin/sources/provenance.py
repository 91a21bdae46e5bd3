"""What of a network its source gives, and what was put in its place."""

from collections.abc import Sequence

from twin.nouns.origins import NO_LENGTHS, Figure, Origin, Origins
from twin.nouns.topology import Topology
from twin.sources.parsed import ParsedLink, ParsedNetwork


def origins_of(network: ParsedNetwork, topology: Topology) -> Origins:
    """Of the world that is built around `network`. `topology`: of that world."""
    links, placed = network.links, sum(node.position is not None for node in network.nodes)
    known = {node.id for node in network.nodes if node.position is not None}
    lengths = sum(link.length_km is not None for link in links)
    reckoned = sum(x.length_km is None and x.a in known and x.b in known for x in links)
    return Origins(
        capacities=_capacities(links),
        demands=_demands(network),
        coordinates=_of(
            placed,
            len(network.nodes),
            "nodes",
            Figure(origin=Origin.ABSENT, how="the map is drawn"),
        ),
        lengths=_lengths(lengths, reckoned, len(links)),
        weights=_weights(links),
        groups=_groups(network, topology),
        services=Figure(origin=Origin.INVENTED),
        source=network.format,
        remarks=network.remarks,
    )


def _weights(links: Sequence[ParsedLink]) -> Figure:
    ends = [(link.weight, link.weight_back) for link in links]
    given = sum(weight is not None for pair in ends for weight in pair)
    half = sum((one is None) != (other is None) for one, other in ends)
    found = _of(
        given, 2 * len(links), "interfaces", Figure(origin=Origin.INVENTED, how="10 everywhere")
    )
    if not half:
        return found
    none = 2 * len(links) - given - half
    rest = f", 10 for {none}" if none else ""
    how = f"as at the other end for {half} of {2 * len(links)} interfaces{rest}"
    return Figure(origin=Origin.INVENTED, how=how)


def _capacities(links: Sequence[ParsedLink]) -> Figure:
    found = _of(
        sum(link.capacity_bps is not None for link in links),
        len(links),
        "links",
        Figure(origin=Origin.INVENTED, how="10G members, enough for any one failure"),
    )
    uncounted = sum(link.members is None for link in links)
    if found.origin != Origin.GIVEN or not uncounted:
        return found
    some = "" if uncounted == len(links) else f" for {uncounted} of {len(links)} links"
    return Figure(origin=Origin.GIVEN, how=f"member counts assumed{some}")


def _of(given: int, of: int, noun: str, otherwise: Figure) -> Figure:
    if given == of:
        return Figure(origin=Origin.GIVEN)
    if not given:
        return otherwise
    return Figure(origin=Origin.INVENTED, how=f"for {of - given} of {of} {noun}")


def _demands(network: ParsedNetwork) -> Figure:
    if not network.demands:
        return Figure(origin=Origin.INVENTED, how="by gravity")
    if network.demand_unit == "bit/s":
        return Figure(origin=Origin.GIVEN)
    capacities = any(link.capacity_bps is not None for link in network.links)
    to = "half of the busiest link" if capacities else "100 Gbit/s on the busiest link"
    return Figure(origin=Origin.SCALED, how=f"to {to}")


def _lengths(given: int, reckoned: int, of: int) -> Figure:
    if given == of:
        return Figure(origin=Origin.GIVEN)
    if given + reckoned == of:
        how = "great circles" if not given else f"great circles for {reckoned} of {of} links"
        return Figure(origin=Origin.INVENTED, how=how)
    left = of - given - reckoned
    if left == of:
        return NO_LENGTHS
    return Figure(origin=Origin.ABSENT, how=f"for {left} of {of} links, without delay there")


def _groups(network: ParsedNetwork, topology: Topology) -> Figure:
    if network.groups:
        return Figure(origin=Origin.GIVEN)
    if topology.shared_risk_groups:
        return Figure(origin=Origin.INVENTED, how="ducts by bearing")
    return Figure(origin=Origin.ABSENT)
