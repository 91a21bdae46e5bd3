"""Two paths that share nothing, as a document."""

from channels.planning.opening import Planned, Provenance
from twin.events.names import find_node
from twin.nouns.base import Noun
from twin.whatif.disjoint import PathPair, disjoint_paths


class DisjointDocument(Noun):
    """`pairs`: apart in links; in links and nodes; in links, nodes and ducts.

    `ducts_known`: whether any shared-risk group is on record.
    """

    run: Provenance
    source: str
    target: str
    ducts_known: bool
    pairs: tuple[PathPair, ...]


def answer_disjoint(planned: Planned, source: str, target: str) -> DisjointDocument:
    """Raises UnknownNode, BadInput: an end is not there or could be several, or both are one."""
    topology = planned.state.topology
    a, b = (find_node(topology, end).id for end in (source, target))
    return DisjointDocument(
        run=planned.provenance,
        source=a,
        target=b,
        ducts_known=bool(topology.shared_risk_groups),
        pairs=disjoint_paths(planned.state, a, b),
    )
