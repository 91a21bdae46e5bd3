"""Words for a cause above several links: it took them down at once, and they meet nowhere."""

from collections.abc import Collection, Sequence

from twin.nouns.topology import Topology

_MOST_NAMED = 6


def above_text(topology: Topology, links: Sequence[str], on_record: Collection[str] = ()) -> str:
    """What probably took `links` down together, and whom to ask first.

    `on_record`: what is known to lie under all of them, in words.
    """
    named = ", ".join(links[:_MOST_NAMED])
    more = f" and {len(links) - _MOST_NAMED} more" if len(links) > _MOST_NAMED else ""
    told = (
        f"{named}{more} went down at once and meet nowhere: rather one cause above them than "
        f"{len(links)} by chance"
    )
    if on_record:
        return f"{told}; under all of them is {' and '.join(on_record)}: start there"
    shared = _software_at_each(topology, links)
    if 2 * len(links) > len(topology.links):
        above = "a controller, a command to many devices, or their software"
        ask = "ask who changed something everywhere before crews leave"
    else:
        above = "a conduit that is on no record, power, a controller or a command"
        ask = "ask who digs or works along all of them before crews part"
    if shared:
        above += f"; each has an end that runs {' or '.join(shared)}"
    return f"{told} ({above}): {ask}"


def _software_at_each(topology: Topology, links: Sequence[str]) -> list[str]:
    """Software that runs at an end of each of `links`, and not everywhere."""
    everywhere = set.intersection(*({node.software} for node in topology.nodes))
    ends = [
        {topology.node(node).software for node in (link.a, link.b)}
        for link in map(topology.link, links)
    ]
    return sorted(set.intersection(*ends) - everywhere - {""})
