"""Whether what is measured bears out what an alert says, or refutes it."""

from collections.abc import Mapping

import numpy as np

from twin.nouns.alert import Alert
from twin.nouns.incident import EVERYWHERE, Symptom
from twin.nouns.topology import Interface, Topology
from twin.tracking.detectors.detector import Belief

_LOST = 0.002
"""An egress that loses less is taken to lose nothing: a third of the least that is an alarm."""

_CLAIMED_BY: Mapping[str, frozenset[str]] = {
    "adjacency_down": frozenset({"adjacency_down"}),
    "queue_drops": frozenset({"queue_drops"}),
    "silent_loss": frozenset({"silent_loss"}),
    "late_link": frozenset({"late_link"}),
    "configuration_change": frozenset({"configuration_change"}),
    "traffic_surge": frozenset({"traffic_surge", "flow_surge"}),
    "service_breach": frozenset({"service_breach"}),
}
"""By what is claimed: the kinds of symptoms that are that very thing. Trouble may be any."""


def is_measured(belief: Belief, alert: Alert) -> bool | None:
    """True: a symptom that is active shows it. False: what is read shows that it is not so.

    None where nothing that is measured tells, one way or the other.
    """
    if any(_is_about(belief.topology, symptom, alert) for symptom in belief.book.active()):
        return True
    match alert.claims:
        case "adjacency_down":
            return False if _carries(belief, alert.resource) else None
        case "silent_loss":
            return False if _loses_nothing(belief, alert.resource) else None
        case "queue_drops":
            return False if _has_room(belief, alert.resource) else None
        case _:
            return None


def _is_about(topology: Topology, symptom: Symptom, alert: Alert) -> bool:
    """Whether `symptom` is what `alert` says, of the same part of the network."""
    if symptom.kind == "alert":
        return False
    kinds = _CLAIMED_BY.get(alert.claims)
    if kinds is not None and symptom.kind not in kinds:
        return False
    return bool(_parts(topology, symptom.resource) & _parts(topology, alert.resource))


def _parts(topology: Topology, resource: str) -> frozenset[str]:
    """The resource, and of a link or one of its ends also the link and its nodes."""
    egress = Interface.named_by(resource)
    name = egress.link if egress else resource
    if name in topology.link_index:
        # Two links that meet at a node have it in common; they are named by themselves alone.
        return frozenset({name})
    if name in topology.node_index:
        links = (link.id for link in topology.links_at(name))
        return frozenset({name, *links})
    return frozenset({resource}) - {EVERYWHERE}


def _carries(belief: Belief, link: str) -> bool:
    """Whether both ends have `link` up, and its traffic as usual."""
    if link in belief.down_links or link in belief.flapping:
        return False
    i = belief.topology.link_index[link]
    sent_bps, emptied = belief.sent_lately_bps()[2 * i : 2 * i + 2], belief.emptied()
    return bool(np.all(sent_bps > 0.0) and not emptied[2 * i : 2 * i + 2].any())


def _loses_nothing(belief: Belief, egress: str) -> bool:
    arc = belief.topology.arc_of(Interface.parse(egress))
    losses = belief.losses
    return bool(np.isfinite(losses.newest[arc]) and abs(losses.mean[arc]) < _LOST)


def _has_room(belief: Belief, egress: str) -> bool:
    arc = belief.topology.arc_of(Interface.parse(egress))
    return bool(belief.sent_lately_bps()[arc] > 0.0 and not belief.queues()[arc])
