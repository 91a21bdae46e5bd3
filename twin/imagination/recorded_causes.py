"""What several devices or links have in common by what is on record, beside groups and sites."""

from collections.abc import Iterator, Sequence

from twin.nouns.common_cause import CommonCause
from twin.nouns.planned_work import PlannedWork
from twin.nouns.principal import visible
from twin.nouns.topology import Topology

_CAMPAIGN_S = 86_400.0
"""Work of one contractor that begins within a day of other work of it is one crew's (assumed)."""


def recorded_causes(
    topology: Topology, planned_work: Sequence[PlannedWork] = ()
) -> tuple[CommonCause, ...]:
    """The versions of software, then the contractors of `planned_work`."""
    return (*_software(topology), *_contractors(planned_work))


def _software(topology: Topology) -> Iterator[CommonCause]:
    """Devices of one version and role: what strikes one of them may strike them all at once."""
    running: dict[tuple[str, str], list[str]] = {}
    for node in topology.nodes:
        if node.software:
            running.setdefault((node.software, node.role), []).append(node.id)
    for (version, role), nodes in running.items():
        if len(nodes) > 1:
            name = f"{version} ({role})" if role else version
            yield CommonCause(kind="software", name=name, nodes=tuple(nodes))


def _contractors(planned_work: Sequence[PlannedWork]) -> Iterator[CommonCause]:
    """Links that one contractor works on in one campaign; those of one work alone are announced to
    be down together.
    """
    of_contractor: dict[str, list[PlannedWork]] = {}
    for work in sorted(planned_work, key=lambda work: (work.starts_s, work.id)):
        if work.contractor:
            of_contractor.setdefault(visible(work.contractor), []).append(work)
    for works in of_contractor.values():
        for campaign in _campaigns(works):
            links = tuple(dict.fromkeys(link for work in campaign for link in work.links))
            if len(campaign) > 1 and len(links) > 1:
                ids = ", ".join(work.id for work in campaign)
                yield CommonCause(
                    kind="contractor", name=f"{campaign[0].contractor} ({ids})", links=links
                )


def _campaigns(works: Sequence[PlannedWork]) -> Iterator[list[PlannedWork]]:
    """`works`, in order of time, with those together that begin within a day of the one before."""
    campaign = list[PlannedWork]()
    for work in works:
        if campaign and work.starts_s > campaign[-1].starts_s + _CAMPAIGN_S:
            yield campaign
            campaign = []
        campaign.append(work)
    if campaign:
        yield campaign
