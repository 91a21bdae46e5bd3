"""Links of several members, of which some are gone."""

from twin.nouns.topology import Link, Topology


def member_bps(link: Link) -> float:
    """What one member of the bundle carries, bit/s."""
    return link.capacity_bps / link.members


def with_bundle(topology: Topology, link: str, capacity_bps: float, members: int) -> Topology:
    """`topology` with so many members, and so much capacity, in the bundle `link`."""
    short = {"capacity_bps": capacity_bps, "members": members}
    links = tuple(x.model_copy(update=short) if x.id == link else x for x in topology.links)
    return topology.model_copy(update={"links": links})
